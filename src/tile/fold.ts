// Sequential loops with explicit state.
import type { Dtype } from "../ir/dtypes.js";
import type { Axis, Fold, Node, NodeOf, Part } from "../ir/tile.js";
import { newAxis, nextId } from "../ir/tile.js";
import type { Range } from "./dim.js";
import { checkRange } from "./dim.js";
import { captureSite } from "./source.js";
import type { AnyIndex, AnyTile, Tile } from "./tile.js";
import { full, Index, indexOf, tileOf, where } from "./tile.js";
import type { Recording } from "./trace.js";
import { isPoint, kernelError, make, recording } from "./trace.js";
import type { Literal } from "./types.js";

/** What a fold may leave out. */
export interface FoldOptions {
  /** Stop after the block that holds the end of this index's block; only skips work, so what lies beyond must be neutral. */
  readonly until?: AnyIndex;
}
/** The state as it is before a step. */
export interface StepOptions<S extends readonly AnyTile[]> extends FoldOptions {
  /** Steps in which it is false change nothing, element by element; where it is one value, such steps are not even computed. */
  // biome-ignore lint/suspicious/noExplicitAny: any of the state's axes
  readonly when?: (state: States<S>) => Tile<any, "bool">;
  /**
   * How the states of two neighbouring parts of the range, each walked from `init`, become the state of both, so that a long fold may be cut
   * into parts which threads walk side by side. The result must not depend on where it is cut; `azulejo check` looks.
   */
  readonly merge?: (left: States<S>, right: States<S>) => NoInfer<States<S>>;
}

/** tiles with the axes and dtypes of others */
type States<S extends readonly AnyTile[]> = {
  readonly [K in keyof S]: S[K] extends Tile<infer A, infer D> ? Tile<A, D> : never;
};

/**
 * Walks a range in order: `step` gets the index and the state, and returns the next state. The state has the axes and dtypes of `init`.
 * Over `.steps()` the index is a point; over `.tile()` the result must not depend on the tiles' size.
 */
export function fold<A extends string, const S extends readonly AnyTile[]>(
  range: Range<A>,
  init: S,
  step: (index: Index<A>, state: States<S>) => NoInfer<States<S>>,
  options: StepOptions<S> = {},
): States<S> {
  const r = recording();
  if (!r) throw kernelError("fold is called outside of a kernel; move it into the body that kernel() got");
  checkRange("fold", range);
  if (range.offsets)
    throw kernelError(`fold walks "${range.axis}" in segments, which grid alone does; use .tile() or .steps()`);
  const axis = newAxis(range.axis, range.extent);
  if (range.steps) r.points.add(axis);
  const start = r.cells ? forCells(r.cells, range, init, options) : init;
  const f: Fold = {
    id: nextId(),
    axis,
    steps: range.steps,
    init: start.map(t => t.node),
    next: [],
    stores: [],
    folds: [],
    ...(options.until ? { until: options.until.axis } : {}),
    ...(r.cells ? { cells: true } : {}),
  };
  const site = captureSite();
  if (site) Object.defineProperty(f, "source", { enumerable: true, configurable: true, get: () => site.text });
  const next = (nodes: readonly Node[]): Node[] => {
    const state = nodes.map(tileOf) as unknown as States<S>;
    const when = options.when?.(state);
    const written = r.sink.stores.length;
    const after = step(new Index<A>(axis), state);
    if (!when) return checkedNext(start, after);
    if (r.sink.stores.length > written)
      throw kernelError(
        "a fold with `when` writes to a tensor; carry the value in its state and write it after the fold",
      );
    return checkedNext(
      start,
      after.map((t, slot) => where(when, t, state[slot]!)),
    );
  };
  const { merge } = options;
  const merged =
    merge &&
    ((left: readonly Node[], right: readonly Node[]): Node[] =>
      recordMerge(r, start, () => merge(left.map(tileOf) as never, right.map(tileOf) as never)));
  if (merged && r.cells) throw kernelError("a fold in cells has a merge, and cells are not cut; leave it out");
  const results = r.eager ? r.eager.fold(f, next, merged) : recordFold(r, f, next, merged);
  return results.map(tileOf) as unknown as States<S>;
}

/** The values that a merge gives; it does nothing else. */
function recordMerge(r: Recording, init: readonly AnyTile[], merge: () => readonly AnyTile[]): Node[] {
  const outer = r.sink;
  r.sink = { stores: [], folds: [] };
  r.merging = true;
  try {
    const merged = checkedNext(init, merge());
    if (r.sink.stores.length + r.sink.folds.length > 0)
      throw kernelError("a merge neither writes nor folds; leave that to the fold, and give back values");
    return merged;
  } finally {
    r.merging = false;
    r.sink = outer;
  }
}

/** What a loop of cells starts with: one value of each state for every cell. */
function forCells(
  cells: readonly Axis[],
  range: Range<string>,
  init: readonly AnyTile[],
  options: FoldOptions,
): readonly AnyTile[] {
  if (!range.steps || options.until)
    throw kernelError(`a fold in cells goes over .steps(), without \`until\`: a cell has no tiles`);
  return init.map((t, slot) => {
    const extra = t.node.axes.find(a => !cells.includes(a) && !isPoint(a));
    if (extra)
      throw kernelError(
        `state ${slot} of a fold in cells has the axis "${extra.name}"; it must be one value for each cell`,
      );
    const everywhere = full("bool", true, ...cells.map(indexOf));
    return t.node.kind === "full"
      ? full(t.dtype as Dtype, constantOf(t.node), ...cells.map(indexOf))
      : where(everywhere, t, t);
  });
}
const constantOf = (n: NodeOf<"full">): Literal => (n.dtype === "bool" ? n.value !== 0 : n.value);

/** The state, or the result, of a fold as nodes; or the state of one of the parts that its merge joins. */
export const foldSlots = (kind: "state" | "result", f: Fold, part?: Part): Node[] =>
  f.init.map((n, slot) =>
    make<typeof kind>({ kind, fold: f, slot, axes: n.axes, dtype: n.dtype, ...(part ? { part } : {}) }),
  );

function recordFold(
  r: Recording,
  f: Fold,
  next: (state: readonly Node[]) => Node[],
  merge?: (left: readonly Node[], right: readonly Node[]) => Node[],
): Node[] {
  r.sink.folds.push(f);
  const outer = r.sink;
  r.sink = f;
  try {
    f.next = next(foldSlots("state", f));
  } finally {
    r.sink = outer;
  }
  if (merge) f.merge = merge(foldSlots("state", f, "left"), foldSlots("state", f, "right"));
  return foldSlots("result", f);
}

function checkedNext(init: readonly AnyTile[], next: readonly AnyTile[]): Node[] {
  if (next.length !== init.length)
    throw kernelError(
      `fold starts with ${init.length} values and its step returns ${next.length}; return one for each`,
    );
  return next.map((t, slot) => {
    const start = init[slot]!;
    if (t.dtype !== start.dtype)
      throw kernelError(`state ${slot} of fold starts as ${start.dtype} and becomes ${t.dtype}; cast one of them`);
    const extra = t.node.axes.find(a => !start.node.axes.includes(a) && !isPoint(a));
    if (extra)
      throw kernelError(
        `state ${slot} of fold gets the axis "${extra.name}" that its initial value lacks; reduce over it or start with it`,
      );
    return t.node;
  });
}
