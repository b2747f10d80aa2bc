// What browser.test.ts lets a page do. Loaded as a module straight from the build output; no Node here.
import { canShareMemory } from "../../src/runtime/platform.js";
import { randomCase, runCase, scratch } from "./cases.js";
import type { Kind } from "./kernels.js";
import { call, machineOf } from "./kernels.js";

const reasonOf = (error: unknown): string =>
  `${(error as { code?: string }).code ?? "no code"}: ${(error as Error).message}`;
const failure = (run: Promise<unknown>): Promise<string> => run.then(() => "no failure", reasonOf);

/** Random programs, a trap, an abort and a disposal on one machine; the numbers of wrong results and the errors. */
async function exercise(kind: Kind, workerUrl?: string) {
  const machine = await machineOf(kind, workerUrl === undefined ? {} : { workerUrl });
  let wrong = 0;
  const checkSome = async (from: number, to: number) => {
    for (let seed = from; seed < to; seed++) {
      const c = randomCase(machine, seed);
      const program = machine.prepare(c.instructions, scratch(machine));
      const { got, want } = await runCase(machine, c, program, seed);
      if (JSON.stringify(got) !== JSON.stringify(want)) wrong++;
      machine.release(program);
    }
  };
  await checkSome(0, 60);
  const bad = machine.prepare([call("gather", 16, 3)], scratch(machine));
  const trap = await failure(machine.run(bad, [], []));
  const controller = new AbortController();
  // minutes, or a second where a worker ends what it has begun: over before it is broken off on no machine that stalls
  const blocks = machine.shared ? 1_000_000 : 10_000;
  const long = machine.prepare([call("work", blocks, machine.heapBase, 100_000)], scratch(machine));
  const run = machine.run(long, [], [], controller.signal);
  let turns = 0;
  while (turns < 5) {
    await new Promise(resolve => setTimeout(resolve, 1));
    turns++;
  }
  controller.abort();
  const abort = await failure(run);
  await checkSome(60, 100);
  const pending = failure(machine.run(long, [], []));
  machine.dispose();
  return { threads: machine.threads, shared: machine.shared, wrong, trap, abort, disposed: await pending };
}

const page = {
  canShareMemory,
  exercise,
  failureOf: (kind: Kind): Promise<string> => failure(machineOf(kind)),
};
export type Page = typeof page;
(globalThis as { page?: Page }).page = page;
