// Gradient: derivatives of a value of the graph by others. A pass writes them out (src/graph/passes/differentiate.ts): what a node is
// differentiated by is the business of its operator.
import { refuse } from "../checks.js";
import type { NodeInfo, Operator, OperatorDoc } from "../operator.js";

/** The inputs are what it is differentiated by, then what else the part of the graph reads. */
const each = <T>(node: NodeInfo, of: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries((node.attributes.xs as readonly string[]).map((_, k) => [`Outputs${k}`, of[`Inputs${k}`]!]));

export const operator: Operator = {
  name: "Gradient",
  domain: "ai.onnx.preview.training",
  inputs: ["Inputs..."],
  outputs: ["Outputs..."],
  attributes: {
    xs: { type: "strings", required: true },
    y: { type: "string", required: true },
    zs: { type: "strings" },
  },
  dtypes: node => each(node, node.dtypes),
  shape: node => each(node, node.dims),
  expand: node =>
    refuse(
      "operator-unsupported",
      "Gradient",
      node,
      'it stands inside a branch or loop, or the pass "differentiate" has not run; move it into the outermost graph',
    ),
};

export const doc: OperatorDoc = {
  summary: "Derivatives of a value of the graph by others",
  dtypes: "float",
  opsets: [1, 1],
  limits:
    "through Add, Sub, Mul, Div, Neg, MatMul, Exp, Log, Sqrt, Tanh, Sigmoid, Relu; the inputs must be the values that xs and zs name",
};
