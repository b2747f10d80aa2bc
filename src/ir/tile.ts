// Tile IR: SSA values over uniquely identified axes. No loops, no memory spaces, no vectors: those belong to lowering.
//
// Rules that everything else relies on:
// - axis identity is the object (its `sym`); the name is for types and printing;
// - a node's `axes` are exactly the axes it varies over, its own `over` axes excluded;
// - indices are polynomials over axis and dim symbols; div, mod, min, max and gathers are opaque symbols inside them;
// - a read outside the tensor's logical shape yields `fill`; a write outside it is an error;
// - floats are rounded to a node's dtype at loads, stores and casts, not in between (see targets/interpreter).
import type { Dtype } from "./dtypes.js";
import type { Intrinsic } from "./intrinsic.js";
import { Poly, Sym } from "./poly.js";

/** A named dim of a kernel: a run-time i32, or a constant where the signature says so (static dims unroll). */
export interface Dim {
  readonly name: string;
  readonly size: Poly;
}
/** One direction of tiles, known by identity: two axes of one name are two. `extent` is how many indices it has. */
export interface Axis {
  readonly id: number;
  readonly name: string;
  readonly extent: Poly;
  readonly sym: Sym;
}
/**
 * Where the elements of a tensor lie. `order` lists dims from outermost to innermost; `block` splits one dim into panels, the
 * part inside a panel being innermost: order [1, 0], block {dim: 1, size: 16} on K×N is [N/16][K][16]. `strides` (elements, one a dim,
 * without `block`) replaces the dense strides: symbols in it are parameters of the kernel, so a tensor may be a window of a larger buffer.
 */
export interface Layout {
  readonly order: readonly number[];
  readonly block?: { readonly dim: number; readonly size: number };
  readonly strides?: readonly Poly[];
}
/** A tensor of a kernel's signature, with dims that may be open. */
export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: readonly Poly[];
  readonly role: "input" | "output" | "inout";
  /** read as well as written, and not declared in place: nobody promises what it holds before the kernel writes it */
  readonly startsEmpty?: true;
  /** weights: known at load, so a schedule may ask for another layout and get it packed once */
  readonly constant?: boolean;
  /** absent: dense, in the order of the dims */
  readonly layout?: Layout;
}
/** A tile that is read again under other indices (`materialize`): its axes in the order in which it is indexed. */
export interface Materialized {
  readonly name: string;
  readonly value: Node;
  readonly axes: readonly Axis[];
}

export type UnaryOp = "neg" | "abs" | "sqrt" | "floor" | "ceil" | "round" | "trunc" | "not";
/**
 * div: real for floats, truncating for integers; mod: sign of the divisor; rem: sign of the dividend; min and max propagate NaN.
 * Nothing traps: integers divided by zero give 0, the smallest integer divided by −1 wraps, shift counts count modulo the width.
 */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "rem"
  | "min"
  | "max"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr";
export type CompareOp = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
/** cast converts to the node's dtype (floats to integers truncate and saturate; to bool: ≠ 0); bitcast keeps the bits */
export type ConvertOp = "cast" | "bitcast";
export type MapOp = UnaryOp | BinaryOp | CompareOp | ConvertOp | "select";
/**
 * "dotPairs", of two i32 operands that hold two i16 each, adds up the products of their low and of their high halves; "dotQuads" those of four
 * bytes each, which are u8 in operands of u32 and i8 in operands of i32. Both give i32.
 */
export type ReduceOp = "sum" | "max" | "min" | "prod" | WordProduct;
export type WordProduct = "dotPairs" | "dotQuads";
export const isWordProduct = (op: ReduceOp): op is WordProduct => op === "dotPairs" || op === "dotQuads";
/** How a reduction of one kind takes the next element, or another part of itself. */
export const joinOf = {
  sum: "add",
  dotPairs: "add",
  dotQuads: "add",
  prod: "mul",
  max: "max",
  min: "min",
} as const satisfies Readonly<Record<ReduceOp, BinaryOp>>;
/** How a write joins what is there: with it, or in its place; "last" is a write that may meet an element more than once. */
export type Combine = "add" | "mul" | "min" | "max" | "last";
export const combines: readonly Combine[] = ["add", "mul", "min", "max", "last"];

