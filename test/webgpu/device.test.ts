// Devices that go away and memory that is not there: errors with codes and numbers, and what works afterwards.
import assert from "node:assert/strict";
import type { Step } from "../../src/graph/program.js";
import type { AzulejoError, GpuTensor, LoadOptions } from "../../src/index.js";
import { compileKernel, load, openGpu, Tensor } from "../../src/index.js";
import { kernelProgram } from "../../src/load/compile-kernel.js";
import type { GpuDevice } from "../../src/runtime/gpu.js";
import { ReadBack } from "../../src/targets/webgpu/read-back.js";
import { webgpuTarget } from "../../src/targets/webgpu/target.js";
import { constant, f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { model as smallModel } from "../browser/small-model.js";
import { floats, gpuTest } from "./gpu-test.js";

const options = { target: "webgpu" } as const satisfies LoadOptions;
const destroy = async (): Promise<void> => {
  const device = (await openGpu()).device as unknown as { destroy(): void; lost: Promise<unknown> };
  device.destroy();
  await device.lost;
};
const ones = (n: number): Tensor<"f32"> => new Tensor("f32", new Float32Array(n).fill(1), [n]);
const rows = (n: number): Tensor<"f32"> =>
  new Tensor(
    "f32",
    Float32Array.from({ length: 40 * n }, (_, i) => Math.sin(i)),
    [n, 40],
  );

gpuTest("after a loss the next run has another device, with the weights, and the same results", async () => {
  const model = await load(smallModel, options);
  const before = (await model.run({ x: rows(3) })).y!.data;
  const kept = await model.run<{ y: GpuTensor<"f32"> }>({ x: rows(3) }, { outputLocation: "gpu-buffer" });
  await destroy();
  await assert.rejects(kept.y.download(), {
    code: "device-lost",
    message: /^A tensor could not be read back from the GPU \(.+\); its device was lost: compute it again$/,
  });
  assert.deepEqual((await model.run({ x: rows(3) })).y!.data, before);
  assert.match(model.report().notes.join("\n"), /moved to a new device 1 time: the one before was lost/);
  await destroy();
  assert.deepEqual((await model.run({ x: rows(3) })).y!.data, before);
  kept.y.dispose();
  model.dispose();
});

gpuTest("a loss in the middle of a run is its error, with what to do, and the next run is right", async () => {
  const model = await load(smallModel, options);
  const before = (await model.run({ x: rows(70) })).y!.data;
  const { device } = await openGpu();
  const running = model.run({ x: rows(70) });
  // its first pause: buffers are bound and nothing has come back
  await Promise.resolve();
  (device as unknown as { destroy(): void }).destroy();
  await assert.rejects(running, {
    code: "device-lost",
    message:
      /^The GPU device was lost \(.+\); load or run again: what comes next has a new device, and models bring their weights$/,
  });
  assert.deepEqual((await model.run({ x: rows(70) })).y!.data, before);
  model.dispose();
});

gpuTest("a tensor of a device that was lost is no input of the next one", async () => {
  const model = await load(smallModel, options);
  const { y } = await model.run<{ y: GpuTensor<"f32"> }>({ x: rows(2) }, { outputLocation: "gpu-buffer" });
  const x = await webgpuTarget().place!(rows(2));
  await destroy();
  await assert.rejects(model.run({ x }), {
    code: "input",
    message:
      'Input "x" lies on another GPU device than the model, or on one that was lost; download() it, or load the model with { gpuDevice }',
  });
  y.dispose();
  model.dispose();
});

gpuTest("a device that the user gave is used, and its loss is theirs to mend", async () => {
  const { device } = await openGpu();
  const own = await compileKernel(scaledBy(5), { ...options, gpuDevice: device });
  assert.deepEqual([...((await own.run({ X: floats(1, 2) })).Y!.data as Float32Array)], [5, 10]);
  await destroy();
  await assert.rejects(own.run({ X: floats(1) }), {
    code: "device-lost",
    message: /^The GPU device that was given was lost \(.+\); make another, and load the model with it$/,
  });
  own.dispose();
});

const scaledBy = (by: number) =>
  kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N!.tile(), n => {
      Y!.at(n).set(X!.at(n).mul(by));
    }),
  );
/** an output as large as the product of two inputs */
const outer = () =>
  kernel({ A: f32("M"), B: f32("N"), Y: f32("M N") }, ({ A, B, Y, M, N }) =>
    grid(M!.tile(), N!.tile(), (m, n) => {
      Y!.at(m, n).set(A!.at(m).mul(B!.at(n)));
    }),
  );

gpuTest("a tensor that no buffer can hold is refused with both numbers, and smaller ones run afterwards", async () => {
  const model = await compileKernel(outer(), options);
  for (const outputLocation of ["cpu", "gpu-buffer"] as const)
    await assert.rejects(model.run({ A: ones(65536), B: ones(65536) }, { outputLocation }), {
      code: "memory",
      message:
        /^"Y" takes 16384 MiB, and this GPU binds at most \d+ MiB as one buffer; run smaller inputs, or use \{ target: "wasm" \}$/,
    });
  assert.deepEqual((await model.run({ A: ones(2), B: ones(3) })).Y!.data, new Float32Array(6).fill(1));
  model.dispose();
});

