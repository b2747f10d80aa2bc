// Folds in parts: whatever the sizes, the blocks and the number of parts, the result is that of the fold in one, and the same bits at any
// number of threads.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { newArray } from "../../src/ir/arrays.js";
import { interpretKernel, type TensorArgument } from "../../src/ir/evaluate/kernel.js";
import { floatToBits } from "../../src/ir/float-bits.js";
import type { Kernel } from "../../src/ir/tile.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { namesOf } from "../../src/schedule/names.js";
import { whyWhole } from "../../src/schedule/parts.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { verifySchedule } from "../../src/schedule/verify.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { kernel as kernelThatRuns } from "../../src/author/index.js";
import { dot, f32, fold, grid, zeros } from "../../src/tile/index.js";
import { splitKernels, splitPlaces, splitProduct } from "../kernels/merging.js";
import { valuesOf } from "../kernels/typed-cases.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

type Sizes = Readonly<Record<string, number>>;
const size = fc.constantFrom(0, 1, 2, 3, 5, 8, 13, 33);
const sizes: fc.Arbitrary<Sizes> = fc
  .record({ M: size, N: size, K: size, H: fc.constantFrom(1, 2), S: size, T: size, J: size })
  .map(d => ({ ...d, D: 3, E: 5, R: d.M, C: d.K, G: 2, B: 3 }));

function argumentsOf(k: Kernel, dims: Sizes): Record<string, TensorArgument> {
  let seed = 7;
  const next = (): number => {
    seed = (seed * 16807) % 2147483647;
    return ((seed % 41) - 20) / 16;
  };
  return Object.fromEntries(
    k.tensors.map(t => {
      const shape = t.dims.map(p => p.evaluate(s => dims[s.name]!));
      const data = newArray(
        t.dtype,
        shape.reduce((p, n) => p * n, 1),
      ) as unknown as number[];
      if (t.role === "input" && t.name !== "Off")
        for (let i = 0; i < data.length; i++) data[i] = t.dtype === "f16" ? floatToBits("f16", next()) : next();
      if (t.name === "Off") [0, Math.ceil(dims.M! / 3), dims.M!].forEach((x, i) => (data[i] = x));
      return [t.name, { dtype: t.dtype, dims: shape, data: data as never }];
    }),
  );
}
/** splits every fold that can be split */
function inParts(k: Kernel, base: Schedule, parts: number, block: number): Schedule {
  const names = namesOf(k);
  const cut = k.folds.filter(f => whyWhole(k, f) === undefined);
  const tiles = names.folds.filter(f => !f.steps);
  return {
    ...base,
    block: { ...base.block, ...Object.fromEntries(tiles.map(f => [names.axis(f.axis), block])) },
    parts: Object.fromEntries(cut.map(f => [names.axis(f.axis), parts])),
  };
}
function assertSame(k: Kernel, got: Readonly<Record<string, Data>>, want: Record<string, TensorArgument>): void {
  for (const t of k.tensors) {
    if (t.role === "input") continue;
    const xs = valuesOf({ ...want[t.name]!, data: got[t.name]! } as never).map(Number);
    const tolerance = t.dtype === "f16" ? 2e-2 : 2e-5;
    valuesOf(want[t.name] as never).forEach((y, i) => {
      const w = Number(y);
      const near = Object.is(xs[i], w) || Math.abs(xs[i]! - w) <= tolerance * Math.max(1, Math.abs(w));
      assert.ok(near, `${k.name}: element ${i} of ${t.name} is ${xs[i]}, not ${w}`);
    });
  }
}

test("folds in any number of parts give the interpreter's results", () => {
  fc.assert(
    fc.property(
      fc.nat(splitKernels.length - 1),
      sizes,
      fc.constantFrom(1, 2, 3, 7, 16),
      fc.constantFrom(1, 4, 16),
      fc.constantFrom(undefined, 1, 4),
      fc.boolean(),
      (which, dims, parts, block, gridBlock, derived) => {
        const k = splitKernels[which]!;
        const base = derived ? deriveSchedule(k, { dimHints: s => dims[s.name] }) : defaultSchedule;
        const blocks = gridBlock ? Object.fromEntries(k.grid.map(a => [a.name, gridBlock])) : base.block;
        const schedule = inParts(k, { ...base, block: blocks }, parts, block);
        const args = argumentsOf(k, dims);
        const data = Object.fromEntries(k.tensors.map(t => [t.name, args[t.name]!.data.slice() as Data]));
        interpretKernel(k, args);
        assertSame(k, runOnce(k, schedule, dims, data), args);
      },
    ),
    { numRuns: process.env.AZULEJO_SWEEP === "all" ? 3000 : 120, includeErrorInReport: true },
  );
});

