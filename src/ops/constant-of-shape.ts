// ConstantOfShape: one value under dims that are computed.
import type { Dims, KnownValue, Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { literal } from "../tile/index.js";
import { printDims, refuse } from "./checks.js";
import type { KnownElement } from "./known-values.js";
import { knownDims, numberOf, requiredPolys } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

/** The attribute `value` holds one element; absent, it is the f32 0. */
const fillOf = (node: NodeInfo): Value | undefined => (node.attributes.value as { tensor: Value } | undefined)?.tensor;

function elementOfNode(node: NodeInfo): number {
  const value = fillOf(node);
  if (!value) return 0;
  const element = numberOf(value.known?.data[0]);
  if (element === undefined || value.known!.data.length !== 1)
    refuse("operator-attribute", "ConstantOfShape", node, "value must be a tensor of one element");
  return element;
}

function dimsOf(node: NodeInfo): Dims {
  const dims = requiredPolys("ConstantOfShape", node, "input");
  for (const d of dims)
    requireAtMost("ConstantOfShape", node, 0, d, `input asks for ${printDims(dims)}; a dim can't be negative`);
  return dims;
}

function filled(node: NodeInfo): KnownValue | undefined {
  const dims = knownDims(dimsOf(node));
  if (!dims) return undefined;
  const x = elementOfNode(node);
  const element: KnownElement = isFloat(fillOf(node)?.dtype ?? "f32") ? x : Poly.int(x);
  return { dims, data: new Array(dims.reduce((a, b) => a * b, 1)).fill(element) };
}

export const operator: Operator = {
  name: "ConstantOfShape",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { value: { type: "tensor" } },
  content: ["input"],
  dtypes: node => ({ output: fillOf(node)?.dtype ?? "f32" }),
  shape: node => ({ output: dimsOf(node) }),
  values: node => ({ output: filled(node) }),
  at: context => {
    const element = elementOfNode(context);
    return { output: () => literal(fillOf(context)?.dtype ?? "f32", element) };
  },
};

export const reference: Reference = ({ input }, attributes, node) => {
  const value = (attributes.value as { tensor: Value } | undefined)?.tensor;
  const dtype = value?.dtype ?? "f32";
  const element = elementOf(dtype, value ? elementOfNode({ ...node, name: "reference", attributes } as NodeInfo) : 0);
  return { output: tabulate(dtype, numbersOf(input!), () => element) };
};

const one = (dtype: Dtype): Value => ({
  name: "one",
  dtype,
  dims: [Poly.int(1)],
  known: { dims: [1], data: [isFloat(dtype) ? 1 : Poly.int(1)] },
});
export const cases = (): readonly OperatorCase[] => [
  { name: "zeros", inputs: { input: { dtype: "i64", dims: [2], data: [3, 17] } } },
  { name: "a scalar", inputs: { input: { dtype: "i64", dims: [0], data: [] } } },
  { name: "nothing", inputs: { input: { dtype: "i64", dims: [2], data: [0, 4] } } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `ones of ${dtype}`,
      attributes: { value: { tensor: one(dtype) } },
      inputs: { input: { dtype: "i64", dims: [2], data: [3, 17] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "One value under computed dims",
  dtypes: "any",
  opsets: [9, 25],
  limits: "input must be known at compile time, up to dims of other tensors",
};
