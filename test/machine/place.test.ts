// Short programs run on the calling thread, long ones on the workers; results and failures are the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AzulejoError } from "../../src/support/errors.js";
import type { Prepared } from "../../src/targets/cpu/machine.js";
import { RunPlace, SHORT_MS } from "../../src/targets/cpu/run-place.js";
import { SharedMachine } from "../../src/targets/wasm/machine-shared.js";
import type { AssembledModule } from "../../src/targets/wasm/module.js";
import { scratch } from "./cases.js";
import { hearsSignalsBetweenRuns } from "./contract.js";
import { arena, branch, bytesOf, call, loopOver, machineOf, testModule, wordsOf } from "./kernels.js";

/** what is decided after enough runs that take so long on either side */
function decided(workersMs: number, hereMs: number, isShort = false): string {
  const place = new RunPlace(SHORT_MS, isShort);
  for (let i = 0; i < 200; i++) place.took(place.next, place.next === "here" ? hereMs : workersMs);
  return place.next;
}

test("the calling thread takes what is short and faster there", () => {
  assert.equal(decided(0.05, 0.02), "here");
  assert.equal(decided(0.05, 0.06), "workers");
  assert.equal(decided(SHORT_MS * 2, 0.01), "workers", "long runs are never tried on the calling thread");
  assert.equal(decided(SHORT_MS * 0.9, SHORT_MS * 1.1), "workers");
});
test("what is thought to be short begins on the calling thread, and stays there if it is", () => {
  assert.equal(new RunPlace(SHORT_MS, true).next, "here");
  assert.equal(decided(0.01, SHORT_MS / 10, true), "here", "workers would have to start to be compared");
  assert.equal(decided(0.01, SHORT_MS * 2, true), "workers");
});
test("workers come first, so that a long run never blocks the calling thread", () => {
  const place = new RunPlace();
  for (let i = 0; i < 100; i++) {
    assert.equal(place.next, "workers");
    place.took("workers", SHORT_MS * 2);
  }
});
test("what is long blocks the calling thread a few times at most, however it was thought of", () => {
  const place = new RunPlace(SHORT_MS, true);
  for (let i = 0; i < 6; i++) {
    assert.equal(place.next, "here");
    place.took("here", SHORT_MS * 5);
  }
  assert.equal(place.next, "workers");
});
test("the first runs do not count against a program: the code around it is cold", () => {
  for (const isShort of [false, true]) {
    const place = new RunPlace(SHORT_MS, isShort);
    for (let i = 0; i < 80; i++)
      place.took(place.next, i < 20 ? SHORT_MS * 2 : SHORT_MS / (place.next === "here" ? 4 : 2));
    assert.equal(place.next, "here");
  }
});

test("runs give the same on either side", async () => {
  const machine = await machineOf("shared 2", { shortRunMs: Number.POSITIVE_INFINITY });
  try {
    const place = arena(machine);
    const [from, to] = [place(8), place(8)];
    const program = machine.prepare([call("scale", 8, from, to, 3, 1)], scratch(machine));
    const seen = new Set<boolean>();
    for (let i = 0; i < 40; i++) {
      seen.add(machine.runsHere!(program));
      const x = [1, 2, 3, 4, 5, 6, 7, i];
      const [y] = await machine.run(program, [{ address: from, bytes: bytesOf(x) }], [{ address: to, byteLength: 32 }]);
      assert.deepEqual(
        wordsOf(y!),
        x.map(v => v * 3 + 1),
      );
    }
    assert.deepEqual(seen, new Set([false, true]), "the first runs are the workers', then the calling thread is tried");
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(machine.run(program, [], [], controller.signal), { code: "aborted" });
  } finally {
    machine.dispose();
  }
});

for (const kind of ["shared 1", "caller"] as const)
  test(`${kind}: the event loop turns between runs on the calling thread`, async () => {
    const machine = await machineOf(kind, { shortRunMs: Number.POSITIVE_INFINITY });
    try {
      await hearsSignalsBetweenRuns(machine);
    } finally {
      machine.dispose();
    }
  });

