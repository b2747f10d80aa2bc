// Clip: X held in min..max, which are inputs since opset 11 and attributes before; either may be absent.
import type { Dtype } from "../ir/dtypes.js";
import { integerRange, isFloat } from "../ir/dtypes.js";
import type { AnyTile } from "../tile/index.js";
import { refuse } from "./checks.js";
import { numbers } from "./elementwise-references.js";
import { scalarOf } from "./folds.js";
import type { NodeInfo, Operand, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Clip",
  inputs: ["input", "min?", "max?"],
  outputs: ["output"],
  attributes: { min: { type: "float" }, max: { type: "float" }, consumed_inputs: { type: "ints" } },
  shape: node => {
    for (const name of ["min", "max"]) checkLimit(node, name);
    return { output: node.dims.input! };
  },
  at: ({ inputs, attributes }) => ({
    output: (...i) => {
      const x = inputs.input!.at(...i);
      const low = bound(inputs.min, attributes.min, -Infinity);
      const high = bound(inputs.max, attributes.max, Infinity);
      const raised = low === undefined ? x : x.maximum(low);
      return high === undefined ? raised : raised.minimum(high);
    },
  }),
};

/** Limits that are attributes are floats, of float inputs in ONNX's old opsets; an integer input must hold them. */
function checkLimit(node: NodeInfo, name: string): void {
  const [limit, dtype] = [node.attributes[name] as number | undefined, node.dtypes.input!];
  if (limit === undefined || isFloat(dtype)) return;
  const [least, most] = integerRange(dtype);
  if (!(Number.isInteger(limit) && limit >= least && limit <= most))
    refuse("operator-attribute", "Clip", node, `${name} ${limit} does not fit ${dtype}; give a whole number that does`);
}

/** A limit: a number where it is known, a tile where it is computed, undefined where there is none. */
function bound(input: Operand | undefined, attribute: number | undefined, none: number): AnyTile | number | undefined {
  const known = scalarOf(input?.known) ?? attribute;
  if (known === none) return undefined;
  if (known !== undefined) return known;
  return input?.at(...input.dims.map(() => 0));
}

export const doc: OperatorDoc = {
  summary: "The input held in min..max",
  dtypes: "number",
  opsets: [1, 13],
};

export const reference: Reference = (inputs, attributes) => {
  const limit = (name: string, none: Element): Element => inputs[name]?.data[0] ?? attributes[name] ?? none;
  const X = inputs.input!;
  const at = elements(X);
  const [low, high] = [limit("min", -Infinity), limit("max", Infinity)];
  return {
    output: tabulate(X.dtype, X.dims, i => {
      const x = at(i)!;
      // biome-ignore lint/complexity/useMathMinMax: Math.max is not for bigints
      const raised = x < low ? low : x;
      // biome-ignore lint/complexity/useMathMinMax: neither is Math.min
      return raised > high ? high : raised;
    }),
  };
};

const limits = (dtype: Dtype, low?: number, high?: number): OperatorCase => ({
  name: `${dtype} ${low} ${high}`,
  inputs: {
    input: { dtype, dims: [3, 17], range: [0, 20] },
    ...(low === undefined ? {} : { min: { dtype, dims: [], data: [low] } }),
    ...(high === undefined ? {} : { max: { dtype, dims: [], data: [high] } }),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...numbers.map(d => limits(d, 5, 12)),
  limits("f32"),
  limits("f32", 3),
  limits("f32", undefined, 7),
  limits("f32", 9, 4),
  { name: "opset 6", opset: 6, attributes: { min: -1, max: 1 }, inputs: { input: { dtype: "f32", dims: [31] } } },
  { name: "empty", inputs: { input: { dtype: "f32", dims: [0, 3] } } },
];
