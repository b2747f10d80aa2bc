// What onnxruntime-common exports, from Azulejo: one Tensor, one InferenceSession and one env in all three packages.
export * from "azulejo/onnxruntime";
export { default } from "azulejo/onnxruntime";
