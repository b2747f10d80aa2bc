// Tunes kernels one after the other within a budget, takes what the base knows already, and writes what is new.
import { canonical } from "../ir/canonical.js";
import { checkOptions } from "../load/check-options.js";
import { compileOptionsOf } from "../load/compile-options.js";
import { processor, readKnowledge } from "../load/knowledge-files.js";
import { machineModelOf } from "../load/machine-model.js";
import { build } from "../load/model-store.js";
import { targetOf } from "../load/targets.js";
import { ownKnowledge } from "../load/tuning.js";
import { now, throwIfAborted } from "../runtime/platform.js";
import type { CompileOptions } from "../runtime/target.js";
import { featuresText, Knowledge, type KnowledgeRecord, type Place } from "../schedule/knowledge.js";
import { fromPortable, toPortable } from "../schedule/portable.js";
import { AzulejoError } from "../support/errors.js";
import type { ScheduleChoices } from "../schedule/choices.js";
import type { MachineModel } from "../targets/cpu/kernel-library.js";
import { appendLines, prepareLines } from "./append-lines.js";
import { type MeasuredKernel, Measurements } from "./measurements.js";
import { type CpuTarget, type Rates, Roofs } from "../load/measure/roofs.js";
import type { NamedSubject } from "./subjects.js";
import { bytesOfSubject, rankedSpace, type TunedStep, tuneStep } from "./tune-step.js";
import { tuneOnGpu } from "./tune-gpu.js";
import { reasonsOf } from "./reasons.js";

import type { TunedKernel, TuneOptions, TuneReport } from "./report.js";
export interface TuneSubject extends NamedSubject {
  readonly dims: Readonly<Record<string, number>>;
}
const DEFAULT_BUDGET_MS = 180_000;
/** of equal shares of the time that is left, what one kernel may take */
const MOST_SHARES = 2;

export class Tuner {
  readonly #options: TuneOptions;
  readonly #compile: CompileOptions;

