// The checksum of kept models: MurmurHash3 as others compute it, and every byte counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checksum } from "../../src/support/checksum.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

// values of the 32-bit variant with the seed 0x9747b28c, as its test vectors have them
test("its first half is MurmurHash3 for 32 bits", () => {
  const vectors: readonly (readonly [string, string])[] = [
    ["", "ebb6c228"],
    ["a", "7fa09ea6"],
    ["aa", "5d211726"],
    ["aaa", "283e0130"],
    ["aaaa", "5a97808a"],
    ["abc", "c84a62dd"],
    ["Hello, world!", "24884cba"],
    ["The quick brown fox jumps over the lazy dog", "2fa826cd"],
  ];
  for (const [text, sum] of vectors) assert.equal(checksum(bytes(text)).slice(0, 8), sum, text);
});
test("bytes are summed up wherever they lie", () => {
  const whole = bytes("..Hello, world!");
  assert.equal(checksum(whole.subarray(2)), checksum(bytes("Hello, world!")));
});
test("each bit changes both halves", () => {
  const content = Uint8Array.from({ length: 67 }, (_, i) => i * 37);
  const before = checksum(content);
  for (let bit = 0; bit < content.length * 8; bit++) {
    const changed = content.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const after = checksum(changed);
    assert.notEqual(after.slice(0, 8), before.slice(0, 8), `bit ${bit}`);
    assert.notEqual(after.slice(8), before.slice(8), `bit ${bit}`);
  }
});
