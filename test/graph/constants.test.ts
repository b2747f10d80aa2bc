// Constants: bytes, numbers and 16-bit floats.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { constantValue, decode, encode, fillData, knownOf, typedView } from "../../src/graph/constants.js";
import { wideData } from "../../src/graph/half-floats.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { dtypes } from "../../src/ir/dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat, roundToFloat } from "../../src/ir/float-bits.js";

describe("16-bit floats", () => {
  for (const dtype of ["f16", "bf16"] as const) {
    it(`${dtype}: every number survives the way to float64 and back`, () => {
      for (let bits = 0; bits < 65536; bits++) {
        const x = floatFromBits(dtype, bits);
        if (Number.isNaN(x)) assert.ok(Number.isNaN(floatFromBits(dtype, floatToBits(dtype, x))));
        else assert.equal(floatToBits(dtype, x), bits, `${x}`);
      }
    });
    it(`${dtype}: every number as f32`, async () => {
      const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
      const wide = wideData({ byteLength: 131072, read: () => new Uint8Array(halves.buffer) }, dtype);
      assert.equal(wide.byteLength, 262144);
      const numbers = typedView("f32", await wide.read());
      for (const bits of halves)
        assert.ok(Object.is(numbers[bits], floatFromBits(dtype, bits)), `${bits}: ${numbers[bits]}`);
      assert.equal(wide.readInto, undefined, "each part would read all of it");
      const bytes = new Uint8Array(halves.buffer);
      const readInto = async (target: Uint8Array, offset: number): Promise<void> =>
        target.set(bytes.subarray(offset, offset + target.length));
      const inParts = wideData({ byteLength: 131072, read: () => bytes, readInto }, dtype);
      assert.deepEqual(new Uint8Array(await inParts.read()), new Uint8Array(await wide.read()));
      for (const at of [0, 1]) {
        const part = new Uint8Array(41).subarray(at, at + 40);
        await inParts.readInto!(part, 4 * 0x3c00);
        assert.deepEqual(typedView("f32", part), numbers.slice(0x3c00, 0x3c0a));
      }
    });
    it(`${dtype}: other numbers become the nearest, halves the even one`, () => {
      for (let bits = 0; bits < 0x7f00; bits += 7) {
        const [a, b] = [floatFromBits(dtype, bits), floatFromBits(dtype, bits + 1)];
        if (!Number.isFinite(b)) continue;
        const even = bits % 2 === 0 ? bits : bits + 1;
        assert.equal(floatToBits(dtype, (a + b) / 2), even);
        assert.equal(floatToBits(dtype, a + (b - a) * 0.49), bits);
        assert.equal(floatToBits(dtype, -(a + (b - a) * 0.51)), 0x8000 | (bits + 1));
      }
    });
  }
  it("what is too large becomes infinite, what is too small zero", () => {
    assert.equal(floatToBits("f16", 65519), 0x7bff);
    assert.equal(floatToBits("f16", 65520), 0x7c00);
    assert.equal(floatToBits("f16", 2 ** -25), 0);
    assert.equal(floatToBits("f16", 2 ** -25 * 1.001), 1);
    assert.equal(floatToBits("bf16", -1e300), 0xff80);
    assert.equal(floatToBits("f16", -0), 0x8000);
  });
});

describe("encode and decode", () => {
  const ranges: Partial<Record<Dtype, [number, number]>> = {
    i64: [-(2 ** 53) + 1, 2 ** 53 - 1],
    u64: [0, 2 ** 53 - 1],
    i32: [-(2 ** 31), 2 ** 31 - 1],
    u32: [0, 2 ** 32 - 1],
    i16: [-(2 ** 15), 2 ** 15 - 1],
    u16: [0, 2 ** 16 - 1],
    i8: [-128, 127],
    i4: [-8, 7],
    i2: [-2, 1],
    u8: [0, 255],
    u4: [0, 15],
    u2: [0, 3],
    bool: [0, 1],
  };
  for (const dtype of Object.keys(dtypes) as Dtype[])
    it(`${dtype}: numbers that it holds come back`, () => {
      const range = ranges[dtype];
      const number = range
        ? fc.integer({ min: range[0], max: range[1] })
        : fc
            .integer({ min: -100, max: 100 })
            .map(x => (isNarrowFloat(dtype) ? roundToFloat(dtype, x / 8) : x / 8))
            .filter(x => !Number.isNaN(x));
      fc.assert(
        fc.property(fc.array(number), list => {
          assert.deepEqual(
            Array.from(decode(dtype, encode(dtype, list)), x => x + 0),
            list.map(x => x + 0),
          );
        }),
      );
    });
  it("64-bit integers saturate", () => {
    assert.deepEqual(
      [...typedView("i64", encode("i64", [2 ** 63, -(2 ** 63), 2n ** 70n]))],
      [2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n - 1n],
    );
    assert.deepEqual([...typedView("u64", encode("u64", [-5, 2 ** 64]))], [0n, 2n ** 64n - 1n]);
  });
  it("views of unaligned bytes are copies, of aligned ones are not", () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 128, 63);
    assert.equal(typedView("f32", bytes.subarray(4)).buffer, bytes.buffer);
    const shifted = Uint8Array.of(9, 0, 0, 128, 63);
    assert.deepEqual([...typedView("f32", shifted.subarray(1))], [1]);
  });
  it("a fill costs nothing until it is read", async () => {
    const data = fillData("f16", 3, 1);
    assert.equal(data.byteLength, 6);
    assert.deepEqual([...typedView("f16", (await data.read()) as Uint8Array)], [0x3c00, 0x3c00, 0x3c00]);
    assert.equal(fillData("f32", 2 ** 50, 0).byteLength, 2 ** 52);
  });
  it("content of a constant is known as polynomials where it is whole, as numbers where it is real", () => {
    const v = constantValue("c", "bool", [2], [1, 0]);
    assert.deepEqual(
      v.known!.data.map(x => (typeof x === "object" ? x.constant : x)),
      [1, 0],
    );
    assert.deepEqual(knownOf("f32", [1], encode("f32", [0.5])), { dims: [1], data: [0.5] });
  });
});
