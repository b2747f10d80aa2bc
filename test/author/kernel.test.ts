// Kernels as functions: what run() gives on each target is what eager() gives, whatever is handed in, left out, or called at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constant, dot, f32, grid, i32, inPlace, kernel } from "../../src/author/index.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { isInTurn, LATER } from "../rotation.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";

const targets = ["interpreter", "wasm", "native"] as const;

const filled = (dims: readonly number[], seed = 1): TensorArgument & { data: Float32Array } => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * 1.7)),
});
function close(got: TensorArgument, want: TensorArgument): void {
  assert.deepEqual(got.dims, want.dims);
  assert.equal(got.data.length, want.data.length);
  for (const [i, w] of [...want.data].entries())
    assert.ok(
      Math.abs(Number(got.data[i]) - Number(w)) <= 2e-6 * (1 + Math.abs(Number(w))),
      `${i}: ${got.data[i]}, ${w}`,
    );
}

const linear = () =>
  kernel(
    { X: f32("M K"), W: constant(f32("K N")), Y: f32("M N") },
    ({ X, W, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).relu());
      }),
    { name: "linear" },
  );
/** what is left of a row when windows of P fit, in steps of two: U follows from no input */
const windows = () =>
  kernel(
    { X: f32("N"), Y: f32("U") },
    ({ X, Y, U, P }) =>
      grid(U.tile(), u => {
        const p = P.all();
        Y.at(u).set(X.at(u.mul(2).add(p)).sum(p));
      }),
    { name: "windows", statics: { P: 3 } },
  );
const counts = () =>
  kernel(
    { Label: i32("N"), Y: inPlace(i32("L")) },
    ({ Label, Y, N }) => {
      const n = N.all();
      Y.at(Label.at(n)).accumulate(Label.at(n).mul(0).add(1));
    },
    { name: "counts" },
  );

for (const target of targets) {
  let tests = 0;
  const onTarget = (name: string, body: () => Promise<void>): void => {
    const at = tests++;
    test(`${name}, on ${target}`, async t => {
      const problem =
        target === "native" ? ((await nativeProblem()) ?? (isInTurn(at, 2) ? undefined : LATER)) : undefined;
      if (problem) t.skip(problem);
      else await body();
    });
  };
  onTarget("calls of several sizes at once", async () => {
    const k = linear();
    const W = filled([5, 7]);
    // more sizes than programs are kept for
    const calls = Array.from({ length: 12 }, (_, m) => ({ X: filled([m, 5], m), W }));
    const got = await Promise.all(calls.map(c => k.run(c, { target, threads: 1 })));
    for (const [i, c] of calls.entries()) close(got[i]!.Y, k.eager(c).Y);
    k.dispose();
  });
  onTarget("other weights are other weights", async () => {
    const k = linear();
    const X = filled([3, 5]);
    for (const W of [filled([5, 7], 1), filled([5, 7], 2), filled([5, 4], 3)])
      close((await k.run({ X, W }, { target, threads: 1 })).Y, k.eager({ X, W }).Y);
    k.dispose();
  });
  onTarget("an output that is handed in tells sizes and is filled", async () => {
    const k = windows();
    const X = filled([9]);
    const Y = filled([4], 5);
    const all = await k.run({ X, Y }, { target, threads: 1 });
    assert.equal(all.Y, Y);
    assert.equal(all.X, X);
    close(Y, k.eager({ X, Y: filled([4]) }).Y);
    close((await k.run({ X }, { target, threads: 1, dims: { U: 4 } })).Y, Y);
    await assert.rejects(k.run({ X }, { target, threads: 1 }), { code: "kernel", message: /size U does not follow/ });
    // what failed to compile is no memory of it
    close((await k.run({ X, Y: filled([2]) }, { target, threads: 1 })).Y, {
      ...Y,
      dims: [2],
      data: Y.data.slice(0, 2),
    });
    k.dispose();
  });
  onTarget("what changes in place changes in the caller's array", async () => {
    const k = counts();
    const Y = { dtype: "i32", dims: [3], data: Int32Array.of(10, 20, 30) } as const;
    await k.run({ Label: { dtype: "i32", dims: [4], data: Int32Array.of(1, 1, 2, 1) }, Y }, { target, threads: 1 });
    assert.deepEqual([...Y.data], [10, 23, 31]);
    k.dispose();
  });
}

