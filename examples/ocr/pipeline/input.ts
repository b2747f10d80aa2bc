// From pixels to what the networks take: f32 [batch, 3, height, width], planes in the order blue, green, red.
import type { RgbPicture } from "./picture.js";

/** value ↦ (value / 255 − mean) / deviation, a pair for each plane. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/**
 * The ImageNet statistics, as PaddleOCR applies them to the detector's input: it reads pictures as blue, green, red, yet takes
 * the numbers in the order of red, green, blue. The network was trained that way, so that is what it must be given.
 */
export const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/** From 0..255 to -1..1, for direction and recognition. */
export const symmetric: Normalisation = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] };

/** An f32 tensor as `run()` takes it. */
export interface FloatTensor {
  readonly dtype: "f32";
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Pictures of one height, one below the other in a batch; right of a picture that is narrower than `width` there is 0. */
export function toTensor(
  pictures: readonly RgbPicture[],
  width: number,
  height: number,
  how: Normalisation,
): FloatTensor {
  const plane = width * height;
  const data = new Float32Array(pictures.length * 3 * plane);
  pictures.forEach((picture, n) => {
    for (let c = 0; c < 3; c++) {
      const scale = 1 / (255 * how.deviation[c]!);
      const shift = how.mean[c]! / how.deviation[c]!;
      const source = 2 - c; // pixels are red, green, blue
      for (let y = 0; y < height; y++) {
        let to = (n * 3 + c) * plane + y * width;
        let from = y * picture.width * 3 + source;
        for (let x = 0; x < picture.width; x++, to++, from += 3) data[to] = picture.data[from]! * scale - shift;
      }
    }
  });
  return { dtype: "f32", dims: [pictures.length, 3, height, width], data };
}
