// What a hand-held camera makes of a flat scene: perspective, uneven light, focus that is not everywhere, noise.
import sharp from "sharp";
import type { Quad } from "../pipeline/geometry.js";
import type { RgbPicture } from "../pipeline/picture.js";
import { resize } from "../pipeline/resize.js";
import { cutOut } from "../pipeline/warp.js";
import { normal, randomNumbers, smoothField } from "./noise.js";

export interface Camera {
  readonly width: number;
  readonly height: number;
  /** the part of the scene that is seen: a far edge that is longer than the near one looks tilted away */
  readonly view: Quad;
  /** deviation of the blur in pixels, at the sharpest place and at the far edge */
  readonly blur: { readonly least: number; readonly most: number };
  /** deviation of the noise of a pixel, of 255 */
  readonly noise: number;
  readonly seed: number;
}

export async function photograph(scene: RgbPicture, camera: Camera): Promise<RgbPicture> {
  const seen = resize(cutOut(scene, camera.view), camera.width, camera.height);
  const lit = light(seen, camera.seed);
  const focused = await focus(lit, camera.blur);
  return grain(focused, camera);
}

/** A warm lamp at the upper left, a soft shadow across the lower right, darker corners. */
function light(picture: RgbPicture, seed: number): RgbPicture {
  const { width, height } = picture;
  const data = new Uint8ClampedArray(picture.data);
  const cloud = smoothField(seed);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [u, v] = [x / width, y / height];
      const lamp = 1.16 - 0.62 * Math.hypot(u - 0.22, (v - 0.1) * 0.8);
      const corner = 1 - 0.38 * ((u - 0.5) ** 2 + (v - 0.5) ** 2);
      const edge = 1 / (1 + Math.exp(-(u * 0.9 + v - 1.42 + 0.12 * cloud(u * 3, v * 3)) * 22));
      const level = lamp * corner * (1 - 0.3 * edge);
      data[at] = data[at]! * level * 1.03;
      data[at + 1] = data[at + 1]! * level;
      data[at + 2] = data[at + 2]! * level * 0.93;
    }
  }
  return { ...picture, data };
}

/** Sharp a little below the middle, softer towards the far (upper) edge and a little towards the near one. */
async function focus(picture: RgbPicture, { least, most }: Camera["blur"]): Promise<RgbPicture> {
  const [near, far] = await Promise.all([blurred(picture, least), blurred(picture, most)]);
  const { width, height } = picture;
  const data = new Uint8ClampedArray(near.length);
  for (let y = 0; y < height; y++) {
    const depth = y / height - 0.62;
    const share = Math.min(1, depth < 0 ? (depth / 0.62) ** 2 : (depth / 0.5) ** 2);
    for (let i = y * width * 3; i < (y + 1) * width * 3; i++) data[i] = near[i]! * (1 - share) + far[i]! * share;
  }
  return { ...picture, data };
}

function blurred({ width, height, data }: RgbPicture, deviation: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .blur(deviation)
    .raw()
    .toBuffer();
}

/** Mostly in brightness, a little in colour. */
function grain(picture: RgbPicture, { noise, seed }: Camera): RgbPicture {
  const random = randomNumbers(seed);
  const data = new Uint8ClampedArray(picture.data);
  for (let i = 0; i < data.length; i += 3) {
    const brightness = normal(random) * noise;
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(data[i + c]! + brightness + normal(random) * noise * 0.5);
  }
  return { ...picture, data };
}
