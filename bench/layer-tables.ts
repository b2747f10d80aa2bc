// Tables of kernels measured by themselves: convolutions and matrix products against the rate of multiply-adds, what only moves memory against
// the bandwidth of a copy. Equal kernels of a model share a row.
import type { LayerFigure, LayerReport } from "./layers.js";

/** From here on a kernel is bound by arithmetic on any of the machines that were measured. */
const ARITHMETIC_FLOP_PER_BYTE = 4;
export const intensity = ({ flop, bytes }: LayerFigure): number => flop / bytes;

interface Row {
  readonly figure: LayerFigure;
  readonly count: number;
}
/** Equal work, with the mean of its times. */
export function distinctLayers(layers: readonly LayerFigure[]): readonly Row[] {
  const groups = new Map<string, LayerFigure[]>();
  for (const l of layers) {
    const key = `${l.kernel}/${l.dims}/${l.flop}/${l.bytes}`;
    groups.set(key, [...(groups.get(key) ?? []), l]);
  }
  return [...groups.values()].map(group => ({
    count: group.length,
    figure: { ...group[0]!, microseconds: group.reduce((sum, l) => sum + l.microseconds, 0) / group.length },
  }));
}

type Both = Partial<Record<LayerReport["target"], LayerReport>>;
/** Reports of one model by target, in the order in which they were measured. */
export function byModel(reports: readonly LayerReport[]): ReadonlyMap<string, Both> {
  const out = new Map<string, Both>();
  for (const r of reports) out.set(r.model, { ...out.get(r.model), [r.target]: r });
  return out;
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
export const gigaflops = ({ flop, microseconds }: LayerFigure): number => flop / microseconds / 1e3;
const gigabytes = ({ bytes, microseconds }: LayerFigure): number => bytes / microseconds / 1e3;

export const arithmeticHeads = [
  "kernel",
  "writes",
  "times",
  "Mflop",
  "wasm µs",
  "share of multiply-adds",
  "native µs",
  "share of multiply-adds",
];
export function arithmeticRows(reports: readonly LayerReport[]): string[][] {
  return [...byModel(reports)].flatMap(([model, both]) => {
    const rows = distinctLayers((both.wasm ?? both.native)!.layers);
    const natives = both.native && distinctLayers(both.native.layers);
    const [wasmPeak, nativePeak] = [both.wasm?.peak, both.native?.peak];
    const share = (f: LayerFigure | undefined, peak: number | undefined): string[] =>
      f && peak ? [f.microseconds.toFixed(0), percent(gigaflops(f) / peak)] : ["–", "–"];
    return rows
      .map(({ figure, count }, i) => ({ figure, count, native: natives?.[i]?.figure }))
      .filter(({ figure }) => intensity(figure) >= ARITHMETIC_FLOP_PER_BYTE)
      .map(({ figure, count, native }) => [
        rows.length > 1 ? `${model}: ${figure.kernel}, ${figure.nodes[0]}` : model,
        figure.dims.join("×"),
        `${count}`,
        (figure.flop / 1e6).toFixed(1),
        ...share(both.wasm && figure, wasmPeak),
        ...share(native, nativePeak),
      ]);
  });
}

export const memoryHeadsOfLayers = ["kernel", "MiB", "wasm GB/s", "share of a copy", "native GB/s", "share of a copy"];
/** Only works of one kind: beside convolutions such kernels work in the caches. */
export function memoryRows(reports: readonly LayerReport[]): string[][] {
  return [...byModel(reports)].flatMap(([model, both]) => {
    const slowest = (r: LayerReport | undefined): LayerFigure | undefined =>
      r?.layers.find(l => l.kernel !== "Identity" && !l.kernel.startsWith("Transpose"));
    const [wasm, native] = [slowest(both.wasm), slowest(both.native)];
    const any = wasm ?? native;
    const isOne = any && both[wasm ? "wasm" : "native"]!.layers.length <= 3;
    if (!any || !isOne || intensity(any) >= ARITHMETIC_FLOP_PER_BYTE || any.bytes < 2 ** 26) return [];
    const share = (f: LayerFigure | undefined, copy: number | undefined): string[] =>
      f && copy ? [gigabytes(f).toFixed(1), percent(gigabytes(f) / copy)] : ["–", "–"];
    return [
      [model, (any.bytes / 2 ** 20).toFixed(0), ...share(wasm, both.wasm?.copy), ...share(native, both.native?.copy)],
    ];
  });
}
