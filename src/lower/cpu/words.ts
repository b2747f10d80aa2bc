// 32-bit arithmetic on one value or on four lanes: what conversions between dtypes are written in.
import type { Expr } from "./loop.js";
import { int, op, select } from "./loop.js";
import type { OpName } from "./loop-ops.js";

/** What conversions need of their surroundings: constants in lanes, and registers for values that are used twice. */
export interface Tools {
  /** the same 32 bits in every lane */
  word(bits: number): Expr;
  keep(e: Expr): Expr;
}

/** 32-bit arithmetic on one value or on four lanes. */
export class Words {
  readonly lanes: boolean;
  private readonly tools: Tools;
  constructor(lanes: boolean, tools: Tools) {
    this.lanes = lanes;
    this.tools = tools;
  }
  word(bits: number): Expr {
    return this.lanes ? this.tools.word(bits) : int(bits | 0);
  }
  keep(e: Expr): Expr {
    return this.tools.keep(e);
  }
  int(
    name: "add" | "sub" | "mul" | "lt_s" | "gt_s" | "ge_s" | "ne" | "min_s" | "max_s" | "min_u",
    a: Expr,
    b: Expr,
  ): Expr {
    if (this.lanes) return op(`i32x4.${name}` as OpName, a, b);
    if (name === "min_s" || name === "max_s" || name === "min_u") {
      const x = this.keep(a);
      const y = this.keep(b);
      const less = op(name === "min_u" ? "i32.lt_u" : "i32.lt_s", x, y);
      return name === "max_s" ? select("i32", less, y, x) : select("i32", less, x, y);
    }
    return op(`i32.${name}` as OpName, a, b);
  }
  and(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.and" : "i32.and", a, b);
  }
  or(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.or" : "i32.or", a, b);
  }
  xor(a: Expr, b: Expr): Expr {
    return op(this.lanes ? "v128.xor" : "i32.xor", a, b);
  }
  shift(name: "shl" | "shr_s" | "shr_u", a: Expr, count: number): Expr {
    return op((this.lanes ? `i32x4.${name}` : `i32.${name}`) as OpName, a, int(count));
  }
  float(name: "add" | "mul", a: Expr, b: Expr): Expr {
    return this.lanes
      ? op(`f32x4.${name}`, a, b)
      : op("i32.reinterpret_f32", op(`f32.${name}`, asFloat(a), asFloat(b)));
  }
  /** `condition` is what a comparison gave */
  choose(condition: Expr, yes: Expr, no: Expr): Expr {
    return this.lanes ? op("v128.bitselect", yes, no, condition) : select("i32", condition, yes, no);
  }
  /** a float register as bits and back: nothing to do in lanes */
  bits(e: Expr): Expr {
    return this.lanes ? e : op("i32.reinterpret_f32", e);
  }
  fromBits(e: Expr): Expr {
    return this.lanes ? e : asFloat(e);
  }
}
const asFloat = (e: Expr): Expr => op("f32.reinterpret_i32", e);
