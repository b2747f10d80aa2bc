// Random programs for machines, with what they must compute; runs in Node and in pages.

import type { Instruction, Machine, Prepared } from "../../src/targets/cpu/machine.js";
import { mulberry32 } from "../../src/testing/random.js";
import { arena, branch, bytesOf, call, loopOver, wordsOf } from "./kernels.js";

export const scratch = (machine: Machine) => ({ address: machine.heapBase + (1 << 20), bytesPerThread: 64 });

/** seeded, so that a failure can be repeated as far as threads allow */
export function random(seed: number): (below: number) => number {
  const next = mulberry32(seed);
  return below => next() % below;
}

export interface Case {
  readonly instructions: readonly Instruction[];
  readonly input: number;
  readonly output: { readonly address: number; readonly byteLength: number };
  readonly counters: { readonly address: number; readonly byteLength: number };
  want(x: readonly number[]): Outcome;
}

/**
 * Steps of 1 to 40 blocks. Every value goes through all blocks of the step before, every block counts its calls, and a branch
 * depends on a value that the program has computed; so a lost, doubled or early block changes the result.
 */
export function randomCase(machine: Machine, seed: number): Case {
  const next = random(seed);
  const place = arena(machine);
  const width = 1 + next(40);
  const input = place(width);
  const counters = place(width);
  const steps = 1 + next(10);
  const instructions: Instruction[] = [];
  const model: ((state: { values: number[]; counts: number[] }) => void)[] = [];
  let from = input;
  for (let step = 0; step < steps; step++) {
    const to = place(width);
    const kind = next(5);
    if (kind === 0) {
      instructions.push(call("sum", width, from, to, width));
      model.push(state => {
        const total = state.values.reduce((a, b) => (a + b) | 0, 0);
        state.values = state.values.map(() => total);
      });
    } else if (kind === 1) {
      const used = 1 + next(width);
      instructions.push(call("scale", width, from, to, 5, step), call("work", used, counters, 1 + next(50)));
      model.push(state => {
        state.values = state.values.map(v => (Math.imul(v, 5) + step) | 0);
        for (let i = 0; i < used; i++) state.counts[i]!++;
      });
    } else if (kind === 2) {
      instructions.push(
        call("scale", width, from, to, 1, 1),
        call("scale", 1, to, to, 1, 1),
        call("scale", 1, to, to, 1, 1),
      );
      model.push(state => {
        state.values = state.values.map(v => (v + 1) | 0);
        state.values[0] = (state.values[0]! + 2) | 0;
      });
    } else if (kind === 3) {
      // counts down in a loop, with a branch and a loop inside; every round reads what the one before wrote
      const [outer, inner] = [place(1), place(1)];
      const rounds = next(4);
      const odd = branch(from, [call("work", width, counters, 2)], [call("scale", 1, to, to, 1, 3)]);
      instructions.push(
        call("scale", width, from, to, 1, 0),
        call("store", 1, outer, rounds),
        loopOver(outer, [
          call("scale", width, to, to, 3, step),
          call("store", 1, inner, 2),
          loopOver(inner, [call("scale", width, to, to, 1, 1), call("scale", 1, inner, inner, 1, -1)]),
          odd,
          call("scale", 1, outer, outer, 1, -1),
        ]),
      );
      model.push(state => {
        const taken = (state.values[0]! & 255) !== 0;
        for (let round = 0; round < rounds; round++) {
          state.values = state.values.map(v => (Math.imul(v, 3) + step + 2) | 0);
          if (taken) state.counts = state.counts.map(c => c + 1);
          else state.values[0] = (state.values[0]! + 3) | 0;
        }
      });
    } else {
      // the lowest byte of the first value decides; both branches overwrite it
      instructions.push(
        branch(
          from,
          [call("scale", width, from, to, 1, 7), call("store", 1, from, 0)],
          [call("scale", width, from, to, 1, 9), call("store", 1, from, 1), call("work", width, counters, 3)],
        ),
      );
      model.push(state => {
        const taken = (state.values[0]! & 255) !== 0;
        state.values = state.values.map(v => (v + (taken ? 7 : 9)) | 0);
        if (!taken) state.counts = state.counts.map(c => c + 1);
      });
    }
    from = to;
  }
  return {
    instructions,
    input,
    output: { address: from, byteLength: width * 4 },
    counters: { address: counters, byteLength: width * 4 },
    want: x => {
      const state = { values: x.slice(0, width), counts: Array.from({ length: width }, () => 0) };
      for (const apply of model) apply(state);
      return state;
    },
  };
}

export interface Outcome {
  readonly values: number[];
  readonly counts: number[];
}
/** One run on random inputs: what came out, and what should have. */
export async function runCase(
  machine: Machine,
  c: Case,
  program: Prepared,
  seed: number,
  sync = false,
): Promise<{ got: Outcome; want: Outcome }> {
  const next = random(seed);
  const x = Array.from({ length: c.output.byteLength / 4 }, () => next(1 << 20));
  const inputs = [
    { address: c.input, bytes: bytesOf(x) },
    { address: c.counters.address, bytes: new Uint8Array(c.counters.byteLength) },
  ];
  const outputs = [c.output, c.counters];
  const [values, counts] = sync
    ? machine.runSync!(program, inputs, outputs)
    : await machine.run(program, inputs, outputs);
  return { got: { values: wordsOf(values!), counts: wordsOf(counts!) }, want: c.want(x) };
}
