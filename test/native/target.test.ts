// The native target as its users meet it: the code cache, what is missing, floating point that keeps its rules, the doctor.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { after, before, test } from "node:test";
import { compileKernel, doctor, Tensor } from "../../src/index.js";
import { cachedFile } from "../../src/targets/c/code-cache.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import * as kernels from "../kernels/stage1.js";
import { temporaryFolder } from "./machines.js";
import { patienceMs } from "../patience.js";

let folder: string;
const saved = { ...process.env };
before(async () => {
  folder = await temporaryFolder();
  process.env.AZULEJO_CACHE = folder;
});
after(async () => {
  process.env = saved;
  await rm(folder, { recursive: true });
});

function nativeTest(name: string, body: (t: TestContext) => Promise<void>): void {
  test(name, async t => {
    const problem = await nativeProblem();
    return problem ? t.skip(problem) : body(t);
  });
}

/** softmax of one row, with what loading it reported */
async function softmax(): Promise<{ readonly y: readonly number[]; readonly note: string }> {
  const model = await compileKernel(kernels.softmax(), { target: "native", threads: 1 });
  try {
    const { Y } = await model.run({ X: new Tensor("f32", Float32Array.of(0, 0, 0, 0), [1, 4]) });
    return { y: [...(Y!.data as Float32Array)], note: model.report().notes.join() };
  } finally {
    model.dispose();
  }
}
const libraries = async (): Promise<string[]> => (await readdir(folder)).filter(name => name.endsWith(".so"));

nativeTest("code is compiled once and then comes from the cache", async () => {
  const first = await softmax();
  assert.deepEqual(first.y, [0.25, 0.25, 0.25, 0.25]);
  assert.match(first.note, /-bit vectors; code into /);
  const [name, ...others] = await libraries();
  assert.deepEqual(others, []);
  assert.match((await softmax()).note, /code from /);
  const left = (await readdir(folder)).filter(file => file !== name && !file.endsWith(".sum"));
  assert.deepEqual(
    [left.length, left[0]?.endsWith(".o")],
    [1, true],
    "the runtime's object, neither locks nor sources are left behind",
  );
  await writeFile(join(folder, left[0]!), "not an object");
  await rm(join(folder, name!));
  assert.deepEqual((await softmax()).y, [0.25, 0.25, 0.25, 0.25], "a damaged object is made again");
});

nativeTest("compilers of one version do not share code: their commands may differ in what they do", async t => {
  const wrapper = join(folder, "cc with a name of its own");
  await writeFile(wrapper, '#!/bin/sh\nexec cc "$@"\n', { mode: 0o755 });
  assert.match((await softmax()).note, /code from /);
  t.after(() => delete process.env.CC);
  process.env.CC = wrapper;
  assert.match((await softmax()).note, /code into /);
});

nativeTest("the oldest libraries go when the cache is full, never the one just made", async () => {
  const make = (size: number) => (_: string, library: string) => writeFile(library, new Uint8Array(size));
  process.env.AZULEJO_CACHE_BYTES = "250000";
  await cachedFile("a.so", undefined, make(100_000));
  await cachedFile("b.so", undefined, make(100_000));
  await utimes(join(folder, "b.so"), 1, 1);
  await cachedFile("c.so", undefined, make(100_000));
  const left = await libraries();
  assert.deepEqual([left.includes("a.so"), left.includes("b.so"), left.includes("c.so")], [true, false, true]);
  await cachedFile("d.so", undefined, make(400_000));
  assert.deepEqual(await libraries(), ["d.so"]);
  delete process.env.AZULEJO_CACHE_BYTES;
});

nativeTest("two that want the same library wait for each other; the lock of a dead process is taken over", async () => {
  let made = 0;
  const make = async (_: string, library: string): Promise<void> => {
    made++;
    await new Promise(resolve => setImmediate(resolve));
    await writeFile(library, "x");
  };
  const both = await Promise.all([cachedFile("e.so", undefined, make), cachedFile("e.so", undefined, make)]);
  assert.deepEqual([made, both.map(b => b.hit).sort()], [1, [false, true]]);
  await writeFile(join(folder, "f.so.lock"), "999999999");
  await mkdir(join(folder, "f.so.999999999.tmp"));
  assert.equal((await cachedFile("f.so", undefined, make)).hit, false);
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.includes("999999999")),
    [],
  );
  // a process of before had the number that this one has now
  const lock = join(folder, "h.so.lock");
  await writeFile(lock, String(process.pid));
  await utimes(lock, 1, 1);
  assert.equal((await cachedFile("h.so", undefined, make)).hit, false);
  // while this process slept, another one took its lock over: that stays
  const lost = join(folder, "k.so.lock");
  await cachedFile("k.so", undefined, async (own, library) => {
    await writeFile(lost, "another's");
    await make(own, library);
  });
  assert.equal(await readFile(lost, "utf8"), "another's");
  await rm(lost);
});

nativeTest("a file that was cut or changed is made again, and is never loaded", async () => {
  const make = (_: string, library: string) => writeFile(library, "whole and good");
  await cachedFile("i.so", undefined, make);
  assert.equal((await cachedFile("i.so", undefined, make)).hit, true);
  for (const damaged of ["whole and", "whole and goof", ""]) {
    await writeFile(join(folder, "i.so"), damaged);
    assert.equal((await cachedFile("i.so", undefined, make)).hit, false, damaged);
    assert.equal((await cachedFile("i.so", undefined, make)).hit, true);
  }
});

