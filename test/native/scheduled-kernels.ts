// Kernels as native code with the schedules that the compiler's vectors ask for, for tests that run one after the other.
import type { Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { Compiler } from "../../src/targets/c/compiler.js";
import { machineModel } from "../../src/targets/c/target.js";
import type { Runnable } from "../lower/harness.js";
import { nativeKernels } from "./kernel-runner.js";

interface Sized {
  readonly ir: Kernel;
  /** sizes that the schedule is for */
  readonly hints?: (s: Sym) => number | undefined;
}
export type Scheduled<K extends Sized> = K & Runnable & { readonly schedule: Schedule };

/** In one library, compiled for the compiler's time. Whatever else is given of a kernel comes along. */
export async function scheduledKernels<K extends Sized>(
  kernels: readonly K[],
  compiler: Compiler,
  lowered = (ir: Kernel, schedule: Schedule) => lower(ir, schedule),
): Promise<readonly Scheduled<K>[]> {
  const made = kernels.map(k => {
    const hints = k.hints ? { dimHints: k.hints } : {};
    const schedule = deriveSchedule(k.ir, { ...hints, ...machineModel(compiler) });
    return { ...k, schedule, lowered: lowered(k.ir, schedule) };
  });
  const { runners } = await nativeKernels(
    made.map(m => m.lowered),
    compiler,
    "-O1",
  );
  return made.map((m, i) => ({ ...m, runner: runners[i]! }));
}
