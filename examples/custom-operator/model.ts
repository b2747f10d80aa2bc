// A small ONNX model with an operator that nobody knows: convolution → com.example.Swoosh → addition. Weights are made by a formula.
import { create, toBinary } from "@bufbuild/protobuf";
import type { GraphProto } from "onnx-buf";
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";

const CHANNELS = 8;

function floats(name: string, dims: readonly number[], value: (i: number) => number) {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i));
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: TensorProto_DataType.FLOAT,
    rawData: new Uint8Array(data.buffer),
  });
}

/** dims that are words are symbolic */
function image(name: string, dims: readonly (number | string)[]) {
  const shape = dims.map(d =>
    typeof d === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(d) } }
      : { value: { case: "dimParam" as const, value: d } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT, shape: { dim: shape } } } },
  });
}

/** `slope` is the operator's attribute. */
export function swooshModel(slope: number): Uint8Array {
  const graph = {
    name: "swoosh",
    input: [image("image", [1, 3, "height", "width"])],
    output: [image("result", [1, CHANNELS, "height", "width"])],
    initializer: [
      floats("weights", [CHANNELS, 3, 3, 3], i => Math.sin(i)),
      floats("shift", [1, CHANNELS, 1, 1], i => i / 10),
    ],
    node: [
      {
        name: "convolution",
        opType: "Conv",
        input: ["image", "weights"],
        output: ["features"],
        attribute: [{ name: "pads", type: AttributeProto_AttributeType.INTS, ints: [1n, 1n, 1n, 1n] }],
      },
      {
        name: "activation",
        opType: "Swoosh",
        domain: "com.example",
        input: ["features"],
        output: ["activated"],
        attribute: [{ name: "slope", type: AttributeProto_AttributeType.FLOAT, f: slope }],
      },
      { name: "shifted", opType: "Add", input: ["activated", "shift"], output: ["result"] },
    ],
  };
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [
      { domain: "", version: 17n },
      { domain: "com.example", version: 1n },
    ],
    graph: graph as unknown as GraphProto,
  });
  return toBinary(ModelProtoSchema, model);
}
