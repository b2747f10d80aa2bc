// Constants of 16-bit floats in f32, computed when they are read.
import { floatFromBits, type HalfFloat } from "../ir/float-bits.js";
import { typedView } from "./constants.js";
import type { ConstantData } from "./graph.js";

/** The same numbers as f32. */
export function wideData(halves: ConstantData, dtype: HalfFloat): ConstantData {
  const widen = dtype === "f16" ? widenF16 : widenBf16;
  const readInto = async (target: Uint8Array, offset: number): Promise<void> => {
    if (target.byteOffset % 4 !== 0) {
      const aligned = new Uint8Array(target.length);
      await readInto(aligned, offset);
      return target.set(aligned);
    }
    // the end of where they go: a half lies there no sooner than the number that it becomes
    const end = target.subarray(target.length / 2);
    if (halves.readInto) await halves.readInto(end, offset / 2);
    else end.set(await halves.read());
    widen(typedView(dtype, end) as Uint16Array, typedView("u32", target) as Uint32Array);
  };
  const byteLength = 2 * halves.byteLength;
  const read = async (): Promise<Uint8Array> => {
    const bytes = new Uint8Array(byteLength);
    await readInto(bytes, 0);
    return bytes;
  };
  // what can only be read whole is read once: who asks for parts would have each of them read it all
  return { byteLength, read, ...(halves.readInto ? { readInto } : {}) };
}

/** What each pattern stands for, in f32's own bits so that NaNs stay. Networks have tens of millions of weights. */
let patterns: Uint32Array | undefined;
function widenF16(halves: Uint16Array, out: Uint32Array): void {
  patterns ??= new Uint32Array(Float32Array.from({ length: 65536 }, (_, bits) => floatFromBits("f16", bits)).buffer);
  for (let i = 0; i < halves.length; i++) out[i] = patterns[halves[i]!]!;
}
function widenBf16(halves: Uint16Array, out: Uint32Array): void {
  for (let i = 0; i < halves.length; i++) out[i] = halves[i]! << 16;
}