test("a call is checked before anything is compiled", async () => {
  const k = linear();
  const X = filled([3, 5]);
  const W = filled([5, 7]);
  const refused = (tensors: object, message: RegExp, options = {}, code = "input") =>
    assert.rejects(k.run(tensors, options), { code, message });
  await refused({ X }, /tensor "W" is missing/);
  await refused({ X, W, Z: X }, /there is no tensor "Z"; its tensors are X, W, Y/);
  await refused({ X, W: filled([4, 7]) }, /dim K is 5 in "X" and 4 in "W"/);
  await refused({ X, W, Y: filled([2, 7]) }, /dim M is 3 in "X" and 2 in "Y"/);
  await refused({ X: { ...X, dtype: "i32" }, W }, /"X" is i32 and must be f32/);
  await refused({ X, W }, /there is no dim "Q"; its dims are M, K, N/, { dims: { Q: 1 } });
  await refused({ X, W }, /dim K is 6/, { dims: { K: 6 } });
  await refused({ X, W }, /dim "K" is given as 1.5; use a whole number from 0 on/, { dims: { K: 1.5 } });
  await refused({ X, W }, /there is no option "thread"/, { thread: 1 }, "option");
  await refused({ X, W }, /aborted/i, { signal: AbortSignal.abort() }, "aborted");
  await k.run({ X, W });
  k.dispose();
  await refused({ X, W }, /was disposed/, {}, "disposed");
});

test("fields of a schedule are pinned without changing the kernel", async () => {
  const k = linear();
  const pinned = k.with({ unroll: 1 }).with({ block: { m: 4 } });
  const dims = { M: 64, N: 48, K: 32 };
  const [own, other] = [await k.explain({ dims }), await pinned.explain({ dims })];
  assert.deepEqual([other.schedule!.unroll, other.schedule!.block], [1, { m: 4 }]);
  assert.notDeepEqual(own.schedule!.block, { m: 4 });
  assert.deepEqual(k.schedule, {});
  const call = { X: filled([64, 32]), W: filled([32, 48]) };
  close((await pinned.run(call, { threads: 1 })).Y, (await k.run(call, { threads: 1 })).Y);
  await assert.rejects(k.with({ block: { q: 4 } }).run(call), { code: "schedule", message: /axis "q"/ });
  k.dispose();
  pinned.dispose();
});

test('"cpu" has the fields that are pinned for what it stands for, and its own before them', async () => {
  const k = linear();
  const dims = { M: 64, N: 48, K: 32 };
  const both = k.with({ block: { m: 4 } }, { targets: ["wasm", "native"] });
  assert.deepEqual((await both.explain({ dims, target: "cpu" })).schedule!.block, { m: 4 });
  const own = both.with({ block: { m: 8 } }, { targets: ["cpu"] });
  assert.deepEqual((await own.explain({ dims, target: "cpu" })).schedule!.block, { m: 8 });
  // what does not fit shows that a run has it too
  const wrong = k.with({ block: { q: 4 } }, { targets: ["wasm", "native"] });
  const call = { X: filled([64, 32]), W: filled([32, 48]) };
  await assert.rejects(wrong.run(call, { target: "cpu" }), { code: "schedule", message: /axis "q"/ });
  k.dispose();
});

test("options of with() that would pin for other targets than meant are refused", () => {
  const k = linear();
  const refused = (options: object, message: string): void =>
    assert.throws(() => k.with({ unroll: 1 }, options), { code: "option", message });
  refused({ target: "native" }, 'with: there is no option "target"; the option is targets');
  refused({ targets: "native" }, 'with: targets is "native"; give a list');
  refused({ targets: ["cuda"] }, 'with: targets names "cuda"; choose among wasm, native, cpu, webgpu, interpreter');
});