  constructor(options: TuneOptions) {
    const { threads, engineFlags, signal } = options;
    checkOptions(options, [
      "threads", "engineFlags", "signal", "dims", "operators", "readExternal", "target",
      "budgetMs", "exhaustive", "list", "again", "knowledge", "onProgress", "onTuned",
    ]); // biome-ignore format: a list
    this.#options = options;
    this.#compile = compileOptionsOf({
      ...(threads === undefined ? {} : { threads }),
      ...(engineFlags ? { engineFlags } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  async tune(subjects: readonly TuneSubject[], open: number, small: number): Promise<TuneReport> {
    const {
      list,
      exhaustive = false,
      budgetMs = exhaustive ? Number.POSITIVE_INFINITY : DEFAULT_BUDGET_MS,
    } = this.#options;
    if (this.#options.target === "webgpu") {
      const options = { ...this.#options, budgetMs };
      return { ...(await tuneOnGpu(subjects, this.#path(), options, this.#compile)), open, small };
    }
    const target = await this.#target();
    const machine = await machineModelOf(target, this.#compile);
    const path = this.#path();
    const start = now();
    const place = { target, processor: processor(), threads: this.#compile.threads };
    const known = new Knowledge(await readKnowledge(path, false));
    const kernels: TunedKernel[] = [];
    const done = (k: TunedKernel): void => {
      kernels.push(k);
      this.#options.onTuned?.(k);
    };
    const rest: TuneSubject[] = [];
    for (const subject of subjects) {
      const found = known.nearest(
        subject.structure,
        subject.sizes,
        featuresText(machine.features, machine.profile),
        place,
      );
      if (list) done(this.#listed(subject, machine));
      else if (
        found?.distance === 0 &&
        !this.#options.again &&
        (!exhaustive || found.record.tried >= found.record.space)
      )
        done(this.#known(subject, found.record, machine));
      else rest.push(subject);
    }
    const rates =
      rest.length > 0 ? await this.#tuneAll(rest, { target, machine, place, path, budgetMs, done }) : NO_RATES;
    const { threads } = this.#compile;
    return {
      target,
      threads,
      processor: place.processor,
      rates,
      kernels,
      open,
      small,
      unreached: subjects.length - kernels.length,
      knowledge: path,
      timeMs: now() - start,
    };
  }
  #path(): string {
    const path = this.#options.knowledge ?? ownKnowledge();
    if (path === undefined)
      throw new AzulejoError(
        "option",
        "AZULEJO_TUNING=off leaves no file to write to; name one with knowledge, or unset it",
      );
    return path;
  }
  async #target(): Promise<CpuTarget> {
    const { target = "wasm" } = this.#options;
    if (target !== "wasm" && target !== "native" && target !== "cpu")
      throw new AzulejoError(
        "option",
        `target: "${String(target)}" has no schedules to tune; use "wasm", "native", "cpu" or "webgpu"`,
      );
    return (await targetOf({ target })).name as CpuTarget;
  }

  async #tuneAll(subjects: readonly TuneSubject[], run: TuningRun): Promise<Rates> {
    const { exhaustive, onProgress, signal } = this.#options;
    await prepareLines(run.path);
    const log = await Measurements.open(run.path);
    const roofs = await Roofs.of(run.target, this.#compile);
    const start = now();
    // of the kernels so far, what the quickest took: no less is kept for each that waits
    let least = 0;
    try {
      let rates = NO_RATES;
      for (const [i, subject] of subjects.entries()) {
        throwIfAborted(signal, "Tuning");
        const bytes = bytesOfSubject(subject);
        const began = now();
        const left = run.budgetMs - (began - start);
        // what others did not use is shared by those that are left
        const waiting = subjects.length - i - 1;
        const deadline = began + Math.min(left - waiting * least, (MOST_SHARES * left) / (waiting + 1));
        const progress = (within: number): void => {
          const fraction = (i + within) / subjects.length;
          const estimate = fraction > 0 ? ((now() - start) / fraction) * (1 - fraction) : run.budgetMs;
          onProgress?.({
            fraction,
            kernel: subject.step.kernel.name,
            remainingMs: Math.min(estimate, run.budgetMs - (now() - start)),
          });
        };
        progress(0);
        if (left <= 0) continue;
        const kernel = this.#measured(subject, run);
        const own = canonical(subject.step.kernel);
        const portable = (c: ScheduleChoices) => toPortable(c, subject.step.kernel, own)!;
        const found = await tuneStep(subject, {
          target: run.target,
          machine: run.machine,
          compile: this.#compile,
          deadline,
          rates: async () => {
            rates = await roofs.measure(bytes);
            return rates;
          },
          ...(exhaustive ? { exhaustive } : {}),
          onProgress: progress,
          known: c => (this.#options.again ? undefined : log.of(kernel, portable(c.choices))),
          onMeasured: list =>
            log.add(
              kernel,
              list.map(([c, entrant]) => [portable(c.choices), entrant]),
            ),
        });
        least = Math.min(least || Number.POSITIVE_INFINITY, now() - began);
        if (found.ended !== "noisy") await this.#keep(subject, found, run);
        run.done(tunedKernel(subject, found));
      }
      return rates;
    } finally {
      roofs.dispose();
    }
  }
  #measured({ structure, sizes }: TuneSubject, { machine, place }: TuningRun): MeasuredKernel {
    const features = featuresText(machine.features, machine.profile);
    return { structure, sizes, ...place, features, version: build() ?? "development" };
  }
  /** A line in the base, as soon as it is known. */
  async #keep(subject: TuneSubject, found: TunedStep, run: TuningRun): Promise<void> {
    const { kernel } = subject.step;
    const schedule = toPortable(found.choices, kernel, canonical(kernel));
    if (!schedule)
      throw new AzulejoError("internal", `the schedule of kernel "${kernel.name}" names what the kernel lacks`);
    const record: KnowledgeRecord = {
      kernel: kernel.name,
      ...this.#measured(subject, run),
      schedule,
      ms: rounded(found.found.ms),
      derivedMs: rounded(found.derived.ms),
      rooflineMs: rounded(found.rooflineMs),
      tried: found.tried,
      space: found.space,
      date: new Date().toISOString().slice(0, 10),
    };
    await appendLines(run.path, [record]);
  }
  #listed(subject: TuneSubject, machine: MachineModel): TunedKernel {
    const { space } = rankedSpace(subject, { machine, compile: this.#compile });
    return {
      ...described(subject),
      space: space.length,
      tried: 0,
      derivedMs: 0,
      foundMs: 0,
      gain: 1,
      rooflineMs: 0,
      reasons: [],
      ended: "listed",
    };
  }
  #known(subject: TuneSubject, record: KnowledgeRecord, machine: MachineModel): TunedKernel {
    const { kernel } = subject.step;
    const choices = fromPortable(record.schedule, kernel, canonical(kernel)) ?? {};
    return {
      ...described(subject),
      space: record.space,
      tried: record.tried,
      derivedMs: record.derivedMs,
      foundMs: record.ms,
      gain: record.derivedMs / record.ms,
      rooflineMs: Math.min(record.rooflineMs, record.ms),
      reasons: reasonsOf(subject, choices, machine, this.#compile.threads),
      ended: "known",
    };
  }
}

interface TuningRun {
  readonly target: CpuTarget;
  readonly machine: MachineModel;
  readonly place: Place;
  readonly path: string;
  readonly budgetMs: number;
  readonly done: (kernel: TunedKernel) => void;
}
const NO_RATES: Rates = { peak: 0, copy: 0 };
const rounded = (ms: number): number => Number(ms.toPrecision(5));
const described = ({ step, dims, count }: TuneSubject) => ({ kernel: step.kernel.name, dims, count });

const tunedKernel = (subject: TuneSubject, found: TunedStep): TunedKernel => ({
  ...described(subject),
  space: found.space,
  tried: found.tried,
  derivedMs: found.derived.ms,
  foundMs: found.found.ms,
  gain: found.gain,
  rooflineMs: found.rooflineMs,
  reasons: found.reasons,
  ended: found.ended,
});
