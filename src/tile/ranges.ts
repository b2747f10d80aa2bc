// Facts about the range of values that follow from how they are computed: what lets a function's body leave out a clamp.
import type { Node } from "../ir/tile.js";

/** Is every value of the node at most 0 (or NaN)? False where it is not evident. */
export function isNonPositive(n: Node): boolean {
  switch (n.kind) {
    case "full":
      return n.value <= 0;
    case "map":
      return nonPositiveMap(n.op, n.args);
    case "reduce":
      return (n.op === "sum" || n.op === "max") && n.args.length === 1 && isNonPositive(n.args[0]!);
    default:
      return false;
  }
}
function nonPositiveMap(op: string, args: readonly Node[]): boolean {
  const [a, b, c] = args as [Node, Node, Node];
  switch (op) {
    case "neg":
      return isNonNegative(a);
    case "add":
      return isNonPositive(a) && isNonPositive(b);
    case "sub":
      return isAtMost(a, b);
    case "mul":
      return (isNonPositive(a) && isNonNegative(b)) || (isNonNegative(a) && isNonPositive(b));
    case "div":
      return isNonPositive(a) && isNonNegative(b);
    case "min":
      return isNonPositive(a) || isNonPositive(b);
    case "max":
      return isNonPositive(a) && isNonPositive(b);
    case "cast":
      return isNonPositive(a);
    case "select":
      return isNonPositive(b) && isNonPositive(c);
    default:
      return false;
  }
}
/** Is every value of the node at least 0 (or NaN)? */
export function isNonNegative(n: Node): boolean {
  if (n.kind === "full") return n.value >= 0;
  if (n.kind === "call") return ["exp", "exp2", "sigmoid"].includes(n.fn);
  if (n.kind === "reduce") {
    if (n.args.length === 2) return n.op === "sum" && n.args[0] === n.args[1];
    return isNonNegative(n.args[0]!);
  }
  if (n.kind !== "map") return false;
  const [a, b, c] = n.args as readonly [Node, Node, Node];
  switch (n.op) {
    case "abs":
    case "sqrt":
      return true;
    case "mul":
      return a === b || (isNonNegative(a) && isNonNegative(b));
    case "add":
    case "div":
    case "min":
      return isNonNegative(a) && isNonNegative(b);
    case "max":
      return isNonNegative(a) || isNonNegative(b);
    case "neg":
      return isNonPositive(a);
    case "cast":
      return isNonNegative(a);
    case "select":
      return isNonNegative(b) && isNonNegative(c);
    default:
      return false;
  }
}
/** Is a ≤ b everywhere: b is the maximum of a and more, or a reduced to its maximum? */
function isAtMost(a: Node, b: Node): boolean {
  if (a === b) return true;
  if (b.kind === "reduce" && b.op === "max") return b.args[0] === a;
  if (b.kind === "map" && b.op === "max") return b.args.some(x => isAtMost(a, x));
  return isNonPositive(a) && isNonNegative(b);
}
