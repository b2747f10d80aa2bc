// The reader, a worker: loads the three networks once, then reads pictures. The page stays free for people.
import type { Model } from "azulejo";
import { AzulejoError, load } from "azulejo";
import detectionModel from "ocr-models/ch_PP-OCRv4_det_infer.onnx?url";
import recognitionModel from "ocr-models/ch_PP-OCRv4_rec_infer.onnx?url";
import directionModel from "ocr-models/ch_ppocr_mobile_v2.0_cls_infer.onnx?url";
import dictionary from "ocr-models/ppocr_keys_v1.txt?raw";
import { alphabetOf } from "../../ocr/pipeline/ctc.js";
import type { Picture } from "../../ocr/pipeline/picture.js";
import type { Networks, ReadProgress } from "../../ocr/pipeline/read-text.js";
import { readText } from "../../ocr/pipeline/read-text.js";
import type { ReaderMessage, ReadRequest } from "./messages.js";

const tell = (message: ReaderMessage): void => postMessage(message);

/** Models with their share of the whole load, by size. */
const parts = [
  ["detection", detectionModel, 0.3],
  ["direction", directionModel, 0.1],
  ["recognition", recognitionModel, 0.6],
] as const;

async function loadNetworks(): Promise<Networks> {
  const start = performance.now();
  const models: Record<string, Model> = {};
  let before = 0;
  for (const [name, address, share] of parts) {
    const onProgress = (fraction: number) =>
      tell({ kind: "progress", id: undefined, step: `Loading the ${name} model`, fraction: before + share * fraction });
    onProgress(0);
    models[name] = await load(new URL(address, location.href), { onProgress: ({ fraction }) => onProgress(fraction) });
    before += share;
  }
  const { detection, direction, recognition } = models as Record<(typeof parts)[number][0], Model>;
  const reports = [detection, direction, recognition].map(model => model.report());
  tell({
    kind: "ready",
    threads: reports[0]!.threads,
    loadMs: performance.now() - start,
    codeBytes: reports.reduce((sum, { codeBytes }) => sum + codeBytes, 0),
  });
  return { detection, direction, recognition, alphabet: alphabetOf(dictionary) };
}

/** Decodes with the browser, turned as the file's EXIF data say. */
async function decode(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new Error("This file is not a picture that the browser can show. Try a JPEG, PNG or WebP file.");
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

const steps: Readonly<Record<ReadProgress["step"], readonly [text: string, from: number, to: number]>> = {
  detection: ["Finding text", 0.05, 0.4],
  direction: ["Turning lines upright", 0.4, 0.45],
  recognition: ["Reading lines", 0.45, 1],
};

async function read({ id, picture }: ReadRequest, networks: Networks, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const pixels = await decode(picture);
  const onProgress = ({ step, done, of }: ReadProgress): void => {
    const [text, from, to] = steps[step];
    tell({ kind: "progress", id, step: text, fraction: from + ((to - from) * done) / Math.max(1, of) });
  };
  const { lines } = await readText(pixels, networks, { onProgress, signal });
  tell({ kind: "result", id, width: pixels.width, height: pixels.height, lines, readMs: performance.now() - start });
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const networks = loadNetworks();
networks.catch(error => tell({ kind: "failure", id: undefined, message: sentence(error) }));

let current = new AbortController();
addEventListener("message", async ({ data }: MessageEvent<ReadRequest>) => {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  try {
    await read(data, await networks, signal);
  } catch (error) {
    const replaced = error instanceof AzulejoError && error.code === "aborted";
    if (!replaced) tell({ kind: "failure", id: data.id, message: sentence(error) });
  }
});
