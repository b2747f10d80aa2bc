// Races: modules with random pauses at every point where threads meet, many tiny runs, runs of every kind in turn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random, randomCase, runCase, scratch } from "./cases.js";
import { keepsProgramsOfLateThreads } from "./contract.js";
import type { Kind } from "./kernels.js";
import { call, machineOf, wordsOf } from "./kernels.js";

const SHARED: readonly Kind[] = ["shared 1", "shared 2", "shared 4"];
async function check(...run: Parameters<typeof runCase>): Promise<void> {
  const { got, want } = await runCase(...run);
  assert.deepEqual(got, want);
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
      // threads meet at each step, or one works while the others sleep
      const together = Array.from({ length: 50 }, () => call("work", 16, cells, 2000));
      const alone = Array.from({ length: 100 }, () => call("work", 1, cells, 20_000));
      const long = [together, alone].map(instructions => machine.prepare(instructions, scratch(machine)));
      const bad = [
        [call("work", 16, cells, 100), call("gather", 16, 3), call("work", 16, cells, 100)],
        [...alone.slice(0, 10), call("gather", 1, 0), call("work", 1, cells, 10)],
      ].map(instructions => machine.prepare(instructions, scratch(machine)));
      const cell = new Int32Array(machine.view!({ address: cells, byteLength: 4 }).buffer, cells, 1);
      let interrupted = 0;
      for (let run = 0; run < 40 * sweep; run++) {
        const controller = new AbortController();
        Atomics.store(cell, 0, 0);
        const aborted = machine.run(long[run % 2]!, [], [], controller.signal);
        // at once, or when some of it is done and, in a run that one thread does alone, the others have gone to sleep
        const least = run % 4 < 2 ? 0 : 10;
        do await new Promise(resolve => setImmediate(resolve));
        while (Atomics.load(cell, 0) < least);
        controller.abort();
        const trapped = machine.run(bad[run % 2]!, [], []);
        // the long run may have ended before the signal fired
        const [first, second] = await Promise.allSettled([aborted, trapped]);
        if (first.status === "rejected") {
          assert.equal(first.reason.code, "aborted");
          interrupted++;
        }
        assert.equal(second.status === "rejected" && second.reason.code, "bounds");
        assert.throws(() => machine.runSync!(bad[run % 2]!, [], []), { code: "bounds" });
        await check(machine, good, program, run, run % 2 === 1);
      }
      assert.ok(interrupted > 0, "no run was interrupted");
    } finally {
      machine.dispose();
    }
  });

test("a worker that wakes late stays out of a synchronous run, whose thread 0 is the caller", async () => {
  const machine = await machineOf("shared 2", { delays: true });
  try {
    const empty = machine.prepare([], scratch(machine));
    const cells = machine.heapBase;
    const program = machine.prepare([call("work", 16, cells, 5000)], scratch(machine));
    for (let run = 0; run < 300 * sweep; run++) {
      await machine.run(empty, [], []);
      // the kernel traps if two threads share scratch memory
      machine.runSync!(program, [], []);
    }
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

for (const kind of ["shared 2", "worker", "caller"] as const)
  test(`${kind}: programs are released and prepared again while runs are pending`, async () => {
    const machine = await machineOf(kind);
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

for (const delays of [false, true])
  test(`${delays ? "random pauses: " : ""}a program is kept until the last thread has left it`, async () => {
    const machine = await machineOf("shared 4", { delays });
    try {
      await keepsProgramsOfLateThreads(machine, (delays ? 500 : 3000) * sweep);
    } finally {
      machine.dispose();
    }
  });
