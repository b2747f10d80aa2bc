// Tiles: immutable values over named axes. Every method records one tile IR node; nothing is computed here.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes, is64BitInteger, isFloat } from "../ir/dtypes.js";
import { titleOf } from "../ir/names.js";
import type { SymOp } from "../ir/poly.js";
import { opaque, Poly } from "../ir/poly.js";
import type { Axis, CompareOp, MapOp, Node, NodeOf, ReduceOp } from "../ir/tile.js";
import { axesOf, newAxis, unionAxes } from "../ir/tile.js";
import { isPoint, kernelError, make, recording } from "./trace.js";
import type { AccumulatorOf, Literal } from "./types.js";

type Other<B extends string, D extends Dtype> = Tile<B, D> | Literal;
/** last argument of a reduction: the dtype to accumulate in */
export interface Accumulate<E extends Dtype> {
  readonly acc: E;
}

/** What `peek` shows: row-major over the axes that the value varies over. */
export interface TileValues {
  readonly axes: readonly string[];
  readonly lengths: readonly number[];
  readonly data: readonly (number | bigint)[];
}

/** `A` is the union of its axes' names, `D` its dtype; a tile with fewer axes is usable where one with more is wanted. */
export class Tile<A extends string = never, D extends Dtype = "f32"> {
  declare readonly axisNames: A;
  #node: Node | (() => Node);
  /** a function makes the node when it is first needed: most places are only written to */
  constructor(node: Node | (() => Node)) {
    this.#node = node;
  }
  get node(): Node {
    if (typeof this.#node === "function") this.#node = this.#node();
    return this.#node;
  }
  get dtype(): D {
    return this.node.dtype as D;
  }
  /** Names the value: schedules, printed text and errors use it. */
  named(name: string): this {
    this.node.name = name;
    return this;
  }
  add<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("add", this, o);
  }
  sub<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("sub", this, o);
  }
  mul<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("mul", this, o);
  }
  /** real division of floats, truncating division of integers */
  div<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("div", this, o);
  }
  /** remainder with the sign of the divisor */
  mod<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("mod", this, o);
  }
  /** remainder with the sign of the dividend */
  rem<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("rem", this, o);
  }
  /** floor division of integers; of indices and dims: an index again */
  idiv<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return floorDivision(this, o);
  }
  /** `mod` under the name that goes with `idiv` */
  imod<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("mod", this, o);
  }
  maximum<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("max", this, o);
  }
  minimum<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("min", this, o);
  }
  and<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("and", this, o);
  }
  or<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("or", this, o);
  }
  xor<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("xor", this, o);
  }
  shl<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("shl", this, o);
  }
  /** arithmetic for signed, logical for unsigned integers */
  shr<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return binary("shr", this, o);
  }
  eq<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("eq", this, o);
  }
  ne<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("ne", this, o);
  }
  lt<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("lt", this, o);
  }
  le<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("le", this, o);
  }
  gt<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("gt", this, o);
  }
  ge<B extends string = never>(o: Other<B, D>): Tile<A | B, "bool"> {
    return compare("ge", this, o);
  }
  neg(): Tile<A, D> {
    return unary("neg", this);
  }
  abs(): Tile<A, D> {
    return unary("abs", this);
  }
  not(): Tile<A, D> {
    return unary("not", this);
  }
  sqrt(): Tile<A, D> {
    return unary("sqrt", this);
  }
  floor(): Tile<A, D> {
    return unary("floor", this);
  }
  ceil(): Tile<A, D> {
    return unary("ceil", this);
  }
  /** to the nearest integer, halves to even */
  round(): Tile<A, D> {
    return unary("round", this);
  }
  trunc(): Tile<A, D> {
    return unary("trunc", this);
  }
  relu(): Tile<A, D> {
    return this.maximum(0);
  }
  reciprocal(): Tile<A, D> {
    return literal(this.dtype, 1).div(this);
  }
  exp(): Tile<A, D> {
    return call("exp", this);
  }
  exp2(): Tile<A, D> {
    return call("exp2", this);
  }
  log(): Tile<A, D> {
    return call("log", this);
  }
  log2(): Tile<A, D> {
    return call("log2", this);
  }
  tanh(): Tile<A, D> {
    return call("tanh", this);
  }
  erf(): Tile<A, D> {
    return call("erf", this);
  }
  sin(): Tile<A, D> {
    return call("sin", this);
  }
  cos(): Tile<A, D> {
    return call("cos", this);
  }
  sigmoid(): Tile<A, D> {
    return call("sigmoid", this);
  }
  pow<B extends string = never>(o: Other<B, D>): Tile<A | B, D> {
    return call("pow", this, lift(o, this.dtype, "pow"));
  }
  /** floats to integers truncate and saturate (NaN is 0), integers wrap, to bool: ≠ 0 */
  cast<E extends Dtype>(dtype: E): Tile<A, E> {
    const n = this.node;
    if (n.dtype === dtype) return new Tile(n);
    // an index stays an index whatever its width
    if (n.kind === "index" && (dtype === "i32" || dtype === "i64")) return indexTile(n.index, dtype);
    return new Tile(make<"map">({ kind: "map", op: "cast", args: [n], axes: n.axes, dtype }));
  }
  /** the same bits as another dtype of the same size */
  bitcast<E extends Dtype>(dtype: E): Tile<A, E> {
    const n = this.node;
    if (bytesOf(n.dtype) !== bytesOf(dtype))
      throw kernelError(
        `bitcast of "${titleOf(n)}" from ${n.dtype} to ${dtype} changes the size; choose a dtype of ${bytesOf(n.dtype)} bytes or use cast`,
      );
    return new Tile(make<"map">({ kind: "map", op: "bitcast", args: [n], axes: n.axes, dtype }));
  }
  sum<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, AccumulatorOf<D>>;
  sum<R extends A, E extends Dtype>(...over: readonly [...Index<R>[], Accumulate<E>]): Tile<Exclude<A, R>, E>;
  sum(...over: readonly (AnyIndex | Accumulate<Dtype>)[]): AnyTile {
    return reduction("sum", [this.node], over);
  }
  prod<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, AccumulatorOf<D>>;
  prod<R extends A, E extends Dtype>(...over: readonly [...Index<R>[], Accumulate<E>]): Tile<Exclude<A, R>, E>;
  prod(...over: readonly (AnyIndex | Accumulate<Dtype>)[]): AnyTile {
    return reduction("prod", [this.node], over);
  }
  /** largest value over the indices; `maximum` is the elementwise one */
  max<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, D> {
    return reduction("max", [this.node], over);
  }
  min<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, D> {
    return reduction("min", [this.node], over);
  }
  /** The values, while a kernel runs eagerly; undefined while it is recorded. For the debugger and for logs. */
  peek(): TileValues | undefined {
    const value = recording()?.eager?.value(this.node);
    return (
      value && {
        axes: value.axes.map(a => a.name),
        lengths: value.lengths,
        data: Array.from<number | bigint>(value.data),
      }
    );
  }
  /** `a + b`, `a < b`, `${a}`: JavaScript asks for a primitive, and there is none */
  [Symbol.toPrimitive](): never {
    throw kernelError(
      `"${titleOf(this.node)}" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if`,
    );
  }
}

