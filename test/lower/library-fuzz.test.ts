// Kernels of the library under schedules from the tuner's complete space, on random sizes, equal the interpreter; memory around tensors is guarded.
// AZULEJO_SWEEP=all makes 10,000 draws in WebAssembly and as many in native code, of which else a few kernels are drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { interpretKernel, type TensorArgument } from "../../src/ir/evaluate/kernel.js";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { scheduleSpace } from "../../src/schedule/space.js";
import { drawTensors, type Tensors } from "../../src/testing/draw-tensors.js";
import { compileOptionsOf } from "../../src/load/compile-options.js";
import { machineModelOf } from "../../src/load/machine-model.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { findCompiler } from "../../src/targets/c/compiler.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { type Drawable, libraryKernels } from "../kernels/library.js";
import { nativeKernels } from "../native/kernel-runner.js";
import type { Data, Runner } from "./harness.js";
import { instantiate, runOnce } from "./harness.js";

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

interface Draw {
  readonly seed: number;
  readonly picks: readonly number[];
  readonly partials: number;
  readonly hinted: boolean;
}
const draws: fc.Arbitrary<Draw> = fc.record({
  seed: fc.nat(2 ** 31 - 1),
  picks: fc.array(fc.nat(), { minLength: SCHEDULES, maxLength: SCHEDULES }),
  partials: fc.constantFrom(1, 2, 4),
  hinted: fc.boolean(),
});
/** of native code, so many in a library */
const LIBRARY = 24;
const repeated = process.env.FUZZ_SEED ? { seed: Number(process.env.FUZZ_SEED) } : {};

/** Tensors with what the interpreter makes of them, and schedules to compute the same. */
function drawn([{ ir: kernel }, options = {}]: Drawable, { seed, picks, partials, hinted }: Draw, machine = {}) {
  const [tensors] = drawTensors(kernel, { ...options, seed });
  const sizes = sizesOf(kernel, tensors!);
  const want = copy(tensors!);
  interpretKernel(kernel, want);
  // code for these sizes, or for large ones that meets these
  const dimHints = (s: { readonly name: string }): number => (hinted ? sizes[s.name]! : 64);
  const space: readonly { readonly schedule: Schedule }[] = scheduleSpace(kernel, { ...machine, dimHints });
  const schedules = picks.map((pick): Schedule => {
    const { schedule } = space[pick % space.length] ?? { schedule: deriveSchedule(kernel, { ...machine, dimHints }) };
    return { ...schedule, partials };
  });
  const data = () => Object.fromEntries(Object.entries(copy(tensors!)).map(([n, t]) => [n, t.data as Data]));
  return { kernel, sizes, want, schedules, data };
}

for (const [name, drawable] of kernels)
  test(`${name}: schedules of the complete space on random sizes`, () => {
    fc.assert(
      fc.property(draws, draw => {
        const { kernel, sizes, want, schedules, data } = drawn(drawable, draw);
        for (const schedule of schedules) assertSame(kernel, runOnce(kernel, schedule, sizes, data()), want);
      }),
      { numRuns: SHAPES, ...repeated },
    );
  });

// the C compiler takes most of the time: what it gets without a sweep are the kernels with most kinds of loops
for (const [name, drawable] of kernels.filter(([name]) => all || ["groupedLinear", "attention"].includes(name)))
  test(`${name} in native code: schedules of the complete space on random sizes`, async t => {
    const problem = await nativeProblem();
    if (problem) return t.skip(problem);
    const compiler = await findCompiler();
    const machine = await machineModelOf("native", compileOptionsOf({ threads: 1 }));
    const seed = repeated.seed ?? Math.floor(Math.random() * 2 ** 31);
    const made = fc.sample(draws, { numRuns: SHAPES, seed }).map(draw => drawn(drawable, draw, machine));
    const entries = made.flatMap(({ schedules, ...one }) =>
      schedules.map(schedule => ({ ...one, schedule, lowered: lower(one.kernel, schedule) })),
    );
    const runners: Runner[] = [];
    for (let at = 0; at < entries.length; at += LIBRARY) {
      const own = entries.slice(at, at + LIBRARY).map(e => e.lowered);
      runners.push(...(await nativeKernels(own, compiler, "-O1")).runners);
    }
    entries.forEach(({ kernel, sizes, want, schedule, lowered, data }, i) => {
      const it = instantiate({ lowered, runner: runners[i]! }, kernel, sizes, data(), schedule);
      it.run();
      it.checkGuards();
      const outputs = kernel.tensors.filter(x => x.role !== "input");
      try {
        assertSame(kernel, Object.fromEntries(outputs.map(x => [x.name, it.read(x.name)])), want);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, ${JSON.stringify(schedule)}`, { cause: error });
      }
    });
  });
