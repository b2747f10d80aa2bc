// Operators of com.microsoft that ONNX Runtime documents (docs/ContribOperators.md of its repository) and this project has not, with the
// reason. docs/operators.md lists them; one that has been written must be struck out here.

const gpu = "only for GPUs: ONNX Runtime's CPU provider has no kernel, and writes it for no other";
const webgpu = "ONNX Runtime has it for CUDA and WebGPU alone; for CPUs exporters write LinearAttention";
const fused = "ONNX Runtime makes it of MatMulNBits as it loads a model for WebGPU; files don't hold it";
const loop = "a whole generation loop inside one operator; run the model step by step";
const order = "TensorRT's and cuBLAS's tile orders of INT8 data, only for GPUs";
const vendor = "a container for another vendor's compiler; nothing in it says what is computed";
const engram =
  "a part of Engram, a memory of n-grams whose tables take tens of gigabytes; no model with it that fits in memory here is known";

export const leftOut: Readonly<Record<string, string>> = {
  AttnLSTM:
    "an LSTM with attention over a memory inside, as translation models before transformers had it; exporters write LSTM, or a Loop, and nodes for the attention",
  BeamSearch: loop,
  BifurcationDetector:
    "compares guessed tokens with those of a model between two steps of a generation loop; whoever runs the model step by step does so in a line",
  DecoderAttention: gpu,
  DecoderMaskedSelfAttention: "only for GPUs: its cache is written in place",
  DequantizeBFP: vendor,
  DequantizeWithOrder: order,
  EPContext: vendor,
  EngramGate: engram,
  GatedDeltaNet: webgpu,
  GemmFloat8: gpu,
  GreedySearch: loop,
  LongformerAttention: gpu,
  MatMulBlockQuantizedFp4Weight: gpu,
  MatMulBlockQuantizedFp8Weight: gpu,
  MatMulFpQ4:
    "its weights are bytes in a layout of MLAS, the library of ONNX Runtime, that no document describes; MatMulNBits has taken its place",
  MatMulNBitsMlp: fused,
  MatMulNBitsQkv: fused,
  NGramHashMapping: engram,
  PagedAttention: gpu,
  QOrderedAttention: order,
  QOrderedGelu: order,
  QOrderedLayerNormalization: order,
  QOrderedLongformerAttention: order,
  QOrderedMatMul: order,
  QuantizeBFP: vendor,
  QuantizeWithOrder: order,
  SampleOp: "an example for authors of operators",
  Sampling: loop,
  Snpe: vendor,
  SparseToDenseMatMul: "takes a sparse tensor, which models don't hand in",
  VarlenCausalConvWithState: gpu,
  VarlenNGramHashMapping: gpu,
  WhisperBeamSearch: loop,
};
