// The webgpu target as its users meet it: what is refused and what the host does instead, indices outside, dims that change, the report.
// Skipped, by name, where there is no adapter.
import assert from "node:assert/strict";
import type { LoadOptions } from "../../src/index.js";
import { compileKernel, Tensor } from "../../src/index.js";
import { f32, f64, grid, i32 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import * as kernels from "../kernels/stage1.js";
import { floats, gpuTest } from "./gpu-test.js";

const options = { target: "webgpu" } as const satisfies LoadOptions;

const twice = () =>
  kernel({ X: f64("N"), Y: f64("N") }, ({ X, Y, N }) =>
    grid(N!.tile(), n => {
      Y!.at(n).set(X!.at(n).mul(2));
    }),
  );
const taken = () =>
  kernel({ X: f32("N"), I: i32("M"), Y: f32("M") }, ({ X, I, Y, M }) =>
    grid(M!.tile(), m => {
      Y!.at(m).set(X!.at(I!.at(m)));
    }),
  );

gpuTest("f64 is refused when loading, and computed by the host where that is allowed", async () => {
  await assert.rejects(compileKernel(twice(), options), {
    code: "target",
    message:
      'target: "webgpu" has no f64, which mul needs; use { target: "wasm" }, or { onUnsupported: "host" } to compute this kernel on the host',
  });
  const model = await compileKernel(twice(), { ...options, onUnsupported: "host" });
  try {
    const { Y } = await model.run({ X: new Tensor("f64", Float64Array.of(1 / 3, -2), [2]) });
    assert.deepEqual([...(Y!.data as Float64Array)], [2 / 3, -4]);
    assert.match(model.report().notes.join("\n"), /kernel "kernel" runs on the host: target: "webgpu" has no f64/);
  } finally {
    model.dispose();
  }
});

gpuTest("an index outside of its tensor fails the run, and the next one is right", async () => {
  const model = await compileKernel(taken(), options);
  try {
    const run = (...indices: number[]) =>
      model.run({ X: floats(5, 6, 7), I: new Tensor("i32", Int32Array.from(indices), [indices.length]) });
    await assert.rejects(run(0, 3), {
      code: "bounds",
      message:
        'A kernel of "kernel" met an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours',
    });
    await assert.rejects(run(-1, 0), { code: "bounds" });
    assert.deepEqual([...((await run(2, 0)).Y!.data as Float32Array)], [7, 5]);
  } finally {
    model.dispose();
  }
});

gpuTest("dims change from run to run, and the same dims give the same bits", async () => {
  const model = await compileKernel(kernels.softmax(), options);
  try {
    const run = async (rows: number, columns: number): Promise<Float32Array> => {
      const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
      return (await model.run({ X: new Tensor("f32", data, [rows, columns]) })).Y!.data as Float32Array;
    };
    const first = await run(3, 70);
    for (let r = 0; r < 3; r++) {
      const sum = first.subarray(70 * r, 70 * r + 70).reduce((s, x) => s + x, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5, `row ${r} adds up to ${sum}`);
    }
    assert.equal((await run(200, 2)).length, 400);
    assert.deepEqual(await run(3, 70), first);
    assert.equal((await run(0, 5)).length, 0);
  } finally {
    model.dispose();
  }
});

gpuTest("a run is one submission, and the report says where it ran", async () => {
  const model = await compileKernel(kernels.softmax(), options);
  await model.run({ X: new Tensor("f32", Float32Array.of(0, 0), [1, 2]) });
  const { target, notes, functions, transfers } = model.report();
  assert.deepEqual(transfers, [
    { direction: "up", what: 'input "X"', bytes: 8 },
    { direction: "down", what: 'output "Y"', bytes: 8 },
  ]);
  assert.equal(target, "webgpu");
  assert.equal(functions, 1);
  assert.match(
    notes.join("\n"),
    /^runs on .+\n1 dispatches, 1 submission a run\n8 bytes to the GPU and 8 bytes back in the last run$/,
  );
  model.dispose();
  await assert.rejects(model.run({ X: new Tensor("f32", Float32Array.of(0), [1, 1]) }), { code: "disposed" });
});

gpuTest("runs that are started together end in order, each with its own result", async () => {
  const model = await compileKernel(taken(), options);
  try {
    const runs = [0, 1, 2].map(i => model.run({ X: floats(5, 6, 7), I: new Tensor("i32", Int32Array.of(i), [1]) }));
    const results = await Promise.all(runs);
    assert.deepEqual(
      results.map(r => (r.Y!.data as Float32Array)[0]),
      [5, 6, 7],
    );
  } finally {
    model.dispose();
  }
});
