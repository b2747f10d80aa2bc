// Tiles: immutable values over named axes. Every method records one tile IR node; nothing is computed here.
import type { Dtype } from "../ir/dtypes.js";
import { titleOf } from "../ir/names.js";
import { Poly } from "../ir/poly.js";
import type { Axis, DebugPoint, Node, ReduceOp } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import type { Operand } from "./nodes.js";
import {
  binaryNode,
  bitcastNode,
  callNode,
  castNode,
  floorDivisionNode,
  fullNode,
  indexNode,
  reduceNode,
  selectNode,
  unaryNode,
} from "./nodes.js";
import { captureSite } from "./source.js";
import { kernelError, make, recording } from "./trace.js";
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
  /** what was recorded */
  get node(): Node {
    if (typeof this.#node === "function") this.#node = this.#node();
    return this.#node;
  }
  /** of its elements; nothing is promoted */
  get dtype(): D {
    return this.node.dtype as D;
  }
  /** Names the value: schedules, printed text and errors use it. */
  named(name: string): this {
    this.node.name = name;
    return this;
  }
  /** this + o */
  add<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("add", this.node, operand(o)));
  }
  /** this − o */
  sub<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("sub", this.node, operand(o)));
  }
  /** this · o */
  mul<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("mul", this.node, operand(o)));
  }
  /** real division of floats, truncating division of integers */
  div<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("div", this.node, operand(o)));
  }
  /** remainder with the sign of the divisor */
  mod<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("mod", this.node, operand(o)));
  }
  /** remainder with the sign of the dividend */
  rem<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("rem", this.node, operand(o)));
  }
  /** floor division of integers; of indices and dims: an index again */
  idiv<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(floorDivisionNode(this.node, operand(o)));
  }
  /** `mod` under the name that goes with `idiv` */
  imod<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("mod", this.node, operand(o)));
  }
  /** the larger of two, element by element; NaN where one is NaN */
  maximum<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("max", this.node, operand(o)));
  }
  /** the smaller of two, element by element; NaN where one is NaN */
  minimum<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("min", this.node, operand(o)));
  }
  /** of bools, or bit by bit of integers */
  and<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("and", this.node, operand(o)));
  }
  /** of bools, or bit by bit of integers */
  or<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("or", this.node, operand(o)));
  }
  /** of bools, or bit by bit of integers */
  xor<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("xor", this.node, operand(o)));
  }
  /** shift to the left; counts are taken modulo the width */
  shl<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("shl", this.node, operand(o)));
  }
  /** arithmetic for signed, logical for unsigned integers */
  shr<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(binaryNode("shr", this.node, operand(o)));
  }
  /** this = o */
  eq<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("eq", this.node, operand(o)));
  }
  /** this ≠ o */
  ne<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("ne", this.node, operand(o)));
  }
  /** this < o */
  lt<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("lt", this.node, operand(o)));
  }
  /** this ≤ o */
  le<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("le", this.node, operand(o)));
  }
  /** this > o */
  gt<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("gt", this.node, operand(o)));
  }
  /** this ≥ o */
  ge<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, "bool"> {
    return tileOf(binaryNode("ge", this.node, operand(o)));
  }
  /** −this */
  neg(): Tile<A, D> {
    return tileOf(unaryNode("neg", this.node));
  }
  /** |this| */
  abs(): Tile<A, D> {
    return tileOf(unaryNode("abs", this.node));
  }
  /** of bools, or bit by bit of integers */
  not(): Tile<A, D> {
    return tileOf(unaryNode("not", this.node));
  }
  /** square root of floats */
  sqrt(): Tile<A, D> {
    return tileOf(unaryNode("sqrt", this.node));
  }
  /** the integer at or below, as a float */
  floor(): Tile<A, D> {
    return tileOf(unaryNode("floor", this.node));
  }
  /** the integer at or above, as a float */
  ceil(): Tile<A, D> {
    return tileOf(unaryNode("ceil", this.node));
  }
  /** to the nearest integer, halves to even */
  round(): Tile<A, D> {
    return tileOf(unaryNode("round", this.node));
  }
  /** the integer towards 0, as a float */
  trunc(): Tile<A, D> {
    return tileOf(unaryNode("trunc", this.node));
  }
  /** the larger of this and 0 */
  relu(): Tile<A, D> {
    return this.maximum(0);
  }
  /** 1 / this */
  reciprocal(): Tile<A, D> {
    return literal(this.dtype, 1).div(this);
  }
  /** e to the power of this */
  exp(): Tile<A, D> {
    return tileOf(callNode("exp", this.node));
  }
  /** 2 to the power of this */
  exp2(): Tile<A, D> {
    return tileOf(callNode("exp2", this.node));
  }
  /** natural logarithm; NaN below 0, −∞ at 0 */
  log(): Tile<A, D> {
    return tileOf(callNode("log", this.node));
  }
  /** logarithm to base 2; NaN below 0, −∞ at 0 */
  log2(): Tile<A, D> {
    return tileOf(callNode("log2", this.node));
  }
  /** hyperbolic tangent */
  tanh(): Tile<A, D> {
    return tileOf(callNode("tanh", this.node));
  }
  /** error function */
  erf(): Tile<A, D> {
    return tileOf(callNode("erf", this.node));
  }
  /** sine of an angle in radians; in f32 up to |x| = 10⁵ */
  sin(): Tile<A, D> {
    return tileOf(callNode("sin", this.node));
  }
  /** cosine of an angle in radians; in f32 up to |x| = 10⁵ */
  cos(): Tile<A, D> {
    return tileOf(callNode("cos", this.node));
  }
  /** 1 / (1 + e to the power of −this) */
  sigmoid(): Tile<A, D> {
    return tileOf(callNode("sigmoid", this.node));
  }
  /** this to the power of o */
  pow<O extends Other<string, D>>(o: O): Tile<A | AxesOf<O>, D> {
    return tileOf(callNode("pow", this.node, operand(o)));
  }
  /** floats to integers truncate and saturate (NaN is 0), integers wrap, to bool: ≠ 0 */
  cast<E extends Dtype>(dtype: E): Tile<A, E> {
    return tileOf(castNode(this.node, dtype));
  }
  /** the same bits as another dtype of the same size */
  bitcast<E extends Dtype>(dtype: E): Tile<A, E> {
    return tileOf(bitcastNode(this.node, dtype));
  }
  /** sum over the indices; the dtype is the accumulator's */
  sum<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, AccumulatorOf<D>>;
  sum<R extends A, E extends Dtype>(...over: readonly [...Index<R>[], Accumulate<E>]): Tile<Exclude<A, R>, E>;
  sum(...over: readonly (AnyIndex | Accumulate<Dtype>)[]): AnyTile {
    return reduction("sum", [this.node], over);
  }
  /** product over the indices; the dtype is the accumulator's */
  prod<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, AccumulatorOf<D>>;
  prod<R extends A, E extends Dtype>(...over: readonly [...Index<R>[], Accumulate<E>]): Tile<Exclude<A, R>, E>;
  prod(...over: readonly (AnyIndex | Accumulate<Dtype>)[]): AnyTile {
    return reduction("prod", [this.node], over);
  }
  /** largest value over the indices; `maximum` is the elementwise one */
  max<R extends A>(...over: readonly Index<R>[]): Tile<Exclude<A, R>, D> {
    return reduction("max", [this.node], over);
  }
  /** smallest value over the indices; `minimum` is the elementwise one */
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
  /**
   * Shows the tile under this name whenever the kernel is run by itself: `kernel.run` on any target, and `kernel.eager`, block by block. Position and values are printed, a few
   * of each axis, or handed to `onDebug`.
   */
  debug(name: string): this {
    const r = recording();
    if (!r)
      throw kernelError(
        `debug("${name}") is called outside of a kernel; tiles are shown in the body that kernel() got, where it runs by itself`,
      );
    if (r.cells) throw kernelError(`debug("${name}") is called inside of cells; show what cells() gives`);
    if (r.merging) throw kernelError(`debug("${name}") is called inside of a merge; show what fold() gives`);
    const site = captureSite();
    const point: DebugPoint = { name, value: this.node };
    if (site) Object.defineProperty(point, "source", { enumerable: true, get: () => site.text });
    r.debug.push(point);
    r.eager?.debug(point);
    return this;
  }
  /** What the debugger of VS Code shows of a tile. */
  [Symbol.for("debug.description")](): string {
    return describe(this);
  }
  /** What console.log of Node shows of a tile. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return describe(this);
  }
  /** `a + b`, `a < b`, `${a}`: JavaScript asks for a primitive, and there is none */
  [Symbol.toPrimitive](): never {
    throw kernelError(
      `"${titleOf(this.node)}" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if`,
    );
  }
}

