// Tensors in the memory of a GPU: outputs that stay there, inputs that come from there, buffers of the user's, and who frees what.
import assert from "node:assert/strict";
import type { LoadOptions } from "../../src/index.js";
import { compileKernel, GpuTensor, load, openGpu, Tensor } from "../../src/index.js";
import type { Gpu, GpuDevice } from "../../src/runtime/gpu.js";
import { findGpu } from "../../src/runtime/platform.js";
import { f32, grid, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { model as smallModel } from "../browser/small-model.js";
import { elementType, f32Tensor, i64Tensor, int, node, onnxModel, value } from "../frontends/onnx-model.js";
import * as kernels from "../kernels/stage1.js";
import { floats, gpuTest } from "./gpu-test.js";

const options = { target: "webgpu" } as const satisfies LoadOptions;
const scaled = (by: number) =>
  kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N!.tile(), n => {
      Y!.at(n).set(X!.at(n).mul(by));
    }),
  );
const copied = () =>
  kernel({ X: u8("N"), Y: u8("N") }, ({ X, Y, N }) =>
    grid(N!.tile(), n => {
      Y!.at(n).set(X!.at(n));
    }),
  );
const bytesUp = (m: { report(): { transfers?: readonly { direction: string; bytes: number }[] } }): number =>
  m.report().transfers!.reduce((n, t) => n + (t.direction === "up" ? t.bytes : 0), 0);

gpuTest(
  "an output stays on the GPU, is fed to another model and to its own, and is read when it is asked for",
  async () => {
    const [twice, thrice] = await Promise.all([compileKernel(scaled(2), options), compileKernel(scaled(3), options)]);
    const run = async (m: typeof twice, X: Tensor | GpuTensor) =>
      (await m.run<{ Y: GpuTensor<"f32"> }>({ X }, { outputLocation: "gpu-buffer" })).Y;
    const first = await run(twice, floats(1, 2, 3));
    assert.equal(first.location, "gpu-buffer");
    assert.throws(() => first.data, {
      code: "input",
      message: "This tensor of f32 [3] lies in the memory of a GPU; read it with await tensor.download()",
    });
    const second = await run(thrice, first);
    assert.equal(bytesUp(thrice), 0);
    const third = await run(thrice, second);
    const fourth = await run(thrice, third);
    assert.deepEqual([...(await first.download()).data], [2, 4, 6]);
    assert.deepEqual([...(await fourth.download()).data], [54, 108, 162]);
    // what was fed is as it was
    assert.deepEqual([...(await second.download()).data], [6, 12, 18]);
    for (const t of [first, second, third, fourth]) t.dispose();
    await assert.rejects(first.download(), { code: "disposed" });
    await assert.rejects(run(twice, second), { code: "disposed" });
    twice.dispose();
    thrice.dispose();
  },
);

gpuTest("some outputs of a model stay, and others come back", async () => {
  const model = await load(smallModel, options);
  const x = new Tensor(
    "f32",
    Float32Array.from({ length: 120 }, (_, i) => Math.sin(i)),
    [3, 40],
  );
  const here = await model.run({ x });
  const there = await model.run<Record<string, Tensor | GpuTensor>>({ x }, { outputLocation: { y: "gpu-buffer" } });
  assert.equal(there.y!.location, "gpu-buffer");
  assert.deepEqual((await there.y!.download()).data, here.y!.data);
  assert.equal((await here.y!.download()).data, here.y!.data);
  there.y!.dispose();
  model.dispose();
});

