// What a reduction is to the compiler.
import type { Axis, Node, NodeOf } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";

/**
 * A register-tile contraction: each operand has an axis that the other lacks, so both are reused. dot(d, d, c) and a depthwise
 * window are reductions over rows.
 */
export function isContraction(n: Node): boolean {
  if (n.kind !== "reduce" || n.args.length !== 2) return false;
  let known = contractions.get(n);
  if (known === undefined) {
    known = contracts(n);
    contractions.set(n, known);
  }
  return known;
}
const contractions = new WeakMap<Node, boolean>();
function contracts(n: NodeOf<"reduce">): boolean {
  const [a, b] = n.args;
  const lacks = (x: Node, y: Node) => x.axes.some(axis => !y.axes.includes(axis) && !n.over.includes(axis));
  return lacks(a!, b!) && lacks(b!, a!);
}

/**
 * Reduced axes in the order of their loops, outermost first: the author's, but what walks neighbours in memory of an operand that is
 * read as it lies (no constant: those are packed to fit) comes last. A convolution over channels-last pixels walks taps, then channels.
 */
export function reductionOrder(n: NodeOf<"reduce">): readonly Axis[] {
  if (n.over.length < 2) return n.over;
  const inner = n.over.filter(a =>
    n.args.some(x => x.kind === "load" && isTensor(x.tensor) && !x.tensor.constant && walksNeighbours(x, a)),
  );
  return [...n.over.filter(a => !inner.includes(a)), ...inner];
}
function walksNeighbours(x: NodeOf<"load">, a: Axis): boolean {
  if (!isTensor(x.tensor)) return false;
  const last = (x.tensor.layout?.order ?? x.index.map((_, d) => d)).at(-1);
  const step = last === undefined ? undefined : x.index[last]!.coef(a.sym);
  return step?.isConst === true && step.constant === 1;
}