interface Base {
  readonly id: number;
  /** stable within a kernel, used by schedules; the author's or made from kind and position */
  name: string;
  readonly axes: readonly Axis[];
  readonly dtype: Dtype;
  /** file:line of the user's source */
  readonly source?: string;
}
export type Node = Base &
  (
    | { readonly kind: "full"; readonly value: number | bigint }
    /** an index or dim as a number; i32 or i64 */
    | { readonly kind: "index"; readonly index: Poly }
    | {
        readonly kind: "load";
        readonly tensor: Tensor | Materialized;
        readonly index: readonly Poly[];
        readonly fill: number | bigint;
      }
    | { readonly kind: "map"; readonly op: MapOp; readonly args: readonly Node[] }
    /**
     * A function with a body in the language (exp, tanh, …): interpreters use the native one, CPU lowering inlines the body. Or an
     * intrinsic: elementwise, with a meaning that is computed of its operands, until a target puts its code in the place (`withCodeOf`).
     */
    | {
        readonly kind: "call";
        readonly fn: string;
        readonly args: readonly Node[];
        readonly intrinsic?: Intrinsic;
        readonly meaning?: Node;
      }
    /** one argument: a reduction; two: the sum of their products (dot), or of those of their halves. dtype is the accumulator's. */
    | { readonly kind: "reduce"; readonly op: ReduceOp; readonly args: readonly Node[]; readonly over: readonly Axis[] }
    /** `part`: in a merge, the state of the part before, or behind, the place where the fold was cut */
    | { readonly kind: "state"; readonly fold: Fold; readonly slot: number; readonly part?: Part }
    | { readonly kind: "result"; readonly fold: Fold; readonly slot: number }
  );
export type NodeOf<K extends Node["kind"]> = Extract<Node, { kind: K }>;

/** The two parts that a merge joins, in the order of the fold's axis. */
export type Part = "left" | "right";
/** A sequential loop with explicit state. The state has the axes of its initial value; with `steps` the axis is a point, else a tile. */
export interface Fold {
  readonly id: number;
  readonly axis: Axis;
  readonly steps: boolean;
  readonly init: readonly Node[];
  next: readonly Node[];
  readonly stores: Store[];
  /** folds of this fold's body in order, also those whose result nobody reads */
  readonly folds: Fold[];
  /** stop after the block that holds the end of this axis's block; what lies beyond must be neutral */
  readonly until?: Axis;
  /**
   * How the states of two neighbouring parts, each walked from `init`, become the state of both: one value for each slot, of the states of
   * the parts and of what is known around the fold. With it a schedule may cut the fold into parts.
   */
  merge?: readonly Node[];
  /** a loop of one element's program: steps, without stores, whose state has one value for each element; elements are independent */
  readonly cells?: true;
  readonly source?: string;
}
export interface Store {
  readonly tensor: Tensor;
  readonly index: readonly Poly[];
  readonly value: Node;
  /**
   * May meet an element more than once, and the value may have axes that the indices lack. Writes follow each other in the order of
   * `axesOfStore`, the last axis fastest; absent: each element once.
   */
  readonly combine?: Combine;
  /** where it is false nothing is written */
  readonly when?: Node;
  readonly source?: string;
}
/**
 * Ragged parts of an axis of the grid: part s holds the indices from offsets[s] to offsets[s + 1]. `at`, a point, is the part that an
 * index lies in; no block crosses parts. Offsets start with 0, do not fall, and end with the axis's extent.
 */
export interface Segments {
  readonly axis: Axis;
  readonly at: Axis;
  readonly offsets: Tensor;
  readonly source?: string;
}
/** A value that its author wants to see, where a kernel is run by itself. No part of what the kernel computes, nor of its text. */
export interface DebugPoint {
  readonly name: string;
  readonly value: Node;
  readonly source?: string;
}
/** A recorded kernel: tensors, dims, parallel axes, and what is stored. */
export interface Kernel {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly dims: readonly Dim[];
  /** parallel axes */
  readonly grid: readonly Axis[];
  readonly segments?: Segments;
  readonly stores: readonly Store[];
  /** all folds of the grid body in order, also those whose result nobody reads (they store) */
  readonly folds: readonly Fold[];
  readonly debug?: readonly DebugPoint[];
}

let ids = 0;
export const nextId = (): number => ids++;

const axisOfSym = new WeakMap<Sym, Axis>();
export function newAxis(name: string, extent: Poly): Axis {
  const axis: Axis = { id: nextId(), name, extent, sym: new Sym(name) };
  axisOfSym.set(axis.sym, axis);
  return axis;
}
export const axisOf = (s: Sym): Axis | undefined => axisOfSym.get(s);