gpuTest("a buffer of the user's is an input: bound where it can be, copied where its usage forbids that", async () => {
  const { device } = await openGpu();
  const gpu = device as unknown as {
    createBuffer(options: object): object;
    queue: { writeBuffer(b: object, at: number, data: ArrayBufferView): void };
  };
  const model = await compileKernel(scaled(2), options);
  const COPY = 12;
  for (const usage of [COPY | 128, COPY]) {
    const buffer = gpu.createBuffer({ size: 16, usage });
    gpu.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
    const X = new GpuTensor("f32", { device, buffer: buffer as never }, [4]);
    assert.deepEqual([...((await model.run({ X })).Y!.data as Float32Array)], [2, 4, 6, 8]);
    X.dispose();
  }
  const closed = new GpuTensor("f32", { device, buffer: gpu.createBuffer({ size: 16, usage: 8 }) as never }, [4]);
  await assert.rejects(model.run({ X: closed }), {
    code: "input",
    message: 'The buffer of input "X" can neither be bound nor copied from; create it with usage STORAGE or COPY_SRC',
  });
  await assert.rejects(closed.download(), { code: "input" });
  assert.throws(
    () => new GpuTensor("f32", { device, buffer: gpu.createBuffer({ size: 16, usage: 8 }) as never }, [5]),
    {
      code: "input",
      message: "A GpuTensor of f32 [5] takes 20 bytes, and its buffer has 16; give a larger one",
    },
  );
  model.dispose();
});

gpuTest(
  "a buffer larger than a device binds is copied from, and one that can't be used is the caller's to mend",
  async () => {
    const adapter = await (findGpu() as Gpu).requestAdapter();
    const device = await adapter!.requestDevice({ requiredLimits: {}, requiredFeatures: [] });
    const host = device as unknown as NonNullable<LoadOptions["gpuDevice"]>;
    const model = await compileKernel(scaled(2), { ...options, gpuDevice: host });
    const usage = 128 | 12;
    const large = device.createBuffer({ size: device.limits.maxStorageBufferBindingSize! + 16, usage });
    device.queue.writeBuffer(large, 0, new Uint8Array(Float32Array.of(1, 2).buffer));
    const X = new GpuTensor("f32", { device: host, buffer: large as never }, [2]);
    assert.deepEqual([...((await model.run({ X })).Y!.data as Float32Array)], [2, 4]);
    X.dispose();
    const gone = device.createBuffer({ size: 16, usage });
    gone.destroy();
    await assert.rejects(new GpuTensor("f32", { device: host, buffer: gone as never }, [4]).download(), {
      code: "input",
      message:
        /^The buffer of this GpuTensor can't be read \(.*destroyed.*\); keep it unmapped, and do not destroy it before$/,
    });
    await assert.rejects(model.run({ X: new GpuTensor("f32", { device: host, buffer: gone as never }, [4]) }), {
      code: "input",
      message:
        /^WebGPU refused a run with the buffers of "X" \(.*destroyed.*\); give buffers of the model's device that are neither mapped nor destroyed$/,
    });
    assert.deepEqual([...((await model.run({ X: floats(3) })).Y!.data as Float32Array)], [6]);
    model.dispose();
    device.destroy();
  },
);

gpuTest("what is no tensor, no adapter, or an adapter that was used is said", async () => {
  const { device } = await openGpu();
  const buffer = (device as unknown as GpuDevice).createBuffer({ size: 16, usage: 128 }) as never;
  assert.throws(() => new GpuTensor("float32" as never, { device, buffer }, [2]), {
    code: "input",
    message: /^A GpuTensor of "float32" is none; its dtype is one of .*f32, /,
  });
  for (const dims of [[-1, -2], [1.5, 2], "4" as never])
    assert.throws(() => new GpuTensor("f32", { device, buffer }, dims), {
      code: "input",
      message: `A GpuTensor of dims [${dims}] is none; use whole numbers from 0`,
    });
  await assert.rejects(openGpu({ adapter: {} as never }), {
    code: "option",
    message: "adapter is an object; give a GPUAdapter or leave it out",
  });
  await assert.rejects(openGpu({ adaptor: 1 } as never), { code: "option", message: /^there is no option "adaptor"/ });
  const adapter = (await (findGpu() as Gpu).requestAdapter()) as never;
  const opened = (await openGpu({ adapter })).device as unknown as GpuDevice;
  await assert.rejects(openGpu({ adapter }), {
    code: "target",
    message:
      /^target: "webgpu" gets no device of .+ \(.*consumed.*\); request another GPUAdapter, which is good for one device, or use \{ target: "wasm" \}$/,
  });
  opened.destroy();
});

