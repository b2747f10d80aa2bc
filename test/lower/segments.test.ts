// Segments compiled: random divisions and schedules against the interpreter, and bounds that are wrong, on every target and number of threads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileKernel, Tensor } from "../../src/index.js";
import * as fc from "fast-check";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { Kernel } from "../../src/ir/tile.js";
import { printFunc } from "../../src/lower/cpu/loop-print.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { verifySchedule } from "../../src/schedule/verify.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { divisions, foldedColumns, groupedGemm, scaled, temperatures } from "../kernels/segments.js";
import { defaultSchedule, runOnce } from "./harness.js";

const kernels = [groupedGemm("constant"), groupedGemm(), scaled(), foldedColumns(), temperatures()].map(k => k.ir);
const schedules: readonly ((k: Kernel, rows: number) => Schedule)[] = [
  k => deriveSchedule(k),
  (k, rows) => ({ ...deriveSchedule(k), block: Object.fromEntries(k.grid.map((a, i) => [a.name, i ? 8 : rows])) }),
  (_, rows) => ({ ...defaultSchedule, block: { m: rows } }),
  (_, rows) => ({ ...defaultSchedule, stage: { Y: { rows: { m: [rows, 2] }, vectors: 1 } } }),
];
const wholeNumbers = (n: number, by: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * by) % 15) - 7);

test("random segments give the interpreter's results, whatever the schedule", () => {
  const lengths = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 20, max: 70 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.nat(kernels.length - 1),
      lengths,
      fc.nat(3),
      fc.integer({ min: 1, max: 7 }),
      (which, parts, how, rows) => {
        const k = kernels[which]!;
        const Off = Int32Array.from([0, ...parts.map((_, i) => parts.slice(0, i + 1).reduce((a, b) => a + b))]);
        const dims: Record<string, number> = {
          M: Off.at(-1)!,
          G: parts.length,
          B: Off.length,
          K: 6,
          N: 11,
          C: 5,
          R: 6,
        };
        const sizeOf = (t: Kernel["tensors"][number]): number[] => t.dims.map(d => d.evaluate(s => dims[s.name]!));
        const data = Object.fromEntries(
          k.tensors.map((t, i) => [
            t.name,
            t.name === "Off"
              ? Off
              : wholeNumbers(
                  sizeOf(t).reduce((a, b) => a * b, 1),
                  i + 2,
                ),
          ]),
        );
        const args = Object.fromEntries(
          k.tensors.map(t => [
            t.name,
            { dtype: t.dtype, dims: sizeOf(t), data: data[t.name]!.slice() as Float32Array },
          ]),
        );
        interpretKernel(k, args as never);
        const got = runOnce(k, schedules[how]!(k, rows), dims, data).Y as Float32Array;
        got.forEach((x, i) => {
          const want = (args.Y!.data as Float32Array)[i]!;
          assert.ok(
            Math.abs(x - want) <= 1e-5 * Math.max(1, Math.abs(want)),
            `${k.name}: element ${i} is ${x}, not ${want}`,
          );
        });
      },
    ),
    { numRuns: process.env.AZULEJO_SWEEP === "all" ? 2000 : 250, includeErrorInReport: true },
  );
});