/** Axes that an index varies over, those of gathered values included. */
export function axesOf(p: Poly): Axis[] {
  const out: Axis[] = [];
  const add = (a: Axis): void => {
    if (!out.includes(a)) out.push(a);
  };
  const { syms } = p;
  for (let i = 0; i < syms.length; i++) {
    const s = syms[i]!;
    const a = axisOfSym.get(s);
    if (a) add(a);
    else if (s.def?.op === "value") (s.def.node as Node).axes.forEach(add);
  }
  return out;
}
const none: readonly Node[] = [];
/** Nodes whose values occur as gathered indices in p. */
export function gathersIn(p: Poly): readonly Node[] {
  const { syms } = p;
  let out = none;
  for (let i = 0; i < syms.length; i++) {
    const { def } = syms[i]!;
    if (def?.op === "value") out = [...out, def.node as Node];
  }
  return out;
}
const gatherSyms = new WeakMap<Node, Sym>();
/** The value of an integer node as an index: what makes `X.at(rows.at(i))` a gather. */
export function gathered(node: Node): Poly {
  if (node.kind === "index") return node.index;
  if (node.kind === "full") return Poly.int(Number(node.value));
  let s = gatherSyms.get(node);
  if (!s) {
    s = new Sym(node.name, { op: "value", node });
    gatherSyms.set(node, s);
  }
  return Poly.sym(s);
}
/** one fewer than the bounds of segments */
export const segmentCount = (offsets: Tensor): Poly => (offsets.dims[0] ?? Poly.one).sub(1);

/** Of lists that hold each axis once. */
export function unionAxes(...lists: readonly (readonly Axis[])[]): readonly Axis[] {
  let out = lists[0] ?? [];
  for (let i = 1; i < lists.length; i++) {
    const list = lists[i]!;
    if (list !== out && !list.every(a => out.includes(a))) out = [...new Set([...out, ...list])];
  }
  return out;
}

type Fields<K extends Node["kind"]> = Omit<NodeOf<K>, "id" | "name"> & { name?: string };
/** `node<"map">({...})`; a copy of a node ({...n}) keeps its name and gets an id of its own. */
export function node<K extends Node["kind"]>(fields: Fields<K>): NodeOf<K> {
  const id = nextId();
  return { name: `${(fields as { kind: string }).kind}${id}`, ...fields, id } as unknown as NodeOf<K>;
}

export const isTensor = (t: Tensor | Materialized): t is Tensor => "dims" in t;

/** walks ask again and again, and most loads have none */
const operandsOfLoads = new WeakMap<Node, readonly Node[]>();
/** Operands of a node: values it is computed from, gathered indices included; a fold is not entered. */
export function children(n: Node): readonly Node[] {
  switch (n.kind) {
    case "call":
      return n.meaning ? [...n.args, n.meaning] : n.args;
    case "map":
    case "reduce":
      return n.args;
    case "index":
      return gathersIn(n.index);
    case "load": {
      let operands = operandsOfLoads.get(n);
      if (!operands) {
        const gathers = n.index.flatMap(gathersIn);
        operands = isTensor(n.tensor) ? gathers : [n.tensor.value, ...gathers];
        operandsOfLoads.set(n, operands);
      }
      return operands;
    }
    default:
      return none;
  }
}
/** All nodes below the roots, operands first; nodes for which `stop` holds are included but not entered. */
export function reach(roots: readonly Node[], stop: (n: Node) => boolean = () => false): Node[] {
  return walkDown(roots, n => (stop(n) ? [] : children(n)));
}
/** The same with what loops of elements compute: to their surroundings they are part of an expression. */
export function reachCells(roots: readonly Node[], stop: (n: Node) => boolean = () => false): Node[] {
  return walkDown(roots, n => (stop(n) ? [] : operands(n)));
}
export const operands = (n: Node): readonly Node[] => (isCells(n) ? [...n.fold.init, ...n.fold.next] : children(n));
/** the result of a loop of elements */
export const isCells = (n: Node): n is NodeOf<"result"> => n.kind === "result" && n.fold.cells === true;

function walkDown(roots: readonly Node[], below: (n: Node) => readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const go = (n: Node): void => {
    if (seen.has(n)) return;
    below(n).forEach(go);
    seen.add(n);
  };
  roots.forEach(go);
  return [...seen];
}
