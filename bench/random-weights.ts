// Models whose weights are one constant (ConstantOfShape) get random ones: equal numbers are unfair to nobody's caches but to every
// branch predictor and to denormals, and a network of constants saturates.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { NodeProto } from "onnx-buf";
import { ModelProtoSchema, TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import { randomNumbers } from "../test/models/inventory.js";

/** He initialisation (He et al. 2015, arXiv:1502.01852): outputs keep the scale of inputs through any depth; vectors lie around 1. */
export function withRandomWeights(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const shapes = new Map(graph.initializer.map(t => [t.name, t]));
  const kept: NodeProto[] = [];
  let seed = 7;
  for (const node of graph.node) {
    const shape = node.opType === "ConstantOfShape" ? shapes.get(node.input[0]!) : undefined;
    if (!shape) {
      kept.push(node);
      continue;
    }
    // not slice(): that of Node's Buffer does not copy
    const raw = shape.rawData.byteLength ? new BigInt64Array(new Uint8Array(shape.rawData).buffer) : shape.int64Data;
    const dims = Array.from(raw, Number);
    const fanIn = dims.length > 1 ? dims.slice(1).reduce((a, b) => a * b, 1) : 1;
    const values = randomNumbers(
      dims.reduce((a, b) => a * b, 1),
      dims.length > 1 ? Math.sqrt(24 / fanIn) : 0.2,
      seed++,
    );
    if (dims.length <= 1) values.forEach((v, i) => (values[i] = 1 + v));
    graph.initializer.push(
      create(TensorProtoSchema, {
        name: node.output[0]!,
        dims: dims.map(BigInt),
        dataType: TensorProto_DataType.FLOAT,
        rawData: new Uint8Array(values.buffer as ArrayBuffer),
      }),
    );
  }
  graph.node = kept;
  return toBinary(ModelProtoSchema, model);
}
