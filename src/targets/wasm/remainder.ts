// The function that `f64.rem` calls: x - trunc(x / y)·y without rounding, with the sign of x, as fmod of C does it. WebAssembly has no
// instruction for that. By long division of integers: lowering takes a quicker way where it can (lower/cpu/remainders.ts).
import type { AssembledFunction, Code, Local } from "./assembler.js";
import { assembleFunction, branchIf, get, giveBack, i64, loop, set, when } from "./assembler.js";
import { opcodes } from "./opcodes.js";

/** instructions without prefix */
const word = (name: keyof typeof opcodes, ...args: readonly Code[]): Code => [args, opcodes[name][1]];
const f64Const = (value: number): Code => [0x44, ...new Uint8Array(new Float64Array([value]).buffer)];

const signMask = -(2n ** 63n);
const fractionMask = 2n ** 52n - 1n;
/** A fraction below 2⁵³ can be shifted so far in 64 bits. */
const digits = 11n;

type Name =
  | "x"
  | "y"
  | "size"
  | "divisor"
  | "exponent"
  | "divisorExponent"
  | "fraction"
  | "divisorFraction"
  | "distance";
type Locals = Readonly<Record<Name, Local>>;

const bitsOf = (x: Code): Code => word("i64.reinterpret_f64", x);
const withSignOf = (x: Local, size: Code): Code =>
  word("f64.reinterpret_i64", word("i64.or", bitsOf(size), word("i64.and", bitsOf(get(x)), i64.const(signMask))));

/** the number is fraction · 2^(exponent − 1075), also where it is subnormal */
function parts(bits: Code, exponent: Local, fraction: Local): Code {
  return [
    set(exponent, word("i64.shr_u", bits, i64.const(52))),
    set(fraction, word("i64.and", bits, i64.const(fractionMask))),
    when(
      word("i64.eqz", get(exponent)),
      set(exponent, i64.const(1)),
      set(fraction, word("i64.or", get(fraction), i64.const(fractionMask + 1n))),
    ),
  ];
}

/** Long division: the quotient's digits in base 2¹¹, of which only the rest is kept. */
function byDigits(l: Locals): Code {
  const { x, size, divisor, exponent, divisorExponent, fraction, divisorFraction, distance } = l;
  const step = (by: Code): Code =>
    set(fraction, word("i64.rem_u", word("i64.shl", get(fraction), by), get(divisorFraction)));
  return [
    parts(bitsOf(get(size)), exponent, fraction),
    parts(bitsOf(get(divisor)), divisorExponent, divisorFraction),
    set(distance, word("i64.sub", get(exponent), get(divisorExponent))),
    when(
      word("i64.gt_s", get(distance), i64.const(digits)),
      loop(
        step(i64.const(digits)),
        set(distance, word("i64.sub", get(distance), i64.const(digits))),
        branchIf(0, word("i64.gt_s", get(distance), i64.const(digits))),
      ),
    ),
    step(get(distance)),
    // 2^(exponent − 1023) is a normal number, and the product has no more digits than fit
    withSignOf(
      x,
      word(
        "f64.mul",
        word("f64.mul", word("f64.convert_i64_u", get(fraction)), f64Const(2 ** -52)),
        word("f64.reinterpret_i64", word("i64.shl", get(divisorExponent), i64.const(52))),
      ),
    ),
  ];
}

const floats = <N extends string>(...names: readonly N[]): Record<N, "f64"> =>
  Object.fromEntries(names.map(n => [n, "f64"])) as Record<N, "f64">;

export const remainderFunction = (): AssembledFunction =>
  assembleFunction<"x" | "y", Exclude<Name, "x" | "y">>(
    "f64.rem",
    {
      params: floats("x", "y"),
      locals: {
        ...floats("size", "divisor"),
        exponent: "i64",
        divisorExponent: "i64",
        fraction: "i64",
        divisorFraction: "i64",
        distance: "i64",
      },
      results: ["f64"],
    },
    l => {
      const { x, y, size, divisor } = l;
      const product = word("f64.mul", get(x), get(y));
      const isDefined = word(
        "i32.and",
        word("f64.lt", get(size), f64Const(Number.POSITIVE_INFINITY)),
        word("f64.gt", get(divisor), f64Const(0)),
      );
      return [
        set(size, word("f64.abs", get(x))),
        set(divisor, word("f64.abs", get(y))),
        when(word("f64.lt", get(size), get(divisor)), giveBack(get(x))),
        // ∞, 0 and NaN
        when(word("i32.eqz", isDefined), giveBack(word("f64.div", product, product))),
        byDigits(l),
      ];
    },
  );
