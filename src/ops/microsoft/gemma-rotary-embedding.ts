// GemmaRotaryEmbedding of com.microsoft: q · cos + q_rot · sin and the same of k, sine and cosine of emb rounded to the dtype of q.
import { requireEqual } from "../broadcast.js";
import { printDims, requireRanks } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "GemmaRotaryEmbedding";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["emb", "q", "q_rot", "k", "k_rot"],
  outputs: ["output1", "output2"],
  dtypes: ({ dtypes: { q } }) => ({ output1: q!, output2: q! }),
  shape: node => {
    requireRanks(op, node, { emb: [3], q: [4], q_rot: [4], k: [4], k_rot: [4] });
    const { emb, q, k, q_rot, k_rot } = node.dims;
    for (const [n, x, half] of [
      ["q", q!, q_rot!],
      ["k", k!, k_rot!],
    ] as const)
      x.forEach((size, axis) => {
        const both = `${n} of ${printDims(x)} and ${n}_rot of ${printDims(half)} must have the same dims`;
        requireEqual(op, node, size, half[axis]!, both);
      });
    for (const [n, x] of [
      ["q", q!],
      ["k", k!],
    ] as const)
      for (const [own, other] of [
        [0, 0],
        [1, 2],
        [2, 3],
      ] as const)
        requireEqual(
          op,
          node,
          emb![own]!,
          x[other]!,
          `emb of ${printDims(emb!)} and ${n} of ${printDims(x)} must agree in batch, sequence and size`,
        );
    return { output1: q!, output2: k! };
  },
  expand: ({ inputs: { emb, q, q_rot, k, k_rot }, dtypes }, build) => {
    const to = onnxCodeOf(dtypes.q!);
    const ofAngles = (name: "Sin" | "Cos") =>
      build.node("Unsqueeze", [build.node("Cast", [build.node(name, [emb])], { to }), build.constant("i64", [1], [1])]);
    const [sin, cos] = [ofAngles("Sin"), ofAngles("Cos")];
    const turned = (x: typeof q, half: typeof q) =>
      build.node("Add", [build.node("Mul", [x, cos]), build.node("Mul", [half, sin])]);
    return { output1: turned(q, q_rot), output2: turned(k, k_rot) };
  },
};

export const doc: OperatorDoc = {
  summary: "q · cos(emb) + q_rot · sin(emb), and the same of k",
  dtypes: "emb f32, the rest float",
  opsets: [1, 1],
};
/** a sine of an angle up to 4, two products and a sum that may cancel */
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = ({ emb, q, q_rot, k, k_rot }) => {
  const angle = elements(emb!);
  const turned = (x: typeof q, half: typeof q) => {
    const [read, rotated] = [elements(x!), elements(half!)];
    return tabulate(x!.dtype, x!.dims, i => {
      const a = Number(angle([i[0]!, i[2]!, i[3]!]));
      return Number(read(i)) * Math.cos(a) + Number(rotated(i)) * Math.sin(a);
    });
  };
  return { output1: turned(q, q_rot), output2: turned(k, k_rot) };
};

const of = (dtype: "f32" | "f16"): OperatorCase => {
  const states = { dtype, dims: [2, 3, 5, 8] };
  return {
    name: dtype,
    inputs: {
      emb: { dtype: "f32", dims: [2, 5, 8], range: [-4, 4] },
      q: states,
      q_rot: states,
      k: { dtype, dims: [2, 1, 5, 8] },
      k_rot: { dtype, dims: [2, 1, 5, 8] },
    },
  };
};
export const cases = (): readonly OperatorCase[] => [of("f16"), of("f32")];
