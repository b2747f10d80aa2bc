// Watches every value of a kernel while it is evaluated: where integers wrap around, casts lose the number, and NaN or infinity is born.
import { integerRange, isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions } from "../ir/evaluate/evaluator.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import { zip } from "../ir/evaluate/values.js";
import type { Node } from "../ir/tile.js";
import { children } from "../ir/tile.js";

type Mistake = "overflow" | "lossy-cast";

/** Where values first go wrong. */
export class Watch {
  /** where a value that is not finite was made of finite ones, first */
  birth: Node | undefined;
  readonly #notFinite = new Set<Node>();
  readonly #tell: (kind: Mistake, node: Node, message: string) => void;
  constructor(tell: (kind: Mistake, node: Node, message: string) => void) {
    this.#tell = tell;
  }
  readonly observe: NonNullable<EvaluateOptions["observe"]> = (n, value, e) => {
    if (isFloat(n.dtype)) this.#float(n, value);
    if (n.kind !== "map") return;
    const operands = n.args.map(a => e.evaluate(a));
    if (n.op === "cast" && isFloat(n.dtype) && some(isLost, [...operands, value]))
      this.#tell("lossy-cast", n, `${nameOf(n)} is cast to ${n.dtype}, which does not hold it; clamp it first`);
    if (isFloat(n.dtype) || n.dtype === "bool") return;
    const range = integerRange(n.dtype);
    const isOutside = (x: Scalar): boolean =>
      typeof x === "number" && Number.isNaN(x) ? true : x < range[0] || x > range[1];
    const exact = exactly[n.op];
    if (exact && !n.dtype.startsWith("u") && some((a, b) => isOutside(exact(a, b)), operands))
      this.#tell("overflow", n, `${nameOf(n)} leaves the range of ${n.dtype} and wraps around; use a wider dtype`);
    if (n.op === "cast" && some(x => isOutside(whole(x)), operands))
      this.#tell("lossy-cast", n, `${nameOf(n)} is cast to ${n.dtype}, which does not hold it; clamp it first`);
  };
  #float(n: Node, value: Value): void {
    const isFinite = (value.data as Float64Array).every(Number.isFinite);
    if (isFinite) return;
    this.#notFinite.add(n);
    // constants and fills are the author's; what is read was made elsewhere
    const made = n.kind === "map" || n.kind === "call" || n.kind === "reduce";
    if (made && !children(n).some(c => this.#notFinite.has(c))) this.birth ??= n;
  }
}
/** An integer that the float is not, or a number that became infinite: what rounding does is meant. */
const isLost = (from: Scalar, to: number): boolean =>
  typeof from === "bigint" || Number.isInteger(from)
    ? from !== toLike(from, to)
    : Number.isFinite(from) && !Number.isFinite(to);
const toLike = (from: Scalar, to: number): Scalar =>
  typeof from === "bigint" && Number.isFinite(to) ? BigInt(to) : to;
const exactly: Readonly<Record<string, ((a: never, b: never) => Scalar) | undefined>> = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  neg: (a: number) => -a,
};
const whole = (x: Scalar): Scalar => (typeof x === "number" ? Math.trunc(x) : x);
/** Does `f` hold for some element of the operands, broadcast? */
function some(f: (a: never, b: never) => boolean, operands: readonly Value[]): boolean {
  let found = false;
  zip(
    (a: never, b: never) => {
      found ||= f(a, b);
      return 0;
    },
    "f64",
    ...operands,
  );
  return found;
}
export const nameOf = (n: Node): string =>
  n.kind === "map" ? `"${n.name}" (${n.op})` : n.kind === "call" ? `"${n.name}" (${n.fn})` : `"${n.name}"`;
