// Small reads of a file come from windows; what they give is what the file holds, in any order and at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ByteSource, FileSource } from "../../src/support/byte-source.js";
import { readAhead } from "../../src/support/byte-source.js";

const MB = 1 << 20;
const bytes = Uint8Array.from({ length: 3 * MB + 12345 }, (_, i) => (i * 2654435761) >>> 24);

function counted(): { source: ByteSource; reads: () => number; readBytes: () => number } {
  let reads = 0;
  let readBytes = 0;
  const source: FileSource = {
    name: "file",
    size: bytes.length,
    readInto: async (offset, target) => {
      reads++;
      readBytes += target.length;
      assert.ok(offset + target.length <= bytes.length, "reads end with the file");
      await Promise.resolve();
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
  return { source: readAhead(source), reads: () => reads, readBytes: () => readBytes };
}

test("reads give the file's bytes, one after the other and at once", async () => {
  const range = fc
    .tuple(fc.nat(bytes.length), fc.oneof(fc.nat(4096), fc.nat(2 * MB)))
    .map(([offset, length]) => ({ offset, length: Math.min(length, bytes.length - offset) }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 20 }), async ranges => {
      const { source } = counted();
      const all = await Promise.all(ranges.map(r => source.read(r.offset, r.length)));
      const into = ranges.map(r => new Uint8Array(r.length));
      await Promise.all(ranges.map((r, i) => source.readInto!(r.offset, into[i]!)));
      for (const [i, { offset, length }] of ranges.entries()) {
        const want = bytes.subarray(offset, offset + length);
        assert.ok(Buffer.from(all[i]!).equals(want), `read ${offset} + ${length}`);
        assert.ok(Buffer.from(into[i]!).equals(want), `readInto ${offset} + ${length}`);
      }
    }),
    { numRuns: 30 },
  );
});
test("neighbours are few reads of the file; large ranges are read as they are", async () => {
  const { source, reads, readBytes } = counted();
  for (let i = 0; i < 1000; i++) await source.read(i * 1000, 1000);
  // 32 KiB, 64, … 512
  assert.equal(reads(), 5);
  await source.read(0, 2 * MB);
  assert.equal(reads(), 6);
  const before = readBytes();
  for (let i = 0; i < 10; i++) await source.readInto!(990_000 + i * 1000, new Uint8Array(1000));
  assert.equal(readBytes(), before);
});
test("readers that jump get little more than they ask for", async () => {
  const { source, reads, readBytes } = counted();
  for (const at of [0, 2, 1, 3, 0]) await source.read(at * MB, 1000);
  assert.equal(reads(), 5);
  assert.ok(readBytes() <= 5 * (32 << 10), `${readBytes()} bytes`);
});
