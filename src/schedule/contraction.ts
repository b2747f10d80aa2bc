// What a reduction is to the compiler.
import type { Node } from "../ir/tile.js";

/**
 * A register-tile contraction: each operand has an axis that the other lacks, so both are reused. dot(d, d, c) and a depthwise
 * window are reductions over rows.
 */
export function isContraction(n: Node): boolean {
  if (n.kind !== "reduce" || n.args.length !== 2) return false;
  const [a, b] = n.args;
  const lacks = (x: Node, y: Node) => x.axes.some(axis => !y.axes.includes(axis) && !n.over.includes(axis));
  return lacks(a!, b!) && lacks(b!, a!);
}
