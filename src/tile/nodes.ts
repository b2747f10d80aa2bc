// Checked nodes: what the methods of tiles record. Each function refuses what its operation is not defined for, with the user's line.

import { boundOf, isNonNegative } from "../ir/bounds.js";
import { isComparison, refusedDomain } from "../ir/domains.js";
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, dtypes, integerRange, is64BitInteger, isFloat } from "../ir/dtypes.js";
import { isNarrowFloat, roundToFloat } from "../ir/float-bits.js";
import { titleOf } from "../ir/names.js";
import { opaque, Poly } from "../ir/poly.js";
import type { Axis, MapOp, Node, NodeOf, ReduceOp } from "../ir/tile.js";
import { axesOf, unionAxes } from "../ir/tile.js";
import { isPoint, kernelError, make, recording } from "./trace.js";
import type { Literal } from "./types.js";

/** A value, or a literal that adopts the dtype beside it. */
export type Operand = Node | Literal;
const isNode = (x: Operand): x is Node => typeof x === "object" && x !== null;

/** The value of a literal in a dtype: bigint for 64-bit integers, else a number; bool as 0 and 1; of a narrow float the nearest it holds. */
export function literalValue(value: Literal, dtype: Dtype): number | bigint {
  if (dtype === "bool") {
    if (value === true || value === 1 || value === 1n) return 1;
    if (value === false || value === 0 || value === 0n) return 0;
    throw kernelError(`${value} is not a bool; use true or false`);
  }
  if (typeof value !== "boolean" && typeof value !== "number" && typeof value !== "bigint")
    throw kernelError(`${String(value)} stands beside a tile of ${dtype} and is no number; use a number or a tile`);
  if (typeof value === "boolean")
    throw kernelError(`${value} stands beside a tile of ${dtype}; use a number or cast the tile to bool`);
  if (isFloat(dtype)) return isNarrowFloat(dtype) ? roundToFloat(dtype, Number(value)) : Number(value);
  if (typeof value === "number" && !Number.isInteger(value))
    throw kernelError(
      `${value} is not an integer and stands beside a tile of ${dtype}; cast the tile to a float dtype first`,
    );
  const [lo, hi] = integerRange(dtype);
  if (BigInt(value) < lo || BigInt(value) > hi)
    throw kernelError(`${value} does not fit ${dtype} (${lo} … ${hi}); cast the tile to a wider dtype`);
  return is64BitInteger(dtype) ? BigInt(value) : Number(value);
}

export const fullNode = (dtype: Dtype, value: Literal, axes: readonly Axis[] = []): Node =>
  make<"full">({ kind: "full", value: literalValue(value, dtype), axes, dtype });
export const indexNode = (index: Poly, dtype: "i32" | "i64" = "i32"): Node =>
  make<"index">({ kind: "index", index, axes: axesOf(index), dtype });

/** the operand as a node of the dtype */
function lift(x: Operand, dtype: Dtype, op: string): Node {
  if (!isNode(x)) return fullNode(dtype, x);
  if (x.dtype !== dtype)
    throw kernelError(
      `${op} of ${dtype} and ${x.dtype} ("${titleOf(x)}"): dtypes do not mix by themselves; cast one of them`,
    );
  return x;
}
const mapNode = (op: MapOp, args: readonly Node[], dtype: Dtype): Node =>
  make<"map">({ kind: "map", op, args, axes: unionAxes(...args.map(a => a.axes)), dtype });

function checkDomain(op: MapOp, n: Node): void {
  const wanted = refusedDomain(op, n.dtype);
  if (wanted) throw kernelError(`${op} is for ${wanted}, and "${titleOf(n)}" is ${n.dtype}; cast it first`);
}
export function unaryNode(op: MapOp, x: Node): Node {
  checkDomain(op, x);
  return mapNode(op, [x], x.dtype);
}
export function binaryNode(op: MapOp, x: Node, o: Operand): Node {
  checkDomain(op, x);
  const y = lift(o, x.dtype, op);
  return onIndices(op, x, y) ?? mapNode(op, [x, y], isComparison(op) ? "bool" : x.dtype);
}

