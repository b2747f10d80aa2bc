// Watches every value of a kernel while it is evaluated: where integers wrap around, casts lose the number, and NaN or infinity is born.
import { integerRange, isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions, Evaluator } from "../ir/evaluate/evaluator.js";
import { reduceValues } from "../ir/evaluate/reduce.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import { zip } from "../ir/evaluate/values.js";
import type { Kernel, Node, NodeOf, Store, Tensor } from "../ir/tile.js";
import { children } from "../ir/tile.js";
import { storesOf } from "../ir/walk.js";

type Mistake = "overflow" | "lossy-cast";

/** Where values first go wrong. */
export class Watch {
  /** the first value anywhere that is not finite, and was made of finite ones */
  #first: Node | undefined;
  readonly #notFinite = new Set<Node>();
  readonly #nan = new Set<Node>();
  readonly #tell: (kind: Mistake, node: Node, message: string) => void;
  constructor(tell: (kind: Mistake, node: Node, message: string) => void) {
    this.#tell = tell;
  }
  readonly observe: NonNullable<EvaluateOptions["observe"]> = (n, value, e) => {
    if (isFloat(n.dtype)) this.#float(n, value);
    if (n.kind === "reduce") this.#sum(n, e);
    if (n.kind !== "map") return;
    const operands = n.args.map(a => e.evaluate(a));
    const lost = isFloat(n.args[0]!.dtype) ? isOverflow : isLost;
    if (n.op === "cast" && isFloat(n.dtype) && some(lost, [...operands, value])) this.#loses(n);
    if (isFloat(n.dtype) || n.dtype === "bool") return;
    const range = integerRange(n.dtype);
    const isOutside = (x: Scalar): boolean =>
      typeof x === "number" && Number.isNaN(x) ? true : x < range[0] || x > range[1];
    const exact = exactly[n.op];
    if (exact && !n.dtype.startsWith("u") && some((a, b) => isOutside(exact(a, b)), operands)) this.#wraps(n);
    if (n.op === "cast" && some(x => isOutside(whole(x)), operands)) this.#loses(n);
  };
  /** A sum or product of integers is made once more, in float64, which has room. */
  #sum(n: NodeOf<"reduce">, e: Evaluator): void {
    if ((n.op !== "sum" && n.op !== "prod") || isFloat(n.dtype) || n.dtype === "bool" || n.dtype.startsWith("u"))
      return;
    const [least, most] = integerRange(n.dtype);
    const { data } = reduceValues(e, { ...n, dtype: "f64" });
    if ((data as Float64Array).some(x => x < least || x > most)) this.#wraps(n);
  }
  #wraps(n: Node): void {
    this.#tell("overflow", n, `${nameOf(n)} leaves the range of ${n.dtype} and wraps around; use a wider dtype`);
  }
  #loses(n: Node): void {
    this.#tell("lossy-cast", n, `${nameOf(n)} is cast to ${n.dtype}, which does not hold it; clamp it first`);
  }
  #float(n: Node, value: Value): void {
    const data = value.data as Float64Array;
    if (data.every(Number.isFinite)) return;
    this.#notFinite.add(n);
    if (data.some(Number.isNaN)) this.#nan.add(n);
    if (this.#isBirth(n)) this.#first ??= n;
  }
  /** Made of finite values, or a NaN of none; constants and fills are the author's, and what is read was made elsewhere. */
  #isBirth(n: Node): boolean {
    if (n.kind !== "map" && n.kind !== "call" && n.kind !== "reduce") return false;
    const known = this.#nan.has(n) ? this.#nan : this.#notFinite;
    return !children(n).some(c => known.has(c));
  }
  /** What to say of a tensor of the kernel that is not finite, and the line of it; undefined: its author writes such constants. */
  blame(
    kernel: Kernel,
    tensor: Tensor,
    { value, element }: { readonly value: number; readonly element: number },
  ): { readonly message: string; readonly source: string | undefined } | undefined {
    const blamed = this.#reason(storesOf(kernel).filter(s => s.tensor === tensor));
    const where = `"${tensor.name}" is ${value} at element ${element}, of finite inputs`;
    return blamed && { message: `${where}: ${blamed.why}`, source: blamed.source };
  }
  #reason(stores: readonly Store[]): { readonly why: string; readonly source: string | undefined } | undefined {
    for (const { value } of stores) {
      const birth = this.#birthOf(value);
      if (birth) return { why: `it begins with ${nameOf(birth)}`, source: birth.source };
    }
    const [store] = stores;
    if (!store || stores.some(s => this.#notFinite.has(s.value))) return undefined;
    return { why: `${store.tensor.dtype} does not hold what is written`, source: store.source };
  }
  #birthOf(n: Node, seen = new Set<Node>()): Node | undefined {
    if (!this.#notFinite.has(n) || seen.has(n)) return undefined;
    seen.add(n);
    if (this.#isBirth(n)) return n;
    for (const c of children(n)) {
      const birth = this.#birthOf(c, seen);
      if (birth) return birth;
    }
    // round and round a fold
    return n.kind === "result" || n.kind === "state" ? this.#first : undefined;
  }
}
/** A number that became infinite: what rounding does is meant. */
const isOverflow = (from: number, to: number): boolean => Number.isFinite(from) && !Number.isFinite(to);
/** An integer that the float is not. */
const isLost = (from: Scalar, to: number): boolean => from !== toLike(from, to);
const toLike = (from: Scalar, to: number): Scalar =>
  typeof from === "bigint" && Number.isFinite(to) ? BigInt(to) : to;
const exactly: Readonly<Record<string, ((a: never, b: never) => Scalar) | undefined>> = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  neg: (a: number) => -a,
  abs: (a: number) => (a < 0 ? -a : a),
  // the only quotient that does not fit
  div: (a: number, b: number) => (Number(b) === -1 ? -a : a),
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
  n.kind === "map" || n.kind === "reduce"
    ? `"${n.name}" (${n.op})`
    : n.kind === "call"
      ? `"${n.name}" (${n.fn})`
      : `"${n.name}"`;
