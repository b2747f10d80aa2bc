// How large the bytes of a word can be, as far as its own expression tells: what decides whether sums of two products fit 16 bits.
import type { Node } from "../../ir/tile.js";

const BYTES = [0, 8, 16, 24];
/** what a byte's partner in a product is at most: −128 */
const LARGEST_SIGNED = 128;

/**
 * How many sums of two neighbours' products fit 16 bits, where bytes of `word`, read without a sign, are multiplied by signed ones; below 1: not even one, or the
 * first bit of a byte may be a sign.
 */
export function pairsIn16Bits(word: Node): number {
  const bytes = BYTES.map(shift => (maskOf(word) >>> shift) & 255);
  if (bytes.some(b => b > 127)) return 0;
  const pair = Math.max(bytes[0]! + bytes[1]!, bytes[2]! + bytes[3]!);
  return pair === 0 ? Number.POSITIVE_INFINITY : Math.floor((2 ** 15 - 1) / (pair * LARGEST_SIGNED));
}

/** Bits that may be set. */
function maskOf(n: Node): number {
  if (n.kind === "full") return Number(n.value) | 0;
  if (n.kind !== "map") return -1;
  if (n.op === "bitcast") return maskOf(n.args[0]!);
  if (n.op === "and") return maskOf(n.args[0]!) & maskOf(n.args[1]!);
  return -1;
}
