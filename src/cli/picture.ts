// A picture file to the input tensor of a classifier, as ImageNet classifiers are evaluated: shorter side to 256, middle 224,
// normalised per channel. Other sizes in the same proportion. Decoding and scaling are sharp's (an optional peer).
import type { TensorInfo } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { dimsText, numericDtype, readBytes, tensorOf } from "./inputs.js";

export type PictureLayout = "nchw" | "nhwc";

export interface PictureOptions {
  readonly layout?: PictureLayout;
  /** per channel, for pixels scaled to 0 … 1 */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly dims?: Readonly<Record<string, number>>;
}

interface PictureShape {
  readonly layout: PictureLayout;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly batch: number;
}

const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], size: 224, margin: 256 / 224 };

/** The input that takes the picture: the only one of rank 4 that is not an index. */
export function pictureInput(inputs: readonly TensorInfo[]): TensorInfo {
  const fitting = inputs.filter(({ dims, dtype }) => dims?.length === 4 && /^(f\d+|bf16|u8)$/.test(dtype));
  if (fitting.length === 1) return fitting[0]!;
  const all = inputs.map(({ name, dtype, dims }) => `"${name}" (${dtype}, ${dimsText(dims)})`).join(", ");
  const why = fitting.length === 0 ? "takes no picture" : "has several inputs that could take the picture";
  throw new AzulejoError("input", `the model ${why}: its inputs are ${all}; use --input NAME=FILE for each`);
}

/** Layout, channels and size that an input asks for. */
export function pictureShape(info: TensorInfo, { layout, dims = {} }: PictureOptions): PictureShape {
  const sizes = info.dims!.map(dim => (typeof dim === "number" ? dim : dims[dim]));
  const isChannels = (size: number | undefined): boolean => size === 1 || size === 3;
  const found = layout ?? (isChannels(sizes[1]) ? "nchw" : isChannels(sizes[3]) ? "nhwc" : undefined);
  const order = found === "nhwc" ? ([1, 2, 3] as const) : ([2, 3, 1] as const);
  const [height, width, channels] = order.map(axis => sizes[axis]);
  if (found === undefined || (channels !== undefined && !isChannels(channels))) {
    const text = dimsText(info.dims);
    throw new AzulejoError(
      "input",
      `input "${info.name}" is ${text}: no dim is 1 or 3 channels; say which with --layout nchw or nhwc`,
    );
  }
  return {
    layout: found,
    channels: (channels ?? 3) as 1 | 3,
    height: height ?? imageNet.size,
    width: width ?? imageNet.size,
    batch: sizes[0] ?? 1,
  };
}

/** Decodes, turns by EXIF, scales, cuts the middle out and normalises. */
export async function readPicture(path: string, info: TensorInfo, options: PictureOptions): Promise<TensorData> {
  const shape = pictureShape(info, options);
  const pixels = await decodePicture(path, shape);
  const { channels, height, width, batch, layout } = shape;
  const plain = channels === 1 || info.dtype === "u8";
  const mean = perChannel("--mean", options.mean ?? (plain ? [0] : imageNet.mean), channels);
  const std = perChannel("--std", options.std ?? (plain ? [1] : imageNet.std), channels);
  const dims = layout === "nchw" ? [batch, channels, height, width] : [batch, height, width, channels];
  const area = height * width;
  return tensorOf(numericDtype(info), dims, index => {
    const inside = index % (area * channels);
    const [pixel, channel] =
      layout === "nchw"
        ? [inside % area, Math.floor(inside / area)]
        : [Math.floor(inside / channels), inside % channels];
    const value = pixels[pixel * channels + channel]!;
    return info.dtype === "u8" ? value : (value / 255 - mean[channel]!) / std[channel]!;
  });
}

function perChannel(option: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return Array.from({ length: channels }, () => values[0]!);
  throw new AzulejoError(
    "option",
    `${option} has ${values.length} values for ${channels} channels; give 1 or ${channels}`,
  );
}

async function decodePicture(path: string, { channels, height, width }: PictureShape): Promise<Uint8Array> {
  const sharp = await importSharp();
  const bytes = await readBytes(path);
  const scaled = { width: Math.round(width * imageNet.margin), height: Math.round(height * imageNet.margin) };
  try {
    const picture = sharp(bytes)
      .rotate()
      .flatten({ background: "white" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .resize({ ...scaled, fit: "outside", kernel: "linear" });
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    return cutMiddle(data, info, { channels, height, width });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AzulejoError(
      "input",
      `"${path}" can't be read as a picture (${reason}); give a JPEG, PNG, WebP, GIF or TIFF file`,
      { cause },
    );
  }
}

type Size = { readonly channels: number; readonly height: number; readonly width: number };

function cutMiddle(data: Uint8Array, from: Size, to: Size): Uint8Array {
  const result = new Uint8Array(to.height * to.width * to.channels);
  const top = Math.floor((from.height - to.height) / 2);
  const left = Math.floor((from.width - to.width) / 2);
  for (let pixel = 0; pixel < to.height * to.width; pixel++) {
    const source = (top + Math.floor(pixel / to.width)) * from.width + left + (pixel % to.width);
    for (let channel = 0; channel < to.channels; channel++) {
      result[pixel * to.channels + channel] = data[source * from.channels + Math.min(channel, from.channels - 1)]!;
    }
  }
  return result;
}

async function importSharp(): Promise<typeof import("sharp").default> {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw new AzulejoError(
      "option",
      "--image needs the package sharp to decode pictures, which is not installed; run npm install sharp",
      { cause },
    );
  }
}
