// A program as it is written against onnxruntime-common's declarations, with every form of theirs that is here. It compiles against ours with all
// other files, and against theirs in onnxruntime-types.test.ts; it has nothing to run.
import * as ort from "../../src/adapters/onnxruntime/index.js";

const options: ort.InferenceSession.SessionOptions = {};
options.executionProviders = ["wasm"];
options.intraOpNumThreads = 2;
options.interOpNumThreads = 1;
options.graphOptimizationLevel = "all";
options.freeDimensionOverrides = { batch: 1 };
options.externalData = [
  { path: "a.bin", data: new Uint8Array(1) },
  { path: "b.bin", data: new Blob([]) },
  { path: "c.bin", data: new SharedArrayBuffer(4) },
  "d.bin",
];
options.preferredOutputLocation = "cpu";
options.logSeverityLevel = 3;
options.extra = { session: { set_denormal_as_zero: "1" } };
const runOptions: ort.InferenceSession.RunOptions = {};
runOptions.tag = "a";
runOptions.terminate = false;
const webgpu: ort.InferenceSession.WebGpuExecutionProviderOption = { name: "webgpu", preferredLayout: "NHWC" };
const providers: ort.InferenceSession.ExecutionProviderConfig[] = [
  webgpu,
  { name: "cuda", deviceId: 0 },
  { name: "cpu", useArena: true },
  "wasm",
];
const more: ort.InferenceSession.SessionOptions = {
  executionProviders: [{ name: "webgpu", preferredLayout: "NHWC" }, ...providers],
  executionMode: "sequential",
};

ort.env.wasm.numThreads = 4;
ort.env.wasm.simd = true;
ort.env.wasm.proxy = false;
ort.env.wasm.wasmPaths = { wasm: "/a.wasm", mjs: "/b.mjs" };
ort.env.logLevel = "error";
ort.env.webgpu.powerPreference = "high-performance";
ort.env.webgl.pack = true;
const settings: ort.Env = ort.env;
export const facts: (string | number | undefined)[] = [
  settings.wasm.numThreads,
  ort.env.versions.web,
  ort.env.versions["react-native"],
];

export async function sessions(path: string, buffer: ArrayBuffer, shared: SharedArrayBuffer, bytes: Uint8Array) {
  const factory: ort.InferenceSessionFactory = ort.InferenceSession;
  return [
    await factory.create(path, options),
    await ort.InferenceSession.create(buffer),
    await ort.InferenceSession.create(buffer, more),
    await ort.InferenceSession.create(buffer, 0),
    await ort.InferenceSession.create(buffer, 0, 10, options),
    await ort.InferenceSession.create(shared),
    await ort.InferenceSession.create(bytes),
  ];
}

export async function run(session: ort.InferenceSession, x: Float32Array): Promise<unknown> {
  const feeds: Record<string, ort.Tensor> = {};
  feeds[session.inputNames[0]!] = new ort.Tensor("float32", x, [1, x.length]);
  const fed: ort.InferenceSession.FeedsType = feeds;
  const fetches: ort.InferenceSession.FetchesType = { y: null };
  const filled: ort.InferenceSession.NullableOnnxValueMapType = { y: null, z: feeds.x! };
  const results: ort.InferenceSession.OnnxValueMapType = await session.run(fed);
  const again: ort.InferenceSession.ReturnType = await session.run(feeds, fetches, runOptions);
  await session.run(feeds, filled);
  await session.run(feeds, ["y"], { tag: "x" });
  await session.run(feeds, { tag: "b" });
  const y: ort.OnnxValue = results[session.outputNames[0]!]!;
  const place: ort.OnnxValueDataLocation = y.location;
  const type: ort.Tensor.Type = y.type;
  const location: ort.Tensor.DataLocation = y.location;
  const data: ort.Tensor.DataType = await y.getData();
  const isOpen = (m: ort.InferenceSession.ValueMetadata): m is ort.InferenceSession.TensorValueMetadata => m.isTensor;
  const shapes = session.inputMetadata.filter(isOpen).map(m => m.shape.map(dim => (typeof dim === "string" ? 1 : dim)));
  const other: ort.InferenceSession.NonTensorValueMetadata = { name: "boxes", isTensor: false };
  const base: ort.InferenceSession.ValueMetadataBase = other;
  session.startProfiling();
  session.endProfiling();
  await session.release();
  return [again, place, type, location, data, y.data as Float32Array, shapes, base];
}

const numbers: ort.TypedTensor<"float32"> = new ort.Tensor("float32", [1, 2, 3], [3]);
const any: ort.Tensor = numbers;
const matrix: ort.TypedTensor<"float32"> = numbers.reshape([3, 1]);
const inferred: ort.TypedTensor<"float32"> = new ort.Tensor(matrix.data);
const wide: ort.TypedTensor<"int64"> = new ort.Tensor("int64", [1, 2]);
const truths: ort.TypedTensor<"bool"> = new ort.Tensor([true]);
const words: ort.TypedTensor<"string"> = new ort.Tensor("string", ["a"], [1]);
const text: string[] = words.data;
const half: ort.TypedTensor<"float16"> = new ort.Tensor("float16", new Uint16Array(1));
const bits: Uint16Array = half.data;
const nibbles: ort.TypedTensor<"uint4"> = new ort.Tensor("uint4", new Uint8Array(1), [2]);
const pixels: ort.TypedTensor<"uint8"> = new ort.Tensor("uint8", new Uint8ClampedArray(4));
const pinned: ort.TypedTensor<"float32"> = ort.Tensor.fromPinnedBuffer("float32", new Float32Array(1), [1]);
export const tensors: unknown[] = [any, inferred, wide, truths, text, bits, nibbles, pixels, pinned];

export const made = (type: ort.Tensor.Type, data: ort.Tensor.DataType, dims: number[]): ort.Tensor[] => [
  new ort.Tensor(type, data, dims),
  new ort.Tensor(data, dims),
];
export const ofWords = (type: ort.Tensor.Type, data: readonly string[]): ort.Tensor => new ort.Tensor(type, data);
export const isTensor = (value: unknown): value is ort.Tensor => value instanceof ort.Tensor;
export const constructor: ort.TensorConstructor = ort.Tensor;
export const element: ort.Tensor.ElementTypeMap["int64"] & ort.Tensor.ElementType = 1n;
export const onGpu = (buffer: ort.Tensor.GpuBufferType, dataType: ort.Tensor.GpuBufferDataTypes): ort.Tensor =>
  ort.Tensor.fromGpuBuffer(buffer, { dataType, dims: [1], dispose: () => {} });