nativeTest("where no file can be written, or none is to be kept, code comes from a file that is gone then", async t => {
  t.after(() => {
    process.env.AZULEJO_CACHE = folder;
    delete process.env.AZULEJO_CACHE_BYTES;
    process.env.TMPDIR = saved.TMPDIR ?? "";
  });
  const temporary = join(folder, "temporary");
  await mkdir(temporary);
  process.env.TMPDIR = temporary;
  const blocked = join(folder, "a file");
  await writeFile(blocked, "");
  process.env.AZULEJO_CACHE = blocked;
  const { y, note } = await softmax();
  assert.deepEqual(y, [0.25, 0.25, 0.25, 0.25]);
  assert.match(note, /; code is not kept: .* none can be written to .* set AZULEJO_CACHE to a folder of your own$/);
  const unused = join(folder, "unused");
  process.env.AZULEJO_CACHE = unused;
  process.env.AZULEJO_CACHE_BYTES = "0";
  assert.match((await softmax()).note, /; code is not kept$/);
  await assert.rejects(stat(unused), { code: "ENOENT" });
  assert.deepEqual(await readdir(temporary), []);
  process.env.TMPDIR = blocked;
  await assert.rejects(softmax(), {
    code: "target",
    message: /none can be written to .* set AZULEJO_CACHE to a folder of your own/,
  });
});

nativeTest("a cache that can't be written to gives what it has", async t => {
  const make = (_: string, library: string) => writeFile(library, "kept");
  await cachedFile("j.so", undefined, make);
  const refuse = (...parameters: readonly unknown[]) =>
    (parameters.at(-1) as (error: Error) => void)(Object.assign(new Error("read-only"), { code: "EROFS" }));
  for (const name of ["utimes", "writeFile"] as const) t.mock.method(fs, name, refuse as never);
  assert.equal((await cachedFile("j.so", undefined, make)).hit, true);
});

nativeTest("a folder that others may write to is refused", async () => {
  await chmod(folder, 0o777);
  await assert.rejects(
    cachedFile("g.so", undefined, async () => {}),
    {
      code: "target",
      message: `Others may write to "${folder}", so nothing is loaded from it; set AZULEJO_CACHE to a folder of your own, or chmod 700 it`,
    },
  );
  await chmod(folder, 0o700);
});

test("without a compiler, the message says what to install, and cpu is WebAssembly", async () => {
  process.env.CC = "no-such-compiler";
  await assert.rejects(compileKernel(kernels.softmax(), { target: "native" }), {
    code: "target",
    message:
      /^target: "native" needs (a C compiler, and "no-such-compiler" can't be run; install gcc or clang|the package koffi)/,
  });
  const model = await compileKernel(kernels.softmax(), { target: "cpu", threads: 1 });
  assert.equal(model.report().target, "wasm");
  model.dispose();
  const { targets } = await doctor();
  assert.match(targets.find(t => t.name === "native")!.problem!, /needs/);
  delete process.env.CC;
});

nativeTest("cpu is native here, and the doctor says so", async () => {
  const model = await compileKernel(kernels.softmax(), { target: "cpu", threads: 1 });
  assert.equal(model.report().target, "native");
  model.dispose();
  const report = await doctor();
  assert.deepEqual(
    // whether there is a graphics processor is the machine's
    report.targets.filter(t => t.name !== "webgpu").map(({ name, problem }) => [name, problem]),
    [
      ["wasm", undefined],
      ["native", undefined],
      ["interpreter", undefined],
    ],
  );
  assert.equal(report.cache!.folder, folder);
  assert.ok(report.cache!.files > 0 && report.cache!.bytes > 0 && report.cores > 0);
});

nativeTest("subnormal numbers survive loading native code, and are computed with on every thread", async () => {
  const half = kernel(
    { X: f32("N"), Y: f32("N") },
    ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).mul(0.5))),
    {
      name: "half",
    },
  );
  const model = await compileKernel(half, { target: "native", threads: 2 });
  const { Y } = await model.run({ X: new Tensor("f32", new Float32Array(100_003).fill(2 ** -140), [100_003]) });
  assert.ok((Y!.data as Float32Array).every(y => y === 2 ** -141));
  // the thread of JavaScript, which loaded the code
  assert.equal(Number("1e-310") / 4, 2.5e-311);
  model.dispose();
});

nativeTest(
  "a process with an idle native model exits by itself; a damaged file of the cache is made again",
  async () => {
    for (const [i, name] of (await libraries()).entries()) {
      const whole = await readFile(join(folder, name));
      // a new file: this process goes on using the old one
      await rm(join(folder, name));
      await writeFile(join(folder, name), i % 2 ? "no library" : whole.subarray(0, whole.length / 2));
    }
    const index = JSON.stringify(new URL("../../src/index.js", import.meta.url).href);
    const stage1 = JSON.stringify(new URL("../kernels/stage1.js", import.meta.url).href);
    const text = `
    import { compileKernel, Tensor } from ${index};
    import { softmax } from ${stage1};
    const model = await compileKernel(softmax(), { target: "native", threads: 2 });
    const { Y } = await model.run({ X: new Tensor("f32", new Float32Array(4), [1, 4]) });
    console.log(Y.data[3]);
  `;
    const output = await new Promise(resolve => {
      execFile(
        process.execPath,
        ["--input-type=module", "-e", text],
        { timeout: patienceMs },
        (error, stdout, stderr) => resolve(error ? `${error.message}${stderr}` : stdout),
      );
    });
    assert.equal(output, "0.25\n");
    const sizes = await Promise.all((await libraries()).map(async name => (await stat(join(folder, name))).size));
    assert.ok(sizes.some(size => size > 1000));
  },
);
