// azulejo/onnxruntime on a GPU: the provider, tensors in GPU buffers, where outputs lie. Skipped, by name, where there is no adapter.
import assert from "node:assert/strict";
import * as ort from "../../src/adapters/onnxruntime/index.js";
import { openGpu } from "../../src/index.js";
import { elementType, f32Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";
import { gpuTest } from "../webgpu/gpu-test.js";

interface Device {
  createBuffer(options: object): { readonly size: number; destroy(): void };
  readonly queue: { writeBuffer(b: object, at: number, data: ArrayBufferView): void };
}
/** y = x + 1, twice = 2 y */
const model = onnxModel({
  inputs: [value("x", elementType.f32, ["n", 2])],
  outputs: [value("y", elementType.f32, ["n", 2]), value("twice", elementType.f32, ["n", 2])],
  initializers: [f32Tensor("one", [1], [1])],
  nodes: [node("Add", ["x", "one"], ["y"]), node("Add", ["y", "y"], ["twice"])],
});
const webgpu = { executionProviders: ["webgpu"] } as const;
const x = new ort.Tensor("float32", [1, 2, 3, 4], [2, 2]);
const numbers = (data: ort.DataTypeMap[ort.TensorType]): unknown[] => [...(data as Float32Array)];
const bufferOf = async (data: Float32Array, usage = 128 | 12): Promise<never> => {
  const device = (await ort.env.webgpu.device) as unknown as Device;
  const buffer = device.createBuffer({ size: data.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer as never;
};

gpuTest("outputs lie where preferredOutputLocation says, go back in, and are read by getData", async () => {
  const session = await ort.InferenceSession.create(model, { ...webgpu, preferredOutputLocation: { y: "gpu-buffer" } });
  const { y, twice } = await session.run({ x });
  assert.deepEqual([y!.location, twice!.location], ["gpu-buffer", "cpu"]);
  assert.ok(y instanceof ort.Tensor);
  assert.throws(() => y.data, {
    code: "input",
    message: 'this Tensor of type "float32" lies in a GPU buffer; await getData(), or use gpuBuffer',
  });
  assert.throws(() => twice!.gpuBuffer, { code: "input" });
  const second = await session.run({ x: y }, ["y"]);
  assert.deepEqual(Object.keys(second), ["y"]);
  assert.deepEqual(numbers(await second.y!.getData()), [3, 4, 5, 6]);
  // read, it is here, and its buffer as well until it is released
  assert.equal(second.y!.location, "cpu");
  assert.deepEqual(numbers(await y.getData(true)), [2, 3, 4, 5]);
  assert.throws(() => y.gpuBuffer, { code: "input" });
  assert.throws(() => y.reshape([3]), { code: "input" });
  y.dispose();
  assert.equal(y.location, "none");
  second.y!.dispose();
  await session.release();
});

gpuTest("fromGpuBuffer makes an input of a buffer on env.webgpu.device, and fetches are filled in place", async () => {
  const session = await ort.InferenceSession.create(model, webgpu);
  const made: string[] = [];
  const given = ort.Tensor.fromGpuBuffer(await bufferOf(Float32Array.of(5, 6)), {
    dataType: "float32",
    dims: [1, 2],
    download: async () => Float32Array.of(5, 6),
    dispose: () => made.push("disposed"),
  });
  const into = ort.Tensor.fromGpuBuffer(await bufferOf(new Float32Array(2)), { dims: [1, 2] });
  const results = await session.run({ x: given }, { y: into, twice: null });
  assert.equal(results.y, into);
  assert.deepEqual(numbers(results.twice!.data), [12, 14]);
  await assert.rejects(into.getData(), {
    code: "input",
    message: "this Tensor was made without a download function; give one to fromGpuBuffer",
  });
  // what was filled is read by feeding it
  assert.deepEqual(numbers((await session.run({ x: into })).y!.data), [7, 8]);
  assert.deepEqual(numbers(await given.getData()), [5, 6]);
  given.dispose();
  assert.deepEqual(made, ["disposed"]);
  await session.release();
});

gpuTest("what a GPU buffer can't be, and sessions on the CPU, say so", async () => {
  const session = await ort.InferenceSession.create(model);
  const buffer = await bufferOf(Float32Array.of(1, 2));
  const tensor = ort.Tensor.fromGpuBuffer(buffer, { dims: [1, 2] });
  await assert.rejects(session.run({ x: tensor }), {
    code: "input",
    message:
      'input "x" got a Tensor in a GPU buffer, and this session runs on the CPU; await its getData(), or create the session with executionProviders: ["webgpu"]',
  });
  assert.throws(() => ort.Tensor.fromGpuBuffer(buffer, { dataType: "float64" as never, dims: [1] }), {
    code: "input",
    message: 'a GPU buffer holds no Tensor of type "float64"; keep it on the CPU',
  });
  await session.release();
});

gpuTest("a device that is assigned to env, or named by the provider, is what sessions run on", async () => {
  const shared = await openGpu();
  const own = (await openGpu({ adapter: await anotherAdapter() })).device;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [{ name: "webgpu", device: own }],
    preferredOutputLocation: "gpu-buffer",
  });
  const { y, twice } = await session.run({ x });
  const elsewhere = await ort.InferenceSession.create(model, webgpu);
  // buffers of another device are refused before WebGPU has to
  await assert.rejects(elsewhere.run({ x: y }), {
    code: "input",
    message: /lies on another GPU device than the model/,
  });
  ort.env.webgpu.device = own;
  assert.equal(await ort.env.webgpu.device, own);
  const there = await ort.InferenceSession.create(model, webgpu);
  assert.deepEqual(numbers((await there.run({ x: y })).y!.data), [3, 4, 5, 6]);
  ort.env.webgpu.device = shared.device;
  for (const t of [y!, twice!]) t.dispose();
  for (const s of [session, elsewhere, there]) await s.release();
});

/** An adapter gives one device alone. */
async function anotherAdapter(): Promise<never> {
  const { findGpu } = await import("../../src/runtime/platform.js");
  return (await (findGpu() as { requestAdapter(): Promise<object | null> }).requestAdapter()) as never;
}