test("workers start when a run needs them", async () => {
  let started = 0;
  const count = (): void => void started++;
  process.on("worker", count);
  const options = { shared: true, threads: 2, engineFlags: "never", short: true } as const;
  // however long a busy machine takes
  const shortRunMs = Number.POSITIVE_INFINITY;
  const machine = new SharedMachine({ ...options, module: testModule(true), shortRunMs });
  try {
    await machine.ready;
    const place = arena(machine);
    const [from, to] = [place(8), place(8)];
    const calls = [call("scale", 8, from, to, 3, 1)];
    const run = async (program: Prepared, x: number): Promise<void> => {
      const input = { address: from, bytes: bytesOf(new Array(8).fill(x)) };
      const [y] = await machine.run(program, [input], [{ address: to, byteLength: 32 }]);
      assert.deepEqual(wordsOf(y!), new Array(8).fill(x * 3 + 1));
    };
    const short = machine.prepare(calls, scratch(machine), true);
    for (let i = 0; i < 20; i++) await run(short, i);
    assert.equal(started, 0);
    await run(machine.prepare(calls, scratch(machine)), 7);
    await machine.gather();
    assert.equal(started, 2);
    await run(short, 8);
  } finally {
    process.off("worker", count);
    machine.dispose();
  }
});
test("memory is there before the module, and runs wait for it", async () => {
  let give: (module: AssembledModule) => void = () => {};
  const module = new Promise<AssembledModule>(resolve => {
    give = resolve;
  });
  const machine = new SharedMachine({ module, shared: true, threads: 2, engineFlags: "never" });
  try {
    const place = arena(machine);
    const [from, to] = [place(8), place(8)];
    machine.write([{ address: from, bytes: bytesOf([1, 2, 3, 4, 5, 6, 7, 8]) }]);
    const program = machine.prepare([call("scale", 8, from, to, 2, 0)], scratch(machine));
    const running = machine.run(program, [], [{ address: to, byteLength: 32 }]);
    give(testModule(true));
    assert.deepEqual(wordsOf((await running)[0]!), [2, 4, 6, 8, 10, 12, 14, 16]);
  } finally {
    machine.dispose();
  }
});
test("a module that can't be made is the error of whoever waits for it", async () => {
  const module = Promise.reject(new AzulejoError("internal", "no module"));
  const machine = new SharedMachine({ module, shared: true, threads: 2, engineFlags: "never" });
  try {
    const program = machine.prepare([call("store", 1, machine.heapBase, 3)], scratch(machine));
    await assert.rejects(machine.run(program, [], []), { message: "no module" });
    await assert.rejects(machine.ready, { message: "no module" });
  } finally {
    machine.dispose();
  }
});

// A worker that the run before has called and that comes late joins the run of the calling thread: its failure is the run's.
test("a trap on the calling thread's run is an error, whoever meets it", async () => {
  const machine = await machineOf("shared 2", { shortRunMs: Number.POSITIVE_INFINITY, delays: true });
  try {
    const place = arena(machine);
    const [never, traps, to] = [place(1), place(1), place(8)];
    const callers = machine.prepare([loopOver(never, [])], scratch(machine));
    const program = machine.prepare([branch(traps, [call("gather", 8, 3)]), call("whoami", 8, to)], scratch(machine));
    const run = (trap: 0 | 1) =>
      machine.run(program, [{ address: traps, bytes: bytesOf([trap]) }], [{ address: to, byteLength: 32 }]);
    while (!machine.runsHere!(program)) await run(0);
    for (let i = 0; i < 300; i++) {
      await machine.run(callers, [], []);
      await assert.rejects(run(1), { code: "bounds", message: /^Kernel "gather" stopped at an index/ }, `run ${i}`);
    }
    await run(0);
  } finally {
    machine.dispose();
  }
});
