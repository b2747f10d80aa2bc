// The schedules that a tuner chooses from: legal, distinct, many, and all of one meaning.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sym } from "../../src/ir/poly.js";
import { compileKernel } from "../../src/load/compile-kernel.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { genericProfile } from "../../src/schedule/machine-profile.js";
import { Predictor } from "../../src/schedule/predict.js";
import { scheduleSpace } from "../../src/schedule/space.js";
import { verifySchedule } from "../../src/schedule/verify.js";
import { attention, conv, linear } from "../kernels/stage1.js";

const dims = { M: 61, N: 43, K: 17 };
const features = { relaxedSimd: true, tileProfile: "v8-modern" } as const;
const hints = (sizes: Readonly<Record<string, number>>) => (s: Sym) => sizes[s.name];

test("the first schedule of a space is the derived one, and no two are equal", () => {
  const { ir } = linear();
  const space = scheduleSpace(ir, { dimHints: hints({ M: 256, N: 256, K: 256 }), features });
  assert.deepEqual(space[0]!.schedule, deriveSchedule(ir, { dimHints: hints({ M: 256, N: 256, K: 256 }), features }));
  assert.ok(space.length >= 500, `${space.length} schedules`);
  assert.equal(new Set(space.map(c => JSON.stringify(c.schedule))).size, space.length);
});

for (const [name, kernel, sizes] of [
  ["linear", linear(), dims],
  ["conv", conv(1, 1), { B: 1, H: 7, W: 9, U: 7, V: 9, C: 8, K: 16, P: 3, Q: 3 }],
  ["attention", attention({ causal: true }), { B: 1, H: 2, G: 1, S: 33, T: 70, D: 8, E: 8 }],
] as const)
  test(`every schedule of ${name} is legal, and deriving it from its choices gives it again`, () => {
    const options = { dimHints: hints(sizes), features };
    for (const { choices, schedule } of scheduleSpace(kernel.ir, options)) {
      verifySchedule(kernel.ir, schedule);
      const { order, ...again } = deriveSchedule(kernel.ir, { ...options, choices });
      assert.deepEqual({ ...again, ...(order?.length ? { order } : {}) }, schedule);
    }
  });

test("schedules of a space compute what the kernel means", async () => {
  const { ir } = linear();
  const draw = (...shape: number[]) => ({
    dtype: "f32" as const,
    dims: shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 29) % 13) - 6),
  });
  const inputs = { X: draw(dims.M, dims.K), W: draw(dims.K, dims.N), b: draw(dims.N) };
  const want = Float32Array.from({ length: dims.M * dims.N }, (_, i) => {
    const [m, n] = [Math.floor(i / dims.N), i % dims.N];
    let sum = inputs.b.data[n]!;
    for (let k = 0; k < dims.K; k++) sum += inputs.X.data[m * dims.K + k]! * inputs.W.data[k * dims.N + n]!;
    return sum;
  });
  const space = scheduleSpace(ir, { dimHints: hints(dims), features });
  for (let i = 0; i < space.length; i += Math.ceil(space.length / 24)) {
    const { schedule } = space[i]!;
    const model = await compileKernel(ir, { dims, threads: 1, schedules: { [ir.name]: schedule } });
    const { Y } = await model.run<{ Y: { data: Float32Array } }>(inputs);
    model.dispose();
    // sums of small whole numbers are exact in any order
    assert.deepEqual(
      Y.data,
      want.map(x => Math.max(0, x)),
      JSON.stringify(schedule),
    );
  }
});

test("predictions tell what spills, what runs over edges, and bytes of each level", () => {
  const { ir } = linear();
  const sizeOf = hints({ M: 256, N: 256, K: 256 });
  const predictor = new Predictor(ir, { profile: genericProfile, features, threads: 1, sizeOf });
  const predict = (rows: number, vectors: number) =>
    predictor.predict(deriveSchedule(ir, { dimHints: sizeOf, features, choices: { stage: { Y: { rows, vectors } } } }));
  const [good, spilled, thin] = [predict(6, 2), predict(8, 2), predict(1, 1)];
  assert.deepEqual(
    good.stages.map(({ id, rows, vectors, registers }) => ({ id, rows, vectors, registers })),
    [{ id: "Y", rows: 6, vectors: 2, registers: 15 }],
  );
  assert.ok(good.timeMs < spilled.timeMs && good.timeMs < thin.timeMs);
  assert.ok(good.bytes.registers < thin.bytes.registers);
});
