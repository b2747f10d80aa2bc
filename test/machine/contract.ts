// What every machine must do, whatever it is made of: checks that the tests of WebAssembly's machines and of the native one call.
import assert from "node:assert/strict";
import type { Machine } from "../../src/targets/cpu/machine.js";
import { scratch } from "./cases.js";
import { call, wordsOf } from "./kernels.js";

/** blocks of about 0.1 ms */
export const longRun = (machine: Machine, blocks: number) =>
  machine.prepare([call("work", blocks, machine.heapBase, 100_000)], scratch(machine));

/** Blocks of minutes: a run that is broken off is not over before, on machines that stall too. */
export const ENDLESS = 1_000_000;

/** Where threads take the cores from the loop, a longer run leaves it more: a loop that is blocked turns once in any. */
export async function turnsTheEventLoop(machine: Machine): Promise<void> {
  let turns = 0;
  for (let blocks = 1500; blocks < 100_000 && turns <= 10; blocks *= 4) turns = await turnsDuring(machine, blocks);
  assert.ok(turns > 10, `only ${turns} turns`);
}
async function turnsDuring(machine: Machine, blocks: number): Promise<number> {
  const program = longRun(machine, blocks);
  let running = true;
  let turns = 0;
  const run = machine.run(program, [], []).finally(() => {
    running = false;
  });
  while (running) {
    turns++;
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  await run;
  machine.release(program);
  return turns;
}

/** Runs on the calling thread settle without a turn of the event loop, and it gets one all the same. */
export async function hearsSignalsBetweenRuns(machine: Machine): Promise<void> {
  const program = machine.prepare([call("store", 1, machine.heapBase, 3)], scratch(machine), true);
  while (machine.runsHere?.(program) === false) await machine.run(program, [], []);
  const controller = new AbortController();
  setImmediate(() => controller.abort("enough"));
  const inTurn = async (): Promise<void> => {
    for (let run = 0; run < 100_000; run++) await machine.run(program, [], [], controller.signal);
  };
  await assert.rejects(inTurn(), { code: "aborted", cause: "enough" });
}

export async function rejectsRunsWhenDisposed(machine: Machine): Promise<void> {
  const program = longRun(machine, ENDLESS);
  const runs = [machine.run(program, [], []), machine.run(program, [], []), machine.run(program, [], [])];
  await new Promise(resolve => setImmediate(resolve));
  machine.dispose();
  for (const run of runs) await assert.rejects(run, { code: "disposed", message: "The model was disposed" });
}

export async function refusesToOvertake(machine: Machine): Promise<void> {
  const program = longRun(machine, 20);
  const counts = { address: machine.heapBase, byteLength: 20 * 4 };
  machine.write([{ ...counts, bytes: new Uint8Array(counts.byteLength) }]);
  const pending = machine.run(program, [], []);
  assert.throws(() => machine.runSync!(program, [], []), {
    code: "option",
    message: "runSync() can't wait for runs that are pending; await them first",
  });
  const counted = machine.inTurn!(() => machine.runSync!(program, [], [counts]));
  await pending;
  assert.deepEqual(
    wordsOf((await counted)[0]!),
    Array.from({ length: 20 }, () => 2),
  );
  assert.deepEqual(machine.runSync!(program, [], []), []);
}

/**
 * A program that is released when its run is over, and another one prepared: threads that are still on their way out of the first read its
 * steps, and must not find those of the second there. Blocks count their calls, so that one that is run early is found.
 */
export async function keepsProgramsOfLateThreads(machine: Machine, runs: number): Promise<void> {
  const cells = machine.heapBase;
  const blocks = 3;
  machine.write([{ address: cells, bytes: new Uint8Array(blocks * 4) }]);
  for (let run = 0; run < runs; run++) {
    const program = machine.prepare([call("work", blocks, cells, 1 + (run % 7))], scratch(machine));
    if (run % 2) machine.runSync!(program, [], []);
    else await machine.run(program, [], []);
    machine.release(program);
  }
  const counts = machine.runSync!(
    machine.prepare([], scratch(machine)),
    [],
    [{ address: cells, byteLength: blocks * 4 }],
  );
  assert.deepEqual(
    wordsOf(counts[0]!),
    Array.from({ length: blocks }, () => runs),
  );
}
