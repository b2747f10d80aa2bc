// Tiles as text for debug(): position, then values, a few of each axis.
import type { Dtype } from "./dtypes.js";

/** What a debug point shows: values row-major over the axes. */
export interface DebugTile {
  readonly kernel: string;
  readonly name: string;
  readonly dtype: Dtype;
  readonly axes: readonly {
    readonly name: string;
    /** first index, and how many there are */
    readonly start: number;
    readonly length: number;
  }[];
  /** where the tile is taken: indices of the grid and of folds that it does not vary along */
  readonly at: readonly { readonly name: string; readonly index: number }[];
  readonly data: ArrayLike<number | bigint>;
  /** the last one that is shown of this name */
  readonly isLast?: boolean;
  /** file:line of the author */
  readonly source: string | undefined;
}

/** elements shown at each end of an axis */
const EDGE = 3;
/** rows, over all outer axes */
const ROWS = 12;

/** A line that says what and where, then rows of values; of long axes the first and the last few. */
export function debugText({ kernel, name, dtype, axes, at, data, isLast, source }: DebugTile): string {
  const ranges = axes.map(a => `${a.name} ${a.start}…${a.start + a.length - 1}`);
  const places = at.map(p => `${p.name} ${p.index}`);
  const where = [...places, ...ranges].join(", ");
  const head = `debug "${name}" of kernel "${kernel}": ${dtype}${where ? ` at ${where}` : ""}${source ? ` (${source})` : ""}`;
  if (axes.some(a => a.length === 0)) return `${head}\n  nothing`;
  const inner = axes.at(-1)?.length ?? 1;
  const outer = axes.slice(0, -1);
  const rows: string[] = [];
  const walk = (d: number, flat: number, label: string): void => {
    if (rows.length >= ROWS) return;
    const a = outer[d];
    if (!a) {
      const shown = ends(inner).map(i => (i === undefined ? "…" : format(data[flat * inner + i]!)));
      rows.push(`  ${label === "" ? "" : `[${label}] `}${shown.join(" ")}`);
      return;
    }
    for (const i of ends(a.length))
      if (i === undefined) rows.push("  …");
      else walk(d + 1, flat * a.length + i, `${label === "" ? "" : `${label}, `}${a.start + i}`);
  };
  walk(0, 0, "");
  const total = outer.reduce((p, a) => p * Math.min(a.length, 2 * EDGE), 1);
  const cut = rows.length >= ROWS && total > ROWS ? ["  …"] : [];
  return [head, ...rows, ...cut, ...(isLast ? [`  more tiles of "${name}" are not shown`] : [])].join("\n");
}

/** all indices, or the first and the last few with a gap between */
const ends = (n: number): readonly (number | undefined)[] =>
  n <= 2 * EDGE + 1
    ? Array.from({ length: n }, (_, i) => i)
    : [
        ...Array.from({ length: EDGE }, (_, i) => i),
        undefined,
        ...Array.from({ length: EDGE }, (_, i) => n - EDGE + i),
      ];

function format(x: number | bigint): string {
  if (typeof x === "bigint" || Number.isInteger(x)) return Object.is(x, -0) ? "-0" : String(x);
  return String(Number(x.toPrecision(6)));
}