test("inside of a segment a product has the register tile of a plain one", () => {
  const k = groupedGemm("constant").ir;
  const schedule = deriveSchedule(k, { dimHints: s => ({ M: 512, N: 512, K: 512, G: 8, B: 9 })[s.name] });
  assert.deepEqual(lower(k, schedule).stages, ["Y: loops m by 6/2/1; lane n × 2"]);
  // all rows of a piece are multiplied before any is stored, and the number of the segment moves one pointer
  assert.match(printFunc(lower(k, schedule).phases.at(-1)!.func), /for m\.seg\.\d+ \+ 1 <= /);
  // blocks are columns: none tears a segment apart, and each segment's weights lie together
  assert.deepEqual(schedule.block, { n: 128 });
  assert.deepEqual(schedule.layouts.W, { order: [0, 2, 1], block: { dim: 2, size: 8 } });
});
test("tiles of few rows add up in parts that do not wait for each other", () => {
  const k = groupedGemm("constant").ir;
  const sumsOf = (partials: number): string[] => {
    const schedule = deriveSchedule(k, { dimHints: () => 64, pins: { partials } });
    const text = printFunc(lower(k, schedule).phases.at(-1)!.func);
    return [6, 2, 1].map(rows => {
      const [, body = ""] = text.split(new RegExp(`for m\\.\\d+ \\+ ${rows} <= `));
      return `${rows} rows: ${body.split(/for m\.\d+ /)[0]!.match(/acc\.\d+ = zero/g)?.length} sums`;
    });
  };
  assert.deepEqual(sumsOf(4), ["6 rows: 12 sums", "2 rows: 8 sums", "1 rows: 8 sums"]);
  assert.deepEqual(sumsOf(1), ["6 rows: 12 sums", "2 rows: 4 sums", "1 rows: 2 sums"]);
});
test("segments lie in no lane and in no fused axis", () => {
  const k = groupedGemm().ir;
  const refuse = (more: Partial<Schedule>, message: string): void =>
    assert.throws(() => verifySchedule(k, { ...defaultSchedule, ...more }), {
      code: "schedule",
      message: `schedule of kernel "groupedGemm": ${message}`,
    });
  refuse(
    { stage: { Y: { lane: "m" } } },
    'axis "m" is walked in segments, which start anywhere in a vector; put another axis in lanes',
  );
  refuse({ fuse: [["m", "n", "m.n"]] }, 'axis "m" is walked in segments and fused with another; leave it apart');
});

const [K, N] = [7, 19];
const product = (x: Float32Array, w: Float32Array, off: readonly number[]): number[] =>
  Array.from({ length: off.at(-1)! * N }, (_, i) => {
    const [m, n] = [Math.floor(i / N), i % N];
    const seg = off.findIndex((first, s) => first <= m && m < off[s + 1]!);
    let sum = 0;
    for (let k = 0; k < K; k++) sum += x[m * K + k]! * w[(seg * K + k) * N + n]!;
    return sum;
  });
for (const [target, threads] of [
  ["interpreter", 1],
  ["wasm", 1],
  ["wasm", 2],
  ["native", 1],
  ["native", 2],
] as const)
  test(`grouped products on ${target}, ${threads} threads, and bounds that are wrong`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    const model = await compileKernel(groupedGemm(), { target, threads });
    const tensors = (bounds: readonly number[], rows: number) => {
      const G = bounds.length - 1;
      return {
        X: new Tensor("f32", wholeNumbers(rows * K, 2), [rows, K]),
        W: new Tensor("f32", wholeNumbers(G * K * N, 3), [G, K, N]),
        Off: new Tensor("i32", Int32Array.from(bounds), [G + 1]),
      };
    };
    const right = async (off: readonly number[]): Promise<void> => {
      const given = tensors(off, off.at(-1)!);
      const { Y } = await model.run(given);
      const want = product(given.X.data as Float32Array, given.W.data as Float32Array, off);
      assert.deepEqual([...(Y!.data as Float32Array)], want);
    };
    try {
      for (const off of [...Object.values(divisions).filter(off => off.length > 1), [0, 70, 70, 300, 301]])
        await right(off);
      for (const [wrong, at] of [
        [[1, 4, 4, 10], 0],
        [[0, 4, 3, 10], 2],
        [[0, 4, 4, 9], 3],
        [[0, 4, 4, 11], 3],
        [[0, -4, 4, 10], 1],
        [[0, 12, 12, 10], 3],
        [[0, 2 ** 31 - 1, -(2 ** 31), 10], 2],
      ] as const) {
        const message =
          target === "interpreter"
            ? `kernel "groupedGemm": the segments of "m" are bounded by "Off", which holds ${wrong[at]} at ${at}; bounds start with 0, do not fall, and end with 10`
            : /^Kernel "groupedGemm" stopped at an index outside its tensor/;
        await assert.rejects(model.run(tensors(wrong, 10)), { code: "bounds", message });
        await right([0, 4, 4, 10]);
      }
    } finally {
      model.dispose();
    }
  });
