// One kernel with one set of sizes: the best schedule that measuring finds in the time that it is given.
import { countOperations } from "../ir/count-operations.js";
import { bytesOf } from "../ir/dtypes.js";
import { now } from "../runtime/platform.js";
import type { CompileOptions } from "../runtime/target.js";
import type { ScheduleChoices } from "../schedule/choices.js";
import { genericProfile } from "../schedule/machine-profile.js";
import { type Prediction, Predictor } from "../schedule/predict.js";
import type { Schedule } from "../schedule/schedule.js";
import { scheduleSpace } from "../schedule/space.js";
import type { MachineModel } from "../targets/cpu/kernel-library.js";
import { Contest, sizesOf, type Subject } from "../load/measure/contest.js";
import { type CpuTarget, type Rates, rooflineMs } from "../load/measure/roofs.js";
import { type Entrant, race } from "./race.js";
import { differences } from "./reasons.js";
import { firstChoice, neighbours, type Ranked } from "./selection.js";

export interface TuneStepOptions {
  readonly target: CpuTarget;
  readonly machine: MachineModel;
  readonly compile: CompileOptions;
  /** of now() */
  readonly deadline: number;
  /** measured again whenever it is asked; the best of all moments counts */
  readonly rates: () => Promise<Rates>;
  readonly exhaustive?: boolean;
  /** what an earlier run, which did not come to its end, measured */
  readonly known?: (candidate: Ranked) => Entrant | undefined;
  readonly onMeasured?: (list: readonly (readonly [Ranked, Entrant])[]) => void | Promise<void>;
  readonly onProgress?: (fraction: number) => void;
}
export interface TunedStep {
  readonly space: number;
  readonly tried: number;
  readonly choices: ScheduleChoices;
  readonly derived: { readonly schedule: Schedule; readonly ms: number; readonly predicted: Prediction };
  readonly found: { readonly schedule: Schedule; readonly ms: number; readonly predicted: Prediction };
  /** time of the derived schedule over that of the found one, timed in turn */
  readonly gain: number;
  readonly rooflineMs: number;
  readonly reasons: readonly string[];
  /** "noisy": no quiet moment to compare the last two in; nothing is known then */
  readonly ended: "roofline" | "searched" | "budget" | "noisy";
}

/** a gain below this is noise */
const NOISE = 1.02;
/** so near to the roofline nothing is left to gain */
const AT_ROOF = 1.03;
/** a schedule that the model thinks slower by this than the best is not measured beside it */
const UNPROMISING = 1.5;
/** gain below which a schedule of an earlier run is not timed again */
const CLEARLY_SLOWER = 0.93;
/** schedules in one program: memory for packed weights, and time of the compiler */
const BATCH = { wasm: 32, native: 12 } as const;
const FIRST = { wasm: 20, native: 11 } as const;
const SECOND = { wasm: 14, native: 7 } as const;
const REFINEMENTS = 3;
/** the last race, until so many passes of both agree */
const ATTEMPTS = 3;
const ENOUGH = 4;
/** for it, whatever the budget */
const LAST_RACE_MS = 2000;

/** A space with predictions; the first is the derived schedule. */
export function rankedSpace(subject: Subject, { machine, compile }: Pick<TuneStepOptions, "machine" | "compile">) {
  const dimHints = sizesOf(subject);
  const { kernel } = subject.step;
  const candidates = scheduleSpace(kernel, { ...machine, dimHints });
  const profile = machine.profile ?? genericProfile;
  const { features } = machine;
  const { threads } = compile;
  const predictor = new Predictor(kernel, { profile, features, threads, sizeOf: dimHints });
  const space = candidates.map(
    (c, index): Ranked => ({
      ...c,
      index,
      predictedMs: predictor.predict(c.schedule).timeMs,
    }),
  );
  return { space, predictor };
}

export async function tuneStep(subject: Subject, options: TuneStepOptions): Promise<TunedStep> {
  const { space, predictor } = rankedSpace(subject, options);
  const search = new Search(subject, space, options);
  // a copy has a schedule of its own, so only arithmetic is a bound to stop at
  const isAtRoof = async (): Promise<boolean> =>
    search.best.ms <= AT_ROOF * rooflineOf(subject, { ...(await options.rates()), copy: Number.POSITIVE_INFINITY });
  let ended: TunedStep["ended"] = "searched";
  if (options.exhaustive) ended = (await search.all()) ? "searched" : "budget";
  else {
    await search.measure(firstChoice(space, FIRST[options.target]));
    for (let i = 0; i < REFINEMENTS && ended === "searched"; i++) {
      if (await isAtRoof()) ended = "roofline";
      else if (now() > options.deadline) ended = "budget";
      else {
        const before = search.best;
        await search.measure(neighbours(space, before.candidate, SECOND[options.target]));
        options.onProgress?.((i + 2) / (REFINEMENTS + 2));
        if (search.best.candidate === before.candidate) break;
      }
    }
  }
  if (!(await search.decide())) ended = "noisy";
  const { best, derived } = search;
  const isBetter = best.gain >= NOISE;
  const found = isBetter ? best : derived;
  const shown = ({ candidate, ms }: Measured) => ({
    schedule: candidate.schedule,
    ms,
    predicted: predictor.predict(candidate.schedule),
  });
  const result = { derived: shown(derived), found: shown(found) };
  return {
    space: space.length,
    tried: search.tried,
    choices: found.candidate.choices,
    ...result,
    reasons: differences(
      result.derived.schedule,
      result.found.schedule,
      result.derived.predicted,
      result.found.predicted,
    ),
    gain: isBetter ? best.gain : 1,
    rooflineMs: rooflineOf(subject, await options.rates(), result.found.ms),
    ended,
  };
}

