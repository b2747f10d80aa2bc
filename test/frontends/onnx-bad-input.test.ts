// Files that are not models, or lie: one error class, a code, a place and a remedy, word for word.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { memorySource } from "../../src/support/byte-source.js";
import type { NodeInit } from "./onnx-model.js";
import { elementType, f32Tensor, graphAttribute, int, node, onnxModel, value } from "./onnx-model.js";

const { f32 } = elementType;
const read = (bytes: Uint8Array) => readOnnx(memorySource(bytes, "m.onnx"));
const nodes = (...list: NodeInit[]): Uint8Array =>
  onnxModel({ inputs: [value("x", f32, [1])], outputs: [value("y", f32)], nodes: list });
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

const cases: readonly { title: string; bytes: Uint8Array; code: string; message: string }[] = [
  {
    title: "an empty file",
    bytes: new Uint8Array(0),
    code: "model-format",
    message: "m.onnx is empty; check that it was downloaded completely",
  },
  {
    title: "a protobuf message without graph",
    bytes: Uint8Array.of(8, 7),
    code: "model-format",
    message: "m.onnx has no graph, so it is not an ONNX model; check that it is the right file",
  },
  {
    title: "text",
    bytes: bytesOf("<!doctype html><title>404</title>"),
    code: "model-format",
    message: "m.onnx is a web page, as servers send for addresses that they do not have; give the .onnx file",
  },
  {
    title: "a GGUF file",
    bytes: bytesOf("GGUF\x03\0\0\0"),
    code: "model-format",
    message: "m.onnx is a GGUF file; give the .onnx file",
  },
  {
    title: "a pointer of Git LFS",
    bytes: bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
    code: "model-format",
    message: "m.onnx is a Git LFS pointer, not the file itself; give the .onnx file",
  },
  {
    title: "a length that is larger than the file",
    bytes: Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f),
    code: "model-format",
    message:
      "m.onnx is not a readable ONNX file: field 7 of the model claims 268435455 bytes, 0 remain, at byte 5 of 5; it may be cut short: fetch or export it again",
  },
  {
    title: "a length beyond 2^53",
    bytes: Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
    code: "model-format",
    message:
      "m.onnx is not a readable ONNX file: a length is not a number, at byte 10 of 10; it may be cut short: fetch or export it again",
  },
  {
    title: "a value that nothing defines",
    bytes: nodes(node("Add", ["x", "w"], ["y"], [], "add")),
    code: "graph-invalid",
    message:
      'Node "add" (Add) reads "w", which no input, initializer or node defines; the file is damaged or was cut out of a larger model badly: export it again',
  },
  {
    title: "an output that nothing defines",
    bytes: nodes(node("Neg", ["x"], ["z"])),
    code: "graph-invalid",
    message:
      'Output "y" is defined by no input, initializer or node; the file is damaged or was cut out of a larger model badly: export it again',
  },
  {
    title: "a cycle",
    bytes: nodes(
      node("Add", ["x", "b"], ["a"], [], "n1"),
      node("Neg", ["a"], ["b"], [], "n2"),
      node("Neg", ["a"], ["y"]),
    ),
    code: "graph-invalid",
    message:
      'Node "n2" (Neg) and Node "n1" (Add) depend on each other\'s outputs, and a graph must not have cycles; export the model again',
  },
  {
    title: "a node that reads itself",
    bytes: nodes(node("Add", ["x", "y"], ["y"], [], "n")),
    code: "graph-invalid",
    message:
      'Node "n" (Add) and Node "n" (Add) depend on each other\'s outputs, and a graph must not have cycles; export the model again',
  },
  {
    title: "two definitions of a value",
    bytes: nodes(node("Neg", ["x"], ["y"], [], "n1"), node("Abs", ["x"], ["y"], [], "n2")),
    code: "graph-invalid",
    message: 'Node "n2" (Abs) defines "y" a second time, and every value has one definition; export the model again',
  },
  {
    title: "two initializers of one name",
    bytes: onnxModel({ initializers: [f32Tensor("w", [1], [1]), f32Tensor("w", [1], [2])] }),
    code: "graph-invalid",
    message: 'Initializer "w" defines "w" a second time, and every value has one definition; export the model again',
  },
  {
    title: "an input with a negative dim",
    bytes: onnxModel({ inputs: [value("x", f32, [-7])] }),
    code: "model-format",
    message: 'Input "x" has a dim of -7, which is not a size; export the model again',
  },
  {
    title: "an input with a dim of 2^63 - 1",
    bytes: onnxModel({ inputs: [value("x", f32, [2n ** 63n - 1n])] }),
    code: "model-format",
    message: 'Input "x" has a dim of 9223372036854775807, which is not a size; export the model again',
  },
  {
    title: "an input that is a sparse tensor",
    bytes: onnxModel({ inputs: [{ name: "x", type: { value: { case: "sparseTensorType", value: {} } } }] }),
    code: "operator-unsupported",
    message: 'Input "x" is a sparse tensor, which Azulejo does not support; store it densely',
  },
  {
    title: "an attribute that is given twice",
    bytes: nodes(node("Softmax", ["x"], ["y"], [int("axis", 0), int("axis", 1)], "s")),
    code: "model-format",
    message: 'Node "s" (Softmax), attribute "axis", is given twice; export the model again',
  },
  {
    title: "an operator of the compiler's own",
    bytes: nodes({ ...node("Frame", ["x"], ["y"], [], "f"), domain: "azulejo" }),
    code: "operator-unknown",
    message:
      'Node "f" (Frame) is of the domain "azulejo", whose operators only the compiler puts together; use operators of ONNX',
  },
  {
    title: "an attribute without value",
    bytes: nodes(node("If", ["x"], ["y"], [{ name: "then_branch", type: 5 }], "i")),
    code: "model-format",
    message: 'Node "i" (If), attribute "then_branch", has no value; export the model again',
  },
  {
    title: "a type of attribute that is not supported",
    bytes: nodes(node("Optional", ["x"], ["y"], [{ name: "type", type: 9 }], "o")),
    code: "operator-unsupported",
    message:
      'Node "o" (Optional), attribute "type", has the type TENSORS, which Azulejo does not support; replace the node by one without it',
  },
  {
    title: "a reference to an attribute of a function",
    bytes: nodes(node("Elu", ["x"], ["y"], [{ name: "alpha", refAttrName: "a", type: 1 }], "e")),
    code: "model-format",
    message:
      'Node "e" (Elu), attribute "alpha", refers to attribute "a" of a function, but stands outside one; export the model again',
  },
  {
    title: "a Constant without value",
    bytes: nodes(node("Constant", [], ["y"], [], "k")),
    code: "operator-unsupported",
    message:
      'Node "k" (Constant) holds nothing; use exactly one of value, sparse_value, value_float, value_floats, value_int, value_ints, value_string, value_strings',
  },
  {
    title: "operators of the future",
    bytes: onnxModel({ opset: 99 }),
    code: "operator-unsupported",
    message:
      'm.onnx uses version 99 of the operators "ai.onnx", and versions 1 to 28 are supported; export it for one of them',
  },
  {
    title: "an undefined value inside a branch",
    bytes: nodes(
      node(
        "If",
        ["x"],
        ["y"],
        [
          graphAttribute("then_branch", {
            name: "t",
            outputs: [value("p", f32)],
            nodes: [node("Neg", ["q"], ["p"], [], "neg")],
          }),
        ],
        "i",
      ),
    ),
    code: "graph-invalid",
    message:
      'Node "neg" (Neg) in Node "i" (If), attribute "then_branch" reads "q", which no input, initializer or node defines; the file is damaged or was cut out of a larger model badly: export it again',
  },
];

