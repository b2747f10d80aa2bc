// Candidates against each other in rounds: who is clearly slower is out, the others are timed more often. The derived schedule stays to the end.
import { now, sleep, throwIfAborted } from "../runtime/platform.js";
import type { Contest } from "../load/measure/contest.js";

/** after so many passes in turn, whoever is slower than the best by more than the factor is out */
const ROUNDS = [
  { passes: 3, limit: 1.4 },
  { passes: 3, limit: 1.15 },
  { passes: 4, limit: 1.07 },
  { passes: 6, limit: 1.03 },
  { passes: 10, limit: 1.015 },
] as const;
/** the event loop is free again after this time */
const BATCH_MS = 60;
/** a schedule is timed for this long at least in each pass */
const PASS_MS = 0.4;
const MOST_REPEATS = 12;

const AGREEING = 1.05;
/** where there are hundreds, few get a second look */
const QUICK_ROUNDS = [
  { passes: 1, limit: 1.5 },
  { passes: 2, limit: 1.15 },
  { passes: 4, limit: 1.05 },
  { passes: 6, limit: 1.02 },
] as const;

export interface RaceOptions {
  readonly isQuick?: boolean | undefined;
  /** nobody is out */
  readonly keepAll?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** of now(): rounds that would end later are left out */
  readonly deadline: number;
}
export interface Entrant {
  /** best time, milliseconds */
  readonly ms: number;
  /** time of the first entrant in the same passes over its own: above 1, it is faster */
  readonly gain: number;
  readonly passes: number;
  /** passes that took next to no longer than the best one: few on a machine that others use */
  readonly agreeing: number;
}

export async function race(contest: Contest, count: number, options: RaceOptions): Promise<Entrant[]> {
  const samples: number[][] = Array.from({ length: count }, () => []);
  const best = (i: number): number => Math.min(...samples[i]!);
  let running = Array.from({ length: count }, (_, i) => i);
  for (const { passes, limit } of options.isQuick ? QUICK_ROUNDS : ROUNDS) {
    const least = Math.min(...running.map(i => (samples[i]!.length ? best(i) : PASS_MS)));
    const repeats = Math.max(1, Math.min(MOST_REPEATS, Math.ceil(PASS_MS / least)));
    for (let pass = 0; pass < passes * repeats; pass++) {
      await timeOnce(contest, running, samples, options.signal);
      if (now() > options.deadline && samples.every(s => s.length > 0)) break;
    }
    const lead = Math.min(...running.map(best));
    running = running.filter(i => options.keepAll || i === 0 || best(i) <= lead * limit);
    if (running.length <= 1 || now() > options.deadline) break;
  }
  return samples.map((own, i) => ({
    ms: best(i),
    gain: gainOver(samples[0]!, own),
    passes: own.length,
    agreeing: own.filter(ms => ms <= AGREEING * best(i)).length,
  }));
}

async function timeOnce(
  contest: Contest,
  running: readonly number[],
  samples: readonly number[][],
  signal: AbortSignal | undefined,
): Promise<void> {
  let start = now();
  for (let at = 0; at < running.length; ) {
    // an unknown one may be slow: alone
    const known = running.slice(at).findIndex(i => samples[i]!.length === 0);
    const size = known === 0 ? 1 : Math.min(8, known < 0 ? running.length - at : known);
    const batch = running.slice(at, at + size);
    for (const [k, ms] of (await contest.time(batch)).entries()) samples[batch[k]!]!.push(ms);
    at += size;
    if (now() - start > BATCH_MS) {
      await sleep(0);
      throwIfAborted(signal, "Tuning");
      start = now();
    }
  }
}

/** The best times count: whatever else the machine does can only make a run longer. */
const gainOver = (first: readonly number[], own: readonly number[]): number =>
  Math.min(...first.slice(0, own.length)) / Math.min(...own);