gpuTest("elements narrower than a word, and none at all, go through GPU memory as they are", async () => {
  const model = await compileKernel(copied(), options);
  for (const data of [[], [7], [1, 2, 3], [1, 2, 3, 4, 250]]) {
    const X = new Tensor("u8", Uint8Array.from(data), [data.length]);
    const { Y } = await model.run<{ Y: GpuTensor<"u8"> }>({ X }, { outputLocation: "gpu-buffer" });
    const again = await model.run<{ Y: GpuTensor<"u8"> }>({ X: Y }, { outputLocation: "gpu-buffer" });
    assert.deepEqual([...(await again.Y.download()).data], data);
    Y.dispose();
    again.Y.dispose();
  }
  model.dispose();
});

gpuTest(
  "what can't be is said: a place that is none, a target without a GPU, a tensor where data are wanted",
  async () => {
    const gpu = await compileKernel(scaled(2), options);
    const cpu = await compileKernel(scaled(2), { target: "wasm" });
    await assert.rejects(gpu.run({ X: floats(1) }, { outputLocation: { Z: "gpu-buffer" } }), {
      code: "option",
      message: 'outputLocation names "Z", which is no output; the outputs are "Y"',
    });
    await assert.rejects(cpu.run({ X: floats(1) }, { outputLocation: "gpu-buffer" }), {
      code: "option",
      message:
        'outputLocation: "gpu-buffer" needs a model on the GPU, and this one runs on wasm; load it with { target: "webgpu" }',
    });
    const { Y } = await gpu.run<{ Y: GpuTensor<"f32"> }>({ X: floats(1) }, { outputLocation: "gpu-buffer" });
    await assert.rejects(cpu.run({ X: Y }), { code: "input", message: /lies in the memory of a GPU; read it with/ });
    assert.deepEqual([...((await cpu.run({ X: await Y.download() })).Y!.data as Float32Array)], [4]);
    Y.dispose();
    gpu.dispose();
    cpu.dispose();
  },
);

gpuTest("kernels are timed, by their names, and the outputs come along", async () => {
  const model = await compileKernel(kernels.softmax(), options);
  const X = new Tensor("f32", new Float32Array(2000 * 64), [2000, 64]);
  const { outputs, kernels: timed, timeline, passesMs } = await model.profile({ X }, { passes: 3 });
  assert.equal((outputs.Y!.data as Float32Array)[5], 1 / 64);
  assert.equal(passesMs.length, 3);
  assert.deepEqual(
    timed.map(k => [k.kernel, k.calls, k.timesMs.length]),
    [["softmax", timeline.length, 3]],
  );
  assert.ok(
    timed[0]!.timesMs.every(t => t > 0),
    `times ${timed[0]!.timesMs}`,
  );
  assert.ok(timeline.every(s => s.where === "gpu" || s.where === "submission"));
  model.dispose();
});

gpuTest("by the clock, what is copied before and after kernels is submitted apart", async () => {
  const adapter = await (findGpu() as Gpu).requestAdapter();
  // without features, so without timestamps
  const device = await adapter!.requestDevice({ requiredLimits: {}, requiredFeatures: [] });
  const gpuDevice = device as unknown as NonNullable<LoadOptions["gpuDevice"]>;
  const model = await compileKernel(kernels.softmax(), { ...options, gpuDevice });
  const X = new Tensor("f32", new Float32Array(2000 * 64), [2000, 64]);
  const { outputs, timeline } = await model.profile({ X }, { passes: 1 });
  assert.equal((outputs.Y!.data as Float32Array)[5], 1 / 64);
  assert.deepEqual(
    timeline.map(s => s.where),
    ["submission"],
  );
  assert.match(model.report().notes.join("\n"), /1 dispatches, 3 submissions a run/);
  model.dispose();
  device.destroy();
});
/** p goes from the first segment to the second, beside a sequence of r, which only the host can make. */
const aroundSequence = onnxModel({
  inputs: [value("x", elementType.f32, ["n", 8])],
  outputs: [value("z", elementType.f32), value("joined", elementType.f32)],
  initializers: [
    f32Tensor(
      "w",
      [8, 8],
      Array.from({ length: 64 }, (_, i) => (i % 7) - 3),
    ),
    i64Tensor("at", [], [0]),
  ],
  nodes: [
    node("MatMul", ["x", "w"], ["p"]),
    node("Relu", ["x"], ["r"]),
    node("SequenceConstruct", ["r", "r"], ["s"]),
    node("SequenceAt", ["s", "at"], ["first"]),
    node("ConcatFromSequence", ["s"], ["joined"], [int("axis", 0)]),
    node("Add", ["p", "first"], ["sum"]),
    node("Softmax", ["sum"], ["z"]),
  ],
});