describe("bad ONNX files", () => {
  for (const { title, bytes, code, message } of cases)
    it(`refuses ${title}`, () => assert.rejects(read(bytes), { name: "AzulejoError", code, message }));

  it("refuses graphs that nest without end, and does not overflow the stack", async () => {
    let inner = onnxModelNested(0);
    for (let depth = 0; depth < 60; depth++) inner = onnxModelNested(depth, inner);
    const file = onnxModel({ inputs: [value("x", f32, [1])], outputs: [value("y", f32)], nodes: [inner] });
    await assert.rejects(read(file), { code: "model-format" });
  });
  it("sorts a chain of 5,000 nodes that is listed backwards", async () => {
    const count = 5_000;
    const chain = Array.from({ length: count }, (_, i) =>
      node("Neg", [i === 0 ? "x" : `v${i}`], [i === count - 1 ? "y" : `v${i + 1}`]),
    );
    const graph = await read(nodes(...chain.reverse()));
    assert.equal(graph.nodes.length, count);
  });
});

function onnxModelNested(depth: number, inner?: NodeInit): NodeInit {
  const branch = graphAttribute("then_branch", {
    name: `g${depth}`,
    outputs: [value("y", f32)],
    nodes: [inner ?? node("Neg", ["x"], ["y"])],
  });
  return node("If", ["x"], ["y"], [branch, branch].slice(0, 1));
}
