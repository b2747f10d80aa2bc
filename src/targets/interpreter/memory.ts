// Buffers of a program while the interpreter runs it: plain typed arrays, windows and reshapes sharing the array of their buffer.
import { newArray } from "../../ir/arrays.js";
import { typedView } from "../../graph/constants.js";
import type { Buffer } from "../../graph/program.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { RawArray, Storage } from "../../ir/evaluate/memory.js";
import { denseStrides } from "../../ir/evaluate/memory.js";
import { product } from "../../ir/evaluate/values.js";
import type { Poly } from "../../ir/poly.js";
import type { TensorData } from "../../runtime/tensor.js";
import { arrayOf } from "../../runtime/tensor-bytes.js";
import { AzulejoError } from "../../support/errors.js";

/** Where constants lie once read, by the buffer that owns them. */
export type Constants = ReadonlyMap<Buffer, RawArray>;

export class ProgramMemory {
  readonly #size: (p: Poly) => number;
  readonly #constants: Constants;
  readonly #storages = new Map<Buffer, Storage>();
  arenaBytes = 0;
  constructor(size: (p: Poly) => number, constants: Constants) {
    this.#size = size;
    this.#constants = constants;
  }
  bind(input: Buffer, data: TensorData): void {
    this.#storages.set(input, { ...this.#shape(input), dtype: input.dtype, data: data.data, offset: 0 });
  }
  storage(b: Buffer): Storage {
    let s = this.#storages.get(b);
    if (!s) {
      s = b.window ? this.#window(b, b.window.of, b.window.offset) : this.#own(b);
      this.#storages.set(b, s);
    }
    return s;
  }
  #shape(b: Buffer): { readonly dims: number[]; readonly strides: number[] } {
    const dims = b.dims.map(this.#size);
    // a constant is row-major here whatever a target would pack it into
    const order = b.constant ? dims.map((_, d) => d) : b.layout.order;
    if (b.layout.strides && !b.constant) return { dims, strides: b.layout.strides.map(this.#size) };
    const strides = dims.map(() => 0);
    denseStrides(order.map(d => dims[d]!)).forEach((step, k) => {
      strides[order[k]!] = step;
    });
    return { dims, strides };
  }
  #window(b: Buffer, of: Buffer, offset: Poly): Storage {
    const whole = this.storage(of);
    if (b.dtype !== of.dtype) return this.#joined(b, whole);
    return { ...whole, ...this.#shape(b), dtype: b.dtype, offset: whole.offset + this.#size(offset) };
  }
  /** The same bytes as elements of another dtype: neighbours are halves of one. What writes them writes them all. */
  #joined(b: Buffer, { data }: Storage): Storage {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { ...this.#shape(b), dtype: b.dtype, data: typedView(b.dtype, bytes), offset: 0 };
  }
  #own(b: Buffer): Storage {
    const shape = this.#shape(b);
    const constant = this.#constants.get(b);
    if (constant) return { ...shape, dtype: b.dtype, data: constant, offset: 0 };
    const arrays = granted(b, product(shape.dims));
    this.arenaBytes += arrays.data.byteLength;
    return { ...shape, dtype: b.dtype, offset: 0, ...arrays };
  }
  /** A dense row-major copy of what the buffer holds; every element must have been written. */
  read(b: Buffer): TensorData {
    const s = this.storage(b);
    const data = newArray(s.dtype, product(s.dims));
    const index = s.dims.map(() => 0);
    for (let i = 0; i < data.length; i++) {
      const at = index.reduce((sum, x, d) => sum + x * s.strides[d]!, s.offset);
      if (s.initialized?.[at] === 0)
        throw new AzulejoError(
          "bounds",
          `output "${b.name}" has no value at [${index.join(", ")}]; every element must be written`,
        );
      (data as Float64Array)[i] = s.data[at] as number;
      for (let d = index.length - 1; d >= 0 && ++index[d]! === s.dims[d]; d--) index[d] = 0;
    }
    return { dtype: b.dtype, dims: s.dims, data };
  }
}

/** Arrays of that many elements, and whether each has been written. */
function granted(b: Buffer, length: number): { readonly data: RawArray; readonly initialized: Uint8Array } {
  try {
    return { data: newArray(b.dtype, length), initialized: new Uint8Array(length) };
  } catch (cause) {
    const bytes = Math.ceil(length * bytesOf(b.dtype));
    throw new AzulejoError(
      "memory",
      `"${b.name}" needs ${bytes} bytes of memory, and this host refuses them; run smaller inputs`,
      { cause },
    );
  }
}

/** Little-endian bytes of a constant as the array that its dtype travels in: a copy, since the bytes are only lent. */
export function constantArray(b: Buffer, bytes: Uint8Array): RawArray {
  if (bytes.byteLength % bytesOf(b.dtype) !== 0)
    throw new AzulejoError(
      "model-format",
      `constant "${b.name}" has ${bytes.byteLength} bytes, which is no multiple of ${bytesOf(b.dtype)}; export the model again`,
    );
  return arrayOf(b.dtype, new Uint8Array(bytes));
}
