// Softmax over all axes from one on, as nodes: what Softmax did before opset 13.
import type { Value } from "../../graph/graph.js";
import type { Builder } from "../operator.js";

export function softmaxRows(build: Builder, x: Value, axis: number): Value {
  const rows = build.node("Softmax", [build.node("Flatten", [x], { axis })], { axis: 1 });
  return build.node("Reshape", [rows, build.node("Shape", [x])]);
}
