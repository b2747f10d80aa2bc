// The decoders of pictures that the host has: packages in Node, the page's own in browsers. Compiles with the ES library alone, and
// nothing is touched when it is imported.
import type { DecodedImage } from "./image.js";
import { hostPlatform } from "./native-host.js";
import { installedPackage } from "./platform.js";

type Decode = (encoded: Uint8Array) => Promise<DecodedImage>;

/** How a format is decoded here, or what would have to be there. */
export interface HostDecoder {
  /** throws for a damaged file */
  readonly decode?: Decode;
  readonly remedy?: string;
}

type Sharp = (
  encoded: Uint8Array,
  options: { ignoreIcc: boolean },
) => {
  raw(): {
    toBuffer(options: { resolveWithObject: true }): Promise<{
      readonly data: Uint8Array;
      readonly info: Pick<DecodedImage, "width" | "height" | "channels">;
    }>;
  };
};
interface OpenJpegDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): {
    readonly width: number;
    readonly height: number;
    readonly componentCount: number;
    readonly bitsPerSample: number;
    readonly isSigned: boolean;
  };
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}
type OpenJpeg = (options: object) => Promise<{ readonly J2KDecoder: new () => OpenJpegDecoder }>;

/** By package: which formats it decodes, and how. */
const packages: readonly {
  readonly name: string;
  readonly path: string;
  readonly formats: readonly string[];
  readonly decoder: (found: unknown) => Decode;
}[] = [
  { name: "sharp", path: "sharp", formats: ["JPEG", "PNG", "TIFF", "WebP"], decoder: sharpDecoder },
  {
    name: "@cornerstonejs/codec-openjpeg",
    path: "@cornerstonejs/codec-openjpeg/decode",
    formats: ["JPEG 2000"],
    decoder: openJpegDecoder,
  },
];

export function hostDecoder(format: string): HostDecoder {
  if (hostPlatform() === undefined) return pageDecoders.includes(format) ? { decode: decodeOnCanvas } : {};
  const fitting = packages.find(p => p.formats.includes(format));
  if (!fitting) return {};
  const found = installedPackage(fitting.path);
  return found ? { decode: fitting.decoder(found) } : { remedy: `npm install ${fitting.name}` };
}

function sharpDecoder(found: unknown): Decode {
  return async encoded => {
    // as the file has them: neither a colour profile nor the orientation of a camera changes pixels
    const { data, info } = await (found as Sharp)(encoded, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, data };
  };
}

function openJpegDecoder(found: unknown): Decode {
  const silent = (): void => {};
  return async encoded => {
    const { J2KDecoder } = await (found as OpenJpeg)({ print: silent, printErr: silent });
    const decoder = new J2KDecoder();
    try {
      decoder.getEncodedBuffer(encoded.length).set(encoded);
      decoder.decode();
      const { width, height, componentCount, bitsPerSample, isSigned } = decoder.getFrameInfo();
      if (isSigned || componentCount < 1 || componentCount > 4) throw new Error("signed or of other channels");
      const bytes = decoder.getDecodedBuffer().slice();
      const samples = bitsPerSample > 8 ? new Uint16Array(bytes.buffer) : bytes;
      const max = 2 ** bitsPerSample - 1;
      const data = max === 255 ? bytes : Uint8Array.from(samples, x => Math.round((x * 255) / max));
      return { width, height, channels: componentCount as DecodedImage["channels"], data };
    } finally {
      decoder.delete();
    }
  };
}

const pageDecoders: readonly string[] = ["JPEG", "PNG", "WebP"];

interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Page {
  readonly Blob: new (parts: readonly Uint8Array[]) => object;
  createImageBitmap(blob: object, options: object): Promise<Bitmap>;
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(kind: "2d"): {
      drawImage(image: Bitmap, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
    };
  };
}

/** Of a picture with alpha, a canvas keeps products with it: colours behind nearly nothing are rough. */
async function decodeOnCanvas(encoded: Uint8Array): Promise<DecodedImage> {
  const { Blob, createImageBitmap, OffscreenCanvas } = globalThis as unknown as Page;
  const image = await createImageBitmap(new Blob([encoded]), { colorSpaceConversion: "none" });
  try {
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    return { width, height, channels: 4, data: context.getImageData(0, 0, width, height).data };
  } finally {
    image.close();
  }
}
