// Kernels of the library under schedules from the tuner's complete space, on random sizes, equal the interpreter; memory around tensors is guarded.
// AZULEJO_SWEEP=all makes 10,000 draws.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { interpretKernel, type TensorArgument } from "../../src/ir/evaluate/kernel.js";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { scheduleSpace } from "../../src/schedule/space.js";
import { drawTensors, type Tensors } from "../../src/testing/draw-tensors.js";
import { libraryKernels } from "../kernels/library.js";
import type { Data } from "./harness.js";
import { runOnce } from "./harness.js";

const all = process.env.AZULEJO_SWEEP === "all";
const kernels = Object.entries(libraryKernels);
/** of each kernel, and schedules for each of them */
const [SHAPES, SCHEDULES] = all ? [16, Math.ceil(10_000 / 16 / kernels.length)] : [1, 2];

const sizesOf = (kernel: Kernel, tensors: Tensors): Record<string, number> => {
  const sizes: Record<string, number> = {};
  for (const d of kernel.dims) if (d.size.isConst) sizes[d.name] = d.size.constant;
  for (const t of kernel.tensors)
    t.dims.forEach((p, i) => {
      const name = kernel.dims.find(d => d.size.equals(p))?.name;
      if (name !== undefined) sizes[name] = tensors[t.name]!.dims[i]!;
    });
  return sizes;
};
const copy = (tensors: Tensors): Record<string, TensorArgument> =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() }])) as never;

function assertSame(kernel: Kernel, got: Readonly<Record<string, Data>>, want: Tensors): void {
  for (const t of kernel.tensors.filter(t => t.role !== "input"))
    want[t.name]!.data.forEach((w: number | bigint, i: number) => {
      const x = got[t.name]![i]!;
      const bound = t.dtype === "f32" ? 5e-5 * (1 + Math.abs(Number(w))) : 0;
      assert.ok(Object.is(x, w) || Math.abs(Number(x) - Number(w)) <= bound, `${t.name}[${i}]: ${x}, not ${w}`);
    });
}

for (const [name, [{ ir: kernel }, options = {}]] of kernels)
  test(`${name}: schedules of the complete space on random sizes`, () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31 - 1),
        fc.array(fc.nat(), { minLength: SCHEDULES, maxLength: SCHEDULES }),
        fc.constantFrom(1, 2, 4),
        fc.boolean(),
        (seed, picks, partials, hinted) => {
          const [tensors] = drawTensors(kernel, { ...options, seed });
          const sizes = sizesOf(kernel, tensors!);
          const want = copy(tensors!);
          interpretKernel(kernel, want);
          // code for these sizes, or for large ones that meets these
          const dimHints = (s: { readonly name: string }): number => (hinted ? sizes[s.name]! : 64);
          const space: readonly { readonly schedule: Schedule }[] = scheduleSpace(kernel, { dimHints });
          for (const pick of picks) {
            const { schedule } = space[pick % space.length] ?? { schedule: deriveSchedule(kernel, { dimHints }) };
            const data = Object.fromEntries(Object.entries(copy(tensors!)).map(([n, t]) => [n, t.data as Data]));
            assertSame(kernel, runOnce(kernel, { ...schedule, partials }, sizes, data), want);
          }
        },
      ),
      { numRuns: SHAPES, ...(process.env.FUZZ_SEED ? { seed: Number(process.env.FUZZ_SEED) } : {}) },
    );
  });
