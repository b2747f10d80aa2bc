// Unsqueeze: dims of 1 put in, at positions counted in the result.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { normalizeAxes } from "./checks.js";
import { requiredNumbers } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, numbersOf, withDims } from "./reference-tensors.js";
import { reshapeClass } from "./reshape-class.js";

function expanded(node: NodeInfo): Dims {
  const dims = node.dims.data!;
  // an attribute before opset 13
  const named = node.dims.axes ? requiredNumbers("Unsqueeze", node, "axes") : (node.attributes.axes ?? []);
  const rank = dims.length + named.length;
  const axes = normalizeAxes("Unsqueeze", node, named, rank);
  const rest = dims.values();
  return Array.from({ length: rank }, (_, d) => (axes.includes(d) ? Poly.one : rest.next().value!));
}

export const operator: Operator = {
  name: "Unsqueeze",
  inputs: ["data", "axes?"],
  outputs: ["expanded"],
  attributes: { axes: { type: "ints" } },
  content: ["axes"],
  ...reshapeClass("data", "expanded", expanded),
  text: true,
};

export const reference: Reference = ({ data, axes }, attributes) => {
  const named = axes ? numbersOf(axes) : (attributes.axes as number[]);
  const dims = [...data!.dims];
  const rank = dims.length + named.length;
  for (const a of named.map(x => (x + rank) % rank).sort((a, b) => a - b)) dims.splice(a, 0, 1);
  return { expanded: withDims(data!, dims) };
};

const data = { dtype: "f32", dims: [3, 4] } as const;
const axes = (...list: number[]) => ({ dtype: "i64", dims: [list.length], data: list }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "in front", inputs: { data, axes: axes(0) } },
  { name: "in the middle and at the end", inputs: { data, axes: axes(-1, 1) } },
  { name: "attribute of opset 11", opset: 11, attributes: { axes: [0, 3] }, inputs: { data } },
  { name: "of a scalar", inputs: { data: { dtype: "i64", dims: [] }, axes: axes(0) } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "With dims of 1 put in",
  dtypes: "any",
  opsets: [1, 25],
  limits: "axes must be known at compile time",
};
