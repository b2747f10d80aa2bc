// Whether onnxruntime-node's sums of products are exact. On x86 processors without VNNI it multiplies u8 by i8 by an instruction that adds
// neighbours in 16 bits and saturates ("When and why do I need to try U8U8?" in its guide to quantisation). It is asked itself, once.
import type { OperatorModule } from "../../src/ops/operator.js";
import type { CaseGraph } from "../../src/testing/case-graph.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";
import { keyOf } from "./fuzz/draw.js";
import type { PeerTensor } from "./peer.js";
import { peerInputsOf } from "./peer.js";

const [rows, depth, columns] = [4, 32, 16];

/** One MatMulInteger of 255 by −128 throughout: the largest sum of neighbours is twice what 16 bits hold. */
export const saturationProbe = {
  model: onnxModel({
    opset: 21,
    irVersion: 10,
    inputs: [value("A", elementType.u8, [rows, depth]), value("B", elementType.i8, [depth, columns])],
    outputs: [value("Y", elementType.i32)],
    nodes: [node("MatMulInteger", ["A", "B"], ["Y"])],
  }),
  inputs: [
    { name: "A", type: "uint8", dims: [rows, depth], data: new Uint8Array(rows * depth).fill(255) },
    { name: "B", type: "int8", dims: [depth, columns], data: new Int8Array(depth * columns).fill(-128) },
  ] satisfies PeerTensor[],
  outputs: { Y: undefined },
};

/** Of the probe's answer: throws where it is neither the exact sum nor that of saturated neighbours. */
export function isSaturated(Y: ArrayLike<number>): boolean {
  const sums = new Set(Array.from(Y));
  if (sums.size === 1 && sums.has(depth * 255 * -128)) return false;
  if (sums.size === 1 && sums.has((depth / 2) * -32768)) return true;
  throw new Error(`onnxruntime-node multiplies 255 by -128 ${depth} times and gives ${[...sums].join(", ")}`);
}

/** The two operands of each operator that multiplies bytes; null is one that it quantises itself, to u8. */
const operands: Readonly<Record<string, readonly (readonly [left: string | null, right: string])[]>> = {
  MatMulInteger: [["A", "B"]],
  ConvInteger: [["x", "w"]],
  QLinearMatMul: [["a", "b"]],
  QLinearConv: [["x", "w"]],
  "com.microsoft QLinearConv": [["x", "w"]],
  "com.microsoft QGemm": [["A", "B"]],
  "com.microsoft QAttention": [["input", "weight"]],
  "com.microsoft MatMulIntegerToFloat": [["A", "B"]],
  "com.microsoft DynamicQuantizeMatMul": [[null, "B"]],
  "com.microsoft DynamicQuantizeLSTM": [
    [null, "W"],
    [null, "R"],
  ],
};

/** Does it multiply u8 by i8 of which two are too large together? 255 · (64 + 64) still fits. */
export async function maySaturate(module: OperatorModule, given: CaseGraph): Promise<boolean> {
  const products = operands[keyOf(module)];
  if (!products) return false;
  const tensors = await peerInputsOf(given);
  const names = module.operator.inputs.map(name => name.replace("?", ""));
  const tensorOf = (input: string): PeerTensor | undefined => {
    const name = given.graph.nodes[0]!.inputs[names.indexOf(input)]?.name;
    return tensors.find(t => t.name === name);
  };
  return products.some(([left, right]) => {
    const b = tensorOf(right);
    return (
      (left === null || tensorOf(left)?.type === "uint8") &&
      b?.type === "int8" &&
      (b.data as Int8Array).some(w => Math.abs(w) > 64)
    );
  });
}
