// Contractions by workgroups: what is one, and in which tiles it is computed. The text of a tile is in tile.ts.
import { ceilDiv, Poly } from "../../ir/poly.js";
import type { Axis, Kernel, Node, NodeOf, Store } from "../../ir/tile.js";
import { reachCells } from "../../ir/tile.js";
import { axesOfStore } from "../../ir/walk.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { isContraction } from "../../schedule/contraction.js";
import { registerOf } from "./registers.js";

export interface Contraction {
  readonly dot: NodeOf<"reduce">;
  readonly store: Store;
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  /** of both operands, or of none */
  readonly batch: readonly Axis[];
  readonly shape: TileShape;
  /** of sums, and of operands where they are staged */
  readonly type: SumType;
}
/** Sums of products, of numbers or of the halves or bytes of words. */
const sumsOfProducts: ReadonlySet<string> = new Set(["sum", "dotPairs", "dotQuads"]);
type SumType = "f32" | "i32" | "u32";
/** SIDE × SIDE invocations keep `sums` × `sums` results each. */
export interface TileShape {
  readonly sums: 4 | 8;
}
export const SIDE = 8;
export const CONTRACTION_WORKGROUP = SIDE * SIDE;
/** of a tile: two halves of both operands are 16 KiB with 8 × 8 sums, what every device has */
export const DEPTH = 16;
/** rows or columns below which most of a tile would be empty */
const FEWEST = 16;
/** workgroups that large tiles should leave: with fewer, small ones keep more of the device busy */
const ENOUGH = 32;

export const volume = (axes: readonly Axis[]): Poly => Poly.product(axes.map(a => a.extent));
export const tileSize = ({ sums }: TileShape): number => SIDE * sums;
export const tilesOf = ({
  rows,
  columns,
  batch,
  shape,
}: Pick<Contraction, "rows" | "columns" | "batch" | "shape">): Poly =>
  ceilDiv(volume(rows), tileSize(shape))
    .mul(ceilDiv(volume(columns), tileSize(shape)))
    .mul(volume(batch));

/** The kernel as one contraction with an epilogue, if that is what these stores are. */
export function contractionOf(
  kernel: Kernel,
  stores: readonly Store[],
  { tile }: Pick<GpuChoice, "tile"> = {},
): Contraction | undefined {
  const [store] = stores;
  if (stores.length !== 1 || !store || store.combine || store.when || kernel.segments) return undefined;
  if (kernel.folds.length > 0) return undefined;
  const reduces = reachCells([store.value]).filter((n): n is NodeOf<"reduce"> => n.kind === "reduce");
  const [dot] = reduces;
  if (reduces.length !== 1 || !dot || !sumsOfProducts.has(dot.op) || !isContraction(dot)) return undefined;
  const type = sumType(dot);
  if (!type) return undefined;
  const [a, b] = dot.args as readonly [Node, Node];
  // in the order of memory, which is that of the grid
  const all = axesOfStore(store);
  const own = [...kernel.grid.filter(x => all.includes(x)), ...all.filter(x => !kernel.grid.includes(x))];
  if (own.some(x => dot.over.includes(x))) return undefined;
  const rows = own.filter(x => a.axes.includes(x) && !b.axes.includes(x));
  const columns = own.filter(x => b.axes.includes(x) && !a.axes.includes(x));
  if (isBelow(volume(rows), FEWEST) || isBelow(volume(columns), FEWEST)) return undefined;
  const batch = own.filter(x => !rows.includes(x) && !columns.includes(x));
  return {
    dot,
    store,
    rows,
    columns,
    batch,
    type,
    shape: tile ? { sums: tile === 32 ? 4 : 8 } : shapeOf({ rows, columns, batch }),
  };
}
/** Sums of 32 bits: integers wrap, whatever the order. */
function sumType({ dtype, args }: NodeOf<"reduce">): SumType | undefined {
  const registers = new Set(args.map(a => registerOf(a.dtype)));
  if (dtype === "f32") return registers.size === 1 && registers.has("f32") ? "f32" : undefined;
  if (dtype !== "i32" && dtype !== "u32") return undefined;
  return [...registers].every(r => r === "i32" || r === "u32") ? dtype : undefined;
}
const isBelow = (p: Poly, n: number): boolean => p.isConst && p.constant < n;

function shapeOf(c: Pick<Contraction, "rows" | "columns" | "batch">): TileShape {
  const large: TileShape = { sums: 8 };
  const isNarrow = [c.rows, c.columns].some(axes => isBelow(volume(axes), tileSize(large)));
  return isNarrow || isBelow(tilesOf({ ...c, shape: large }), ENOUGH) ? { sums: 4 } : large;
}
