// Reshape: other dims over the same elements; 0 copies a dim, −1 stands for what is left.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { requiredPolys } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, movedDtypes, numbersOf, sizeOf, withDims } from "./reference-tensors.js";
import { reshapeClass } from "./reshape-class.js";

const isMinusOne = (p: Poly): boolean => p.isConst && p.constant === -1;

function newDims(node: NodeInfo): Dims {
  const { dims, attributes } = node;
  const data = dims.data!;
  // opset 1 had an attribute instead of the input
  const asked = dims.shape
    ? requiredPolys("Reshape", node, "shape")
    : ((attributes.shape as readonly number[] | undefined) ?? []).map(n => Poly.int(n));
  const isCopied = (d: number): boolean => asked[d]?.isZero === true && attributes.allowzero !== 1;
  const out = asked.map((p, d) => {
    if (!isCopied(d)) return p;
    return (
      data[d] ??
      refuse(
        "shape",
        "Reshape",
        node,
        `shape has 0 at position ${d}, but data has only ${data.length} dims to copy; give a number`,
      )
    );
  });
  const open = out.findIndex(isMinusOne);
  if (open >= 0 && attributes.allowzero === 1 && asked.some(p => p.isZero))
    refuse(
      "shape",
      "Reshape",
      node,
      "shape has 0 and −1, and allowzero is 1; nothing says what is left then: give numbers, or leave allowzero out",
    );
  // copied dims are on both sides, so that an empty batch leaves the rest as it is
  if (open >= 0)
    out[open] = remaining(
      node,
      out.filter((_, d) => !isCopied(d)),
      data.filter((_, d) => !isCopied(d)),
    );
  check(node, out, data);
  return out;
}

function remaining(node: NodeInfo, out: Dims, data: Dims): Poly {
  if (out.filter(isMinusOne).length > 1)
    refuse("shape", "Reshape", node, "shape has more than one −1; only one dim can be left open");
  const rest = Poly.product(out.filter(p => !isMinusOne(p)));
  // nothing divides evenly among any number of rows: the specification leaves this open, 0 is what runtimes give
  return rest.isZero ? Poly.zero : opaque("div", Poly.product(data), rest);
}

function check(node: NodeInfo, out: Dims, data: Dims): void {
  const sentence = `${printDims(data)} does not fit into ${printDims(out)}; the number of elements must stay the same`;
  if (out.some(p => p.isConst && p.constant < 0)) refuse("shape", "Reshape", node, sentence);
  requireEqual("Reshape", node, Poly.product(data), Poly.product(out), sentence);
}

export const operator: Operator = {
  name: "Reshape",
  inputs: ["data", "shape?"],
  outputs: ["reshaped"],
  attributes: { allowzero: { type: "int", default: 0 }, shape: { type: "ints" }, consumed_inputs: { type: "ints" } },
  content: ["shape"],
  ...reshapeClass("data", "reshaped", newDims),
  text: true,
};

export const reference: Reference = ({ data, shape }, attributes) => {
  const asked = shape ? numbersOf(shape) : (attributes.shape as number[]);
  const isCopied = (d: number): boolean => asked[d] === 0 && attributes.allowzero !== 1;
  const dims = asked.map((n, d) => (isCopied(d) ? data!.dims[d]! : n));
  const rest = sizeOf(dims.filter((n, d) => n !== -1 && !isCopied(d)));
  const all = sizeOf(data!.dims.filter((_, d) => !isCopied(d)));
  return {
    reshaped: withDims(
      data!,
      dims.map(n => (n === -1 ? Math.floor(all / rest) : n)),
    ),
  };
};

const shape = (...data: number[]) => ({ dtype: "i64", dims: [data.length], data }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "to fewer dims", inputs: { data: { dtype: "f32", dims: [2, 3, 4] }, shape: shape(6, 4) } },
  { name: "copied and open dims", inputs: { data: { dtype: "f32", dims: [2, 3, 4] }, shape: shape(2, 0, -1, 1) } },
  { name: "an empty batch, copied", inputs: { data: { dtype: "f32", dims: [0, 5, 24] }, shape: shape(0, 0, 8, -1) } },
  { name: "dims that share no factor", inputs: { data: { dtype: "i32", dims: [6, 35] }, shape: shape(10, 21) } },
  {
    name: "to a scalar",
    inputs: { data: { dtype: "u8", dims: [1, 1] }, shape: { dtype: "i64", dims: [0], data: [] } },
  },
  {
    name: "nothing",
    attributes: { allowzero: 1 },
    inputs: { data: { dtype: "f32", dims: [0, 3] }, shape: shape(3, 0) },
  },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({ name: dtype, inputs: { data: { dtype, dims: [3, 7] }, shape: shape(7, 3) } }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Other dims over the same elements",
  dtypes: "any",
  opsets: [1, 25],
  limits: "shape must be known at compile time, up to dims of other tensors",
};