/** Values that are shown of a tile at most. */
const SHOWN = 64;

/** `x: f32 over r = 2, c = 3: 1 2 3 4 5 6`, or without values while a kernel is recorded. */
function describe(tile: AnyTile): string {
  const values = tile.peek();
  const head = `${titleOf(tile.node)}: ${tile.dtype}`;
  if (!values) return `${head} (recorded; values are there while the kernel runs eagerly)`;
  const axes = values.axes.map((a, i) => `${a} = ${values.lengths[i]}`).join(", ");
  const more = values.data.length > SHOWN ? ` … (${values.data.length} in all)` : "";
  return `${head}${axes ? ` over ${axes}` : ""}: ${values.data.slice(0, SHOWN).join(" ")}${more}`;
}

/** An axis as a value: which index we are at. */
export class Index<A extends string = string> extends Tile<A, "i32"> {
  readonly axis: Axis;
  constructor(axis: Axis) {
    super(make<"index">({ kind: "index", index: Poly.sym(axis.sym), axes: [axis], dtype: "i32", name: axis.name }));
    this.axis = axis;
  }
}

/** An index of a dim in segments, and the number of the segment, a point. */
export class SegmentIndex<A extends string = string> extends Index<A> {
  readonly seg: Index<never>;
  constructor(axis: Axis, at: Axis) {
    super(axis);
    this.seg = new Index<never>(at);
  }
}

