// The whole pipeline: a picture and three networks in, lines of text out. Runs wherever the networks run: no files, no canvas.
import { cropOf } from "./crop.js";
import type { DetectionOptions } from "./detection.js";
import { defaultDetectionOptions, detect } from "./detection.js";
import { turnUpright } from "./direction.js";
import type { Quad } from "./geometry.js";
import type { Network } from "./network.js";
import type { Picture } from "./picture.js";
import { toRgb } from "./picture.js";
import { inReadingOrder } from "./reading-order.js";
import { recognise } from "./recognition.js";
import { Stopwatch } from "./stopwatch.js";

export interface Networks {
  readonly detection: Network;
  readonly direction: Network;
  readonly recognition: Network;
  /** what the recogniser's classes stand for; made by `alphabetOf` */
  readonly alphabet: readonly string[];
}

export interface ReadOptions {
  readonly detection?: Partial<DetectionOptions>;
  /** a line is turned over if the direction network is at least this sure; default 0.9 */
  readonly turnCertainty?: number;
  /** lines less sure than this are dropped; default 0.5 */
  readonly minConfidence?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

export interface ReadProgress {
  readonly step: "detection" | "direction" | "recognition";
  readonly done: number;
  readonly of: number;
}

export interface TextLine {
  readonly text: string;
  /** 0..1: mean probability of its characters */
  readonly confidence: number;
  /** corners in pixels of the picture, clockwise from where reading begins */
  readonly quad: Quad;
}

export interface ReadResult {
  /** in reading order */
  readonly lines: readonly TextLine[];
  /** milliseconds by step: resize, detection, boxes, crops, direction, recognition, decoding */
  readonly timesMs: Readonly<Record<string, number>>;
}

export async function readText(picture: Picture, networks: Networks, options: ReadOptions = {}): Promise<ReadResult> {
  const { turnCertainty = 0.9, minConfidence = 0.5, signal, onProgress } = options;
  const clock = new Stopwatch();
  const rgb = toRgb(picture);

  onProgress?.({ step: "detection", done: 0, of: 1 });
  const boxes = await detect(
    rgb,
    networks.detection,
    { ...defaultDetectionOptions, ...options.detection },
    clock,
    signal,
  );
  const cut = await clock.time("crops", () => boxes.map(box => cropOf(rgb, box.quad)));

  onProgress?.({ step: "direction", done: 0, of: cut.length });
  const crops = await turnUpright(cut, networks.direction, turnCertainty, clock, signal);

  const lines: TextLine[] = [];
  for (const { quad, pixels } of crops) {
    onProgress?.({ step: "recognition", done: lines.length, of: crops.length });
    const { text, confidence } = await recognise(pixels, networks.recognition, networks.alphabet, clock, signal);
    lines.push({ text, confidence, quad });
  }
  const sure = lines.filter(({ text, confidence }) => text.trim() !== "" && confidence >= minConfidence);
  return { lines: inReadingOrder(sure, line => line.quad), timesMs: clock.timesMs };
}
