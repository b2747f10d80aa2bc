// Decodes the picture that ImageDecoder is given: by the user's decoder, ours for plain formats, or what the host has.
import type { DecodedImage, ImageDecoder } from "../../runtime/image.js";
import type { HostDecoder } from "../../runtime/image-host.js";
import { hostDecoder } from "../../runtime/image-host.js";
import { AzulejoError } from "../../support/errors.js";
import { readBitmap } from "./bitmap.js";
import type { ImageFormat } from "./format.js";
import { formatOf } from "./format.js";
import { readPortable } from "./portable.js";

/**
 * undefined: the bytes are no picture of a format that ONNX names, or a damaged one.
 * @throws AzulejoError operator-unsupported where nothing here decodes the format, option where the user's decoder gives no picture
 */
export async function decodeImage(
  encoded: Uint8Array,
  given?: ImageDecoder,
  ofHost: (format: ImageFormat) => HostDecoder = hostDecoder,
): Promise<DecodedImage | undefined> {
  const own = await given?.(encoded);
  if (own !== undefined) return checked(own);
  const format = formatOf(encoded);
  if (!format) return undefined;
  const decode = decoderOf(format, ofHost);
  try {
    return await decode(encoded);
  } catch {
    // the specification: what can't be decoded for any reason is an empty matrix
    return undefined;
  }
}

type Decode = (encoded: Uint8Array) => DecodedImage | undefined | Promise<DecodedImage>;
function decoderOf(format: ImageFormat, ofHost: (format: ImageFormat) => HostDecoder): Decode {
  if (format === "BMP") return readBitmap;
  if (format === "PNM") return readPortable;
  const { decode, remedy } = ofHost(format);
  if (decode) return decode;
  const ways = [...(remedy ? [`run ${remedy}`] : []), "give load() an imageDecoder"];
  throw new AzulejoError("operator-unsupported", `ImageDecoder: nothing here decodes ${format}; ${ways.join(" or ")}`);
}

function checked(image: DecodedImage): DecodedImage {
  const { width, height, channels, data } = Object(image) as Partial<DecodedImage>;
  const isSize = (n: unknown): boolean => Number.isInteger(n) && (n as number) > 0;
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (isSize(width) && isSize(height) && [1, 2, 3, 4].includes(channels!) && bytes) {
    const wanted = width! * height! * channels!;
    if (data.length === wanted) return image;
    throw new AzulejoError(
      "option",
      `imageDecoder gave ${data.length} bytes for ${width}×${height} pixels of ${channels} channels; give ${wanted}`,
    );
  }
  throw new AzulejoError(
    "option",
    "imageDecoder gave no picture; give { width, height, channels, data } with 1 to 4 channels of 8 bits in a Uint8Array, or undefined",
  );
}
