// Races: modules with random pauses at every point where threads meet, many tiny runs, runs of every kind in turn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random, randomCase, runCase, scratch } from "./cases.js";
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
      const count = Array.from({ length: 50 });
      // threads meet at each step; one works while the others sleep
      const long = [
        machine.prepare(
          count.map(() => call("work", 16, cells, 2000)),
          scratch(machine),
        ),
        machine.prepare(
          count.map(() => call("work", 1, cells, 20_000)),
          scratch(machine),
        ),
      ];
      const bad = machine.prepare(
        [call("work", 16, cells, 100), call("gather", 16, 3), call("work", 16, cells, 100)],
        scratch(machine),
      );
      let interrupted = 0;
      for (let run = 0; run < 40 * sweep; run++) {
        const controller = new AbortController();
        const aborted = machine.run(long[run % 2]!, [], [], controller.signal);
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
