// Random graphs of a few operators after one another: what fusion, aliasing and windows make of movement between arithmetic.
import fc from "fast-check";
import { constantValue } from "../../src/graph/constants.js";
import type { AttributeValue, Graph, GraphNode, Value } from "../../src/graph/graph.js";
import { makeNode } from "../../src/graph/make.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { sizeOf } from "../../src/ops/reference-tensors.js";

/** A link as drawn: an operator and three numbers that it reads as axes, sizes or positions. */
export interface Link {
  readonly op: keyof typeof links;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}
export interface Chain {
  readonly dims: readonly number[];
  readonly links: readonly Link[];
  /** which link's value is an output as well, so that it is kept; beyond the last: none */
  readonly kept: number;
}

interface Step {
  readonly op: string;
  readonly dims: readonly number[];
  readonly constants?: readonly (readonly number[])[];
  /** reads the value this often */
  readonly times?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}
type Make = (dims: readonly number[], a: number, b: number, c: number) => Step | undefined;

const sizeLimit = 4000;
const unary =
  (op: string): Make =>
  dims => ({ op, dims });

/** What a link does to dims; undefined: it does not fit them. */
export const links = {
  transpose: (dims, a, b) => {
    const perm = dims.map((_, d) => d);
    const [i, j] = [a % dims.length, b % dims.length];
    [perm[i], perm[j]] = [perm[j]!, perm[i]!];
    return { op: "Transpose", dims: perm.map(p => dims[p]!), attributes: { perm } };
  },
  merge: (dims, a) => {
    const d = a % dims.length;
    if (d + 1 >= dims.length) return undefined;
    // 0 copies a dim, which only holds in front of the merged one
    const shape = [...dims.slice(0, d).map(() => 0), -1, ...dims.slice(d + 2)];
    return {
      op: "Reshape",
      dims: [...dims.slice(0, d), dims[d]! * dims[d + 1]!, ...dims.slice(d + 2)],
      constants: [shape],
    };
  },
  split: (dims, a) => {
    const d = a % dims.length;
    const factor = [2, 3, 5].find(f => dims[d]! % f === 0);
    if (!factor || dims.length > 4) return undefined;
    const shape = [...dims.slice(0, d).map(() => 0), factor, -1, ...dims.slice(d + 1)];
    return {
      op: "Reshape",
      dims: [...dims.slice(0, d), factor, dims[d]! / factor, ...dims.slice(d + 1)],
      constants: [shape],
    };
  },
  slice: (dims, a, b, c) => {
    const d = a % dims.length;
    const [start, step] = [b % dims[d]!, (c % 2) + 1];
    const size = Math.ceil((dims[d]! - start) / step);
    return { op: "Slice", dims: dims.with(d, size), constants: [[start], [2 ** 31 - 1], [d], [step]] };
  },
  reverse: (dims, a) => {
    const d = a % dims.length;
    return { op: "Slice", dims, constants: [[-1], [-(2 ** 31)], [d], [-1]] };
  },
  pad: (dims, a, b, c) => {
    const d = a % dims.length;
    const mode = ["constant", "edge", "reflect", "wrap"][c % 4]!;
    const [before, after] = [Math.min(b % 4, dims[d]! - 1), Math.min(c % 3, dims[d]! - 1)];
    const pads = [...dims.map((_, k) => (k === d ? before : 0)), ...dims.map((_, k) => (k === d ? after : 0))];
    return { op: "Pad", dims: dims.with(d, dims[d]! + before + after), constants: [pads], attributes: { mode } };
  },
  twice: (dims, a) => {
    const axis = a % dims.length;
    return { op: "Concat", dims: dims.with(axis, dims[axis]! * 2), times: 2, attributes: { axis } };
  },
  gather: (dims, a, b, c) => {
    const axis = a % dims.length;
    const indices = [b, c, a + b, b + c].slice(0, (c % 4) + 1).map(x => (x % dims[axis]!) - (x % 2 ? dims[axis]! : 0));
    return { op: "Gather", dims: dims.with(axis, indices.length), constants: [indices], attributes: { axis } };
  },
  expand: (dims, a) =>
    dims.length > 4
      ? undefined
      : { op: "Expand", dims: [(a % 3) + 1, ...dims], constants: [[(a % 3) + 1, ...dims.map(() => 1)]] },
  tile: (dims, a) => {
    const d = a % dims.length;
    return { op: "Tile", dims: dims.with(d, dims[d]! * 2), constants: [dims.map((_, k) => (k === d ? 2 : 1))] };
  },
  resize: (dims, a, b) => {
    const axis = a % dims.length;
    const attributes = {
      axes: [axis],
      mode: b % 2 ? "linear" : "nearest",
      coordinate_transformation_mode: "asymmetric",
    };
    return { op: "Resize", dims: dims.with(axis, dims[axis]! * 2), attributes };
  },
  neg: unary("Neg"),
  sigmoid: unary("Sigmoid"),
  square: dims => ({ op: "Mul", dims, times: 2 }),
  reduce: (dims, a) => {
    const d = a % dims.length;
    return { op: "ReduceMax", dims: dims.with(d, 1), constants: [[d]], attributes: { keepdims: 1 } };
  },
  sum: (dims, a) => {
    const d = a % dims.length;
    return dims.length === 1
      ? undefined
      : { op: "ReduceSum", dims: dims.toSpliced(d, 1), constants: [[d]], attributes: { keepdims: 0 } };
  },
  softmax: (dims, a) => ({ op: "Softmax", dims, attributes: { axis: a % dims.length } }),
} satisfies Readonly<Record<string, Make>>;

