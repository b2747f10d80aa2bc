// How good the tuner and the derived schedules are: the distinct matrix products and convolutions of ResNet-50, and attention, each derived, tuned
// and with the best of all schedules of its space, at last against each other. Not here: how it is printed.
import { kernelProgram } from "../src/load/compile-kernel.js";
import { compileOptionsOf } from "../src/load/compile-options.js";
import { machineModelOf } from "../src/load/machine-model.js";
import { Contest, type KernelStep, type Subject } from "../src/load/measure/contest.js";
import { type CpuTarget, Roofs } from "../src/load/measure/roofs.js";
import { race } from "../src/tune/race.js";
import { bytesOfSubject, tuneStep } from "../src/tune/tune-step.js";
import * as kernels from "../test/kernels/stage1.js";
import type { Kernel } from "../src/ir/tile.js";

export interface TunerWork {
  readonly name: string;
  readonly kernel: () => Kernel;
  readonly dims: Readonly<Record<string, number>>;
}
const product = (M: number, N: number, K: number): TunerWork => ({
  name: `product ${M}x${N}x${K}`,
  kernel: () => kernels.linear().ir,
  dims: { M, N, K },
});
const window = (H: number, C: number): TunerWork => ({
  name: `conv 3x3 ${H}x${H}x${C}`,
  kernel: () => kernels.conv(1, 1).ir,
  dims: { B: 1, H, W: H, U: H, V: H, C, K: C, P: 3, Q: 3 },
});
/** 1 × 1 convolutions are products of pixels and channels; a stride only leaves pixels out */
export const tunerWorks: readonly TunerWork[] = [
  {
    name: "stem 7x7 s2 224x224x3",
    kernel: () => kernels.conv(2, 3).ir,
    dims: { B: 1, H: 224, W: 224, C: 3, P: 7, Q: 7, U: 112, V: 112, K: 64 },
  },
  ...[
    [56, 64],
    [28, 128],
    [14, 256],
    [7, 512],
  ].map(([H, C]) => window(H!, C!)),
  ...[
    [3136, 64, 64],
    [3136, 256, 64],
    [3136, 64, 256],
    [3136, 128, 256],
    [784, 512, 256],
    [784, 512, 128],
    [784, 128, 512],
    [784, 256, 512],
    [196, 1024, 512],
    [196, 1024, 256],
    [196, 256, 1024],
    [196, 512, 1024],
    [49, 2048, 1024],
    [49, 2048, 512],
    [49, 512, 2048],
  ].map(([M, N, K]) => product(M!, N!, K!)),
  {
    name: "attention 12x512x64",
    kernel: () => kernels.attention({ causal: false }).ir,
    dims: { B: 1, H: 12, G: 12, S: 512, T: 512, D: 64, E: 64 },
  },
];

export interface TunerFigure {
  readonly name: string;
  readonly space: number;
  /** schedules that the tuner timed, and seconds that it took */
  readonly tried: number;
  readonly tuneSeconds: number;
  readonly exhaustiveSeconds: number;
  /** milliseconds of the three schedules, timed in turn */
  readonly derivedMs: number;
  readonly tunedMs: number;
  readonly bestMs: number;
}
export interface TunerReport {
  readonly target: CpuTarget;
  readonly threads: number;
  readonly peak: number;
  readonly figures: readonly TunerFigure[];
}

export async function measureTuner(
  works: readonly TunerWork[],
  target: CpuTarget,
  threads: number,
  onFigure: (figure: TunerFigure) => void,
): Promise<TunerReport> {
  const compile = compileOptionsOf({ threads });
  const machine = await machineModelOf(target, compile);
  const roofs = await Roofs.of(target, compile);
  const figures: TunerFigure[] = [];
  for (const work of works) {
    const subject = subjectOf(work);
    const search = async (exhaustive: boolean) => {
      const start = performance.now();
      const rates = () => roofs.measure(bytesOfSubject(subject));
      const deadline = Number.POSITIVE_INFINITY;
      const found = await tuneStep(subject, { target, machine, compile, deadline, rates, exhaustive });
      return { found, seconds: (performance.now() - start) / 1000 };
    };
    const [tuned, all] = [await search(false), await search(true)];
    const schedules = [tuned.found.derived.schedule, tuned.found.found.schedule, all.found.found.schedule];
    const [derivedMs, tunedMs, bestMs] = await timeTogether(subject, schedules, target, compile);
    const figure = {
      name: work.name,
      space: all.found.space,
      tried: tuned.found.tried,
      tuneSeconds: tuned.seconds,
      exhaustiveSeconds: all.seconds,
      derivedMs: derivedMs!,
      tunedMs: tunedMs!,
      // the best of all is none that another one beats
      bestMs: Math.min(derivedMs!, tunedMs!, bestMs!),
    };
    figures.push(figure);
    onFigure(figure);
  }
  const { peak } = await roofs.measure(0);
  roofs.dispose();
  return { target, threads, peak, figures };
}

const ROUNDS = 3;
async function timeTogether(
  subject: Subject,
  schedules: Parameters<typeof Contest.of>[1],
  target: CpuTarget,
  compile: ReturnType<typeof compileOptionsOf>,
): Promise<number[]> {
  const contest = await Contest.of(subject, schedules, target, compile);
  let least = schedules.map(() => Number.POSITIVE_INFINITY);
  for (let i = 0; i < ROUNDS; i++) {
    const results = await race(contest, schedules.length, { deadline: Number.POSITIVE_INFINITY, keepAll: true });
    least = least.map((ms, k) => Math.min(ms, results[k]!.ms));
  }
  contest.dispose();
  return least;
}

function subjectOf({ kernel, dims }: TunerWork): Subject {
  const ir = kernel();
  // weights are packed at load, as the planner does with constants of a model
  for (const t of ir.tensors) if (["W", "F"].includes(t.name)) Object.assign(t, { constant: true });
  const program = kernelProgram(ir, { dims, unread: true });
  return { step: program.steps.at(-1) as KernelStep, values: new Map(), tensors: {} };
}

export const tunerHeads = [
  "kernel",
  "schedules",
  "timed",
  "derived ms",
  "tuned ms",
  "best ms",
  "derived",
  "tuned",
  "tune s",
  "all s",
];
export const tunerRow = (f: TunerFigure): string[] => [
  f.name,
  String(f.space),
  String(f.tried),
  f.derivedMs.toFixed(3),
  f.tunedMs.toFixed(3),
  f.bestMs.toFixed(3),
  behind(f.derivedMs, f.bestMs),
  behind(f.tunedMs, f.bestMs),
  f.tuneSeconds.toFixed(1),
  f.exhaustiveSeconds.toFixed(0),
];
const behind = (ms: number, best: number): string => `+${(100 * (ms / best - 1)).toFixed(1)} %`;

export function tunerSummary({ target, threads, figures }: TunerReport): string {
  const share = (within: number, of: (f: TunerFigure) => number): string => {
    const good = figures.filter(f => of(f) <= within * f.bestMs).length;
    return `${good} of ${figures.length} (${((100 * good) / figures.length).toFixed(0)} %)`;
  };
  const seconds = figures.reduce((sum, f) => sum + f.tuneSeconds, 0);
  return [
    `${target}, ${threads} thread${threads === 1 ? "" : "s"}`,
    `tuned within 5 % of the best of all schedules: ${share(1.05, f => f.tunedMs)}`,
    `derived within 15 %: ${share(1.15, f => f.derivedMs)}`,
    `tuning took ${seconds.toFixed(0)} s`,
  ].join("\n");
}
