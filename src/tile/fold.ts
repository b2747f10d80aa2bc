// Sequential loops with explicit state.
import type { Fold, Node } from "../ir/tile.js";
import { newAxis, nextId } from "../ir/tile.js";
import type { Range } from "./dim.js";
import type { AnyIndex, AnyTile } from "./tile.js";
import { Index, tileOf } from "./tile.js";
import type { Recording } from "./trace.js";
import { isPoint, kernelError, make, recording } from "./trace.js";

export interface FoldOptions {
  /** Stop after the block that holds the end of this index's block; only skips work, so what lies beyond must be neutral. */
  readonly until?: AnyIndex;
}

/**
 * Walks a range in order: `step` gets the index and the state, and returns the next state. The state has the axes and dtypes of `init`.
 * Over `.steps()` the index is a point; over `.tile()` the result must not depend on the tiles' size.
 */
export function fold<A extends string, const S extends readonly AnyTile[]>(
  range: Range<A>,
  init: S,
  step: (index: Index<A>, state: S) => NoInfer<S>,
  options: FoldOptions = {},
): S {
  const r = recording();
  if (!r) throw kernelError("fold is called outside of a kernel; move it into the body that kernel() got");
  const index = new Index<A>(newAxis(range.axis, range.extent));
  if (range.steps) r.points.add(index.axis);
  if (r.eager) {
    const next = (state: readonly Node[]) => checkedNext(init, step(index, state.map(tileOf) as unknown as S));
    const nodes = init.map(t => t.node);
    return r.eager.fold({ axis: index.axis, steps: range.steps }, nodes, next).map(tileOf) as unknown as S;
  }
  return recordFold(r, range, index, init, step, options);
}

function recordFold<A extends string, S extends readonly AnyTile[]>(
  r: Recording,
  range: Range<A>,
  index: Index<A>,
  init: S,
  step: (index: Index<A>, state: S) => NoInfer<S>,
  options: FoldOptions,
): S {
  const f: Fold = {
    id: nextId(),
    axis: index.axis,
    steps: range.steps,
    init: init.map(t => t.node),
    next: [],
    stores: [],
    folds: [],
    ...(options.until ? { until: options.until.axis } : {}),
  };
  r.sink.folds.push(f);
  const slots = (kind: "state" | "result") =>
    init.map((t, slot) => tileOf(make<typeof kind>({ kind, fold: f, slot, axes: t.node.axes, dtype: t.dtype })));
  const outer = r.sink;
  r.sink = f;
  try {
    f.next = checkedNext(init, step(index, slots("state") as unknown as S));
  } finally {
    r.sink = outer;
  }
  return slots("result") as unknown as S;
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
