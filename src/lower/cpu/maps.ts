// Elementwise operations on registers. One description serves scalars and lanes: operations are named by a prefix (f32x4, i64, …).
// What has no form in lanes (integer division, 64 bits, shifts by a vector) is computed lane by lane.
import type { Dtype } from "../../ir/dtypes.js";
import { bitsOf, integerRange, isFloat } from "../../ir/dtypes.js";
import type { BinaryOp, CompareOp, MapOp, Node, NodeOf, ReduceOp, UnaryOp } from "../../ir/tile.js";
import { bitcast, cast } from "./casts.js";
import { byLane, cell, uniform } from "./cells.js";
import { extractLane, fitsLane, isUnsigned, lanesOf, narrowed, registerType, zeroOf } from "./convert.js";
import type { Expr, ScalarType } from "./loop.js";
import { int, op, scalar, select, zeroVector } from "./loop.js";
import type { OpName } from "./loop-ops.js";
import { floatRemainders } from "./remainders.js";
import { sumFromStart } from "./reductions.js";
import type { Lowering, Offsets } from "./state.js";
import { boundsOf, constantBound, isWithin, rangeOf } from "./value-bounds.js";
import { Words } from "./words.js";

type Prefix = ScalarType | "f32x4" | "i32x4";
const prefixOf = (d: Dtype, lanes: boolean): Prefix => {
  const type = registerType[d];
  return lanes ? (type === "f32" ? "f32x4" : "i32x4") : type;
};
const named = (prefix: Prefix, name: string, ...args: Expr[]): Expr => op(`${prefix}.${name}` as OpName, ...args);

export function mapCell(l: Lowering, n: NodeOf<"map">, offs: Offsets): Expr {
  const lane = l.lane;
  if (lane) {
    const fits = fitsLane(n.dtype) && n.args.every(a => fitsLane(a.dtype));
    const varies = l.axes(n).includes(lane);
    if (!fits) return varies ? byLane(l, n, offs) : uniform(l, n, offs);
    if (!hasLaneForm(l, n)) return varies ? laneByLane(l, n, offs) : uniform(l, n, offs);
  }
  return apply(l, n, offs);
}

/** integer division, remainders and shifts by vectors exist for scalars only */
function hasLaneForm(l: Lowering, n: NodeOf<"map">): boolean {
  const [a, b] = n.args;
  if (n.op === "div") return isFloat(a!.dtype);
  if (n.op === "mod" || n.op === "rem") return false;
  if (n.op === "shl" || n.op === "shr") return !l.axes(b!).includes(l.lane!);
  return true;
}
/** arguments in lanes, the operation on scalars, lane by lane */
function laneByLane(l: Lowering, n: NodeOf<"map">, offs: Offsets): Expr {
  const args = n.args.map(a => l.keep(cell(l, a, offs)));
  const parts = l.scalarly(() => {
    const lanes = l.eachLane(i => args.map((a, j) => extractLane(n.args[j]!.dtype, i, a)));
    if ((n.op === "mod" || n.op === "rem") && isFloat(n.dtype))
      return floatRemainders(l, n.dtype, n.op, lanes as unknown as [Expr, Expr][]);
    return lanes.map(lane => l.keep(combine(l, n, lane)));
  });
  return lanesOf(n.dtype, parts);
}

function apply(l: Lowering, n: NodeOf<"map">, offs: Offsets): Expr {
  const lanes = l.lane !== undefined;
  if (n.op === "add") {
    const sum = sumFromStart(l, n, offs);
    if (sum) return sum;
  }
  if (n.op === "add" || n.op === "sub") {
    const fused = multiplyAdd(l, n, offs);
    if (fused) return fused;
  }
  if (lanes && n.op === "min") {
    const nearest = nearestBetween(l, n, offs);
    if (nearest) return nearest;
  }
  if (n.op === "add" && constantBound(n.args[1]!) === 0) return cell(l, n.args[0]!, offs);
  if (n.op === "cast" && keepsBits(n)) return cell(l, n.args[0]!, offs);
  if (lanes && (n.op === "min" || n.op === "max")) {
    const other = constantFirst(n);
    // pmax(x, c) = x < c ? c : x keeps a NaN in x, and is one instruction where max is seven
    if (other)
      return op(
        n.op === "max" ? "f32x4.pmax" : "f32x4.pmin",
        cell(l, other.value, offs),
        cell(l, other.constant, offs),
      );
  }
  if (lanes && (n.op === "shl" || n.op === "shr")) {
    const known = knownInteger(l, n.args[1]!, offs);
    if (known === 0) return cell(l, n.args[0]!, offs);
    const count = shiftCount(n.dtype, known === undefined ? l.scalarly(() => cell(l, n.args[1]!, offs)) : int(known));
    const name = n.op === "shl" ? "shl" : isUnsigned(n.dtype) ? "shr_u" : "shr_s";
    return narrowed(new Words(true, l), n.dtype, named("i32x4", name, cell(l, n.args[0]!, offs), count));
  }
  return combine(
    l,
    n,
    n.args.map(a => cell(l, a, offs)),
  );
}

