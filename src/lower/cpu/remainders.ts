// Remainders of floats, exact: quickly where a division that is rounded tells enough, which one test decides for all lanes of a register,
// else by f64.rem.
import type { Dtype } from "../../ir/dtypes.js";
import { registerType } from "./convert.js";
import type { Expr, Reg } from "./loop.js";
import { op, read, scalar } from "./loop.js";
import type { Lowering } from "./state.js";

/** sign of the divisor, or of the dividend */
type Name = "mod" | "rem";
/** registers of f64 */
interface Pair {
  readonly x: Expr;
  readonly y: Expr;
}
interface Quick {
  readonly remainder: Expr;
  readonly isExact: Expr;
}

export function floatRemainders(
  l: Lowering,
  d: Dtype,
  name: Name,
  pairs: readonly (readonly [dividend: Expr, divisor: Expr])[],
): Expr[] {
  const wide = registerType[d] === "f64";
  const register = (x: Expr): Expr => l.keep(wide ? x : op("f64.promote_f32", x));
  const operands = pairs.map(([a, b]): Pair => ({ x: register(a), y: register(b) }));
  const quick = operands.map(p => (wide ? ofLongFractions(l, name, p) : ofShortFractions(l, name, p)));
  const results = quick.map((q): Reg => l.b.set(q.remainder, "remainder"));
  const areExact = quick.map(q => q.isExact).reduce((a, b) => op("i32.and", a, b));
  l.b.branch(op("i32.eqz", areExact), () => {
    for (const [i, { x, y }] of operands.entries())
      l.b.push({ kind: "set", reg: results[i]!, value: signed(l, name, op("f64.rem", x, y), y) });
  });
  return results.map(r => (wide ? read(r) : op("f32.demote_f64", read(r))));
}

const constant = (value: number): Expr => scalar("f64", value);
const both = (...conditions: readonly Expr[]): Expr => conditions.reduce((a, b) => op("i32.and", a, b));

/**
 * f32 operands: quotient · divisor is exact with 29 and 24 digits, and so is what it leaves of the dividend. A quotient that is no whole number
 * is at least 2⁻²⁴ away from one, so that division does not round to it below 2²⁹.
 */
function ofShortFractions(l: Lowering, name: Name, { x, y }: Pair): Quick {
  const quotient = l.keep(op("f64.div", x, y));
  const whole = op(name === "mod" ? "f64.floor" : "f64.trunc", quotient);
  return {
    remainder: withSign(op("f64.sub", x, op("f64.mul", whole, y)), name === "mod" ? y : x),
    isExact: both(
      op("f64.lt", op("f64.abs", quotient), constant(2 ** 29)),
      op("f64.lt", op("f64.abs", y), constant(Number.POSITIVE_INFINITY)),
    ),
  };
}

/**
 * f64 operands: the divisor in halves of 26 and 27 digits, so that both products with a quotient of 26 are exact. What the first leaves is a
 * multiple of the divisor's last place, so exact where it is not larger than the divisor. A quotient that was rounded up shows as a rest
 * below 0; infinities, 0 and NaN fail the comparisons.
 */
function ofLongFractions(l: Lowering, name: Name, { x, y }: Pair): Quick {
  const divisor = l.keep(op("f64.abs", y));
  const size = l.keep(op("f64.abs", x));
  const quotient = l.keep(op("f64.trunc", op("f64.div", size, divisor)));
  const high = l.keep(bits("i64.and", divisor, scalar("i64", -(2n ** 27n))));
  const low = op("f64.sub", divisor, high);
  const most = l.keep(op("f64.sub", size, op("f64.mul", quotient, high)));
  const rest = l.keep(op("f64.sub", most, op("f64.mul", quotient, low)));
  return {
    remainder: signed(l, name, withSign(rest, x), y),
    isExact: both(
      op("f64.lt", quotient, constant(2 ** 26)),
      op("f64.le", most, divisor),
      op("f64.ge", rest, constant(0)),
    ),
  };
}

/** `mod` takes one divisor more where signs differ: without a branch, since signs are not foreseen. */
function signed(l: Lowering, name: Name, remainder: Expr, divisor: Expr): Expr {
  if (name === "rem") return remainder;
  const zero = constant(0);
  const r = l.keep(remainder);
  const isOther = op("i32.ne", op("f64.lt", r, zero), op("f64.lt", divisor, zero));
  const isMore = op("i64.extend_i32_u", both(op("f64.ne", r, zero), isOther));
  const more = bits("i64.and", divisor, op("i64.sub", scalar("i64", 0n), isMore));
  return withSign(op("f64.add", r, more), divisor);
}

const bits = (name: "i64.and" | "i64.or", x: Expr, with_: Expr): Expr =>
  op("f64.reinterpret_i64", op(name, op("i64.reinterpret_f64", x), with_));

/** of a number that has this sign already, unless it is 0 */
const withSign = (x: Expr, of: Expr): Expr =>
  bits("i64.or", x, op("i64.and", op("i64.reinterpret_f64", of), scalar("i64", -(2n ** 63n))));
