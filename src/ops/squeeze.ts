// Squeeze: without the named dims, which must be 1; without axes, without all dims that are known to be 1.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { requireEqual } from "./broadcast.js";
import { normalizeAxes, refuse } from "./checks.js";
import { requiredNumbers } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, numbersOf, withDims } from "./reference-tensors.js";
import { reshapeClass } from "./reshape-class.js";

function squeezed(node: NodeInfo): Dims {
  const dims = node.dims.data!;
  // an attribute before opset 13
  const named = node.dims.axes ? requiredNumbers("Squeeze", node, "axes") : node.attributes.axes;
  if (named === undefined) return withoutOnes(node, dims);
  const axes = normalizeAxes("Squeeze", node, named, dims.length);
  for (const a of axes) {
    const sentence = `dim ${a} of data is ${dims[a]!.print()}; only dims of 1 can be squeezed`;
    requireEqual("Squeeze", node, dims[a]!, Poly.one, sentence);
  }
  return dims.filter((_, d) => !axes.includes(d));
}

function withoutOnes(node: NodeInfo, dims: Dims): Dims {
  const open = dims.findIndex(d => !d.isConst);
  if (open >= 0)
    refuse(
      "operator-unsupported",
      "Squeeze",
      node,
      `whether dim ${open} (${dims[open]!.print()}) is 1 is not known when the model is compiled; name the axes, or fix the dim with the option dims`,
    );
  return dims.filter(d => d.constant !== 1);
}

export const operator: Operator = {
  name: "Squeeze",
  inputs: ["data", "axes?"],
  outputs: ["squeezed"],
  attributes: { axes: { type: "ints" } },
  content: ["axes"],
  ...reshapeClass("data", "squeezed", squeezed),
  text: true,
};

export const reference: Reference = ({ data, axes }, attributes) => {
  const rank = data!.dims.length;
  const named = (axes ? numbersOf(axes) : (attributes.axes as number[] | undefined))?.map(a => (a + rank) % rank);
  return {
    squeezed: withDims(
      data!,
      data!.dims.filter((n, d) => (named ? !named.includes(d) : n !== 1)),
    ),
  };
};

const data = { dtype: "f32", dims: [1, 3, 1, 5] } as const;
const axes = (...list: number[]) => ({ dtype: "i64", dims: [list.length], data: list }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "one axis", inputs: { data, axes: axes(0) } },
  { name: "negative and several", inputs: { data, axes: axes(-2, 0) } },
  { name: "all ones", inputs: { data } },
  { name: "attribute of opset 11", opset: 11, attributes: { axes: [2] }, inputs: { data } },
  { name: "to a scalar", inputs: { data: { dtype: "i64", dims: [1] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Without dims of 1",
  dtypes: "any",
  opsets: [1, 25],
  limits: "axes must be known at compile time",
};
