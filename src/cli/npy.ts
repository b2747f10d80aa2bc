// NumPy's .npy files, versions 1 to 3: reading and writing of one array, exact for every dtype. No .npz, no records, no text.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes } from "../ir/dtypes.js";
import type { TensorData } from "../runtime/tensor.js";
import { arrayOf, bytesOfTensor } from "../runtime/tensor-bytes.js";
import { AzulejoError } from "../support/errors.js";

// bf16 and smaller floats have no NumPy types of their own; opaque bytes, "V2" and "V1", are what ml_dtypes writes for them.
// Integers of fewer than 8 bits are written as NumPy's smallest. Where several dtypes share a code, the first is meant unless another is wanted.
const codes: Readonly<Record<Dtype, string>> = {
  f64: "f8",
  f32: "f4",
  f16: "f2",
  bf16: "V2",
  i64: "i8",
  i32: "i4",
  i16: "i2",
  i8: "i1",
  i4: "i1",
  i2: "i1",
  u64: "u8",
  u32: "u4",
  u16: "u2",
  u8: "u1",
  u4: "u1",
  u2: "u1",
  bool: "b1",
  f8e4m3fn: "V1",
  f8e4m3fnuz: "V1",
  f8e5m2: "V1",
  f8e5m2fnuz: "V1",
  f8e8m0: "V1",
  f4e2m1: "V1",
};
interface Header {
  readonly dtype: Dtype;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly dims: readonly number[];
  readonly dataOffset: number;
}

/**
 * Bytes of a .npy file to a row-major tensor. `name` is the file's, for errors (code "input"); `wanted` the dtype that the model takes,
 * which decides where the file's code stands for several.
 */
export function decodeNpy(bytes: Uint8Array, name: string, wanted?: Dtype): TensorData {
  const { dtype, bigEndian, fortranOrder, dims, dataOffset } = decodeHeader(bytes, name, wanted);
  const width = bytesOf(dtype);
  const needed = dims.reduce((product, dim) => product * dim, 1) * width;
  const present = bytes.length - dataOffset;
  if (present !== needed) {
    const kind = `${dtype}[${dims.join(", ")}]`;
    throw bad(name, `holds ${present} bytes of data where its header, ${kind}, asks for ${needed}`, "save it again");
  }
  let data = new Uint8Array(bytes.subarray(dataOffset));
  if (bigEndian) swapBytes(data, width);
  if (fortranOrder) data = toRowMajor(data, dims, width);
  return { dtype, dims, data: arrayOf(dtype, data) };
}

function decodeHeader(bytes: Uint8Array, name: string, wanted: Dtype | undefined): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY") {
    throw bad(name, "does not begin like a .npy file", "write it with numpy.save");
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw bad(name, `has version ${version} of the format`, "use version 1, 2 or 3");
  const start = version === 1 ? 10 : 12;
  const dataOffset = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataOffset > bytes.length) throw bad(name, "ends inside its header", "save it again");
  return { ...decodeDictionary(new TextDecoder().decode(bytes.subarray(start, dataOffset)), name, wanted), dataOffset };
}

/** The header is a Python literal such as `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. */
function decodeDictionary(text: string, name: string, wanted: Dtype | undefined): Omit<Header, "dataOffset"> {
  const descr = /['"]descr['"]\s*:\s*['"]([<>|=]?)(\w+)['"]/.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  // Python 2 wrote `3L`.
  const shape = /['"]shape['"]\s*:\s*\(((?:\s*\d+L?\s*,?)*)\s*\)/.exec(text);
  if (descr === null || order === null || shape === null) {
    throw bad(name, `has a header that is not one plain array: ${text.trim()}`, "save an array of numbers");
  }
  const named = (Object.keys(codes) as Dtype[]).filter(dtype => codes[dtype] === descr[2]);
  const dtype = named.find(dtype => dtype === wanted) ?? named[0];
  if (dtype === undefined) {
    const known = [...new Set(Object.values(codes))].join(", ");
    throw bad(name, `has elements of type "${descr[1]}${descr[2]}"`, `convert it to one of ${known}`);
  }
  const dims = (shape[1]!.match(/\d+/g) ?? []).map(Number);
  return { dtype, bigEndian: descr[1] === ">", fortranOrder: order[1] === "True", dims };
}

function bad(name: string, what: string, remedy: string): AzulejoError {
  return new AzulejoError("input", `"${name}" ${what}; ${remedy}`);
}

function swapBytes(data: Uint8Array, width: number): void {
  for (let offset = 0; offset < data.length; offset += width) data.subarray(offset, offset + width).reverse();
}

/** Column-major bytes to row-major ones: walks the result in order and steps through the source by its strides. */
function toRowMajor(source: Uint8Array, dims: readonly number[], width: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(source.length);
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((product, dim) => product * dim, width));
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to += width) {
    for (let byte = 0; byte < width; byte++) result[to + byte] = source[from + byte]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      from -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** A tensor to the bytes of a .npy file of version 1, row-major and little-endian, as numpy.save writes it. */
export function encodeNpy(tensor: TensorData): Uint8Array {
  const { dtype, dims } = tensor;
  const order = dtypes[dtype].bytes === 1 ? "|" : "<";
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(", ")})`;
  const dictionary = `{'descr': '${order}${codes[dtype]}', 'fortran_order': False, 'shape': ${shape}, }`;
  // Magic, version and length take 10 bytes; the data begin at a multiple of 64, after a newline.
  const headerLength = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const content = bytesOfTensor(tensor);
  const bytes = new Uint8Array(10 + headerLength + content.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerLength & 255, headerLength >> 8]);
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(headerLength - 1)}\n`), 10);
  bytes.set(content, 10 + headerLength);
  return bytes;
}
