// The ONNX frontend: files to graphs.
export { type ReadOnnxOptions, readOnnx } from "./read-onnx.js";
export { readOnnxTensor } from "./read-tensor.js";