test("fields of a schedule may be pinned for some targets", async t => {
  const k = linear();
  const pinned = k
    .with({ unroll: 1 }, { targets: ["wasm", "native"] })
    .with({ block: { m: 4 } }, { targets: ["wasm"] });
  const dims = { M: 64, N: 48, K: 32 };
  const { schedule } = await pinned.explain({ dims });
  assert.deepEqual([schedule!.unroll, schedule!.block], [1, { m: 4 }]);
  assert.deepEqual(pinned.schedule, {});
  const call = { X: filled([64, 32]), W: filled([32, 48]) };
  const want = (await k.run(call, { threads: 1 })).Y;
  close((await pinned.run(call, { threads: 1 })).Y, want);
  close((await pinned.run(call, { target: "interpreter" })).Y, want);
  const { problem } = await gpuState();
  if (problem) t.diagnostic(`not on webgpu: ${problem}`);
  else {
    close((await pinned.run(call, { target: "webgpu" })).Y, want);
    await assert.rejects(k.with({ block: { m: 4 } }).run(call, { target: "webgpu" }), { code: "schedule" });
  }
  k.dispose();
  pinned.dispose();
});

test("an explanation says what the cost model predicts, and with measure what a run took beside the roofs", async () => {
  const k = linear();
  const dims = { M: 64, N: 48, K: 32 };
  const { predicted, measured } = await k.explain({ dims, threads: 1 });
  assert.ok(predicted!.timeMs > 0 && predicted!.bytes.registers > predicted!.bytes.memory);
  assert.deepEqual(
    predicted!.stages.map(s => s.id),
    ["Y"],
  );
  assert.equal(measured, undefined);
  const run = await k.explain({ dims, threads: 1, measure: true });
  const { timeMs, rooflineMs, percentOfRoofline, peakGigaflops, copyGigabytes, threads } = run.measured!;
  assert.ok(timeMs > 0 && peakGigaflops > 0 && copyGigabytes > 0 && threads === 1);
  assert.ok(Math.abs(percentOfRoofline - (100 * rooflineMs) / timeMs) < 1e-9);
  assert.match(
    String(run),
    /\nregisters of Y: \d+ vectors for a tile of \d+ × \d+, \d+ % of the lanes in use\ntraffic: /,
  );
  assert.match(
    String(run),
    /\npredicted: \S+ ms in \d+ blocks?\nmeasured: \S+ ms, the best of \d+ runs on 1 thread; \d+ % of the roofline/,
  );
  await assert.rejects(k.explain({ dims: { N: 48, K: 32 }, measure: true }), {
    code: "option",
    message: "measure: true needs all sizes; give M in dims",
  });
});

test("sizes that an explanation is given are whole numbers, and those of constants are among them", async () => {
  for (const [M, shown] of [
    [-1, "-1"],
    ["3", '"3"'],
    [null, "null"],
  ] as const)
    await assert.rejects(linear().explain({ dims: { M: M as number } }), {
      code: "input",
      message: `kernel "linear": dim "M" is given as ${shown}; use a whole number from 0 on`,
    });
  const weighted = kernel(
    { X: f32("N"), W: constant(f32("N")), Y: f32("N") },
    ({ X, W, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).mul(W.at(n)))),
    { name: "weighted" },
  );
  await assert.rejects(weighted.explain(), {
    code: "input",
    message: 'kernel "weighted": the size N of constant "W" is not known; give it in dims',
  });
});

test("on webgpu an explanation shows shaders, and no schedule", async () => {
  const { code, loops, schedule, target } = await linear().explain({ dims: { M: 64, N: 48, K: 32 }, target: "webgpu" });
  // of the adapter that is here, else of any device
  assert.match(code, /^\/\/ for .+: tiles of \d+ KiB.*\n\/\/ linear/);
  assert.match(code, /@compute @workgroup_size/);
  assert.deepEqual([target, loops, schedule], ["webgpu", "", undefined]);
  await assert.rejects(linear().explain({ dims: { M: 64, N: 48, K: 32 }, target: "webgpu", measure: true }), {
    code: "option",
  });
});

test("an explanation has numbers where sizes are known, and formulas where not", async () => {
  const k = linear();
  const known = await k.explain({ dims: { M: 64, N: 48, K: 32 } });
  assert.equal(known.flops, 2 * 64 * 48 * 32 + 64 * 48);
  assert.equal(known.bytes, 4 * (64 * 32 + 32 * 48 + 64 * 48));
  assert.match(String(known), /^kernel linear on wasm\noperations: 199680 \(/);
  assert.match(known.loops, /kernel linear\nschedule \{/);
  assert.match(known.code, /f32x4\./);
  const open = await k.explain({ dims: { N: 48, K: 32 } });
  assert.equal(open.flops, "3120*M");
  await assert.rejects(k.explain(), {
    code: "input",
    message: /the size K of constant "W" is not known; give it in dims/,
  });
});