/** Integers of up to 32 bits that fit the dtype as they are: nothing wraps. */
function keepsBits({ dtype, args: [from] }: NodeOf<"map">): boolean {
  const isSmall = (d: Dtype): boolean => registerType[d] === "i32" && d !== "bool";
  return isSmall(dtype) && isSmall(from!.dtype) && isWithin(boundsOf(from!), rangeOf(dtype));
}

/** A float rounded to a whole number and kept in range, as quantisers write it: clamped before it is rounded, it needs no look at what no integer can hold. */
function nearestBetween(l: Lowering, n: NodeOf<"map">, offs: Offsets): Expr | undefined {
  const [above, most] = n.args as readonly [Node, Node];
  const [steps, least] = mapArgs(l, above, "max");
  const [round] = mapArgs(l, steps, "cast");
  const [x] = mapArgs(l, round, "round");
  if (n.dtype !== "i32" || x?.dtype !== "f32") return undefined;
  const [low, high] = [constantBound(least!), constantBound(most)];
  if (low === undefined || high === undefined || low > 0 || high < 0 || Math.max(-low, high) > EXACT) return undefined;
  const bounds = boundsOf(x);
  let value = cell(l, x, offs);
  if (bounds.low < low) value = op("f32x4.pmax", value, l.constant("f32", low));
  if (bounds.high > high) value = op("f32x4.pmin", value, l.constant("f32", high));
  return op("i32x4.nearest_f32x4_s", value);
}
/** whole numbers of this size and less are floats */
const EXACT = 2 ** 24;
/** the arguments of such an operation, unless its value is in memory anyway */
function mapArgs(l: Lowering, n: Node | undefined, name: MapOp): readonly (Node | undefined)[] {
  return n?.kind === "map" && n.op === name && !l.buffers.has(n) ? n.args : [];
}

/** a·b + c or c - a·b in one operation, unless the product is in memory anyway or is the same in every turn of the loop */
function multiplyAdd(l: Lowering, n: NodeOf<"map">, offs: Offsets): Expr | undefined {
  if (!l.lane || l.schedule.exact || registerType[n.dtype] !== "f32") return undefined;
  const depthOf = (x: Node): number => l.homeOf(l.axes(x)).depth;
  const isProduct = (x: Node): x is NodeOf<"map"> =>
    x.kind === "map" && x.op === "mul" && !l.buffers.has(x) && depthOf(x) === depthOf(n);
  const [a, b] = n.args as readonly [Node, Node];
  const product = n.op === "add" && isProduct(a) ? a : isProduct(b) ? b : undefined;
  if (!product) return undefined;
  const [x, y] = product.args.map(p => cell(l, p, offs));
  return op(n.op === "add" ? "f32x4.madd" : "f32x4.nmadd", x!, y!, cell(l, product === a ? b : a, offs));
}

/** An integer of 32 bits that is a number once axes have places: short loops are written out. */
function knownInteger(l: Lowering, n: Node, offs: Offsets): number | undefined {
  if (registerType[n.dtype] !== "i32") return undefined;
  if (n.kind === "full") return Number(n.value) | 0;
  if (n.kind === "index" && l.axesIn(n.index).every(a => l.bindings.get(a)?.pos.isConst)) {
    const at = l.at(l.fused(n.index), offs);
    return at.isConst ? at.constant : undefined;
  }
  if (n.kind !== "map" || bitsOf(n.dtype) !== 32 || n.args.some(a => bitsOf(a.dtype) !== 32)) return undefined;
  const [a, b] = n.args.map(x => knownInteger(l, x, offs));
  if (a === undefined) return undefined;
  if (n.op === "cast" || n.op === "bitcast") return a;
  if (b === undefined) return undefined;
  return n.op === "mul" ? Math.imul(a, b) : n.op === "add" ? (a + b) | 0 : undefined;
}

