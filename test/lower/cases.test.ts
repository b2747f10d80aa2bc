// The kernels of the first stage, lowered with several schedules, against plain loops.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { Sizes } from "../kernels/cases.js";
import { argumentsFor, cases } from "../kernels/cases.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

const inputsOf = (kernel: Kernel, sizes: Sizes): Record<string, Data> => {
  const args = argumentsFor(kernel, sizes);
  return Object.fromEntries(kernel.tensors.filter(t => t.role !== "output").map(t => [t.name, args[t.name]!.data]));
};
function check(name: string, kernel: Kernel, schedule: Schedule, sizes: Sizes): void {
  const c = cases.find(x => x.name === name)!;
  const inputs = inputsOf(kernel, sizes);
  const dims = {
    ...Object.fromEntries(kernel.dims.map(d => [d.name, d.size.isConst ? d.size.constant : Number.NaN])),
    ...sizes,
  };
  const want = c.want(inputs as Record<string, Float32Array>, dims);
  const got = runOnce(kernel, schedule, dims, inputs)[c.output]!;
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++)
    assert.ok(
      Math.abs(Number(got[i]) - want[i]!) <= 3e-5 * (1 + Math.abs(want[i]!)),
      `${JSON.stringify(sizes)} [${i}]: ${got[i]} ≠ ${want[i]}`,
    );
}
const variants: Readonly<Record<string, (k: Kernel) => Schedule>> = {
  "the plainest schedule": () => defaultSchedule,
  "small tiles": k => ({
    ...defaultSchedule,
    unroll: 2,
    partials: 1,
    maxPointers: 2,
    block: k.folds.some(f => !f.steps) ? { t: 8 } : ({} as Record<string, number>),
  }),
  "its own schedule": k => deriveSchedule(k),
};
for (const c of cases)
  for (const [title, schedule] of Object.entries(variants))
    test(`${c.name} with ${title}`, () => {
      const kernel = c.kernel();
      for (const sizes of c.sizes) check(c.name, kernel, schedule(kernel), sizes);
    });
