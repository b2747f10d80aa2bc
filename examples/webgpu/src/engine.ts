// The engine, a worker: loads the three networks for a target, reads pictures with them, and times each kernel on the way.
import type { Model } from "azulejo";
import { AzulejoError, load } from "azulejo";
import detectionModel from "ocr-models/ch_PP-OCRv4_det_infer.onnx?url";
import recognitionModel from "ocr-models/ch_PP-OCRv4_rec_infer.onnx?url";
import directionModel from "ocr-models/ch_ppocr_mobile_v2.0_cls_infer.onnx?url";
import dictionary from "ocr-models/ppocr_keys_v1.txt?raw";
import { alphabetOf } from "../../ocr/pipeline/ctc.js";
import type { Network } from "../../ocr/pipeline/network.js";
import type { Picture } from "../../ocr/pipeline/picture.js";
import { readText } from "../../ocr/pipeline/read-text.js";
import type { EngineMessage, NetworkName, Request, Span, Target } from "./messages.js";

const tell = (message: EngineMessage): void => postMessage(message);

/** Models with their share of the whole load, by size. */
const parts = [
  ["detection", detectionModel, 0.3],
  ["direction", directionModel, 0.1],
  ["recognition", recognitionModel, 0.6],
] as const;

type Models = Readonly<Record<NetworkName, Model>>;

/** With a signal that fired, nothing more is told. */
async function loadModels(target: Target, signal: AbortSignal): Promise<Models> {
  const start = performance.now();
  const models: Partial<Record<NetworkName, Model>> = {};
  let before = 0;
  try {
    for (const [name, address, share] of parts) {
      const step = `Loading the ${name} model`;
      const onProgress = ({ fraction }: { fraction: number }): void => {
        if (!signal.aborted) tell({ kind: "progress", id: undefined, step, fraction: before + share * fraction });
      };
      models[name] = await load(new URL(address, location.href), { target, signal, onProgress });
      before += share;
    }
    signal.throwIfAborted();
  } catch (error) {
    for (const model of Object.values(models)) model.dispose();
    throw error;
  }
  const reports = Object.values(models).map(model => model.report());
  const [{ threads, notes }] = reports as [(typeof reports)[number]];
  const gpu = notes.find(note => note.startsWith("runs on "))?.slice("runs on ".length);
  tell({
    kind: "ready",
    target,
    where: gpu ?? `${threads} ${threads === 1 ? "thread" : "threads"} of the processor`,
    loadMs: performance.now() - start,
    kernels: reports.reduce((sum, { kernels }) => sum + kernels.length, 0),
    constantBytes: reports.reduce((sum, { constantBytes }) => sum + constantBytes, 0),
  });
  return models as Models;
}

/** The browser decodes, and turns as the file's EXIF data say. */
async function pixelsOf(picture: Blob | ImageBitmap): Promise<Picture> {
  const bitmap =
    picture instanceof ImageBitmap
      ? picture
      : await createImageBitmap(picture, { imageOrientation: "from-image" }).catch(() => {
          throw new Error("This file is not a picture that the browser can show. Try a JPEG, PNG or WebP file.");
        });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** What one reading tells of its kernels. */
class Recording {
  readonly #start = performance.now();
  readonly spans: Span[] = [];
  bytesUp = 0;
  bytesDown = 0;

  get timeMs(): number {
    return performance.now() - this.#start;
  }
  /** The model as the pipeline takes it; its runs are timed. */
  network(name: NetworkName, model: Model): Network {
    return {
      inputs: model.inputs,
      outputs: model.outputs,
      run: async (inputs, options) => {
        const began = this.timeMs;
        const { outputs, timeline } = await model.profile(inputs, options);
        for (const step of timeline) this.spans.push({ ...step, network: name, startMs: began + step.startMs });
        for (const { direction, bytes } of model.report().transfers ?? [])
          if (direction === "up") this.bytesUp += bytes;
          else this.bytesDown += bytes;
        return outputs;
      },
    };
  }
}

async function read(
  { id, picture, longSide }: Extract<Request, { kind: "read" }>,
  { detection, direction, recognition }: Models,
  signal: AbortSignal,
): Promise<void> {
  const pixels = await pixelsOf(picture);
  const recording = new Recording();
  const networks = {
    detection: recording.network("detection", detection),
    direction: recording.network("direction", direction),
    recognition: recording.network("recognition", recognition),
    alphabet: alphabetOf(dictionary),
  };
  const { lines } = await readText(pixels, networks, {
    detection: { longSide },
    signal,
    onProgress: ({ step, done, of }) =>
      tell({ kind: "progress", id, step: steps[step], fraction: step === "recognition" ? done / Math.max(1, of) : 0 }),
  });
  const { spans, bytesUp, bytesDown, timeMs } = recording;
  const { width, height } = pixels;
  tell({ kind: "result", id, width, height, lines, readMs: timeMs, spans, bytesUp, bytesDown });
}

const steps = { detection: "Finding text", direction: "Turning lines upright", recognition: "Reading lines" } as const;

/** For people, who load no models. */
function noGpu(): string {
  const why = "gpu" in navigator ? "WebGPU finds no GPU on this device" : "This browser has no WebGPU";
  return `${why}. WebAssembly reads the same on the processor.`;
}

function fail(id: number | undefined, target: Target, error: unknown): void {
  // a later picture took the place of this one
  if (error instanceof AzulejoError && error.code === "aborted") return;
  const offersWasm = target === "webgpu" && error instanceof AzulejoError && error.code === "target";
  const message = offersWasm ? noGpu() : error instanceof Error ? error.message : String(error);
  tell({ kind: "failure", id, message, offersWasm });
}

let target: Target = "webgpu";
let models: Promise<Models> | undefined;
let current = new AbortController();
let loading = new AbortController();

async function start(wanted: Target): Promise<void> {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const before = models;
  target = wanted;
  models = loadModels(wanted, signal);
  void before?.then(
    old => Object.values(old).forEach(model => model.dispose()),
    () => {},
  );
  await models.catch(error => {
    if (!signal.aborted) fail(undefined, wanted, error);
  });
}

addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  current.abort();
  if (data.kind === "stop") return;
  if (data.kind === "start") return start(data.target);
  current = new AbortController();
  const { signal } = current;
  try {
    // why models could not be loaded was told when they were
    const ready = await models?.catch(() => undefined);
    if (ready && !signal.aborted) await read(data, ready, signal);
  } catch (error) {
    fail(data.id, target, error);
  }
});
