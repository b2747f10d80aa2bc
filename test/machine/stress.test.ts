// Races: modules with random pauses at every point where threads meet, many tiny runs, runs of every kind in turn.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instruction, Machine } from "../../src/targets/wasm/machine.js";
import type { Kind } from "./kernels.js";
import { arena, branch, bytesOf, call, machineOf, wordsOf } from "./kernels.js";

const SHARED: readonly Kind[] = ["shared 1", "shared 2", "shared 4"];
const scratch = (machine: Machine) => ({ address: machine.heapBase + (1 << 20), bytesPerThread: 64 });

/** mulberry32: small, seeded, so that a failure can be repeated as far as threads allow */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

interface Case {
  readonly instructions: readonly Instruction[];
  readonly input: number;
  readonly output: { readonly address: number; readonly byteLength: number };
  readonly counters: { readonly address: number; readonly byteLength: number };
  want(x: readonly number[]): { values: number[]; counts: number[] };
}

/**
 * Steps of 1 to 40 blocks. Every value goes through all blocks of the step before, every block counts its calls, and a branch
 * depends on a value that the program has computed; so a lost, doubled or early block changes the result.
 */
function randomCase(machine: Machine, seed: number): Case {
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
    const kind = next(4);
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

async function check(machine: Machine, c: Case, program: ReturnType<Machine["prepare"]>, seed: number, sync: boolean) {
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
  assert.deepEqual({ values: wordsOf(values!), counts: wordsOf(counts!) }, c.want(x));
}

const sweep = process.env.AZULEJO_SWEEP === "all" ? 20 : 1;

for (const kind of SHARED)
  for (const delays of [false, true])
    test(`${kind}${delays ? ", random pauses" : ""}: random programs, asynchronous and synchronous runs in turn`, async () => {
      const machine = await machineOf(kind, { delays });
      try {
        const cases = Array.from({ length: 30 }, (_, seed) => randomCase(machine, seed));
        const programs = cases.map(c => machine.prepare(c.instructions, scratch(machine)));
        const runs = (delays ? 150 : 1000) * sweep;
        for (let run = 0; run < runs; run++) {
          const which = random(run)(cases.length);
          await check(machine, cases[which]!, programs[which]!, run, run % 3 === 2);
        }
      } finally {
        machine.dispose();
      }
    });

for (const kind of SHARED)
  test(`${kind}, random pauses: aborted and trapped runs between good ones`, async () => {
    const machine = await machineOf(kind, { delays: true });
    try {
      const good = randomCase(machine, 7);
      const program = machine.prepare(good.instructions, scratch(machine));
      const cells = machine.heapBase + (2 << 20);
      const long = machine.prepare(
        Array.from({ length: 50 }, () => call("work", 16, cells, 2000)),
        scratch(machine),
      );
      const bad = machine.prepare(
        [call("work", 16, cells, 100), call("gather", 16, 3), call("work", 16, cells, 100)],
        scratch(machine),
      );
      let interrupted = 0;
      for (let run = 0; run < 40 * sweep; run++) {
        const controller = new AbortController();
        const aborted = machine.run(long, [], [], controller.signal);
        await new Promise(resolve => setImmediate(resolve));
        controller.abort();
        const trapped = machine.run(bad, [], []);
        // the long run may have ended before the signal fired
        const [first, second] = await Promise.allSettled([aborted, trapped]);
        if (first.status === "rejected") {
          assert.equal(first.reason.code, "aborted");
          interrupted++;
        }
        assert.equal(second.status === "rejected" && second.reason.code, "bounds");
        assert.throws(() => machine.runSync!(bad, [], []), { code: "bounds" });
        await check(machine, good, program, run, run % 2 === 1);
      }
      assert.ok(interrupted > 0, "no run was interrupted");
    } finally {
      machine.dispose();
    }
  });

test("many machines side by side keep apart", async () => {
  const machines = await Promise.all(Array.from({ length: 6 }, () => machineOf("shared 2")));
  try {
    const cases = machines.map((machine, index) => randomCase(machine, 100 + index));
    const programs = machines.map((machine, index) => machine.prepare(cases[index]!.instructions, scratch(machine)));
    for (let round = 0; round < 20; round++)
      await Promise.all(
        machines.map((machine, index) => check(machine, cases[index]!, programs[index]!, round, false)),
      );
  } finally {
    for (const machine of machines) machine.dispose();
  }
});

test("thousands of tiny runs", async () => {
  const machine = await machineOf("shared 2");
  try {
    const cell = machine.heapBase;
    const program = machine.prepare([call("work", 2, cell, 1)], scratch(machine));
    await machine.run(program, [{ address: cell, bytes: new Uint8Array(8) }], []);
    for (let run = 1; run < 5000; run++) await machine.run(program, [], []);
    const [bytes] = await machine.run(machine.prepare([], scratch(machine)), [], [{ address: cell, byteLength: 8 }]);
    assert.deepEqual(wordsOf(bytes!), [5000, 5000]);
  } finally {
    machine.dispose();
  }
});

test("programs are released and prepared again while runs are pending", async () => {
  const machine = await machineOf("shared 2");
  try {
    for (let round = 0; round < 30; round++) {
      const cases = Array.from({ length: 5 }, (_, index) => randomCase(machine, round * 5 + index));
      await Promise.all(
        cases.map(async (c, index) => {
          const program = machine.prepare(c.instructions, scratch(machine));
          const pending = check(machine, c, program, index, false);
          machine.release(program);
          await pending;
        }),
      );
    }
  } finally {
    machine.dispose();
  }
});
