// GatedRMSNorm of com.microsoft: X / √(mean of x² + epsilon) · scale · silu(gate) over groups of the last dim, computed in f32.
import type { Value } from "../../graph/graph.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";
import { requireMultiple } from "../required-sizes.js";

const op = "GatedRMSNorm";

function checkGroups(node: NodeInfo): void {
  requireRanks(op, node, { scale: [1] });
  const { X, scale } = node.dims;
  const [hidden, group] = [X!.at(-1), scale![0]!];
  if (!hidden) refuse("shape", op, node, "X is a scalar; it must have a last dim, which is normalized");
  requireDims(op, node, "gate", X!, "the dims of X");
  const sentence = `the last dim of X of ${printDims(X!)} is no multiple of the ${group.print()} elements of scale; it holds groups of them`;
  requireMultiple(op, node, hidden, group, sentence);
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X", "scale", "gate"],
  outputs: ["Y"],
  attributes: { epsilon: { type: "float", required: true } },
  shape: node => {
    checkGroups(node);
    return { Y: node.dims.X! };
  },
  expand: ({ inputs, dims, dtypes, attributes: { epsilon } }, build) => {
    const { X, scale, gate } = inputs;
    const dtype = dtypes.X!;
    const wide = (x: Value | undefined): Value =>
      dtype === "f32" ? x! : build.node("Cast", [x], { to: onnxCodeOf("f32") });
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const [x, weights] = [wide(X), wide(scale)];
    const isOneGroup = dims.X!.at(-1)!.equals(dims.scale![0]!);
    const rows = isOneGroup
      ? x
      : build.node("Reshape", [x, build.node("Concat", [vector(-1), build.node("Shape", [scale])], { axis: 0 })]);
    const normal = build.node("SimplifiedLayerNormalization", [rows, weights], { axis: -1, epsilon });
    const back = isOneGroup ? normal : build.node("Reshape", [normal, build.node("Shape", [X])]);
    const gated = build.node("Mul", [back, build.node("Swish", [wide(gate)])]);
    return { Y: dtype === "f32" ? gated : build.node("Cast", [gated], { to: onnxCodeOf(dtype) }) };
  },
};

export const doc: OperatorDoc = {
  summary: "X / √(mean of x² + epsilon) · scale · silu(gate) over groups of the last dim as long as scale",
  dtypes: "f32, f16 or bf16",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 4 };
export const reference: Reference = ({ X, scale, gate }, { epsilon }) => {
  const [x, g, weights] = [elements(X!), elements(gate!), numbersOf(scale!)];
  const C = weights.length;
  const Y = tabulate(X!.dtype, X!.dims, i => {
    const last = i.at(-1)!;
    const from = last - (last % C);
    let sum = 0;
    for (let k = 0; k < C; k++) sum += Number(x([...i.slice(0, -1), from + k])) ** 2;
    const z = Number(g(i));
    return ((Number(x(i)) / Math.sqrt(sum / C + epsilon)) * weights[last % C]! * z) / (1 + Math.exp(-z));
  });
  return { Y };
};
const of = (dims: readonly number[], C: number, dtype: "f32" | "f16" | "bf16" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} in groups of ${C}`,
  attributes: { epsilon: 1e-6 },
  inputs: { X: { dtype, dims }, scale: { dtype, dims: [C] }, gate: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  of([2, 3, 17], 17),
  of([2, 3, 24], 8),
  of([5, 12], 4, "f16"),
  of([1, 2, 8], 8, "bf16"),
  of([0, 3, 8], 4),
];
