// Results of 8 bits are written word by word where four of them are known together, and else bit by bit, by atomic operations.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../../src/ir/tile.js";
import { leastLimits, lowerForGpu, separateMemories } from "../../src/lower/gpu/lower.js";
import { dotQuads, f32, grid, i8, i32, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { agree } from "./agree.js";
import { gpuTest } from "./gpu-test.js";

const shadersOf = (k: Kernel, limits = leastLimits): string =>
  lowerForGpu(k, separateMemories(k), limits)
    .dispatches.map(d => d.code)
    .join("\n");

/** columns: a multiple of four, or any number */
const rescaled = (statics: { readonly N?: number }) =>
  kernel(
    { X: f32("M N"), S: f32("N"), Y: i8("M N") },
    ({ X, S, Y, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        Y.at(m, n).set(X.at(m, n).mul(S.at(n)).maximum(-128).minimum(127).cast("i8"));
      }),
    { statics },
  ).ir;
const turned = () =>
  kernel(
    { X: u8("N M"), Y: u8("M N") },
    ({ X, Y, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        Y.at(m, n).set(X.at(n, m).add(200));
      }),
    { statics: { N: 12 } },
  ).ir;
const summed = () =>
  kernel(
    { X: u8("M N K"), Y: u8("M N") },
    ({ X, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(X.at(m, n, k).max(k));
      }),
    { statics: { N: 8 } },
  ).ir;
const quads = (statics: { readonly N?: number }) =>
  kernel(
    { X: i32("M K"), W: i32("K N"), Y: i8("M N") },
    ({ X, W, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(
          dotQuads(X.at(m, k), W.at(k, n), k).cast("f32").mul(0.0625).maximum(-128).minimum(127).cast("i8"),
        );
      }),
    { statics },
  ).ir;

test("words are written as they are, parts of words by atomic operations", () => {
  assert.doesNotMatch(shadersOf(rescaled({ N: 20 })), /atomic/);
  assert.match(shadersOf(rescaled({})), /atomicAnd/);
  // a maximum each: four in one invocation would be slower
  assert.match(shadersOf(summed()), /atomicAnd/);
  const tiles = { ...leastLimits, tiles: true };
  assert.doesNotMatch(shadersOf(quads({ N: 36 }), tiles), /atomic/);
  assert.match(shadersOf(quads({}), tiles), /atomicAnd/);
});
gpuTest("bytes that are written word by word are those of the interpreter", async () => {
  const word = /one invocation a word of four elements/;
  await agree(rescaled({ N: 20 }), [{ M: 1 }, { M: 77 }], word);
  await agree(turned(), [{ M: 5 }], word);
  // sizes that the program knows
  await agree(rescaled({}), [{ M: 3, N: 8 }], word);
  await agree(rescaled({}), [{ M: 3, N: 7 }], /one invocation an element/);
});
gpuTest("a tile's results of 8 bits are written word by word", () =>
  agree(quads({ N: 36 }), [{ M: 20, K: 37 }], /tiles of/),
);
