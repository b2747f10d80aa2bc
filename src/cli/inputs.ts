// Where the inputs of a run come from: files (.npy, .pb), numbers on the command line, or a random generator.
import { readFile } from "node:fs/promises";
import { newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import type { TensorInfo } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import type { Library } from "./library.js";
import { decodeNpy } from "./npy.js";
import { stored } from "./numbers.js";

/** `batch × 3 × height × width`, as the tables print it. */
export const dimsText = (dims: TensorInfo["dims"]): string =>
  dims === undefined ? "any rank" : dims.length === 0 ? "scalar" : dims.join(" × ");

/** Reads one `--input name=value`: a .npy or .pb file, a number, or a JSON array of numbers. */
export async function readInput(info: TensorInfo, value: string, library: Library): Promise<TensorData> {
  if (/^[-\d[]/.test(value) && !/\.(npy|pb)$/.test(value)) return fromNumbers(info, value);
  const bytes = await readBytes(value);
  if (value.endsWith(".npy")) return decodeNpy(bytes, value, info.dtype === "string" ? undefined : info.dtype);
  if (value.endsWith(".pb")) return library.decodeTensor(bytes, value);
  throw new AzulejoError(
    "input",
    `"${value}", given for input "${info.name}", ends neither in .npy nor in .pb and is not a number; give one of those, or a JSON array`,
  );
}

/** The bytes of a file; a failure says which file, in one sentence. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "can't be read";
    throw new AzulejoError("input", `the file "${path}" ${reason}; check the path`, { cause });
  }
}

function fromNumbers(info: TensorInfo, text: string): TensorData {
  const fail = (why: string): AzulejoError =>
    new AzulejoError(
      "input",
      `"${text}", given for input "${info.name}", ${why}; give a number or a JSON array of numbers`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail("is not JSON");
  }
  const dims: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) dims.push(inner.length);
  const flat: number[] = [];
  const visit = (part: unknown, axis: number): void => {
    if (Array.isArray(part) && axis < dims.length) {
      if (part.length !== dims[axis]) throw fail("has rows of different lengths");
      for (const inner of part) visit(inner, axis + 1);
    } else if (typeof part === "number" && axis === dims.length) flat.push(part);
    else
      throw fail(
        Array.isArray(part) || typeof part === "number"
          ? "has rows of different depth"
          : "holds something that is not a number",
      );
  };
  visit(value, 0);
  // A lone number fills an input of shape [1] too: many exporters write scalars so.
  const lone = dims.length === 0 && info.dims?.length === 1 ? [1] : dims;
  return tensorOf(numericDtype(info), lone, index => flat[index]!);
}

/** The command line has numbers only. @throws AzulejoError input */
export function numericDtype({ name, dtype, container }: TensorInfo): Dtype {
  if (dtype !== "string" && !container) return dtype;
  throw new AzulejoError(
    "input",
    `input "${name}" is ${container ? `a ${container}` : "text"}, and the command gives tensors of numbers only; run the model with load() of "azulejo"`,
  );
}

/** A tensor whose elements are made one by one from numbers. */
export function tensorOf(dtype: Dtype, dims: readonly number[], element: (index: number) => number): TensorData {
  const data = newArray(
    dtype,
    dims.reduce((product, dim) => product * dim, 1),
  );
  for (let index = 0; index < data.length; index++) data[index] = stored(dtype, element(index));
  return { dtype, dims, data };
}

/** The dims of an input as numbers; open ones are 1 where they lead (a batch), else they must be given. */
export function fixedDims(info: TensorInfo, dims: Readonly<Record<string, number>> = {}): number[] {
  if (info.dims === undefined) {
    throw new AzulejoError(
      "input",
      `input "${info.name}" has no known rank, so nothing can be made up for it; give --input ${info.name}=FILE`,
    );
  }
  return info.dims.map((dim, axis) => {
    const size = typeof dim === "number" ? dim : (dims[dim] ?? (axis === 0 ? 1 : undefined));
    if (size !== undefined) return size;
    const sentence = `input "${info.name}" is ${dimsText(info.dims)} and the size of "${dim}" is open; add --dims ${dim}=SIZE`;
    throw new AzulejoError("input", sentence);
  });
}

/** Uniform in [-1, 1) for floats, 0 or 1 for integers and booleans: indices stay inside whatever they index. Repeatable. */
export function randomInput(info: TensorInfo, dims: Readonly<Record<string, number>> = {}, seed = 1): TensorData {
  let state = seed;
  const next = (): number => {
    // Park and Miller's generator, 48271 modulo 2^31 - 1: exact in doubles.
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const dtype = numericDtype(info);
  const float = dtypes[dtype].kind === "float";
  return tensorOf(dtype, fixedDims(info, dims), () => (float ? next() * 2 - 1 : Math.floor(next() * 2)));
}
