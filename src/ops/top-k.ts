// TopK: the K largest or smallest elements along an axis, in order, and where they were; of equal ones the first.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { Index } from "../tile/index.js";
import { normalizeAxis, refuse } from "./checks.js";
import { forEachIndex, requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, sizeOf } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";
import { selectFor } from "./top-k-kernels.js";
import { gridKernel, KernelSizes } from "./whole-kernel.js";

const axisOf = (node: NodeInfo): number => normalizeAxis("TopK", node, node.attributes.axis, node.dims.X!.length);

function outputDims(node: NodeInfo): Dims {
  // an input since opset 10, an attribute before
  const asked = node.attributes.k as number | undefined;
  const [count, ...more] = asked === undefined ? requiredPolys("TopK", node, "K") : [Poly.int(asked)];
  if (!count || more.length > 0) refuse("shape", "TopK", node, "K must have one element");
  const axis = axisOf(node);
  const size = node.dims.X![axis]!;
  const sentence = `K is ${count.print()} and axis ${axis} of X has ${size.print()} elements; use 0..${size.print()}`;
  requireAtMost("TopK", node, 0, count, sentence);
  requireAtMost("TopK", node, count, size, sentence);
  return node.dims.X!.with(axis, count);
}

export const operator: Operator = {
  name: "TopK",
  inputs: ["X", "K?"],
  outputs: ["Values", "Indices"],
  attributes: {
    axis: { type: "int", default: -1 },
    k: { type: "int" },
    largest: { type: "int", default: 1 },
    sorted: { type: "int", default: 1 },
  },
  content: ["K"],
  dtypes: node => ({ Values: node.dtypes.X!, Indices: "i64" }),
  shape: node => {
    const dims = outputDims(node);
    return { Values: dims, Indices: dims };
  },
  kernels: node => {
    const axis = axisOf(node);
    const dtype = node.dtypes.X!;
    const sizes = new KernelSizes();
    const X = sizes.tensor("X", dtype, node.dims.X!);
    const outputs = (["Values", "Indices"] as const)
      .filter(name => node.wanted.includes(name))
      .map(name => sizes.tensor(name, name === "Values" ? dtype : "i64", node.outputs[name]!, "output"));
    const [size, count] = [X.dims[axis]!, outputs[0]!.dims[axis]!];
    const select = selectFor(outputDims(node)[axis]!, node.dims.X![axis]!);
    const grid = X.dims.map((d, i) => (i === axis ? undefined : d));
    const kernel = gridKernel("top_k", sizes, [X, ...outputs], grid, (views, index) =>
      select({
        size,
        count,
        rows: index.filter(i => i instanceof Index),
        largest: node.attributes.largest !== 0,
        read: n => views.X!.at(...index.with(axis, n)),
        write: (k, x, n) => {
          views.Values?.at(...index.with(axis, k)).set(x as never);
          views.Indices?.at(...index.with(axis, k)).set(n.cast("i64") as never);
        },
      }),
    );
    return [kernel];
  },
};

export const reference: Reference = ({ X, K }, { axis = -1, largest = 1, k }) => {
  const along = axis < 0 ? axis + X!.dims.length : axis;
  const count = Number(K?.data[0] ?? k);
  const dims = X!.dims.with(along, count);
  const [from, to] = [stridesOf(X!.dims), stridesOf(dims)];
  const Values = new Array<number>(sizeOf(dims)).fill(0);
  const Indices = new Array<bigint>(sizeOf(dims)).fill(0n);
  const rank = (x: number | bigint): number | bigint => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);
  const nan = (x: number | bigint): number => +Number.isNaN(x);
  forEachIndex(dims, index => {
    if (index[along] !== 0) return;
    const start = index.reduce((sum, x, d) => sum + x * from[d]!, 0);
    const place = index.reduce((sum, x, d) => sum + x * to[d]!, 0);
    const row = Array.from({ length: X!.dims[along]! }, (_, i) => X!.data[start + i * from[along]!]!);
    const before = (a: number | bigint, b: number | bigint): number =>
      nan(b) - nan(a) || (rank(a) > rank(b) ? -1 : rank(a) < rank(b) ? 1 : 0);
    const order = row.map((_, i) => i).sort((i, j) => (largest ? 1 : -1) * before(row[i]!, row[j]!) || i - j);
    for (let k = 0; k < count; k++) {
      Values[place + k * to[along]!] = row[order[k]!] as number;
      Indices[place + k * to[along]!] = BigInt(order[k]!);
    }
  });
  return { Values: { dtype: X!.dtype, dims, data: Values }, Indices: { dtype: "i64", dims, data: Indices } };
};

const count = (n: number) => ({ dtype: "i64" as const, dims: [1], data: [n] });
export const cases = (): readonly OperatorCase[] => [
  {
    name: "k as an attribute, opset 1",
    opset: 1,
    attributes: { k: 4, axis: 0 },
    inputs: { X: { dtype: "f32", dims: [9, 3] } },
  },
  ...(["f32", "f64", "f16", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8"] as const).flatMap(dtype =>
    [0, 1].map(largest => ({
      name: `${largest ? "largest" : "smallest"} of ${dtype}`,
      attributes: { largest },
      inputs: { X: { dtype, dims: [3, 17] }, K: count(5) },
    })),
  ),
  {
    name: "all along the first axis",
    attributes: { axis: 0 },
    inputs: { X: { dtype: "f32", dims: [13, 9] }, K: count(13) },
  },
  ...(["f32", "i64", "u8"] as const).flatMap(dtype =>
    [0, 1].map(largest => ({
      name: `many, ${largest ? "largest" : "smallest"} of ${dtype}`,
      attributes: { largest },
      inputs: {
        X: { dtype, dims: [2, 67], range: dtype === "u8" ? ([0, 9] as const) : ([-40, 40] as const) },
        K: count(33),
      },
    })),
  ),
  ...[0, 1].map(largest => ({
    name: `many with ties, infinities and NaN, ${largest ? "largest" : "smallest"} first`,
    attributes: { largest, axis: 0 },
    inputs: {
      X: {
        dtype: "f32" as const,
        dims: [21, 1],
        data: [...[0, -0, Number.NaN, -Infinity, 3, Infinity, 3], ...new Array<number>(14).fill(-2)],
      },
      K: count(20),
    },
  })),
  { name: "none", inputs: { X: { dtype: "f32", dims: [2, 3] }, K: count(0) } },
  ...[0, 1].map(largest => ({
    name: `ties, infinities and NaN, ${largest ? "largest" : "smallest"} first`,
    attributes: { largest, axis: 1 },
    inputs: {
      X: {
        dtype: "f32" as const,
        dims: [1, 9],
        data: [0, -0, Number.NaN, -Infinity, 3, Infinity, 3, -2, -Infinity],
      },
      K: count(9),
    },
  })),
  {
    name: "the extremes of i32",
    inputs: {
      X: { dtype: "i32", dims: [5], data: [-(2 ** 31), 2 ** 31 - 1, 0, -(2 ** 31), 2 ** 31 - 1] },
      K: count(5),
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The largest or smallest elements along an axis, in order, and where they were",
  dtypes: "number",
  opsets: [1, 24],
  limits: "K must be known at compile time, up to dims of other tensors",
};
