// Where a program runs: on the workers, or, if it is over sooner than a hand-over to another thread and back takes, on the calling
// thread. Measured while the program runs, since only then all dims are known; results do not depend on it.

import type { Program } from "./program-memory.js";

/** Longest work that the calling thread does itself: a sixteenth of what a page has for a frame, and less than Node's timers resolve. */
export const SHORT_MS = 0.25;
/** runs of each kind before they are compared; the shortest counts, which no busy neighbour can lengthen */
const SAMPLES = 6;
/** as many while the engine still optimises the code around a run: the first ones take up to four times as long */
const COLD_SAMPLES = 64;
const COLD = 4;

type Side = "workers" | "here";

export class RunPlace {
  readonly #least: Record<Side, number> = { workers: Number.POSITIVE_INFINITY, here: Number.POSITIVE_INFINITY };
  readonly #runs: Record<Side, number> = { workers: 0, here: 0 };
  readonly #shortMs: number;
  readonly #isShort: boolean;
  #decided: Side | undefined;

  /** `shortMs`: longest work that the calling thread does; 0: none. `isShort`: runs are thought to be, and workers may have to start for others */
  constructor(shortMs = SHORT_MS, isShort = false) {
    this.#shortMs = shortMs;
    this.#isShort = isShort;
    if (shortMs <= 0) this.#decided = "workers";
  }
  get next(): Side {
    if (this.#decided) return this.#decided;
    const isTried = this.#runs.workers >= SAMPLES && this.#least.workers <= this.#shortMs;
    return this.#isShort || isTried ? "here" : "workers";
  }

  /** A run on `side` took so long, from the start to the results. */
  took(side: Side, milliseconds: number): void {
    this.#runs[side]++;
    this.#least[side] = Math.min(this.#least[side], milliseconds);
    const { workers, here } = this.#least;
    if (side === "here" && this.#runs.here >= SAMPLES && here <= this.#shortMs && here < workers)
      this.#decided = "here";
    // whoever begins on a side has cold code; the calling thread is tried after the workers
    else if (this.#isTooLong(side, this.#isShort === (side === "here"))) this.#decided = "workers";
  }
  #isTooLong(side: Side, begins: boolean): boolean {
    if (this.#runs[side] < SAMPLES) return false;
    if (!begins) return true;
    const least = this.#least[side];
    return least > this.#shortMs * COLD || (least > this.#shortMs && this.#runs[side] >= COLD_SAMPLES);
  }
}

/** The places of a machine's programs. */
export class RunPlaces {
  readonly #shortMs: number | undefined;
  readonly #known = new WeakMap<Program, RunPlace>();

  /** `shortMs`: see RunPlace */
  constructor(shortMs: number | undefined) {
    this.#shortMs = shortMs;
  }
  of(program: Program): RunPlace {
    let place = this.#known.get(program);
    if (!place) {
      // how long the next run of a loop takes, those before don't tell
      place = new RunPlace(program.loops ? 0 : this.#shortMs, program.short);
      this.#known.set(program, place);
    }
    return place;
  }
}
