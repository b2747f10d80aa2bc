// Range of com.microsoft: that of ai.onnx, whose delta may be absent, and whose inputs may have one dim of 1.
import { isFloat } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import * as standard from "../range.js";
import { elementOf } from "../reference-tensors.js";

function withDelta<N extends NodeInfo>(node: N): N {
  if (node.present.includes("delta")) return node;
  const one = isFloat(node.dtypes.start!) ? 1 : Poly.one;
  return { ...node, known: { ...node.known, delta: { dims: [], data: [one] } } };
}

export const operator: Operator = {
  ...standard.operator,
  domain: "com.microsoft",
  inputs: ["start", "limit", "delta?"],
  outputs: ["Y"],
  attributes: {},
  shape: node => ({ Y: standard.operator.shape(withDelta(node)).output! }),
  values: node => ({ Y: standard.operator.values!(withDelta(node)).output }),
  at: context => ({ Y: standard.operator.at!(withDelta(context)).output! }),
};

export const doc: OperatorDoc = {
  summary: "Numbers from start to limit by delta, or by 1",
  dtypes: "number",
  opsets: [1, 1],
  limits: "delta must be known at compile time, integer start and limit up to dims of other tensors",
};
export const tolerance = standard.tolerance;
export const reference: Reference = (inputs, attributes, node) => {
  const { dtype } = inputs.start!;
  const delta = inputs.delta ?? { dtype, dims: [], data: [elementOf(dtype, 1)] as number[] };
  return { Y: standard.reference({ ...inputs, delta }, attributes, node).output! };
};
const scalar = (dtype: "i64" | "i16" | "f32", x: number, dims: readonly number[] = []) => ({ dtype, dims, data: [x] });
export const cases = (): readonly OperatorCase[] => [
  ...standard.cases(),
  { name: "no delta", inputs: { start: scalar("i64", 3, [1]), limit: scalar("i64", 20, [1]) } },
  { name: "no delta, floats", inputs: { start: scalar("f32", 0.5), limit: scalar("f32", 7) } },
  { name: "16 bits", inputs: { start: scalar("i16", 9), limit: scalar("i16", -3), delta: scalar("i16", -2) } },
];
