// BitmaskDropout of com.microsoft: Dropout whose mask is packed, 32 elements to a word, the first in the lowest bit.
import type { Value } from "../../graph/graph.js";
import { ceilDiv, Poly } from "../../ir/poly.js";
import { reference as dropout, operator as standard } from "../dropout.js";
import { floats } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type {
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { exact, numbersOf, vectorOf } from "../reference-tensors.js";

export const wordsOf = (dims: NodeInfo["dims"][string]): Poly => ceilDiv(Poly.product(dims), 32);

/** A mask of any dims as words. */
export function packedMask(build: Builder, mask: Value): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const bits = build.node("Reshape", [build.node("Cast", [mask], { to: onnxCodeOf("u32") }), vector(-1)]);
  // up to 31 zeros fill the last word
  const filled = build.node("Pad", [bits, vector(0, 31)]);
  const words = build.node("Div", [build.node("Shape", [filled]), vector(32)]);
  const whole = build.node("Slice", [filled, vector(0), build.node("Mul", [words, vector(32)]), vector(0)]);
  const rows = build.node("Reshape", [whole, vector(-1, 32)]);
  const powers = build.constant(
    "u32",
    [32],
    Array.from({ length: 32 }, (_, k) => 2 ** k),
  );
  return build.node("ReduceSum", [build.node("Mul", [rows, powers]), vector(1)], { keepdims: 0 });
}

export const operator: Operator = {
  name: "BitmaskDropout",
  domain: "com.microsoft",
  inputs: ["data", "ratio?", "training_mode?", "run_seed?"],
  outputs: ["output", "mask?"],
  content: ["ratio", "training_mode"],
  attributes: { seed: { type: "int" } },
  dtypes: ({ dtypes }) => ({ output: dtypes.data!, mask: "u32" }),
  shape: node => ({ output: standard.shape({ ...node, opset: 13 }).output!, mask: [wordsOf(node.dims.data!)] }),
  expand: ({ inputs, attributes, wanted }, build) => {
    const { data, ratio, training_mode, run_seed } = inputs;
    const [output, mask] = build.several("Dropout", 2, [data, ratio, training_mode, run_seed], {
      seed: attributes.seed,
    });
    return { output: output!, ...(wanted.includes("mask") ? { mask: packedMask(build, mask!) } : {}) };
  },
};

export const doc: OperatorDoc = {
  summary: "Dropout with a mask of 32 elements to a word; nothing is dropped unless training_mode says so",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;

export function packedMaskReference(mask: ReferenceTensor): ReferenceTensor {
  const words = new Array<number>(Math.ceil(mask.data.length / 32)).fill(0);
  numbersOf(mask).forEach((bit, i) => {
    words[i >> 5]! += bit * 2 ** (i & 31);
  });
  return vectorOf("u32", words);
}
export const reference: Reference = (inputs, attributes, node) => {
  const { output, mask } = dropout(inputs, attributes, { ...node, opset: 13 });
  return { output: output!, mask: packedMaskReference(mask!) };
};

const of = (dims: readonly number[], dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  outputCount: 2,
  inputs: { data: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 17], d as "f32")),
  of([64]),
  of([1]),
  of([0, 3]),
];
