// The thread-level leaf of the language: one scalar program for each element, with loops that end where the element's own condition says.
import type { Dtype } from "../ir/dtypes.js";
import { titleOf } from "../ir/names.js";
import { unionAxes } from "../ir/tile.js";
import type { AnyTile, AxesOf, Tile } from "./tile.js";
import { isPoint, kernelError, recording } from "./trace.js";

/** an index inside of a cell: a number, no axis */
type Points<I extends readonly AnyTile[]> = { readonly [K in keyof I]: Tile<never, "i32"> };
type Scalar = Tile<never, Dtype>;
/** what a cell gives, over the axes of all cells */
type Results<A extends string, R> =
  R extends Tile<never, infer D> ? Tile<A, D> : { readonly [K in keyof R]: Results<A, R[K]> };

/**
 * Runs `body` for each element of the given axes: `cells(i, j, (i, j) => …)`. Inside, indices are scalars, and `fold(D.steps(), …,
 * { when })` is a loop that an element leaves when its condition becomes false; `where` is a branch, of which both sides are computed.
 * The body gives a scalar, or several, and the result is a tile of them. Elements don't know of each other: what is read at gathered
 * indices must be inside also in elements that have left their loop and wait for their neighbours.
 * @throws AzulejoError kernel: a write, a materialised tile, a fold over tiles or a reduction over the cells' axes inside of the body
 */
export function cells<const I extends readonly AnyTile[], const R extends Scalar | readonly Scalar[]>(
  ...args: readonly [...I, (...at: Points<I>) => R]
): Results<AxesOf<I[number]>, R> {
  const indices = args.slice(0, -1) as unknown as I;
  const body = args.at(-1) as (...at: readonly AnyTile[]) => R;
  const r = recording();
  if (!r) throw kernelError("cells is called outside of a kernel; move it into the body that kernel() got");
  if (r.cells) throw kernelError("cells is called inside of cells; give the outer ones all indices");
  const other = indices.find(i => i.node.kind !== "index");
  if (other)
    throw kernelError(`cells run over indices, and "${titleOf(other.node)}" is a value; read it inside of them`);
  if (indices.length === 0) throw kernelError("cells has no index to run over; hand it those of grid or of .all()");
  r.cells = unionAxes(...indices.map(i => i.node.axes)).filter(a => !isPoint(a));
  try {
    return body(...indices) as unknown as Results<AxesOf<I[number]>, R>;
  } finally {
    r.cells = undefined;
  }
}
