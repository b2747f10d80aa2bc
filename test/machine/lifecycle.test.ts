// How machines begin and end: processes that exit by themselves or stay alive, disposal, workers that do not start, engine flags.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Machine } from "../../src/targets/cpu/machine.js";
import { WORKER_SOURCE } from "../../src/targets/wasm/worker-source.js";
import { ENDLESS, longRun, refusesToOvertake, rejectsRunsWhenDisposed, turnsTheEventLoop } from "./contract.js";
import type { Kind } from "./kernels.js";
import { bytesOf, call, KINDS, machineOf, testModule, wordsOf } from "./kernels.js";
import { patienceMs } from "../patience.js";

const scratch = (machine: Machine) => ({ address: machine.heapBase + 65536, bytesPerThread: 64 });
/** Runs a module text in a fresh process; it can use what this file's neighbours export. Killed, and so failed, when it hangs. */
function child(text: string): Promise<{ code: number | string; output: string }> {
  const kernels = JSON.stringify(new URL("./kernels.js", import.meta.url).href);
  const script = `import { machineOf, call, bytesOf, wordsOf } from ${kernels};\n${text}`;
  return new Promise(resolve => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", script],
      { timeout: patienceMs },
      (error, stdout, stderr) => resolve({ code: error ? (error.code ?? "killed") : 0, output: stdout + stderr }),
    );
  });
}

for (const kind of KINDS) {
  test(`${kind}: a process with an idle machine exits by itself`, async () => {
    const ended = await child(`
      const machine = await machineOf("${kind}");
      const program = machine.prepare([call("work", 8, machine.heapBase, 10)], { address: machine.heapBase + 64, bytesPerThread: 64 });
      for (let run = 0; run < 3; run++) await machine.run(program, [], []);
      console.log("ran");
    `);
    assert.deepEqual(ended, { code: 0, output: "ran\n" });
  });

  test(`${kind}: a process stays alive for a pending run, also with queued ones and engine flags`, async () => {
    const ended = await child(`
      const machine = await machineOf("${kind}", { engineFlags: "auto" });
      const program = machine.prepare([call("work", 300, machine.heapBase, 100000)], { address: machine.heapBase + 65536, bytesPerThread: 64 });
      machine.run(program, [], []).then(() => console.log("one"));
      machine.run(program, [], []).then(() => console.log("two"));
    `);
    assert.deepEqual(ended, { code: 0, output: "one\ntwo\n" });
  });
}

for (const kind of ["shared 1", "shared 2"] as const)
  test(`${kind}: without Atomics.waitAsync workers say that they are done`, async () => {
    const ended = await child(`
      delete Atomics.waitAsync;
      const machine = await machineOf("${kind}");
      const cell = machine.heapBase;
      const program = machine.prepare([call("work", 40, cell, 1000)], { address: cell + 65536, bytesPerThread: 64 });
      for (let run = 0; run < 300; run++) await machine.run(program, [], []);
      const [bytes] = await machine.run(program, [], [{ address: cell, byteLength: 160 }]);
      console.log(wordsOf(bytes).every(count => count === 301));
    `);
    assert.deepEqual(ended, { code: 0, output: "true\n" });
  });

for (const kind of KINDS.filter(k => k !== "caller")) {
  test(`${kind}: the event loop turns while a run goes on`, async () => {
    const machine = await machineOf(kind);
    try {
      await turnsTheEventLoop(machine);
    } finally {
      machine.dispose();
    }
  });

  test(`${kind}: dispose() during a run rejects it and all that wait`, async () => {
    await rejectsRunsWhenDisposed(await machineOf(kind));
  });
}

test("a signal interrupts a run that has begun, and the machine works afterwards", async () => {
  for (const kind of ["shared 1", "shared 2", "worker"] as const) {
    const machine = await machineOf(kind);
    try {
      // without shared memory a worker ends what it has begun, a second here
      const [long, short] = [
        longRun(machine, machine.shared ? ENDLESS : 10_000),
        machine.prepare([call("store", 1, machine.heapBase, 3)], scratch(machine)),
      ];
      const controller = new AbortController();
      const run = machine.run(long, [], [], controller.signal);
      await new Promise(resolve => setTimeout(resolve, 5));
      controller.abort("enough");
      await assert.rejects(run, { code: "aborted", cause: "enough" });
      const output = { address: machine.heapBase, byteLength: 4 };
      const [bytes] = await machine.run(short, [{ address: machine.heapBase, bytes: bytesOf([1]) }], [output]);
      assert.deepEqual(wordsOf(bytes!), [3]);
    } finally {
      machine.dispose();
    }
  }
});

test("runSync refuses to overtake pending runs", async () => {
  const machine = await machineOf("shared 2");
  try {
    await refusesToOvertake(machine);
  } finally {
    machine.dispose();
  }
});

test("each thread has scratch memory of its own", async () => {
  const machine = await machineOf("shared 4");
  try {
    const [base, cells] = [machine.heapBase + 65536, machine.heapBase];
    const program = machine.prepare([call("whoami", 64, cells)], { address: base, bytesPerThread: 256 });
    for (const run of [false, true]) {
      const output = [{ address: cells, byteLength: 256 }];
      const [bytes] = run ? machine.runSync!(program, [], output) : await machine.run(program, [], output);
      for (const address of wordsOf(bytes!)) assert.ok([0, 1, 2, 3].includes((address - base) / 256), `${address}`);
    }
  } finally {
    machine.dispose();
  }
});

test("a worker from a URL works; one that fails to start is explained", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "azulejo-"));
  try {
    const [good, bad] = ["good.cjs", "bad.cjs"].map(name => path.join(folder, name));
    await writeFile(good!, WORKER_SOURCE);
    await writeFile(bad!, 'throw new Error("refused here")');
    for (const kind of ["shared 2", "worker"] as const satisfies Kind[]) {
      const machine = await machineOf(kind, { workerUrl: pathToFileURL(good!) });
      assert.deepEqual(await machine.run(longRun(machine, 4), [], []), []);
      machine.dispose();
      await assert.rejects(machineOf(kind, { workerUrl: pathToFileURL(bad!) }), {
        code: "target",
        message:
          'A worker could not start: refused here; a page\'s Content-Security-Policy must allow "worker-src blob:", or pass { workerUrl }',
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("wrong options are refused", async () => {
  await assert.rejects(machineOf("shared 2", { threads: 0 }), {
    code: "option",
    message: "threads: 0 is not possible; use 1..64",
  });
  await assert.rejects(machineOf("worker", { module: testModule(true) }), { code: "internal" });
  await assert.rejects(machineOf("shared 1", { module: testModule(false) }), { code: "internal" });
  await assert.rejects(machineOf("caller", { module: testModule(true) }), { code: "internal" });
  await assert.rejects(machineOf("shared 1", { signal: AbortSignal.abort() }), {
    code: "aborted",
    message: "Compiling was aborted by the caller's signal",
  });
});
