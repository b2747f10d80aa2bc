// A checksum of bytes without the host's cryptography, which takes Node 6 to 9 ms to load. It tells bytes that were cut off, damaged or
// changed; who forges it is not stopped, so nothing is trusted for it.
import { copyOf } from "./bytes.js";

/** MurmurHash3 for 32 bits (Austin Appleby, https://github.com/aappleby/smhasher, public domain) with two seeds: 16 hexadecimal digits, by the byte order of the machine. */
export function checksum(bytes: Uint8Array): string {
  const whole = bytes.length >> 2;
  const at = bytes.byteOffset % 4 === 0 ? bytes : copyOf(bytes);
  const words = new Uint32Array(at.buffer, at.byteOffset, whole);
  let a = 0x9747b28c;
  let b = 0x3c6ef372;
  for (let i = 0; i < whole; i++) {
    const k = mixed(words[i]!);
    a = turned(a ^ k);
    b = turned(b ^ k);
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= whole * 4; i--) rest = (rest << 8) | bytes[i]!;
  const k = mixed(rest);
  return hex(finished(a ^ k ^ bytes.length)) + hex(finished(b ^ k ^ bytes.length));
}

function mixed(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}
const turned = (h: number): number => (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
function finished(sum: number): number {
  let h = sum ^ (sum >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
const hex = (word: number): string => word.toString(16).padStart(8, "0");
