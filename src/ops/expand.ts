// Expand: dims of 1 stretched to those of `shape`; broadcasting in both directions, so a dim of `shape` may be 1 as well.
import type { Dims, KnownValue } from "../graph/graph.js";
import { joinDims, readBroadcast } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { knownDims, pick, requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";

function expandedDims(node: NodeInfo): Dims {
  const [input, shape] = [node.dims.input!, requiredPolys("Expand", node, "shape")];
  const rank = Math.max(input.length, shape.length);
  return Array.from({ length: rank }, (_, d) => {
    const [a, b] = [input[d + input.length - rank], shape[d + shape.length - rank]];
    if (!a || !b) return (a ?? b)!;
    return (
      joinDims(a, b, node) ??
      refuse(
        "shape",
        "Expand",
        node,
        `input of ${printDims(input)} does not expand to ${printDims(shape)}; from the right, dims must be equal or 1`,
      )
    );
  });
}

function expandedValues(node: NodeInfo): KnownValue | undefined {
  const known = node.known.input;
  const dims = knownDims(expandedDims(node));
  if (!known || !dims) return undefined;
  const lead = dims.length - known.dims.length;
  const strides = stridesOf(known.dims).map((s, d) => (known.dims[d] === 1 ? 0 : s));
  return pick(known, dims, index => strides.reduce((at, s, d) => at + index[lead + d]! * s, 0));
}

export const operator: Operator = {
  name: "Expand",
  inputs: ["input", "shape"],
  outputs: ["output"],
  content: ["shape"],
  shape: node => ({ output: expandedDims(node) }),
  values: node => ({ output: expandedValues(node) }),
  at: ({ inputs, outputs }) => ({ output: (...index) => readBroadcast(inputs.input!, index, outputs.output!) }),
  text: true,
};

export const reference: Reference = ({ input, shape }) => {
  const asked = numbersOf(shape!);
  const rank = Math.max(input!.dims.length, asked.length);
  const dims = Array.from({ length: rank }, (_, d) => {
    const [a, b] = [input!.dims[d + input!.dims.length - rank] ?? 1, asked[d + asked.length - rank] ?? 1];
    return a === 1 ? b : a;
  });
  const read = elements(input!);
  const lead = rank - input!.dims.length;
  return { output: tabulate(input!.dtype, dims, i => read(input!.dims.map((n, d) => (n === 1 ? 0 : i[lead + d]!)))!) };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "columns",
    inputs: { input: { dtype: "f32", dims: [3, 1] }, shape: { dtype: "i64", dims: [2], data: [3, 17] } },
  },
  {
    name: "to more dims, keeping some",
    inputs: { input: { dtype: "i64", dims: [3, 1] }, shape: { dtype: "i64", dims: [3], data: [2, 1, 6] } },
  },
  { name: "a scalar", inputs: { input: { dtype: "f16", dims: [] }, shape: { dtype: "i64", dims: [1], data: [5] } } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows and columns`,
      inputs: { input: { dtype, dims: [3, 1, 5] }, shape: { dtype: "i64", dims: [4], data: [2, 1, 19, 1] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Dims of 1 stretched to a shape",
  dtypes: "any",
  opsets: [8, 13],
  limits: "shape must be known at compile time, up to dims of other tensors",
};
