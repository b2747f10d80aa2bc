// Programs whose runs are over before another thread would have taken them: the calling thread does them from the first run on, and
// workers start when a longer run needs them. By the cost model of schedules, so only where all sizes are known.
import type { KernelProgram, Step } from "../../graph/program.js";
import { work } from "../../schedule/blocks.js";
import { genericProfile } from "../../schedule/machine-profile.js";
import { KernelView } from "../../schedule/view.js";

/** 0.1 ms at 3 GHz, for runs of at most 0.25 ms (run-place.ts): the model counts what a machine does at best. */
const MOST_CYCLES = 300_000;
/** of a call, whatever it computes */
const CALL_CYCLES = 3000;

export function isShort({ steps }: KernelProgram): boolean {
  return cyclesOf(steps, MOST_CYCLES) <= MOST_CYCLES;
}

/** Not to the end where it is more than `most`: infinite then, as where sizes or loops are not known. */
function cyclesOf(steps: readonly Step[], most: number): number {
  let cycles = 0;
  for (const step of steps) {
    if (step.kind === "loop") return Number.POSITIVE_INFINITY;
    if (step.kind === "if") cycles += cyclesOf(step.then, most) + cyclesOf(step.else, most);
    else cycles += CALL_CYCLES + cyclesOfCall(step);
    if (cycles > most) return Number.POSITIVE_INFINITY;
  }
  return cycles;
}
function cyclesOfCall({ kernel, symbols }: Extract<Step, { kind: "kernel" }>): number {
  if (kernel.segments || ![...symbols.values()].every(p => p.isConst)) return Number.POSITIVE_INFINITY;
  const view = new KernelView(kernel, s => symbols.get(s)?.constant);
  return work(view, genericProfile, true);
}
