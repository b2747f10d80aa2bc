// Step 1: where is text? One run of the detector over the whole picture, shrunk to a size it was trained on.
import type { Box, BoxOptions } from "./boxes.js";
import { defaultBoxOptions, findBoxes } from "./boxes.js";
import { mapQuad } from "./geometry.js";
import { imageNet, toTensor } from "./input.js";
import type { Network } from "./network.js";
import { apply } from "./network.js";
import type { RgbPicture } from "./picture.js";
import { resize } from "./resize.js";
import type { Stopwatch } from "./stopwatch.js";

export interface DetectionOptions extends BoxOptions {
  /** the picture is shrunk until its longer side has at most this many pixels; more finds smaller text and takes longer */
  readonly longSide: number;
}

export const defaultDetectionOptions: DetectionOptions = { ...defaultBoxOptions, longSide: 960 };

/** The network halves its input five times, so sides are multiples of 32: the nearest to the picture's proportions. */
export function detectionSize(width: number, height: number, longSide: number) {
  const scale = Math.min(1, longSide / Math.max(width, height));
  const side = (length: number) => Math.max(32, Math.round((length * scale) / 32) * 32);
  return { width: side(width), height: side(height) };
}

/** Boxes in pixels of the picture, clipped to it. */
export async function detect(
  picture: RgbPicture,
  network: Network,
  options: DetectionOptions,
  clock: Stopwatch,
  signal?: AbortSignal,
): Promise<Box[]> {
  const { width, height } = detectionSize(picture.width, picture.height, options.longSide);
  const input = await clock.time("resize", () => toTensor([resize(picture, width, height)], width, height, imageNet));
  const { dims, data } = await clock.time("detection", () => apply(network, input, signal));
  const map = { width: dims[3] ?? 0, height: dims[2] ?? 0, data };
  if (map.width !== width || map.height !== height) {
    throw new RangeError(`A detector must answer ${width} × ${height} pixels with as many scores, not with [${dims}]`);
  }
  const boxes = await clock.time("boxes", () => findBoxes(map, options));
  const clip = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  return boxes.map(({ quad, score }) => ({
    quad: mapQuad(quad, p => ({
      x: clip((p.x * picture.width) / width, picture.width),
      y: clip((p.y * picture.height) / height, picture.height),
    })),
    score,
  }));
}