/** counts are modulo the dtype's width, which the machine does by itself for 32 and 64 bits */
const shiftCount = (d: Dtype, count: Expr): Expr => (bitsOf(d) < 32 ? op("i32.and", count, int(bitsOf(d) - 1)) : count);

function constantFirst(n: NodeOf<"map">): { value: Node; constant: Node } | undefined {
  if (registerType[n.dtype] !== "f32") return undefined;
  const [a, b] = n.args as readonly [Node, Node];
  const isNumber = (x: Node): boolean => x.kind === "full" && !Number.isNaN(Number(x.value));
  if (isNumber(b)) return { value: a, constant: b };
  return isNumber(a) ? { value: b, constant: a } : undefined;
}

/** The operation on registers of the current form. */
function combine(l: Lowering, n: NodeOf<"map">, args: readonly Expr[]): Expr {
  const lanes = l.lane !== undefined;
  const from = n.args[0]!.dtype;
  const [a, b, c] = args as readonly [Expr, Expr, Expr];
  if (n.op === "select") return lanes ? op("v128.bitselect", b, c, a) : select(registerType[n.dtype], a, b, c);
  if (n.op === "cast") return cast(a, from, n.dtype, lanes, l);
  if (n.op === "bitcast") return bitcast(a, from, n.dtype, lanes, l);
  if (isCompare(n.op)) return compare(n.op, from, a, b, lanes);
  if (args.length === 1) return narrowed(new Words(lanes, l), n.dtype, unary(l, n.op as UnaryOp, n.dtype, a, lanes));
  return binary(l, n.op as BinaryOp, n.dtype, a, b, lanes);
}

const compares: ReadonlySet<MapOp> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);
const isCompare = (o: MapOp): o is CompareOp => compares.has(o);

function compare(name: CompareOp, d: Dtype, a: Expr, b: Expr, lanes: boolean): Expr {
  const prefix = prefixOf(d, lanes);
  if (prefix.startsWith("f") || name === "eq" || name === "ne") return named(prefix, name, a, b);
  // bool in lanes is 0 or -1: true is larger than false only as an unsigned number
  return named(prefix, `${name}_${isUnsigned(d) || d === "bool" ? "u" : "s"}`, a, b);
}

function unary(l: Lowering, name: UnaryOp, d: Dtype, x: Expr, lanes: boolean): Expr {
  const prefix = prefixOf(d, lanes);
  if (name === "not") return not(d, x, lanes);
  if (prefix.startsWith("f")) return named(prefix, name === "round" ? "nearest" : name, x);
  if (name === "neg") return lanes ? named(prefix, "neg", x) : named(prefix, "sub", zeroOf(d), x);
  if (name !== "abs" || isUnsigned(d)) return x; // integers are whole already
  if (lanes) return named(prefix, "abs", x);
  const k = l.keep(x);
  return select(registerType[d], named(prefix, "lt_s", k, zeroOf(d)), named(prefix, "sub", zeroOf(d), k), k);
}
function not(d: Dtype, x: Expr, lanes: boolean): Expr {
  if (lanes) return op("v128.not", x);
  if (d === "bool") return op("i32.eqz", x);
  return registerType[d] === "i64" ? op("i64.xor", x, scalar("i64", -1n)) : op("i32.xor", x, int(-1));
}