/** an index, or an integer that may be part of one */
function polyOf(n: Node): Poly | undefined {
  if (n.kind === "index") return n.index;
  const isInteger = n.kind === "full" && n.axes.length === 0 && Number.isSafeInteger(Number(n.value));
  return isInteger ? Poly.int(Number(n.value)) : undefined;
}
const symbolic: Partial<Record<MapOp | "idiv", (a: Poly, b: Poly) => Poly>> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  min: (a, b) => opaque("min", a, b),
  max: (a, b) => opaque("max", a, b),
  mod: (a, b) => opaque("mod", a, b),
  idiv: (a, b) => opaque("div", a, b),
};
/** Symbols divide by dims and by what is above 0; what may be negative, or 0 where there are elements, divides as values do. */
function isDivisor(p: Poly): boolean {
  const low = boundOf(p, "low");
  return low !== undefined && isNonNegative(axesOf(p).length === 0 ? low : low.sub(1));
}
/** Arithmetic on indices stays symbolic: it is what addresses are made of. */
function onIndices(op: MapOp | "idiv", a: Node, b: Node): Node | undefined {
  if (a.kind !== "index" && b.kind !== "index") return undefined;
  const f = symbolic[op];
  const p = polyOf(a);
  const q = polyOf(b);
  if (!f || !p || !q || (a.dtype !== "i32" && a.dtype !== "i64")) return undefined;
  if ((op === "idiv" || op === "mod") && q.isZero) {
    if (b.kind !== "index") throw kernelError(`"${titleOf(a)}" is divided by zero; use a divisor above 0`);
    // an axis without elements: nothing is computed along it, and integers divided by zero give 0
    return indexNode(Poly.zero, a.dtype);
  }
  if ((op === "idiv" || op === "mod") && !isDivisor(q)) return undefined;
  return indexNode(f(p, q), a.dtype);
}
/** ⌊x / y⌋ of integers: an index where both are, else truncating division, one less where the remainder's sign differs */
export function floorDivisionNode(x: Node, o: Operand): Node {
  if (isFloat(x.dtype) || x.dtype === "bool")
    throw kernelError(`idiv is for integers, and "${titleOf(x)}" is ${x.dtype}; use .div(…).floor()`);
  const y = lift(o, x.dtype, "idiv");
  const index = onIndices("idiv", x, y);
  if (index) return index;
  const quotient = binaryNode("div", x, y);
  if (dtypes[x.dtype].kind === "unsigned") return quotient;
  const rest = binaryNode("rem", x, y);
  const signsDiffer = binaryNode("ne", binaryNode("lt", rest, 0), binaryNode("lt", y, 0));
  return selectNode(
    binaryNode("and", binaryNode("ne", rest, 0), signsDiffer),
    binaryNode("sub", quotient, 1),
    quotient,
  );
}

export function selectNode(condition: Node, a: Operand, b: Operand): Node {
  if (condition.dtype !== "bool")
    throw kernelError(`the condition of where is ${condition.dtype}; compare it with something (.ne(0)) to get a bool`);
  const typed = isNode(a) ? a : isNode(b) ? b : undefined;
  if (!typed) throw kernelError("where has two literals and so no dtype; write one of them as literal(dtype, value)");
  const args = [condition, lift(a, typed.dtype, "where"), lift(b, typed.dtype, "where")];
  return mapNode("select", args, typed.dtype);
}

export function castNode(n: Node, dtype: Dtype): Node {
  if (n.dtype === dtype) return n;
  // an index stays an index whatever its width
  if (n.kind === "index" && (dtype === "i32" || dtype === "i64")) return indexNode(n.index, dtype);
  return mapNode("cast", [n], dtype);
}
export function bitcastNode(n: Node, dtype: Dtype): Node {
  if (bitsOf(n.dtype) !== bitsOf(dtype))
    throw kernelError(
      `bitcast of "${titleOf(n)}" from ${n.dtype} to ${dtype} changes the size; choose a dtype of ${bitsOf(n.dtype)} bits or use cast`,
    );
  // a bool is 0 or 1, and vectors hold it as a mask: its byte is what a cast gives
  if (n.dtype === "bool" || dtype === "bool") return castNode(n, dtype);
  return mapNode("bitcast", [n], dtype);
}

export function callNode(fn: string, x: Node, ...more: readonly Operand[]): Node {
  if (!isFloat(x.dtype)) throw kernelError(`${fn} is for floats, and "${titleOf(x)}" is ${x.dtype}; cast it first`);
  const args = [x, ...more.map(o => lift(o, x.dtype, fn))];
  return make<"call">({ kind: "call", fn, args, axes: unionAxes(...args.map(a => a.axes)), dtype: x.dtype });
}

/** `args`: one to be reduced, or two whose products are summed. `acc` absent: the accumulator of the operands' dtype. */
export function reduceNode(
  op: ReduceOp,
  args: readonly [Node, Operand?],
  over: readonly Axis[],
  acc?: Dtype,
): NodeOf<"reduce"> {
  const [a, o] = args;
  if (op !== "sum" && a.dtype === "bool")
    throw kernelError(`${op} is for numbers, and "${titleOf(a)}" is bool; cast it to u8 first`);
  checkReducible(op, over);
  const adds = op === "sum" || op === "prod";
  // bytes of two signs meet
  const other = op === "dotQuads" && o !== undefined && isNode(o) ? o.dtype : a.dtype;
  const operands = o === undefined ? [a] : [a, lift(o, other, "dot")];
  const axes = unionAxes(...operands.map(x => x.axes)).filter(x => !over.includes(x));
  const dtype = acc ?? (adds ? dtypes[a.dtype].accumulator : a.dtype);
  return make<"reduce">({ kind: "reduce", op, args: operands, over: [...new Set(over)], axes, dtype });
}
function checkReducible(op: ReduceOp, over: readonly Axis[]): void {
  for (const a of over) {
    if (recording()?.cells?.includes(a))
      throw kernelError(`${op} over "${a.name}", along which cells are apart; reduce what the cells give`);
    if (recording()?.grid?.includes(a))
      throw kernelError(
        `${op} over "${a.name}", an axis of the grid, whose blocks run apart; reduce over .all() or fold over .tile()`,
      );
    if (recording()?.segments?.at === a)
      throw kernelError(
        `${op} over "${a.name}", the number of a segment, which is one in each block; reduce over .all()`,
      );
    if (isPoint(a))
      throw kernelError(
        `${op} over "${a.name}", which is a point of a fold over .steps(); add the values up in the state of the fold`,
      );
  }
}
