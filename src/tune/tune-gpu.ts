// Tunes kernels for the GPU of this process: few choices each, all of which are timed in turn. What is known already is taken from the base.
import { build } from "../load/model-store.js";
import { GpuContest, type TunedGpu, tunedGpu } from "../load/measure/gpu-contest.js";
import { readKnowledge } from "../load/knowledge-files.js";
import { now, throwIfAborted } from "../runtime/platform.js";
import type { CompileOptions } from "../runtime/target.js";
import type { GpuChoice } from "../schedule/choices.js";
import { Knowledge, type KnowledgeRecord } from "../schedule/knowledge.js";
import { appendLines, prepareLines } from "./append-lines.js";
import type { TunedKernel, TuneOptions, TuneReport } from "./report.js";
import type { TuneSubject } from "./tuner.js";

/** a gain below this is noise */
const NOISE = 1.02;
/** runs of all choices of a kernel; the first is not counted, because it is where pipelines and buffers are made */
const PASSES = 12;

interface Found {
  readonly choice: GpuChoice;
  readonly ms: number;
  readonly derivedMs: number;
  readonly tried: number;
  readonly ended: "searched" | "budget";
}

export async function tuneOnGpu(
  subjects: readonly TuneSubject[],
  path: string,
  options: TuneOptions & { readonly budgetMs: number },
  compile: CompileOptions,
): Promise<Omit<TuneReport, "open" | "small">> {
  const gpu = await tunedGpu();
  const place = { target: "webgpu", processor: gpu.name, threads: 1 } as const;
  const known = new Knowledge(await readKnowledge(path, false));
  const kernels: TunedKernel[] = [];
  if (!options.list) await prepareLines(path);
  // a device that comes late takes nothing of the budget
  const start = now();
  for (const [i, subject] of subjects.entries()) {
    throwIfAborted(compile.signal, "Tuning");
    const left = options.budgetMs - (now() - start);
    const { kernel } = subject.step;
    options.onProgress?.({ fraction: i / subjects.length, kernel: kernel.name, remainingMs: Math.max(0, left) });
    const space = gpu.spaceOf(kernel);
    const before = known.nearest(subject.structure, subject.sizes, gpu.features, place);
    let tuned: TunedKernel;
    if (options.list) tuned = described(subject, space.length, { ended: "listed" });
    else if (before?.distance === 0 && !options.again) tuned = fromRecord(subject, before.record);
    else if (left <= 0) continue;
    else {
      const found = await fastest(subject, space, compile, now() + left / (subjects.length - i));
      await appendLines(path, [recordOf(subject, space.length, found, gpu)]);
      tuned = described(subject, space.length, {
        tried: found.tried,
        derivedMs: found.derivedMs,
        foundMs: found.ms,
        gain: found.derivedMs / found.ms,
        reasons: reasonsOf(found.choice),
        ended: found.ended,
      });
    }
    kernels.push(tuned);
    options.onTuned?.(tuned);
  }
  return {
    ...place,
    rates: { peak: 0, copy: 0 },
    kernels,
    unreached: subjects.length - kernels.length,
    knowledge: path,
    timeMs: now() - start,
  };
}

/** All choices, pass by pass; the best time of each counts, because whatever else the machine does only makes a run longer. */
async function fastest(
  subject: TuneSubject,
  space: readonly GpuChoice[],
  compile: CompileOptions,
  deadline: number,
): Promise<Found> {
  const contest = await GpuContest.of(subject, space, compile);
  try {
    await contest.time();
    const best = space.map(() => Number.POSITIVE_INFINITY);
    let pass = 0;
    do {
      throwIfAborted(compile.signal, "Tuning");
      (await contest.time()).forEach((ms, i) => {
        best[i] = Math.min(best[i]!, ms);
      });
    } while (++pass < PASSES && now() < deadline);
    const least = best.indexOf(Math.min(...best));
    const winner = best[0]! >= NOISE * best[least]! ? least : 0;
    const ended = pass < PASSES ? "budget" : "searched";
    return { choice: space[winner]!, ms: best[winner]!, derivedMs: best[0]!, tried: space.length, ended };
  } finally {
    contest.dispose();
  }
}

function recordOf(subject: TuneSubject, space: number, found: Found, gpu: TunedGpu): KnowledgeRecord {
  const { structure, sizes, step } = subject;
  return {
    structure,
    kernel: step.kernel.name,
    sizes,
    target: "webgpu",
    processor: gpu.name,
    features: gpu.features,
    threads: 1,
    schedule: Object.keys(found.choice).length > 0 ? { gpu: found.choice } : {},
    ms: Number(found.ms.toPrecision(5)),
    derivedMs: Number(found.derivedMs.toPrecision(5)),
    rooflineMs: 0,
    tried: found.tried,
    space,
    date: new Date().toISOString().slice(0, 10),
    version: build() ?? "development",
  };
}
function described(
  { step, dims, count }: TuneSubject,
  space: number,
  found: Partial<TunedKernel> & Pick<TunedKernel, "ended">,
): TunedKernel {
  const none = { tried: 0, derivedMs: 0, foundMs: 0, gain: 1, rooflineMs: 0, reasons: [] };
  return { kernel: step.kernel.name, dims, count, space, ...none, ...found };
}
const fromRecord = (subject: TuneSubject, record: KnowledgeRecord): TunedKernel =>
  described(subject, record.space, {
    tried: record.tried,
    derivedMs: record.derivedMs,
    foundMs: record.ms,
    gain: record.derivedMs / record.ms,
    reasons: reasonsOf(record.schedule.gpu ?? {}),
    ended: "known",
  });
const reasonsOf = ({ tile, registers, keys, rowWorkgroup, whole }: GpuChoice): readonly string[] => [
  ...(tile ? [`tiles of ${tile} × ${tile}`] : []),
  ...(registers ? ["sums in registers"] : []),
  ...(keys ? [`tiles of ${keys} keys`] : []),
  ...(rowWorkgroup ? [`${rowWorkgroup} invocations a row`] : []),
  ...(whole ? ["not cut into parts"] : []),
];
