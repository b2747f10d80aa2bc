// The ONNX frontend: files to graphs.
export { type ReadOnnxOptions, readOnnx } from "./read-onnx.js";
