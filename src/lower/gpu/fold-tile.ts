// Folds by workgroups: what is attention in tiles, that is a fold whose body contracts twice, and in which tiles it is computed. The text is in
// fold-tile-text.ts.
import { ceilDiv, opaque, Poly } from "../../ir/poly.js";
import {
  type Axis,
  type Fold,
  gathersIn,
  isTensor,
  type Kernel,
  type Node,
  type NodeOf,
  reach,
  type Store,
} from "../../ir/tile.js";
import { axesOfStore, nodesOf } from "../../ir/walk.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { isContraction } from "../../schedule/contraction.js";
import { SIDE, volume } from "./contraction.js";

/**
 * o, … = fold over keys: scores [rows, keys] = Σ left · right, and the next o is `kept` (of the o before) + Σ weights [rows, keys] · values [keys, columns].
 * What varies over rows alone is a row value: other states, reductions over the keys of a tile, and what is computed of both.
 */
export interface FoldTile {
  readonly fold: Fold;
  readonly store: Store;
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  readonly batch: readonly Axis[];
  readonly scores: NodeOf<"reduce">;
  readonly left: Node;
  readonly right: Node;
  readonly weights: Node;
  readonly values: Node;
  /** the state with columns */
  readonly slot: number;
  readonly kept: Node;
  /** what is reduced over the scores of a tile, pass by pass, as one reduction needs the result of another; the last pass makes the weights */
  readonly passes: readonly (readonly NodeOf<"reduce">[])[];
  /** row values that elements need, by the number of passes that must be over */
  readonly rowValues: readonly (readonly Node[])[];
  /** row values that the store needs */
  readonly results: readonly Node[];
  readonly shape: FoldTileShape;
}
/** of an invocation, which has 8 rows: keys in a tile, columns of the result */
export interface FoldTileShape {
  readonly keys: 12 | 4;
  readonly columns: 8 | 4;
}
export const FOLD_ROWS = 64;
/** indices of what scores sum over, or keys, that are staged at a time */
export const FOLD_DEPTH = 8;
export const foldKeys = ({ keys }: FoldTileShape): number => SIDE * keys;
export const foldColumns = ({ columns }: FoldTileShape): number => SIDE * columns;
/** vectors of four */
export const weightVectors = (s: FoldTileShape): number => (foldKeys(s) * FOLD_ROWS) / 4;
export const stagedVectors = (s: FoldTileShape): number => ((FOLD_ROWS + foldKeys(s)) / 4) * FOLD_DEPTH;

/** 12 keys: with 8, operands were loaded as often as they are multiplied, and the rest would be too much. What small devices have is 16 KiB. */
const shapes: readonly FoldTileShape[] = [
  { keys: 12, columns: 8 },
  { keys: 4, columns: 4 },
];
const FEWEST = 16;

/** 1 where a tile has as many rows as it is worth, else 0 */
export const hasRows = ({ rows }: Pick<FoldTile, "rows">): Poly =>
  opaque("min", opaque("div", volume(rows), Poly.int(FEWEST)), Poly.one);

export const foldTilesOf = (f: Pick<FoldTile, "rows" | "columns" | "batch" | "shape">): Poly =>
  ceilDiv(volume(f.rows), FOLD_ROWS)
    .mul(ceilDiv(volume(f.columns), foldColumns(f.shape)))
    .mul(volume(f.batch));

const isSubset = (axes: readonly Axis[], ...of: readonly (readonly Axis[])[]): boolean =>
  axes.every(a => of.some(list => list.includes(a)));

