// LinearAttentionGate of com.microsoft: decay_scale · softplus(a + dt_bias) and sigmoid(b), computed in f32: what a gated LinearAttention takes.
import { requireEqual } from "../broadcast.js";
import { printDims, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";

const op = "LinearAttentionGate";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["a", "dt_bias", "decay_scale", "b?"],
  outputs: ["decay", "beta?"],
  dtypes: ({ dtypes }) => ({ decay: dtypes.a!, beta: dtypes.a! }),
  shape: node => {
    const { a, dt_bias, decay_scale } = node.dims;
    requireRanks(op, node, { a: [3], dt_bias: [1], decay_scale: [1], b: [3] });
    for (const list of [dt_bias!, decay_scale!]) {
      const sentence = `a of ${printDims(a!)} has a bias and a scale of ${printDims(list)}; give one a head`;
      requireEqual(op, node, a![2]!, list[0]!, sentence);
    }
    return { decay: a!, beta: a! };
  },
  expand: ({ inputs, dtypes }, build) => {
    const dtype = dtypes.a!;
    const cast = (x: typeof inputs.a, to: "f32" | typeof dtype) => build.node("Cast", [x], { to: onnxCodeOf(to) });
    const sum = build.node("Add", [cast(inputs.a, "f32"), inputs.dt_bias]);
    const decay = cast(build.node("Mul", [build.node("Softplus", [sum]), inputs.decay_scale]), dtype);
    const beta = inputs.b && cast(build.node("Sigmoid", [cast(inputs.b, "f32")]), dtype);
    return { decay, ...(beta ? { beta } : {}) };
  },
};

export const doc: OperatorDoc = {
  summary: "The decay and the update rate of a gated LinearAttention: decay_scale · softplus(a + dt_bias), sigmoid(b)",
  dtypes: "f32, f16 or bf16",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 8, absolute: 2 };
export const reference: Reference = ({ a, dt_bias, decay_scale, b }) => {
  const read = elements(a!);
  const [bias, scale] = [numbersOf(dt_bias!), numbersOf(decay_scale!)];
  const decay = tabulate(a!.dtype, a!.dims, i => {
    const x = Number(read(i)) + bias[i[2]!]!;
    return scale[i[2]!]! * (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
  });
  const gate = b && elements(b);
  const beta = gate && tabulate(a!.dtype, b.dims, i => 1 / (1 + Math.exp(-Number(gate(i)))));
  return { decay, ...(beta ? { beta } : {}) };
};
const of = (dtype: "f32" | "f16" | "bf16", withB: boolean): OperatorCase => ({
  name: `${dtype}${withB ? ", both" : ", decay alone"}`,
  outputCount: withB ? 2 : 1,
  inputs: {
    a: { dtype, dims: [2, 3, 9], range: [-6, 6] },
    dt_bias: { dtype: "f32", dims: [9] },
    decay_scale: { dtype: "f32", dims: [9], range: [-3, -0.1] },
    ...(withB ? { b: { dtype, dims: [2, 3, 9] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.filter(d => d !== "f64").map(d => of(d as "f32", true)),
  of("f32", false),
];
