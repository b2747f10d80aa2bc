// ImageDecoder: the pixels of a picture that is given as the bytes of its file. Who decodes it is the host's business.
import { Poly } from "../ir/poly.js";
import type { DecodedImage } from "../runtime/image.js";
import type { TensorData } from "../runtime/tensor.js";
import { requireOneOf, requireRanks } from "./checks.js";
import { tensorType } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

type PixelFormat = "RGB" | "BGR" | "Grayscale";
const channelsOf = (format: PixelFormat): number => (format === "Grayscale" ? 1 : 3);

export const operator: Operator = {
  name: "ImageDecoder",
  inputs: ["encoded_stream"],
  outputs: ["image"],
  attributes: { pixel_format: { type: "string", default: "RGB" } },
  shape: () => ({}),
  host: {
    reason: "only the bytes of a picture tell its size",
    types: node => {
      requireOneOf("ImageDecoder", node, "pixel_format", ["RGB", "BGR", "Grayscale"]);
      requireRanks("ImageDecoder", node, { encoded_stream: [1] });
      const channels = Poly.int(channelsOf(node.attributes.pixel_format));
      return {
        image: tensorType("u8", [node.unknownDim("image", 0), node.unknownDim("image", 1), channels]),
      };
    },
    run: async ({ encoded_stream }, { attributes }, { decodeImage }) => {
      const { data } = encoded_stream as TensorData;
      return { image: pixelsAs(await decodeImage(data as Uint8Array), attributes.pixel_format) };
    },
  },
};

/** Alpha is left out; no picture is a matrix without rows and columns. */
function pixelsAs(image: DecodedImage | undefined, format: PixelFormat): TensorData {
  const size = channelsOf(format);
  const { width, height, channels, data } = image ?? { width: 0, height: 0, channels: 3, data: new Uint8Array(0) };
  const pixels = new Uint8Array(width * height * size);
  const [red, green, blue] = channels < 3 ? [0, 0, 0] : format === "BGR" ? [2, 1, 0] : [0, 1, 2];
  for (let i = 0, from = 0; i < pixels.length; i += size, from += channels) {
    const [r, g, b] = [data[from + red]!, data[from + green]!, data[from + blue]!];
    // luma of ITU-R BT.601 in 16 bits, as Pillow, with which ONNX made its suite, rounds it
    if (size === 1) pixels[i] = (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
    else pixels.set([r, g, b], i);
  }
  return { dtype: "u8", dims: [height, width, size], data: pixels };
}

export const doc: OperatorDoc = {
  summary: "The pixels of a picture: BMP, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP; what is damaged is 0×0",
  dtypes: "u8",
  opsets: [20, 20],
  limits:
    "BMP and PNM everywhere; JPEG, PNG and WebP by the page or by sharp, TIFF by sharp, JPEG 2000 by @cornerstonejs/codec-openjpeg, all by the option imageDecoder",
};
