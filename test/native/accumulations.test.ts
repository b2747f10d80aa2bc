// Which loaded vectors multiply-adds read from memory where registers are few, and what the C text of a sum says then.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reg, Stmt } from "../../src/lower/cpu/loop.js";
import { add, int, newReg, op, read } from "../../src/lower/cpu/loop.js";
import { countReads, withOperands } from "../../src/targets/c/accumulations.js";
import { emitKernel } from "../../src/targets/c/emit.js";

const pointer = newReg("i32", "p");
const load = (reg: Reg, offset: number): Stmt => ({
  kind: "set",
  reg,
  value: { kind: "load", op: "v128", at: { pointer: read(pointer), offset } },
});
const accumulate = (sum: Reg, a: Reg, b: Reg): Stmt => ({
  kind: "set",
  reg: sum,
  value: op("f32x4.madd", read(a), read(b), read(sum)),
});
const sumsOfPairs = (sums: readonly Reg[], a: Reg, b: Reg): Stmt[] =>
  sums.map(reg => ({ kind: "set", reg, value: op("i32x4.dot_i16x8_add_s", read(reg), read(a), read(b)) }));
const store = (reg: Reg): Stmt => ({
  kind: "store",
  op: "v128",
  at: { pointer: read(pointer), offset: 0 },
  value: read(reg),
});
const move: Stmt = { kind: "set", reg: pointer, value: add(read(pointer), int(32)) };
const vectors = (count: number): Reg[] => Array.from({ length: count }, (_, i) => newReg("v128", `v${i}`));
/** places of the loads of which nothing is left */
const dropped = (block: readonly Stmt[], registers: number): number[] => {
  const left = new Set(withOperands(block, countReads(block), registers));
  return block.flatMap((s, i) => (s.kind === "set" && s.value.kind === "load" && !left.has(s) ? [i] : []));
};

test("a vector that one sum needs is no load of its own; one that more need is", () => {
  const [s, t, a, b] = vectors(4) as [Reg, Reg, Reg, Reg];
  const block = [load(a, 0), load(b, 32), accumulate(s, a, b), accumulate(t, a, a)];
  assert.deepEqual(dropped(block, 16), [1]);
});

test("where registers are too few, vectors that are kept longest for the fewest sums are read again", () => {
  const sums = vectors(6);
  const [w, x, y] = vectors(3) as [Reg, Reg, Reg];
  const block = [
    ...[x, y, w].map((reg, i) => load(reg, 32 * i)),
    ...sums.map(s => accumulate(s, x, w)),
    ...sums.slice(0, 2).map(s => accumulate(s, y, w)),
  ];
  assert.deepEqual(dropped(block, 9), []);
  assert.deepEqual(dropped(block, 8), [1]);
});

test("what is stored, what moves and what others read keeps its load", () => {
  const [s, a, b] = vectors(3) as [Reg, Reg, Reg];
  const pair = [load(a, 0), load(b, 32)];
  assert.deepEqual(dropped([...pair, store(s), accumulate(s, a, b)], 16), []);
  assert.deepEqual(dropped([...pair, move, accumulate(s, a, b)], 16), []);
  assert.deepEqual(dropped([...pair, accumulate(s, a, b), store(a)], 16), [1]);
  // the second value of a register is another vector
  assert.deepEqual(
    dropped([load(b, 0), load(a, 0), accumulate(s, a, b), load(a, 32), accumulate(s, a, b)], 16),
    [1, 3],
  );
});

test("sums are their own instruction, and pointers of their loops stay apart, only where registers are few", () => {
  const [sum, a, b] = vectors(3) as [Reg, Reg, Reg];
  const [start, counter] = [newReg("i32", "start"), newReg("i32", "k")];
  const body = [load(a, 0), load(b, 32), accumulate(sum, a, b), move];
  const loop: Stmt = { kind: "for", counter, limit: int(8), step: 1, body };
  const first: Stmt = { kind: "set", reg: pointer, value: read(start) };
  const text = (registers: number): string =>
    emitKernel({ name: "sum", params: [start], body: [first, loop, store(sum)] }, 0, registers).text;
  assert.match(text(16), /ACCUMULATE_LOAD\(\w+, \w+, \w+, 0\);/);
  assert.match(text(16), /OPAQUE\(\w+\);/);
  assert.doesNotMatch(text(32), /ACCUMULATE|OPAQUE/);
});

test("pairs of halves are added by two instructions that stay together, whose product needs a register", () => {
  const [sum, a, b] = vectors(3) as [Reg, Reg, Reg];
  const body = [load(a, 0), load(b, 32), ...sumsOfPairs([sum], a, b), store(sum)];
  const text = (registers: number): string => emitKernel({ name: "pairs", params: [pointer], body }, 0, registers).text;
  assert.match(text(16), /ACCUMULATE_PAIRS_LOAD\(\w+, \w+, \(u64\)\(u32\)\(\w+\), 0\);/);
  assert.doesNotMatch(text(32), /ACCUMULATE/);

  const sums = vectors(6);
  const [w, x, y] = vectors(3) as [Reg, Reg, Reg];
  const block = [
    ...[x, y, w].map((reg, i) => load(reg, 32 * i)),
    ...sumsOfPairs(sums, x, w),
    ...sumsOfPairs(sums.slice(0, 2), y, w),
  ];
  assert.deepEqual(dropped(block, 10), []);
  assert.deepEqual(dropped(block, 9), [1], "one register is the product's");
});

test("windows that overlap go by vectors of the image: each is loaded once, and each sum keeps its order", () => {
  const [filter, image] = [newReg("i32", "filter"), newReg("i32", "image")];
  const from = (reg: Reg, base: Reg, offset: number): Stmt => ({
    kind: "set",
    reg,
    value: { kind: "load", op: "v128", at: { pointer: add(read(base), read(pointer)), offset } },
  });
  const weight = (reg: Reg, offset: number): Stmt => ({
    kind: "set",
    reg,
    value: { kind: "load", op: "v128", at: { pointer: read(filter), offset } },
  });
  const named = (count: number, name: string): Reg[] =>
    Array.from({ length: count }, (_, i) => newReg("v128", `${name}${i}`));
  const [sums, pixels, weights] = [named(3, "sum"), named(5, "pixel"), named(3, "weight")];
  const block = [
    ...pixels.map((p, i) => from(p, image, 32 * i)),
    ...weights.flatMap((w, k) => [weight(w, 32 * k), ...sums.map((s, i) => accumulate(s, pixels[i + k]!, w))]),
    ...sums.map(store),
  ];
  const text = emitKernel({ name: "window", params: [filter, image, pointer], body: block }, 0, 6).text;
  const lines = text.split("\n").filter(line => line.includes("ACCUMULATE"));
  assert.equal(text.match(/= load_v128/g)!.length, 5 + 1, "the image, and the one weight that has room");
  const ofSums = sums.map(s => lines.filter(line => line.includes(`(${s.name}_`) && line.startsWith("ACCUMULATE")));
  assert.deepEqual(
    ofSums.map(own => own.map(line => Number(/, (\d+)\);$/.exec(line)?.[1] ?? 0) / 32)),
    [
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ],
    "by the weights' offsets",
  );
});