/** The kernel as one such fold and a store of its result, if that is what it is. `workgroupBytes`: what a workgroup may have. */
export function foldTileOf(
  kernel: Kernel,
  stores: readonly Store[],
  workgroupBytes: number,
  { keys }: Pick<GpuChoice, "keys"> = {},
): FoldTile | undefined {
  const [fold] = kernel.folds;
  const [store] = stores;
  if (fold?.init.some(n => n.dtype !== "f32")) return undefined;
  if (!fold || kernel.folds.length !== 1 || fold.cells || fold.steps || fold.stores.length + fold.folds.length > 0)
    return undefined;
  if (!store || stores.length !== 1 || store.combine || store.when || kernel.segments) return undefined;
  // what lies beyond an end is computed as the last one, which gathers would tell of as an error
  const isPlain = (n: Node): boolean =>
    n.kind !== "load" || (isTensor(n.tensor) && n.index.every(p => gathersIn(p).length === 0));
  if (!nodesOf(kernel).every(isPlain)) return undefined;
  const key = fold.axis;
  const reduces = reach(fold.next).filter((n): n is NodeOf<"reduce"> => n.kind === "reduce");
  const [scores, ...others] = reduces.filter(n => n.axes.includes(key));
  const [weighted, ...more] = reduces.filter(n => n.over.includes(key) && n.args.length === 2);
  if (!scores || others.length > 0 || !weighted || more.length > 0) return undefined;
  const sums = [scores, weighted];
  if (!sums.every(n => n.op === "sum" && n.dtype === "f32" && isContraction(n))) return undefined;
  if (sums.some(n => n.over.some(a => n === weighted && a !== key))) return undefined;
  const [left, right] = scores.args[1]!.axes.includes(key) ? scores.args : [...scores.args].reverse();
  const rows = kernel.grid.filter(a => left!.axes.includes(a) && !right!.axes.includes(a));
  const [weights, values] = isSubset(rows, weighted.args[0]!.axes) ? weighted.args : [...weighted.args].reverse();
  const all = axesOfStore(store);
  const columns = all.filter(a => values!.axes.includes(a) && !weights!.axes.includes(a));
  const batch = all.filter(a => !rows.includes(a) && !columns.includes(a));
  if (left!.axes.includes(key) || !isSubset(kernel.grid, all) || !isSubset(weights!.axes, rows, batch, [key]))
    return undefined;
  if (rows.length === 0 || columns.length === 0 || !isSubset(values!.axes, columns, batch, [key])) return undefined;
  if (!isSubset(left!.axes, rows, batch, scores.over) || !isSubset(right!.axes, batch, [key], scores.over))
    return undefined;
  const few = volume(rows);
  if (few.isConst && few.constant < FEWEST) return undefined;

  const slot = fold.next.findIndex(n => n.kind === "map" && n.op === "add" && n.args.includes(weighted));
  const sum = fold.next[slot] as NodeOf<"map"> | undefined;
  const kept = sum?.args.find(n => n !== weighted);
  if (!kept || reach([kept]).includes(weighted) || !isSubset(kept.axes, rows, columns, batch)) return undefined;
  const states = fold.next.filter((_, i) => i !== slot);
  const isRow = (n: Node): boolean => isSubset(n.axes, rows, batch);
  if (![...states, ...fold.init.filter((_, i) => i !== slot)].every(isRow)) return undefined;
  if (
    ![...states, weights!].every(n => !reach([n]).some(x => x === weighted || (x.kind === "state" && x.slot === slot)))
  )
    return undefined;
  if (!isSubset(fold.init[slot]!.axes, rows, columns, batch)) return undefined;
  if (reach([store.value]).some(n => n.kind === "reduce")) return undefined;

  const reductions = reduces.filter(n => n.over.includes(key) && n !== weighted);
  if (!reductions.every(n => n.over.length === 1 && n.dtype === "f32" && isRow(n) && n.op !== "prod")) return undefined;
  const depths = new Map<Node, number>();
  const depthOf = (n: Node): number => {
    const below = n.kind === "reduce" && n !== scores ? n.args : n.kind === "map" || n.kind === "call" ? n.args : [];
    const known =
      depths.get(n) ?? Math.max(0, ...below.map(depthOf)) + (reductions.includes(n as NodeOf<"reduce">) ? 1 : 0);
    depths.set(n, known);
    return known;
  };
  const last = depthOf(weights!);
  if (reductions.some(n => depthOf(n) > last + 1)) return undefined;
  const passes = Array.from({ length: last + 1 }, (_, i) => reductions.filter(n => depthOf(n) === i + 1));

  const isLeaf = (n: Node): boolean =>
    n.kind === "state" || n.kind === "result" || reductions.includes(n as NodeOf<"reduce">);
  const wanted = rowValuesIn([weights!, ...reductions.flatMap(n => n.args), kept], isRow, isLeaf);
  const results = rowValuesIn([store.value], isRow, isLeaf);
  if (!wanted || !results) return undefined;
  const rowValues = Array.from({ length: last + 2 }, (_, i) => wanted.filter(n => depthOf(n) === i));
  const found = {
    fold,
    store,
    rows,
    columns,
    batch,
    scores,
    left: left!,
    right: right!,
    weights: weights!,
    values: values!,
    slot,
    kept,
    passes,
    rowValues,
    results,
  };
  const shape = shapes.find(s => (!keys || foldKeys(s) === keys) && bytesOf(s, found) <= workgroupBytes);
  return shape && { ...found, shape };
}
const bytesOf = (s: FoldTileShape, f: Pick<FoldTile, "rowValues" | "results">): number =>
  16 * (weightVectors(s) + stagedVectors(s)) + 4 * FOLD_ROWS * rowArrays(f);
export const rowArrays = ({ rowValues, results }: Pick<FoldTile, "rowValues" | "results">): number =>
  Math.max(rowValues.flat().length, results.length);

/** The outermost row values that hang on the fold; undefined: one is no f32. */
function rowValuesIn(
  roots: readonly Node[],
  isRow: (n: Node) => boolean,
  isLeaf: (n: Node) => boolean,
): readonly Node[] | undefined {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  let refused = false;
  const visit = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (isRow(n) && reach([n]).some(isLeaf)) {
      if (n.dtype === "f32") found.add(n);
      else if (isLeaf(n) || n.kind !== "map") refused = true;
      else n.args.forEach(visit);
    } else if (n.kind === "map" || n.kind === "call") n.args.forEach(visit);
  };
  roots.forEach(visit);
  return refused ? undefined : [...found];
}
