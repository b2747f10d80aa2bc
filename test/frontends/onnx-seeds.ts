// Small files that between them have every part of the format that the reader knows: what is damaged in tests of bad input.
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  text,
  value,
} from "./onnx-model.js";

const { f32, i64, bool } = elementType;

export const seeds: readonly Uint8Array[] = [
  onnxModel({
    inputs: [value("x", f32, ["n", 3, 8, 8])],
    outputs: [value("y", f32)],
    initializers: [
      f32Tensor("w", [4, 3, 3, 3], new Array(108).fill(0.1)),
      f32Tensor("s", [4], [1, 2, 3, 4]),
      f32Tensor("v", [4], [1, 1, 1, 1]),
    ],
    nodes: [
      node("Pad", ["x", "pads"], ["p"]),
      node("Constant", [], ["pads"], [ints("value_ints", [0, 0, 1, 1, 0, 0, 1, 1])]),
      node(
        "Conv",
        ["p", "w"],
        ["c"],
        [ints("kernel_shape", [3, 3]), ints("strides", [2, 2]), text("auto_pad", "NOTSET")],
      ),
      node("BatchNormalization", ["c", "s", "s", "s", "v"], ["b"], [float("epsilon", 1e-3)]),
      node("Relu", ["b"], ["r"]),
      node("Shape", ["r"], ["shape"]),
      node("Gather", ["shape", "zero"], ["n"], [int("axis", 0)]),
      node("Constant", [], ["zero"], [int("value_int", 0)]),
      node("Unsqueeze", ["n", "zeros"], ["n1"]),
      node("Constant", [], ["zeros"], [ints("value_ints", [0])]),
      node("Constant", [], ["rest"], [ints("value_ints", [-1])]),
      node("Concat", ["n1", "rest"], ["dims"], [int("axis", 0)]),
      node("Reshape", ["r", "dims"], ["f"]),
      node("Softmax", ["f"], ["y"], [int("axis", -1)]),
    ],
  }),
  onnxModel({
    inputs: [value("c", bool, []), value("x", f32, ["a", "b"])],
    outputs: [value("y", f32)],
    initializers: [i64Tensor("k", [2], [1, -1])],
    nodes: [
      node(
        "If",
        ["c"],
        ["y"],
        [
          graphAttribute("then_branch", {
            name: "t",
            outputs: [value("p", f32)],
            nodes: [node("Transpose", ["x"], ["p"])],
          }),
          graphAttribute("else_branch", {
            name: "e",
            outputs: [value("q", f32)],
            nodes: [node("Reshape", ["x", "k"], ["q"])],
          }),
        ],
      ),
    ],
  }),
  onnxModel({
    inputs: [value("x", f32, [2, null]), value("i", i64, ["m"])],
    outputs: [value("y", f32), value("z", f32)],
    nodes: [
      node("Slice", ["x", "a", "b"], ["s"]),
      node("Constant", [], ["a"], [ints("value_ints", [0, 0])]),
      node("Constant", [], ["b"], [ints("value_ints", [1, 2n ** 63n - 1n])]),
      node("Split", ["s"], ["y", "z"], [int("axis", 1), int("num_outputs", 2)]),
    ],
  }),
];
