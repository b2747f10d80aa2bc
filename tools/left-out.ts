// Operators of com.microsoft that ONNX Runtime documents (docs/ContribOperators.md of its repository) and this project has not, with the
// reason. docs/operators.md lists them; one that has been written must be struck out here.

const gpu = "only for GPUs: ONNX Runtime's CPU provider has no kernel, and writes it for no other";
const loop = "a whole generation loop inside one operator; run the model step by step";
const order = "TensorRT's and cuBLAS's tile orders of INT8 data, only for GPUs";
const vendor = "a container for another vendor's compiler; nothing in it says what is computed";
const yet = "not written yet";
const rare = "not written yet; no exporter is known to write it";

export const leftOut: Readonly<Record<string, string>> = {
  AttnLSTM: rare,
  BeamSearch: loop,
  BifurcationDetector: loop,
  DecoderAttention: rare,
  DecoderMaskedMultiHeadAttention: "not written yet; its caches are written in place",
  DecoderMaskedSelfAttention: gpu,
  DequantizeBFP: vendor,
  DequantizeWithOrder: order,
  DynamicQuantizeLSTM: yet,
  DynamicTimeWarping: rare,
  EPContext: vendor,
  GemmFloat8: gpu,
  GreedySearch: loop,
  LongformerAttention: gpu,
  MatMulBnb4: yet,
  MatMulFpQ4: rare,
  MaxpoolWithMask: rare,
  MoE: yet,
  PackedAttention: gpu,
  PackedMultiHeadAttention: gpu,
  PagedAttention: gpu,
  QMoE: yet,
  QOrderedAttention: order,
  QOrderedGelu: order,
  QOrderedLayerNormalization: order,
  QOrderedLongformerAttention: order,
  QOrderedMatMul: order,
  QuantizeBFP: vendor,
  QuantizeWithOrder: order,
  RemovePadding: gpu,
  RestorePadding: gpu,
  SampleOp: "an example for authors of operators",
  Sampling: loop,
  Snpe: vendor,
  SparseAttention: yet,
  SparseToDenseMatMul: "takes a sparse tensor, which models don't hand in",
  Tokenizer: "not written yet; its strings are the host's work",
  WhisperBeamSearch: loop,
  WordConvEmbedding: rare,
};