/** An axis as a value: which index we are at. */
export class Index<A extends string = string> extends Tile<A, "i32"> {
  readonly axis: Axis;
  constructor(axis: Axis) {
    super(make<"index">({ kind: "index", index: Poly.sym(axis.sym), axes: [axis], dtype: "i32", name: axis.name }));
    this.axis = axis;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the tile whose axes and dtype only run time knows
export type AnyTile = Tile<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: see AnyTile
export type AnyIndex = Index<any>;
/** axes of a tile's type, of an index argument, or of a union of them */
// biome-ignore lint/suspicious/noExplicitAny: matches tiles of every dtype
export type AxesOf<X> = X extends Tile<infer A, any> ? A : never;

export const tileOf = (node: Node): AnyTile => new Tile(node);
export const indexOf = (axis: Axis): AnyIndex => new Index(axis);
/** A fresh axis as an index. */
export const newIndex = <A extends string>(name: A, extent: Poly): Index<A> => new Index<A>(newAxis(name, extent));
/** A polynomial over axes and dims as a tile. */
export const indexTile = (p: Poly, dtype: "i32" | "i64" = "i32"): AnyTile =>
  new Tile(make<"index">({ kind: "index", index: p, axes: axesOf(p), dtype }));

/** A literal in a dtype; refuses values that the dtype cannot hold. */
export function literal<D extends Dtype>(dtype: D, value: Literal): Tile<never, D> {
  return full(dtype, value);
}
/** One value over the given axes: accumulators of folds start so. */
export function full<D extends Dtype, I extends readonly AnyIndex[]>(
  dtype: D,
  value: Literal,
  ...over: I
): Tile<AxesOf<I[number]>, D> {
  return new Tile(
    make<"full">({ kind: "full", value: literalValue(value, dtype), axes: over.map(i => i.axis), dtype }),
  );
}
export const zeros = <D extends Dtype, I extends readonly AnyIndex[]>(
  dtype: D,
  ...over: I
): Tile<AxesOf<I[number]>, D> => full(dtype, 0, ...over);

/**
 * A number below all that a computation meets, for running maxima to start with and for masks: finite, and so small in size that
 * differences do not overflow. With −∞ the difference of two masked scores would be NaN; with this, a row that is masked throughout
 * weighs all its entries alike.
 */
export const lowest = (dtype: "f64" | "f32" | "f16" | "bf16"): number => (dtype === "f16" ? -32000 : -1e30);

const ranges: Partial<Record<Dtype, readonly [bigint, bigint]>> = {};
function rangeOf(dtype: Dtype): readonly [bigint, bigint] {
  const bits = BigInt(bytesOf(dtype) * 8);
  ranges[dtype] ??=
    dtypes[dtype].kind === "signed" ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
  return ranges[dtype]!;
}
/** The value of a literal in a dtype: bigint for 64-bit integers, else a number; bool as 0 and 1. */
export function literalValue(value: Literal, dtype: Dtype): number | bigint {
  if (dtype === "bool") {
    if (value === true || value === 1 || value === 1n) return 1;
    if (value === false || value === 0 || value === 0n) return 0;
    throw kernelError(`${value} is not a bool; use true or false`);
  }
  if (typeof value === "boolean")
    throw kernelError(`${value} stands beside a tile of ${dtype}; use a number or cast the tile to bool`);
  if (isFloat(dtype)) return Number(value);
  if (typeof value === "number" && !Number.isInteger(value))
    throw kernelError(
      `${value} is not an integer and stands beside a tile of ${dtype}; cast the tile to a float dtype first`,
    );
  const [lo, hi] = rangeOf(dtype);
  if (BigInt(value) < lo || BigInt(value) > hi)
    throw kernelError(`${value} does not fit ${dtype} (${lo} … ${hi}); cast the tile to a wider dtype`);
  return is64BitInteger(dtype) ? BigInt(value) : Number(value);
}

const lift = (x: AnyTile | Literal, dtype: Dtype, op: string): AnyTile => {
  if (!(x instanceof Tile)) return literal(dtype, x);
  if (x.dtype !== dtype)
    throw kernelError(
      `${op} of ${dtype} and ${x.dtype} ("${titleOf(x.node)}"): dtypes do not mix by themselves; cast one of them`,
    );
  return x;
};

const numeric = (d: Dtype): boolean => d !== "bool";
const integer = (d: Dtype): boolean => d !== "bool" && !isFloat(d);
const bitwise = (d: Dtype): boolean => !isFloat(d);
/** which dtypes an operation is defined for, and how to say so */
const domains: Partial<Record<MapOp, readonly [(d: Dtype) => boolean, string]>> = {
  ...Object.fromEntries(
    ["add", "sub", "mul", "div", "mod", "rem", "min", "max", "neg", "abs"].map(op => [op, [numeric, "numbers"]]),
  ),
  ...Object.fromEntries(["and", "or", "xor", "not"].map(op => [op, [bitwise, "integers and bool"]])),
  ...Object.fromEntries(["shl", "shr"].map(op => [op, [integer, "integers"]])),
  ...Object.fromEntries(["sqrt", "floor", "ceil", "round", "trunc"].map(op => [op, [isFloat, "floats"]])),
};
/** Is the operation defined for tiles of this dtype? Says for which, if not. */
export function refusedDomain(op: MapOp, dtype: Dtype): string | undefined {
  const domain = domains[op];
  return domain && !domain[0](dtype) ? domain[1] : undefined;
}

function map(op: MapOp, args: readonly Node[], dtype: Dtype): AnyTile {
  return new Tile(make<"map">({ kind: "map", op, args, axes: unionAxes(...args.map(a => a.axes)), dtype }));
}
function checkDomain(op: MapOp, n: Node): void {
  const wanted = refusedDomain(op, n.dtype);
  if (wanted) throw kernelError(`${op} is for ${wanted}, and "${titleOf(n)}" is ${n.dtype}; cast it first`);
}
function unary(op: MapOp, x: AnyTile): AnyTile {
  checkDomain(op, x.node);
  return map(op, [x.node], x.dtype);
}

const polyOf = (n: Node): Poly | undefined => {
  if (n.kind === "index") return n.index;
  if (n.kind === "full" && n.axes.length === 0 && Number.isSafeInteger(Number(n.value)))
    return Poly.int(Number(n.value));
  return undefined;
};
const symbolic: Partial<Record<MapOp | "idiv", (a: Poly, b: Poly) => Poly>> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  ...Object.fromEntries(
    (["min", "max", "mod"] satisfies SymOp[]).map(op => [op, (a: Poly, b: Poly) => opaque(op, a, b)]),
  ),
  idiv: (a, b) => opaque("div", a, b),
};
/** Arithmetic on indices stays symbolic: it is what addresses are made of. */
function onIndices(op: MapOp | "idiv", a: Node, b: Node): AnyTile | undefined {
  if (a.kind !== "index" && b.kind !== "index") return undefined;
  const f = symbolic[op];
  const p = polyOf(a);
  const q = polyOf(b);
  if (!f || !p || !q || (a.dtype !== "i32" && a.dtype !== "i64")) return undefined;
  if ((op === "idiv" || op === "mod") && q.isZero)
    throw kernelError(`"${titleOf(a)}" is divided by zero; use a divisor above 0`);
  return indexTile(f(p, q), a.dtype);
}
function binary(op: MapOp, x: AnyTile, o: AnyTile | Literal): AnyTile {
  checkDomain(op, x.node);
  const y = lift(o, x.dtype, op);
  return onIndices(op, x.node, y.node) ?? map(op, [x.node, y.node], x.dtype);
}
const compare = (op: CompareOp, x: AnyTile, o: AnyTile | Literal): AnyTile =>
  map(op, [x.node, lift(o, x.dtype, op).node], "bool");

/** ⌊x / y⌋ of integers: an index where both are, else truncating division, one less where the remainder's sign differs */
function floorDivision(x: AnyTile, o: AnyTile | Literal): AnyTile {
  if (!integer(x.dtype))
    throw kernelError(`idiv is for integers, and "${titleOf(x.node)}" is ${x.dtype}; use .div(…).floor()`);
  const y = lift(o, x.dtype, "idiv");
  const index = onIndices("idiv", x.node, y.node);
  if (index) return index;
  if (dtypes[x.dtype as Dtype].kind === "unsigned") return x.div(y);
  const quotient = x.div(y);
  const rest = x.rem(y);
  return where(rest.ne(0).and(rest.lt(0).ne(y.lt(0))), quotient.sub(1), quotient);
}

function call(fn: string, ...args: AnyTile[]): AnyTile {
  for (const a of args)
    if (!isFloat(a.dtype))
      throw kernelError(`${fn} is for floats, and "${titleOf(a.node)}" is ${a.dtype}; cast it first`);
  const nodes = args.map(a => a.node);
  return new Tile(
    make<"call">({ kind: "call", fn, args: nodes, axes: unionAxes(...nodes.map(a => a.axes)), dtype: nodes[0]!.dtype }),
  );
}

export function reduction(
  op: ReduceOp,
  args: readonly Node[],
  over: readonly (AnyIndex | Accumulate<Dtype>)[],
): AnyTile {
  const indices = over.filter(i => i instanceof Index);
  const last = over.find(i => !(i instanceof Index));
  const dtype = args[0]!.dtype;
  if (op !== "sum" && dtype === "bool")
    throw kernelError(`${op} is for numbers, and "${titleOf(args[0]!)}" is bool; cast it to u8 first`);
  if (last && !("acc" in last))
    throw kernelError(`${op} reduces over indices; hand it what .all() or grid gave, not a computed tile`);
  const adds = op === "sum" || op === "prod";
  const blocked = indices.find(i => recording()?.grid?.includes(i.axis));
  if (blocked)
    throw kernelError(
      `${op} over "${blocked.axis.name}", an axis of the grid, whose blocks run apart; reduce over .all() or fold over .tile()`,
    );
  const point = indices.find(i => isPoint(i.axis));
  if (point)
    throw kernelError(
      `${op} over "${point.axis.name}", which is a point of a fold over .steps(); add the values up in the state of the fold`,
    );
  const acc = last ? last.acc : adds ? dtypes[dtype].accumulator : dtype;
  const axes = [...new Set(indices.map(i => i.axis))];
  const kept = unionAxes(...args.map(a => a.axes)).filter(a => !axes.includes(a));
  return new Tile(
    make<"reduce">({ kind: "reduce", op, args, over: axes, axes: kept, dtype: acc } satisfies Omit<
      NodeOf<"reduce">,
      "id" | "name"
    >),
  );
}

/** Σ a·b over the indices: matrix products, convolutions, attention. The accumulator's dtype is the result's. */
export function dot<A extends string, B extends string, D extends Dtype, R extends A | B>(
  a: Tile<A, D>,
  b: Tile<B, D>,
  ...over: readonly Index<R>[]
): Tile<Exclude<A | B, R>, AccumulatorOf<D>>;
export function dot<A extends string, B extends string, D extends Dtype, R extends A | B, E extends Dtype>(
  a: Tile<A, D>,
  b: Tile<B, D>,
  ...over: readonly [...Index<R>[], Accumulate<E>]
): Tile<Exclude<A | B, R>, E>;
export function dot(a: AnyTile, b: AnyTile, ...over: readonly (AnyIndex | Accumulate<Dtype>)[]): AnyTile {
  return reduction("sum", [a.node, lift(b, a.dtype, "dot").node], over);
}

/** a where the condition holds, else b; both are computed */
export function where<C extends string, A extends string = never, B extends string = never, D extends Dtype = "f32">(
  condition: Tile<C, "bool">,
  a: Tile<A, D> | Literal,
  b: Tile<B, D> | Literal,
): Tile<A | B | C, D> {
  if (condition.dtype !== "bool")
    throw kernelError(`the condition of where is ${condition.dtype}; compare it with something (.ne(0)) to get a bool`);
  const typed = a instanceof Tile ? a : b instanceof Tile ? b : undefined;
  if (!typed) throw kernelError("where has two literals and so no dtype; write one of them as literal(dtype, value)");
  const x = lift(a, typed.dtype, "where");
  const y = lift(b, typed.dtype, "where");
  return map("select", [condition.node, x.node, y.node], typed.dtype);
}
export const maximum = <A extends string, D extends Dtype, B extends string = never>(
  a: Tile<A, D>,
  b: Other<B, D>,
): Tile<A | B, D> => a.maximum(b);
export const minimum = <A extends string, D extends Dtype, B extends string = never>(
  a: Tile<A, D>,
  b: Other<B, D>,
): Tile<A | B, D> => a.minimum(b);