gpuTest("memory that the device does not have is an error with numbers, and smaller runs work afterwards", async t => {
  const gpu = (await openGpu()).device as unknown as Gpu;
  const side = Math.floor(Math.sqrt(Math.min(gpu.limits.maxBufferSize!, gpu.limits.maxStorageBufferBindingSize!) / 4));
  const model = await compileKernel(outer(), options);
  // what the software adapter announces is more than it has; a GPU that has it all is not to be filled by a test
  gpu.pushErrorScope("out-of-memory");
  gpu.createBuffer({ size: side * side * 4, usage: 128 }).destroy();
  if ((await gpu.popErrorScope()) === null)
    return t.skip("this adapter has memory for the largest buffer that it allows");
  await assert.rejects(model.run({ A: ones(side), B: ones(side) }), {
    code: "memory",
    message:
      /^The GPU has not enough memory: a run with these dims takes \d+ MiB beside 0\.0 MiB of weights \(.+\); run smaller inputs, dispose of models and tensors, or use \{ target: "wasm" \}$/,
  });
  assert.deepEqual((await model.run({ A: ones(2), B: ones(3) })).Y!.data, new Float32Array(6).fill(1));
  model.dispose();
});

gpuTest("what is read comes back in buffers that the device allows, however much it is", async () => {
  const { device: host } = await openGpu();
  const device = host as unknown as GpuDevice;
  const source = device.createBuffer({ size: 48, usage: 12 });
  device.queue.writeBuffer(
    source,
    0,
    Uint8Array.from({ length: 48 }, (_, i) => i),
  );
  const sizes: number[] = [];
  const narrow = Object.assign(Object.create(device) as GpuDevice, {
    limits: { maxBufferSize: 16 },
    createBuffer: (o: Parameters<GpuDevice["createBuffer"]>[0]) => {
      sizes.push(o.size);
      return device.createBuffer(o);
    },
  });
  const encoder = device.createCommandEncoder();
  const ranges = [
    [0, 4],
    [5, 7],
    [8, 0],
    [16, 16],
    [33, 2],
  ].map(([offsetBytes, bytes]) => ({ buffer: source, offsetBytes: offsetBytes!, bytes: bytes! }));
  const back = new ReadBack(narrow, encoder, ranges);
  device.queue.submit([encoder.finish()]);
  const got = await back.bytes();
  assert.deepEqual(sizes, [12, 16, 4]);
  assert.deepEqual(
    got.map(b => [...b]),
    ranges.map(r => Array.from({ length: r.bytes }, (_, i) => r.offsetBytes + i)),
  );
  source.destroy();
});

gpuTest("a signal ends a run that the GPU has begun, and one that waits for it, and loading of weights", async () => {
  const model = await load(smallModel, options);
  const [first, second] = [new AbortController(), new AbortController()];
  const begun = model.run({ x: rows(70) }, { signal: first.signal });
  const next = model.run({ x: rows(3) });
  const waiting = model.run({ x: rows(70) }, { signal: second.signal });
  await Promise.resolve();
  first.abort();
  second.abort();
  const ended: string[] = [];
  const names = Object.entries({ begun, next, waiting }).map(([name, run]) =>
    run.then(
      () => ended.push(name),
      (e: AzulejoError) => ended.push(`${name} ${e.code}`),
    ),
  );
  await Promise.all(names);
  assert.deepEqual(ended, ["begun aborted", "waiting aborted", "next"]);
  model.dispose();
  const loading = new AbortController();
  const onProgress = ({ phase }: { readonly phase: string }): void => {
    if (phase === "weights") loading.abort();
  };
  await assert.rejects(load(smallModel, { ...options, signal: loading.signal, onProgress }), { code: "aborted" });
});

interface Gpu {
  readonly limits: Readonly<Record<string, number>>;
  pushErrorScope(filter: string): void;
  popErrorScope(): Promise<object | null>;
  createBuffer(options: object): { destroy(): void };
}

gpuTest(
  "weights are uploaded once for all programs of a device, and again after the last was disposed of",
  async () => {
    const product = kernel({ X: f32("N"), W: constant(f32("N")), Y: f32("N") }, ({ X, W, Y, N }) =>
      grid(N!.tile(), n => {
        Y!.at(n).set(X!.at(n).mul(W!.at(n)));
      }),
    );
    const program = kernelProgram(product.ir, { constants: { W: floats(1, 2, 3) } });
    const [step] = program.steps as readonly Extract<Step, { kind: "kernel" }>[];
    const weights = step!.buffers.W!.constant as { read(): Uint8Array };
    const { read } = weights;
    let reads = 0;
    weights.read = () => {
      reads++;
      return read();
    };
    const compile = () => webgpuTarget().compile(program, { threads: 1, engineFlags: "never" });
    const [first, second] = await Promise.all([compile(), compile()]);
    assert.equal(reads, 1);
    first!.dispose();
    const { Y } = Object.fromEntries(await second!.run(new Map([["X", floats(4, 5, 6)]])));
    assert.deepEqual([...(Y!.data as Float32Array)], [4, 10, 18]);
    second!.dispose();
    await new Promise(setImmediate);
    (await compile()).dispose();
    assert.equal(reads, 2);
  },
);