/** A tile with any axes and dtype. */
// biome-ignore lint/suspicious/noExplicitAny: the tile whose axes and dtype only run time knows
export type AnyTile = Tile<any, any>;
/** An index over any axis. */
// biome-ignore lint/suspicious/noExplicitAny: see AnyTile
export type AnyIndex = Index<any>;
/** axes of a tile's type, of an index argument, or of a union of them */
// biome-ignore lint/suspicious/noExplicitAny: matches tiles of every dtype
export type AxesOf<X> = X extends Tile<infer A, any> ? A : never;

/** which operand a method got: a value, or a literal */
const operand = (o: AnyTile | Literal): Operand => (o instanceof Tile ? o.node : o);

/** A node of tile IR as a tile: for tools that make kernels. */
export const tileOf = (node: Node): AnyTile => new Tile(node);
/** An axis as an index: for tools that make kernels. */
export const indexOf = (axis: Axis): AnyIndex => new Index(axis);
/** A fresh axis as an index. */
export const newIndex = <A extends string>(name: A, extent: Poly): Index<A> => new Index<A>(newAxis(name, extent));
/** A polynomial over axes and dims as a tile. */
export const indexTile = (p: Poly, dtype: "i32" | "i64" = "i32"): AnyTile => new Tile(indexNode(p, dtype));

