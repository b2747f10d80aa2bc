// One kernel, timed on a CPU target beside the two roofs of the same engine and threads: for explain. Not here: other schedules.
import type { KernelProgram } from "../../graph/program.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { Schedule } from "../../schedule/schedule.js";
import { Contest, type KernelStep } from "./contest.js";
import { type CpuTarget, rooflineMs, Roofs } from "./roofs.js";

/** What a run of the kernel took, and what the machine could do in the same minute. */
export interface KernelMeasurement {
  /** the best of so many runs */
  readonly timeMs: number;
  readonly runs: number;
  readonly threads: number;
  /** of independent multiply-adds, by all threads */
  readonly peakGigaflops: number;
  /** of a copy of about as many bytes as the kernel's tensors have: read and written, gigabytes a second */
  readonly copyGigabytes: number;
  /** what arithmetic and memory allow at most */
  readonly rooflineMs: number;
  readonly percentOfRoofline: number;
}

const ROUNDS = 8;
/** milliseconds of each round */
const ROUND_MS = 8;
const MOST_RUNS = 200;

export async function measureKernel(
  program: KernelProgram,
  work: { readonly schedule: Schedule; readonly flops: number; readonly bytes: number },
  target: CpuTarget,
  options: CompileOptions,
): Promise<KernelMeasurement> {
  const step = program.steps.at(-1) as KernelStep;
  const contest = await Contest.of({ step, values: new Map(), tensors: {} }, [work.schedule], target, options);
  try {
    const roofs = await Roofs.of(target, options);
    try {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await roofs.measure(work.bytes);
        const [first] = await contest.time([0]);
        times.push(first!);
        const more = Math.min(MOST_RUNS, Math.ceil(ROUND_MS / Math.max(first!, 1e-3)));
        for (let i = 0; i < more; i++) times.push(...(await contest.time([0])));
      }
      const rates = await roofs.measure(work.bytes);
      const timeMs = Math.min(...times);
      const roofMs = rooflineMs(rates, work, timeMs);
      return {
        timeMs,
        runs: times.length,
        threads: options.threads,
        peakGigaflops: rates.peak,
        copyGigabytes: rates.copy,
        rooflineMs: roofMs,
        percentOfRoofline: (100 * roofMs) / timeMs,
      };
    } finally {
      roofs.dispose();
    }
  } finally {
    contest.dispose();
  }
}
