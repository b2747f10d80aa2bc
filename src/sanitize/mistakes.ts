// Which elements of a node its dtype does not hold: integers that wrap around, casts that lose the number.
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, dtypes, integerRange, isFloat } from "../ir/dtypes.js";
import type { Evaluator } from "../ir/evaluate/evaluator.js";
import { reduceValues } from "../ir/evaluate/reduce.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import type { Node, NodeOf, Store } from "../ir/tile.js";
import { where } from "./where.js";

export type Mistake = "overflow" | "lossy-cast";
export interface Mistakes {
  readonly mistake: Mistake;
  /** not 0 at the elements that are wrong */
  readonly wrong: Value;
}

export function mistakesOf(n: Node, value: Value, e: Evaluator): Mistakes | undefined {
  if (n.kind !== "map" && n.kind !== "reduce") return undefined;
  const isCast = n.kind === "map" && n.op === "cast";
  const wrong = isCast ? lost(n, value, e) : isSigned(n.dtype) ? wrapped(n, value, e) : undefined;
  return wrong && { mistake: isCast ? "lossy-cast" : "overflow", wrong };
}
/** Does a write that joins an integer with what is there wrap around? */
export function joinWraps({ combine, tensor: { dtype } }: Store, x: Scalar, old: Scalar): boolean {
  const exact = combine && exactly[combine];
  return exact !== undefined && isSigned(dtype) && isOutside(dtype)(exact(old as never, x as never));
}

const isSigned = (dtype: Dtype): boolean => dtypes[dtype].kind === "signed";
/** NaN is outside as well. */
function isOutside(dtype: Dtype): (x: Scalar) => boolean {
  const [least, most] = integerRange(dtype);
  return x => !(x >= least && x <= most);
}
function wrapped(n: NodeOf<"map"> | NodeOf<"reduce">, value: Value, e: Evaluator): Value | undefined {
  if (n.kind === "reduce") return n.op === "sum" || n.op === "prod" ? wrappedSum(n, value, e) : undefined;
  const exact = exactly[n.op];
  const outside = isOutside(n.dtype);
  return exact && where((a, b) => outside(exact(a, b)), ...n.args.map(a => e.evaluate(a)));
}
/** Sums and products are made once more in float64, whose rounding is far below the distance that wrapping around makes. */
function wrappedSum(n: NodeOf<"reduce">, value: Value, e: Evaluator): Value | undefined {
  const half = 2 ** (bitsOf(n.dtype) - 1);
  const isFar = (x: number, y: Scalar): boolean => Math.abs(x - Number(y)) > half;
  return where(isFar, reduceValues(e, { ...n, dtype: "f64" }), value);
}
function lost(n: NodeOf<"map">, value: Value, e: Evaluator): Value | undefined {
  if (n.dtype === "bool") return undefined;
  const x = e.evaluate(n.args[0]!);
  if (isFloat(n.dtype)) return where(isFloat(n.args[0]!.dtype) ? isOverflow : isLost, x, value);
  const outside = isOutside(n.dtype);
  return where((y: Scalar) => outside(typeof y === "number" ? Math.trunc(y) : y), x);
}
/** A number that became infinite: what rounding does is meant. */
const isOverflow = (from: number, to: number): boolean => Number.isFinite(from) && !Number.isFinite(to);
/** An integer that the float is not. */
const isLost = (from: Scalar, to: number): boolean =>
  from !== (typeof from === "bigint" && Number.isFinite(to) ? BigInt(to) : to);

const exactly: Readonly<Record<string, ((a: never, b: never) => Scalar) | undefined>> = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  neg: (a: number) => -a,
  abs: (a: number) => (a < 0 ? -a : a),
  // the only quotient that does not fit
  div: (a: number, b: number) => (Number(b) === -1 ? -a : a),
};
