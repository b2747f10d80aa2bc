// Which dtypes each elementwise operation is defined for, and how many operands it takes.
import type { Dtype } from "./dtypes.js";
import { isFloat } from "./dtypes.js";
import type { MapOp } from "./tile.js";

const numbers = (d: Dtype): boolean => d !== "bool";
const integers = (d: Dtype): boolean => d !== "bool" && !isFloat(d);
const bits = (d: Dtype): boolean => !isFloat(d);

const domains: readonly (readonly [ops: readonly MapOp[], holds: (d: Dtype) => boolean, name: string])[] = [
  [["add", "sub", "mul", "div", "mod", "rem", "min", "max", "neg", "abs"], numbers, "numbers"],
  [["and", "or", "xor", "not"], bits, "integers and bool"],
  [["shl", "shr"], integers, "integers"],
  [["sqrt", "floor", "ceil", "round", "trunc"], isFloat, "floats"],
];
/** undefined where the operation is defined for the dtype; else what it is for */
export function refusedDomain(op: MapOp, dtype: Dtype): string | undefined {
  const domain = domains.find(([ops]) => ops.includes(op));
  return domain && !domain[1](dtype) ? domain[2] : undefined;
}

const unary = new Set<MapOp>(["neg", "abs", "sqrt", "floor", "ceil", "round", "trunc", "not", "cast", "bitcast"]);
export const operandCount = (op: MapOp): number => (op === "select" ? 3 : unary.has(op) ? 1 : 2);

const comparisons = new Set<MapOp>(["eq", "ne", "lt", "le", "gt", "ge"]);
/** gives bool whatever its operands are */
export const isComparison = (op: MapOp): boolean => comparisons.has(op);
