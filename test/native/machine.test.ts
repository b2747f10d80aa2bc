// The machine of the native target: random programs with and without random pauses, interruption, disposal, the event loop.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Machine } from "../../src/targets/cpu/machine.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { random, randomCase, runCase, scratch } from "../machine/cases.js";
import {
  hearsSignalsBetweenRuns,
  keepsProgramsOfLateThreads,
  refusesToOvertake,
  rejectsRunsWhenDisposed,
  turnsTheEventLoop,
} from "../machine/contract.js";
import { bytesOf, call, wordsOf } from "../machine/kernels.js";
import { nativeMachine } from "./machines.js";

const sweep = process.env.AZULEJO_SWEEP === "all" ? 20 : 1;

/** A test with a machine of its own, skipped by name where there is no compiler or no koffi. */
function withMachine(
  name: string,
  threads: number,
  delays: boolean,
  body: (machine: Machine) => Promise<void>,
  shortRunMs = 0,
): void {
  test(`native ${threads}${delays ? ", random pauses" : ""}: ${name}`, async (t: TestContext) => {
    const problem = await nativeProblem();
    if (problem) return t.skip(problem);
    const machine = await nativeMachine(threads, delays, shortRunMs);
    try {
      await body(machine);
    } finally {
      machine.dispose();
    }
  });
}
for (const threads of [1, 2, 4])
  for (const delays of [false, true])
    withMachine("random programs, asynchronous and synchronous runs in turn", threads, delays, async machine => {
      const cases = Array.from({ length: 30 }, (_, seed) => randomCase(machine, seed));
      const programs = cases.map(c => machine.prepare(c.instructions, scratch(machine)));
      const runs = (delays ? 150 : 1000) * sweep;
      for (let run = 0; run < runs; run++) {
        const which = random(run)(cases.length);
        const { got, want } = await runCase(machine, cases[which]!, programs[which]!, run, run % 3 === 2);
        assert.deepEqual(got, want);
      }
    });

withMachine(
  "the event loop turns between runs on the calling thread",
  1,
  false,
  hearsSignalsBetweenRuns,
  Number.POSITIVE_INFINITY,
);

for (const threads of [1, 2])
  withMachine("aborted runs between good ones", threads, true, async machine => {
    const good = randomCase(machine, 7);
    const program = machine.prepare(good.instructions, scratch(machine));
    const cells = machine.heapBase + (2 << 20);
    const long = machine.prepare(
      Array.from({ length: 200 }, () => call("work", 16, cells, 20_000)),
      scratch(machine),
    );
    let interrupted = 0;
    for (let run = 0; run < 30 * sweep; run++) {
      const controller = new AbortController();
      const aborted = machine.run(long, [], [], controller.signal);
      // before it has begun, or while it goes on
      if (run % 3 > 0) await new Promise(resolve => setImmediate(resolve));
      controller.abort("enough");
      await aborted.catch(error => {
        assert.equal(error.code, "aborted");
        assert.equal(error.cause, "enough");
        interrupted++;
      });
      const { got, want } = await runCase(machine, good, program, run, run % 2 === 1);
      assert.deepEqual(got, want);
    }
    assert.ok(interrupted > 0, "no run was interrupted");
  });

for (const threads of [1, 2, 4])
  withMachine(
    "a kernel that meets an index outside ends the run, and the next one works",
    threads,
    true,
    async machine => {
      const good = randomCase(machine, 7);
      const program = machine.prepare(good.instructions, scratch(machine));
      const cells = machine.heapBase + (2 << 20);
      const bad = machine.prepare(
        [
          call("work", 32, cells, 1000),
          call("gather", 32, 20),
          ...Array.from({ length: 50 }, () => call("work", 32, cells, 1)),
        ],
        scratch(machine),
      );
      const failure = {
        name: "AzulejoError",
        code: "bounds",
        message:
          'Kernel "gather" stopped at an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours',
      };
      for (let run = 0; run < 20 * sweep; run++) {
        if (run % 2) assert.throws(() => machine.runSync!(bad, [], []), failure);
        else await assert.rejects(machine.run(bad, [], []), failure);
        const { got, want } = await runCase(machine, good, program, run, run % 4 === 1);
        assert.deepEqual(got, want);
      }
    },
  );

for (const delays of [false, true])
  withMachine("a program is kept until the last thread has left it", 4, delays, machine =>
    keepsProgramsOfLateThreads(machine, (delays ? 500 : 3000) * sweep),
  );

withMachine("the event loop turns while a run goes on", 2, false, turnsTheEventLoop);

withMachine("dispose() during a run rejects it and all that wait", 2, false, async machine => {
  await rejectsRunsWhenDisposed(machine);
  assert.throws(() => machine.prepare([], scratch(machine)), { code: "disposed" });
});

withMachine("runSync refuses to overtake pending runs", 2, false, refusesToOvertake);

withMachine("each thread has scratch memory of its own", 4, false, async machine => {
  const [base, cells] = [machine.heapBase + 65536, machine.heapBase];
  const program = machine.prepare([call("whoami", 64, cells)], { address: base, bytesPerThread: 256 });
  const [bytes] = await machine.run(program, [], [{ address: cells, byteLength: 256 }]);
  for (const address of wordsOf(bytes!)) assert.ok([0, 1, 2, 3].includes((address - base) / 256), `${address}`);
});

withMachine("more memory than 4 GiB, and transfers outside, are refused", 1, false, async machine => {
  await assert.rejects(async () => machine.reserve(2 ** 32 + 1), {
    code: "memory",
    message: "The program needs 4294967297 bytes of memory, and this host grants 4294967296",
  });
  await assert.rejects(async () => machine.write([{ address: 2 ** 32 - 2, bytes: bytesOf([1]) }]), {
    code: "internal",
    message: "Bytes 4294967294…4294967298 are outside a program's memory",
  });
});

test("as many threads as are possible, no more", async t => {
  const problem = await nativeProblem();
  if (problem) return t.skip(problem);
  await assert.rejects(nativeMachine(65), { code: "option", message: "threads: 65 is not possible; use 1..64" });
});