const number = fc.nat(11);
export const chain: fc.Arbitrary<Chain> = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  links: fc.array(
    fc.record({
      op: fc.constantFrom(...(Object.keys(links) as (keyof typeof links)[])),
      a: number,
      b: number,
      c: number,
    }),
    { minLength: 2, maxLength: 6 },
  ),
  kept: fc.nat(8),
});

export interface ChainGraph {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, ReferenceTensor>>;
}

/** The chain as a graph; with symbols, equal sizes of the input above 2 are one symbol. */
export function graphOfChain({ dims, links: drawn, kept }: Chain, symbolic: boolean): ChainGraph {
  const symbols = new Map<number, Sym>();
  const dim = (n: number): Poly => {
    if (!symbolic || n < 3) return Poly.int(n);
    const sym = symbols.get(n) ?? new Sym(`d${n}`);
    symbols.set(n, sym);
    return Poly.sym(sym);
  };
  const input: Value = { name: "x", dtype: "f32", dims: dims.map(dim) };
  const nodes: GraphNode[] = [];
  const outputs = new Set<Value>();
  let value = input;
  let sizes: readonly number[] = dims;
  for (const [k, link] of drawn.entries()) {
    const step = (links[link.op] as Make)(sizes, link.a, link.b, link.c);
    if (!step || sizeOf(step.dims) > sizeLimit) continue;
    const output: Value = { name: `v${k}`, dtype: undefined, dims: undefined };
    nodes.push(makeNode(`n${k}`, step.op, inputsOf(step, value, k), [output], step.attributes));
    value = output;
    sizes = step.dims;
    if (k === kept) outputs.add(output);
  }
  if (nodes.length === 0) {
    value = { ...input, name: "v" };
    nodes.push(makeNode("n", "Neg", [input], [value]));
  }
  outputs.add(value);
  return {
    graph: { name: "chain", inputs: [input], outputs: [...outputs], nodes, symbols: [...symbols.values()] },
    inputs: {
      x: {
        dtype: "f32",
        dims,
        data: Array.from({ length: sizeOf(dims) }, (_, i) => Math.fround(Math.sin(i * 1.7 + 1))),
      },
    },
  };
}

function inputsOf(step: Step, value: Value, k: number): readonly (Value | undefined)[] {
  if (step.op === "Resize") return [value, undefined, constantValue(`c${k}`, "f32", [1], [2])];
  const constants = (step.constants ?? []).map((data, i) => constantValue(`c${k}_${i}`, "i64", [data.length], data));
  return [...Array.from({ length: step.times ?? 1 }, () => value), ...constants];
}