/** of all tensors, each once */
export function bytesOfSubject({ step: { buffers }, values }: Subject): number {
  const bytes = (b: (typeof buffers)[string]): number =>
    b.dims.reduce((p, d) => p * d.evaluate(s => values.get(s)!), bytesOf(b.dtype));
  return [...new Set(Object.values(buffers))].reduce((sum, b) => sum + bytes(b), 0);
}

/** `measuredMs`: what the kernel took, if it was timed */
export function rooflineOf(subject: Subject, rates: Rates, measuredMs?: number): number {
  const size = sizesOf(subject);
  const flops = countOperations(subject.step.kernel).evaluate(s => size(s)!);
  return rooflineMs(rates, { flops, bytes: bytesOfSubject(subject) }, measuredMs);
}

interface Measured {
  readonly candidate: Ranked;
  readonly ms: number;
  readonly gain: number;
}

/** What was measured so far. Each batch races against the derived schedule and the best one. */
class Search {
  best: Measured;
  derived: Measured;
  readonly #subject: Subject;
  readonly #space: readonly Ranked[];
  readonly #options: TuneStepOptions;
  readonly #seen = new Set<number>();

  constructor(subject: Subject, space: readonly Ranked[], options: TuneStepOptions) {
    this.#subject = subject;
    this.#space = space;
    this.#options = options;
    this.derived = { candidate: space[0]!, ms: Number.POSITIVE_INFINITY, gain: 1 };
    this.best = this.derived;
  }
  get tried(): number {
    return this.#seen.size;
  }
  /** False: the budget was over before. */
  async all(): Promise<boolean> {
    const size = BATCH[this.#options.target] - 2;
    const ranked = [...this.#space].sort((a, b) => a.predictedMs - b.predictedMs);
    for (let at = 0; at < ranked.length; at += size) {
      if (now() >= this.#options.deadline) return false;
      await this.#raceWith(ranked.slice(at, at + size));
      this.#options.onProgress?.(Math.min(1, (at + size) / ranked.length));
    }
    return true;
  }
  /**
   * The best of many is partly the luckiest of them: the two that are left race once more, alone. Where the machine gives neither a quiet moment,
   * nothing is known, and the derived schedule stays.
   */
  async decide(): Promise<boolean> {
    const winner = this.best;
    if (winner.candidate.index === 0) return true;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [derived, best] = await this.#raceWith([winner.candidate], true);
      if (!derived || !best) return true;
      this.derived = { ...this.derived, ms: derived.ms };
      this.best = { ...winner, ms: best.ms, gain: best.gain };
      if (Math.min(derived.agreeing, best.agreeing) >= ENOUGH) return true;
    }
    this.best = this.derived;
    return false;
  }
  async measure(list: readonly Ranked[]): Promise<void> {
    const least = Math.min(...list.map(c => c.predictedMs), this.best.candidate.predictedMs);
    const fresh = list.filter(c => !this.#seen.has(c.index) && c.predictedMs <= UNPROMISING * least);
    await this.#raceWith(fresh);
  }
  /** Those that an earlier run found slow are not timed again. */
  async #raceWith(list: readonly Ranked[], keepAll = false): Promise<readonly Entrant[]> {
    const { target, compile, onMeasured, known } = this.#options;
    const deadline = Math.max(this.#options.deadline, keepAll ? now() + LAST_RACE_MS : 0);
    const fresh = list.filter(c => c.index === 0 || !((known?.(c)?.gain ?? 1) < CLEARLY_SLOWER));
    for (const c of list) this.#seen.add(c.index);
    if (fresh.length === 0) return [];
    const entrants = [...new Set([this.derived.candidate, this.best.candidate, ...fresh])];
    const contest = await Contest.of(
      this.#subject,
      entrants.map(c => c.schedule),
      target,
      compile,
    );
    try {
      const results = await race(contest, entrants.length, {
        deadline,
        signal: compile.signal,
        isQuick: this.#options.exhaustive && !keepAll,
        keepAll,
      });
      let best: Measured | undefined;
      results.forEach((r, i) => {
        const candidate = entrants[i]!;
        const lasted = r.passes >= Math.min(results[0]!.passes, 6);
        if (lasted && (!best || r.gain > best.gain)) best = { candidate, ms: r.ms, gain: r.gain };
      });
      await onMeasured?.(entrants.map((c, i) => [c, results[i]!] as const));
      this.derived = { ...this.derived, ms: Math.min(this.derived.ms, results[0]!.ms) };
      // the last best one raced along, so that the two are compared in the same minutes
      const before = entrants.indexOf(this.best.candidate);
      if (best && best.gain > results[before]!.gain) this.best = best;
      else this.best = { ...this.best, ms: results[before]!.ms, gain: results[before]!.gain };
      return results;
    } finally {
      contest.dispose();
    }
  }
}
