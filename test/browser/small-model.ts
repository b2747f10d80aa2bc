// A product with weights and a softmax of its rows, for as many rows as a page hands in.
import { elementType, f32Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";

export const model = onnxModel({
  inputs: [value("x", elementType.f32, ["n", 40])],
  outputs: [value("y", elementType.f32)],
  initializers: [
    f32Tensor(
      "w",
      [40, 24],
      Array.from({ length: 960 }, (_, i) => Math.sin(i)),
    ),
  ],
  nodes: [node("MatMul", ["x", "w"], ["p"]), node("Softmax", ["p"], ["y"])],
});