test("the interpreter walks parts, some of them empty, and so does eager execution", () => {
  const dims = { M: 5, N: 4, K: 7, H: 2, S: 3, T: 7, J: 2, D: 3, E: 5, R: 5, C: 7, G: 2, B: 3 };
  for (const k of splitKernels) {
    const want = argumentsOf(k, dims);
    interpretKernel(k, want);
    for (const foldParts of [1, 2, 3, 20]) {
      const args = argumentsOf(k, dims);
      interpretKernel(k, args, { foldParts });
      assertSame(k, Object.fromEntries(Object.entries(args).map(([n, a]) => [n, a.data as Data])), want);
    }
  }
  const k = splitPlaces();
  const want = argumentsOf(k.ir, dims);
  interpretKernel(k.ir, want);
  const got = k.eager(argumentsOf(k.ir, dims), { foldParts: 3, foldTile: 2, block: 2 });
  assertSame(k.ir, Object.fromEntries(Object.entries(got).map(([n, a]) => [n, a.data as Data])), want);
});

test("how many parts there are follows from sizes: as many as blocks are missing", () => {
  const k = splitProduct().ir;
  const schedule: Schedule = { ...defaultSchedule, block: { m: 4, n: 8, k: 16 }, parts: { k: 6 } };
  const { phases, sharedBytes } = lower(k, schedule);
  const counts = (dims: Sizes): number[] => phases.map(p => p.blocks.evaluate(s => dims[s.name]!));
  assert.deepEqual(counts({ M: 4, N: 8, K: 96 }), [6, 1]);
  // two blocks, three parts each
  assert.deepEqual(counts({ M: 4, N: 9, K: 96 }), [6, 2]);
  // a part holds a whole block of the fold
  assert.deepEqual(counts({ M: 4, N: 8, K: 33 }), [3, 1]);
  // enough blocks, or nothing to cut: no memory either
  for (const dims of [
    { M: 40, N: 8, K: 96 },
    { M: 4, N: 8, K: 16 },
    { M: 4, N: 8, K: 0 },
  ]) {
    assert.equal(counts(dims)[0], 0);
    assert.ok(sharedBytes.evaluate(s => (dims as Sizes)[s.name]!) <= 256);
  }
});

test("a schedule cuts folds where there are few blocks and much to do", () => {
  const derived = (dims: Sizes): Schedule["parts"] =>
    deriveSchedule(splitProduct().ir, { dimHints: s => dims[s.name] }).parts;
  assert.deepEqual(derived({ M: 1, N: 64, K: 65536 }), { k: 16 });
  assert.equal(derived({ M: 1, N: 8, K: 256 }), undefined);
  // nothing is known of the sizes
  assert.deepEqual(derived({}), { k: 16 });
});

test("a fold that can't be cut is refused with the reason", () => {
  const refuse = (k: Kernel, parts: Schedule["parts"], message: string): void =>
    assert.throws(() => verifySchedule(k, { ...defaultSchedule, ...(parts ? { parts } : {}) }), {
      code: "schedule",
      message: `schedule of kernel "${k.name}": ${message}`,
    });
  const k = splitProduct().ir;
  refuse(k, { x: 2 }, 'there is no fold over "x" to cut into parts; use the names that explain prints');
  refuse(k, { k: 0.5 }, 'the fold over "k" is cut for 0.5 blocks; use a whole number from 1 on');
  const needs = splitPlaces().ir;
  const [, second] = needs.folds.map(f => f.axis.name);
  const reason = "needs the result of another fold and can't be cut into parts; leave it whole";
  refuse(needs, { [second!]: 2 }, `the fold over "${second}" ${reason}`);
});

const threaded = kernelThatRuns(
  { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
  ({ X, W, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const [sum] = fold(
        K.tile(),
        [zeros("f32", m, n)] as const,
        (k, [s]) => [s.add(dot(X.at(m, k), W.at(k, n), k))] as const,
        { merge: ([a], [b]) => [a.add(b)] as const },
      );
      Y.at(m, n).set(sum);
    }),
  { name: "threaded" },
);
for (const target of ["wasm", "native"] as const)
  test(`parts give the same bits at any number of threads on ${target}`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898));
    const X = { dtype: "f32", dims: [3, 20000], data: numbers(60000) } as const;
    const W = { dtype: "f32", dims: [20000, 40], data: numbers(800000) } as const;
    const { schedule } = await threaded.explain({ target, dims: { M: 3, K: 20000, N: 40 } });
    assert.ok(schedule?.parts, "the fold is cut");
    const one = await threaded.run({ X, W }, { target, threads: 1 });
    for (let turn = 0; turn < 3; turn++) {
      const two = await threaded.run({ X, W }, { target, threads: 2 });
      assert.deepEqual(two.Y.data, one.Y.data);
    }
    const want = threaded.eager({ X, W }).Y.data as Float32Array;
    (one.Y.data as Float32Array).forEach((y, i) => {
      assert.ok(Math.abs(y - want[i]!) < 1e-2, `element ${i} is ${y}, not ${want[i]}`);
    });
    if (target === "native") threaded.dispose();
  });