gpuTest("between segments floats stay on the GPU; what the host reads and makes is listed with its bytes", async () => {
  const x = new Tensor(
    "f32",
    Float32Array.from({ length: 24 }, (_, i) => (i % 5) - 2),
    [3, 8],
  );
  const cpu = await load(aroundSequence, { target: "wasm" });
  const want = await cpu.run({ x });
  cpu.dispose();
  const model = await load(aroundSequence, options);
  const got = await model.run<Record<string, Tensor | GpuTensor>>({ x }, { outputLocation: "gpu-buffer" });
  for (const name of ["z", "joined"]) {
    assert.equal(got[name]!.location, "gpu-buffer");
    const [have, should] = [(await got[name]!.download()).data, want[name]!.data];
    assert.equal(have.length, should.length);
    have.forEach((v, i) => {
      assert.ok(Math.abs(Number(v) - Number(should[i])) < 1e-6, `${name} ${i}: ${v}, ${should[i]}`);
    });
    got[name]!.dispose();
  }
  const { transfers, notes } = model.report();
  const names = transfers!.map(t => `${t.direction} ${t.what} ${t.bytes}`);
  assert.deepEqual(names, ['up input "x" 96', 'down output "r" 96', 'up input "first" 96']);
  assert.match(notes.join("\n"), /host steps: SequenceConstruct/);
  const { timeline } = await model.profile({ x });
  assert.ok(timeline.some(s => s.where === "host" && s.kernel === "SequenceConstruct"));
  model.dispose();
  await assert.rejects(load(aroundSequence, { ...options, onUnsupported: "error" }), {
    code: "target",
    message: /^SequenceConstruct.*: this is computed on the host, and onUnsupported is "error"; leave it out, or use/,
  });
});

gpuTest("a run that fails after a segment frees what the segment left on the GPU", async () => {
  const source = onnxModel({
    inputs: [value("x", elementType.f32, ["n"]), value("at", elementType.i64, [])],
    outputs: [value("y", elementType.f32), value("z", elementType.f32)],
    nodes: [
      node("Softmax", ["x"], ["y"]),
      node("SequenceConstruct", ["x", "x"], ["s"]),
      node("SequenceAt", ["s", "at"], ["first"]),
      node("Add", ["y", "first"], ["z"]),
    ],
  });
  const model = await load(source, options);
  const run = (at: bigint) =>
    model.run<Record<string, GpuTensor>>(
      { x: floats(1, 2), at: new Tensor("i64", BigInt64Array.of(at), []) },
      { outputLocation: "gpu-buffer" },
    );
  const first = await run(0n);
  const device = (await openGpu()).device as unknown as GpuDevice;
  const { createBuffer } = device;
  let held = 0;
  device.createBuffer = given => {
    const buffer = createBuffer.call(device, given);
    held++;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      held--;
      buffer.destroy = destroy;
      destroy();
    };
    return buffer;
  };
  try {
    await assert.rejects(run(7n), { message: /position 7 is outside a sequence of 2/ });
    assert.equal(held, 0);
  } finally {
    device.createBuffer = createBuffer;
  }
  for (const t of Object.values(first)) t.dispose();
  model.dispose();
});
