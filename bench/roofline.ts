// The roofline of a machine (Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785) with the kernels of a model under it, as SVG:
// arithmetic a second against arithmetic a byte, both logarithmic. One thread.
import { distinctLayers, gigaflops, intensity } from "./layer-tables.js";
import type { LayerReport } from "./layers.js";

const WIDTH = 860;
const HEIGHT = 460;
const BOX = { left: 64, top: 44, right: 24, bottom: 52 };
const X = { from: 0.1, to: 400 };
const colours: Readonly<Record<LayerReport["target"], string>> = { wasm: "#1f6fb2", native: "#c2571a" };

const text = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${content}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number, more: string): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${more}/>`;

/** Powers of ten in a range. */
const decades = (from: number, to: number): number[] =>
  Array.from({ length: 9 }, (_, i) => 10 ** (i - 3)).filter(x => x >= from && x <= to);

export function roofline(reports: readonly LayerReport[], title: string): string {
  const most = Math.max(...reports.map(r => r.peak));
  const Y = { from: 0.3, to: 2 * most };
  const place = (range: { from: number; to: number }, size: number, value: number): number =>
    (Math.log(value / range.from) / Math.log(range.to / range.from)) * size;
  const x = (value: number): number => BOX.left + place(X, WIDTH - BOX.left - BOX.right, value);
  const y = (value: number): number => HEIGHT - BOX.bottom - place(Y, HEIGHT - BOX.top - BOX.bottom, value);
  const grid = [
    ...decades(X.from, X.to).flatMap(v => [
      line(x(v), y(Y.from), x(v), y(Y.to), 'class="grid"'),
      text(x(v), HEIGHT - BOX.bottom + 18, `${v}`, 'text-anchor="middle"'),
    ]),
    ...decades(Y.from, Y.to).flatMap(v => [
      line(x(X.from), y(v), x(X.to), y(v), 'class="grid"'),
      text(BOX.left - 8, y(v) + 4, `${v}`, 'text-anchor="end"'),
    ]),
  ];
  const roofs = reports.flatMap(({ target, peak, copy }, i) => {
    const ridge = peak / copy;
    const colour = `stroke="${colours[target]}" stroke-width="2"`;
    const label = `${target}: ${peak.toFixed(0)} GFLOP/s, ${copy.toFixed(0)} GB/s`;
    return [
      line(x(X.from), y(X.from * copy), x(ridge), y(peak), `${colour} stroke-dasharray="6 4"`),
      line(x(ridge), y(peak), x(X.to), y(peak), colour),
      text(BOX.left + 12, BOX.top + 18 + 18 * i, label, `style="fill: ${colours[target]}"`),
    ];
  });
  const points = reports.flatMap(({ target, layers }) =>
    distinctLayers(layers)
      .filter(({ figure }) => figure.flop > 0 && intensity(figure) >= X.from && gigaflops(figure) >= Y.from)
      .map(({ figure, count }) => {
        const name = `${figure.kernel} ${figure.dims.join("×")}: ${gigaflops(figure).toFixed(1)} GFLOP/s, ${count} times`;
        const at = `cx="${x(intensity(figure)).toFixed(1)}" cy="${y(gigaflops(figure)).toFixed(1)}"`;
        return `<circle ${at} r="4" fill="${colours[target]}" fill-opacity="0.6"><title>${name}</title></circle>`;
      }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<style>text { font: 13px sans-serif; fill: #333 } .grid { stroke: #ddd }</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(WIDTH / 2, 24, title, 'text-anchor="middle" font-weight="bold"')}
${grid.join("\n")}
${roofs.join("\n")}
${points.join("\n")}
${text(WIDTH / 2, HEIGHT - 12, "floating-point operations a byte (each tensor counted once)", 'text-anchor="middle"')}
${text(0, 0, "GFLOP/s", `text-anchor="middle" transform="translate(18 ${HEIGHT / 2}) rotate(-90)"`)}
</svg>
`;
}