/** Also used by reductions, whose accumulators are combined like two values. */
export function binary(l: Lowering, name: BinaryOp, d: Dtype, a: Expr, b: Expr, lanes: boolean): Expr {
  const prefix = prefixOf(d, lanes);
  const float = prefix.startsWith("f");
  switch (name) {
    case "add":
    case "sub":
    case "mul":
      return narrowed(new Words(lanes, l), float ? "f32" : d, named(prefix, name, a, b));
    case "min":
    case "max":
      return smaller(l, name, d, a, b, lanes);
    case "and":
    case "or":
    case "xor":
      return lanes ? op(`v128.${name}`, a, b) : named(prefix, name, a, b);
    case "shl":
      return narrowed(new Words(false, l), d, named(prefix, "shl", a, shiftCount(d, b)));
    case "shr":
      return named(prefix, isUnsigned(d) ? "shr_u" : "shr_s", a, shiftCount(d, b));
    case "div":
      return float ? named(prefix, "div", a, b) : narrowed(new Words(false, l), d, divide(l, d, a, b).quotient);
    case "rem":
      return float ? floatRemainders(l, d, "rem", [[a, b]])[0]! : divide(l, d, a, b).remainder;
    case "mod":
      return float ? floatRemainders(l, d, "mod", [[a, b]])[0]! : floorMod(l, d, a, b);
  }
}

function smaller(l: Lowering, name: "min" | "max", d: Dtype, a: Expr, b: Expr, lanes: boolean): Expr {
  const prefix = prefixOf(d, lanes);
  if (prefix.startsWith("f")) return named(prefix, name, a, b);
  if (d === "bool")
    return op(lanes ? (name === "max" ? "v128.or" : "v128.and") : name === "max" ? "i32.or" : "i32.and", a, b);
  const sign = isUnsigned(d) ? "u" : "s";
  if (lanes) return named(prefix, `${name}_${sign}`, a, b);
  const x = l.keep(a);
  const y = l.keep(b);
  const less = named(prefix, `lt_${sign}`, x, y);
  return name === "min" ? select(registerType[d], less, x, y) : select(registerType[d], less, y, x);
}

/** Division that cannot trap: by zero both results are 0, and the lowest value by -1 wraps. */
function divide(l: Lowering, d: Dtype, dividend: Expr, divisor: Expr): { quotient: Expr; remainder: Expr } {
  const type = registerType[d];
  const one = scalar(type, type === "i64" ? 1n : 1);
  const minusOne = scalar(type, type === "i64" ? -1n : -1);
  const zero = zeroOf(d);
  const a = l.keep(dividend);
  const b = l.keep(divisor);
  const byZero = l.keep(op(`${type}.eqz` as OpName, b));
  const sign = isUnsigned(d) ? "u" : "s";
  const byMinusOne = sign === "s" ? l.keep(named(type, "eq", b, minusOne)) : int(0);
  const unsafe = op("i32.or", byZero, byMinusOne);
  const safe = l.keep(select(type, unsafe, one, b));
  const negated = named(type, "sub", zero, a);
  const plain = named(type, `div_${sign}`, a, safe);
  const quotient = select(type, byZero, zero, sign === "s" ? select(type, byMinusOne, negated, plain) : plain);
  const remainder = select(type, byZero, zero, named(type, `rem_${sign}`, a, safe));
  return { quotient, remainder };
}
/** the remainder with the sign of the divisor */
function floorMod(l: Lowering, d: Dtype, a: Expr, b: Expr): Expr {
  const divisor = l.keep(b);
  const { remainder } = divide(l, d, a, divisor);
  if (isUnsigned(d)) return remainder;
  const type = registerType[d];
  const r = l.keep(remainder);
  const zero = zeroOf(d);
  const signsDiffer = named(type, "lt_s", named(type, "xor", r, divisor), zero);
  const wrong = op("i32.and", named(type, "ne", r, zero), signsDiffer);
  return select(type, wrong, named(type, "add", r, divisor), r);
}

/** What a reduction starts from. */
export function identity(l: Lowering, name: ReduceOp, d: Dtype): Expr {
  const limit = extremes(d);
  switch (name) {
    case "sum":
    case "dotPairs":
    case "dotQuads":
      return l.lane ? zeroVector : zeroOf(d);
    case "prod":
      return l.constant(d, 1);
    case "max":
      return l.constant(d, limit[0]);
    case "min":
      return l.constant(d, limit[1]);
  }
}
function extremes(d: Dtype): readonly [low: number | bigint, high: number | bigint] {
  if (isFloat(d)) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (d === "bool") return [0, 1];
  const [low, high] = integerRange(d);
  return registerType[d] === "i64" ? [low, high] : [Number(low), Number(high)];
}
