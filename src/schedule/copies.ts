// Copies of tensors in panels, made for one call: what a contraction would else read across its lanes.
import type { Axis, NodeOf, Tensor } from "../ir/tile.js";
import type { KernelView, SinkView } from "./view.js";

/** reads of an element below which a copy of the tensor does not pay */
const READS_FOR_COPY = 12;

/**
 * Is an element of the tensor read that often? Rows of which nothing is known may be one, as they are for a token that follows a cache, unless the tensor
 * grows with them.
 */
export function isWorthCopying(view: KernelView, n: NodeOf<"load">, s: SinkView): boolean {
  const tensor = n.tensor as Tensor;
  const isSingle = (a: Axis): boolean => view.isOpen(a) && !view.growsWith(tensor, a);
  const axes = [
    ...s.axes,
    ...view.inline(s.value).flatMap(x => (x.kind === "reduce" && x.args.includes(n) ? x.over : [])),
  ];
  const reads = view.volume(axes.filter(a => !isSingle(a)));
  const elements = tensor.dims.reduce((p, d) => p * view.size(d), 1);
  return reads >= READS_FOR_COPY * Math.max(1, elements);
}