/** A literal in a dtype; refuses values that the dtype cannot hold. */
export function literal<D extends Dtype>(dtype: D, value: Literal): Tile<never, D> {
  return new Tile(fullNode(dtype, value));
}
/** One value over the given axes: accumulators of folds start so. */
export function full<D extends Dtype, I extends readonly AnyIndex[]>(
  dtype: D,
  value: Literal,
  ...over: I
): Tile<AxesOf<I[number]>, D> {
  return new Tile(
    fullNode(
      dtype,
      value,
      over.map(i => i.axis),
    ),
  );
}
/** 0 over the given axes */
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

type Over = readonly (AnyIndex | Accumulate<Dtype>)[];
function reduction(op: ReduceOp, args: readonly [Node, Operand?], over: Over): AnyTile {
  const options = over.find(i => !(i instanceof Index));
  if (options && !("acc" in options))
    throw kernelError(`${op} reduces over indices; hand it what .all() or grid gave, not a computed tile`);
  const axes = over.filter(i => i instanceof Index).map(i => i.axis);
  if (axes.length === 0 && recording()?.authored)
    throw kernelError(`${op} names no index to reduce over; hand it what .all() or grid gave, such as x.${op}(c)`);
  return new Tile(reduceNode(op, args, axes, options?.acc));
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
export function dot(a: AnyTile, b: AnyTile, ...over: Over): AnyTile {
  return reduction("sum", [a.node, b.node], over);
}

/**
 * Σ over the indices of the products of halves, low by low and high by high: each i32 holds two i16. Integer products as machines have them
 * (WebAssembly's dot_i16x8, pmaddwd); the sum of two products wraps only where all four halves are −32768.
 */
export function dotPairs<A extends string, B extends string, R extends A | B>(
  a: Tile<A, "i32">,
  b: Tile<B, "i32">,
  ...over: readonly Index<R>[]
): Tile<Exclude<A | B, R>, "i32">;
export function dotPairs(a: AnyTile, b: AnyTile, ...over: Over): AnyTile {
  return reduction("dotPairs", [a.node, b.node], over);
}

/**
 * Σ over the indices of the products of bytes, place by place: a word of u32 holds four u8, one of i32 four i8. The sum of four products wraps
 * nowhere. One instruction on processors with VNNI (vpdpbusd) where one operand is u32 and the other i32, two elsewhere. Without such
 * instructions dotPairs is quicker, since bytes have to become halves first, unless a mask (`.and(0x0f0f0f0f)`) keeps those of one side below 128: then
 * it is two of AVX2 or of relaxed SIMD, and one in reductions so short that their sums fit 16 bits.
 */
export function dotQuads<A extends string, B extends string, R extends A | B>(
  a: Tile<A, "i32" | "u32">,
  b: Tile<B, "i32" | "u32">,
  ...over: readonly Index<R>[]
): Tile<Exclude<A | B, R>, "i32">;
export function dotQuads(a: AnyTile, b: AnyTile, ...over: Over): AnyTile {
  return reduction("dotQuads", [a.node, b.node], [...over, { acc: "i32" }]);
}

/** a where the condition holds, else b; both are computed */
export function where<C extends string, A extends string = never, B extends string = never, D extends Dtype = "f32">(
  condition: Tile<C, "bool">,
  a: Tile<A, D> | Literal,
  b: Tile<B, D> | Literal,
): Tile<A | B | C, D> {
  return tileOf(selectNode(condition.node, operand(a), operand(b)));
}
/** the larger of two, element by element; NaN where one is NaN */
export const maximum = <A extends string, D extends Dtype, B extends string = never>(
  a: Tile<A, D>,
  b: Other<B, D>,
): Tile<A | B, D> => a.maximum(b);
/** the smaller of two, element by element; NaN where one is NaN */
export const minimum = <A extends string, D extends Dtype, B extends string = never>(
  a: Tile<A, D>,
  b: Other<B, D>,
): Tile<A | B, D> => a.minimum(b);
