// Copies of tensors in panels, made for one call: what a contraction would else read across its lanes.
import type { Axis, NodeOf, Tensor } from "../ir/tile.js";
import type { KernelView, SinkView } from "./view.js";

/** reads of an element below which a copy of the tensor does not pay */
const READS_FOR_COPY = 12;

/**
 * Is an element of the tensor read that often, with a lane along its dim? Rows of which nothing is known may be one, as they are for a token that follows a
 * cache, and lanes may be one then; not where both are of one size, so that one row is little work in any case.
 */
export function isWorthCopying(view: KernelView, n: NodeOf<"load">, s: SinkView, lane: Axis): boolean {
  const tensor = n.tensor as Tensor;
  const isFree = (a: Axis): boolean => view.isOpen(a) && !view.growsWith(tensor, a);
  const axes = [
    ...s.axes,
    ...view.inline(s.value).flatMap(x => (x.kind === "reduce" && x.args.includes(n) ? x.over : [])),
  ];
  const isBound = (a: Axis): boolean => !n.axes.includes(a) && view.isOpen(a) && !isFree(a);
  if (view.isOpen(lane) && !axes.some(isBound)) return false;
  const reads = view.volume(axes.filter(a => !isFree(a)));
  const elements = tensor.dims.reduce((p, d) => p * view.size(d), 1);
  return reads >= READS_FOR_COPY * Math.max(1, elements);
}
