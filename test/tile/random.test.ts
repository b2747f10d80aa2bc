// Philox against the known answers of its authors (Random123, kat_vectors), and the distributions made of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyTile, Seed } from "../../src/tile/index.js";
import { f32, f64, grid, literal, normal, randomBits, u32, uniform } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const answers: readonly (readonly [counter: readonly number[], key: Seed, words: readonly number[]])[] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];
for (const [counter, key, want] of answers)
  test(`Philox of ${counter.map(x => x.toString(16)).join(" ")}`, () => {
    const k = kernel({ Y: u32("4") }, ({ Y }) => {
      randomBits(key, ...counter.map(x => literal("u32", x))).forEach((w, i) => {
        Y.at(i).set(w as never);
      });
    });
    assert.deepEqual([...k.eager({}).Y.data], want);
  });

test("absent words of the counter are 0", () => {
  const k = kernel({ Y: u32("N") }, ({ Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(randomBits([0, 0], n)[0] as never);
    }),
  );
  const Y = { dtype: "u32", dims: [2], data: new Uint32Array(2) } as const;
  k.eager({ Y });
  assert.equal(Y.data[0], 0x6627e8d5);
  assert.notEqual(Y.data[1], Y.data[0]);
});

const COUNT = 20000;
const moments = (data: ArrayLike<number>): readonly [number, number] => {
  const xs = Array.from(data);
  const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
  return [mean, xs.reduce((a, x) => a + (x - mean) ** 2, 0) / xs.length];
};
for (const [dtype, word, array] of [
  ["f32", f32, Float32Array],
  ["f64", f64, Float64Array],
] as const) {
  const draw = (f: (bits: readonly AnyTile[]) => AnyTile): ArrayLike<number> => {
    const k = kernel({ Y: word("N") }, ({ Y, N }) =>
      grid(N.tile(), n => {
        Y.at(n).set(f(randomBits([9, 0], n)) as never);
      }),
    );
    const Y = { dtype, dims: [COUNT], data: new array(COUNT) };
    k.eager({ Y });
    return Y.data;
  };
  test(`uniform numbers in ${dtype}`, () => {
    const xs = draw(([a, b]) => uniform(dtype, a!, b!));
    assert.ok(Array.from(xs).every(x => x >= 0 && x < 1));
    const [mean, variance] = moments(xs);
    // five standard errors of each
    assert.ok(Math.abs(mean - 1 / 2) < 5 * Math.sqrt(1 / 12 / COUNT), `mean ${mean}`);
    assert.ok(Math.abs(variance - 1 / 12) < 5 * Math.sqrt(1 / 180 / COUNT), `variance ${variance}`);
  });
  test(`normal numbers in ${dtype}`, () => {
    const [mean, variance] = moments(draw(bits => normal(dtype, bits)));
    assert.ok(Math.abs(mean) < 5 / Math.sqrt(COUNT), `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / COUNT), `variance ${variance}`);
  });
}
