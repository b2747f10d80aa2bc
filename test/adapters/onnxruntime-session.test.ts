// azulejo/onnxruntime's InferenceSession: arguments, options and results, over a stand-in for the model. Real models run in
// test/package and through the examples.
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import * as ort from "../../src/adapters/onnxruntime/index.js";
import { fetchArguments, modelArguments } from "../../src/adapters/onnxruntime/session.js";
import type { SessionOptions } from "../../src/adapters/onnxruntime/session-options.js";
import { toLoadOptions } from "../../src/adapters/onnxruntime/session-options.js";
import type { Model } from "../../src/runtime/api.js";
import { Tensor, TextTensor } from "../../src/runtime/api.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { elementType, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const fails = (action: () => Promise<unknown>, message: string, code = "input"): Promise<void> =>
  assert.rejects(action, { name: "AzulejoError", code, message });

function session() {
  const fed: Record<string, TensorData>[] = [];
  let disposed = 0;
  const model: Model = {
    inputs: [{ name: "x", dtype: "f32", dims: ["batch", 2] }],
    outputs: [
      { name: "sum", dtype: "f32", dims: ["batch"] },
      { name: "index", dtype: "i64", dims: undefined },
    ],
    run: (async (inputs: Record<string, TensorData>) => {
      fed.push(inputs);
      const [a, b] = inputs.x!.data as Float32Array;
      return {
        sum: new Tensor("f32", Float32Array.of(a! + b!), [1]),
        index: new Tensor("i64", BigInt64Array.of(3n), []),
      };
    }) as Model["run"],
    profile: () => assert.fail("not asked for"),
    report: () => assert.fail("not asked for"),
    dispose: () => disposed++,
  };
  return { session: new ort.InferenceSession(model), fed, disposed: () => disposed };
}
const x = new ort.Tensor("float32", [1, 2], [1, 2]);
const onLinux = process.platform === "linux";

test("names and metadata are onnxruntime's", () => {
  const { session: s } = session();
  assert.deepEqual(s.inputNames, ["x"]);
  assert.deepEqual(s.outputNames, ["sum", "index"]);
  assert.deepEqual(s.inputMetadata, [{ name: "x", isTensor: true, type: "float32", shape: ["batch", 2] }]);
  assert.deepEqual(s.outputMetadata[1], { name: "index", isTensor: true, type: "int64", shape: [] });
});

test("a sequence has metadata, and none of a tensor", () => {
  const boxes = { name: "boxes", dtype: "f32", dims: [4], container: "sequence" } as const;
  const model = { inputs: [boxes], outputs: [boxes] } as unknown as Model;
  const { inputMetadata, outputMetadata } = new ort.InferenceSession(model);
  assert.deepEqual([inputMetadata, outputMetadata], new Array(2).fill([{ name: "boxes", isTensor: false }]));
});

test("the providers that can be asked for are listed", () => {
  const bundled = { wasm: true, cpu: true, native: false, webgpu: false };
  assert.deepEqual(
    ort.listSupportedBackends(),
    Object.entries(bundled).map(([name, bundled]) => ({ name, bundled })),
  );
  for (const name of Object.keys(bundled)) assert.equal(translate({ executionProviders: [name] }).load.target, name);
});

test("run gives Tensors of its own class in a plain, extensible object", async () => {
  const { session: s, fed } = session();
  const results = await s.run({ x });
  assert(results.sum instanceof ort.Tensor);
  assert.deepEqual([results.sum.type, results.sum.dims, results.sum.data], ["float32", [1], Float32Array.of(3)]);
  assert.deepEqual(
    [results.index!.type, results.index!.dims, results.index!.data],
    ["int64", [], BigInt64Array.of(3n)],
  );
  assert.deepEqual(fed, [{ x: { dtype: "f32", dims: [1, 2], data: Float32Array.of(1, 2) } }]);
  results.more = x;
  Object.assign(s, { config: {} });
});

test("fetches choose outputs by name, or give Tensors to be filled", async () => {
  const { session: s } = session();
  assert.deepEqual(Object.keys(await s.run({ x }, ["index"])), ["index"]);
  const into = new ort.Tensor("float32", [0], [1]);
  const results = await s.run({ x }, { sum: into, index: null });
  assert.equal(results.sum, into);
  assert.deepEqual(into.data, Float32Array.of(3));
  assert.deepEqual(Object.keys(await s.run({ x }, { tag: "a run option" })), ["sum", "index"]);
});

test("wrong feeds, fetches and options are refused", async () => {
  const { session: s } = session();
  await fails(() => s.run({ x }, ["y"]), `fetches names "y", which is no output; the outputs are sum, index`);
  await fails(() => s.run({ x }, []), "fetches is empty; the outputs are sum, index");
  await fails(
    () => s.run({ x }, { sum: new ort.Tensor("float32", [0, 0], [2]) }),
    `output "sum" is float32[1], but the Tensor given to be filled is float32[2]; pass null or a fitting one`,
  );
  await fails(
    () => s.run({ x }, { terminate: true }),
    "this run was not started: its options say terminate",
    "aborted",
  );
  await fails(() => s.run(5 as never), "feeds is not an object; pass { inputName: tensor }");
  await fails(() => s.run(x as never), "feeds is a Tensor; pass { inputName: tensor }");
  await fails(() => s.run([x] as never), "feeds is an array; pass { inputName: tensor }");
  await fails(
    () => s.run({ x: 5 }),
    `the value fed to input "x" is not a Tensor; make one: new Tensor("float32", data, dims)`,
  );
});

test("what is fed as undefined counts as absent", async () => {
  const { session: s, fed } = session();
  await s.run({ x, mask: undefined });
  assert.deepEqual(Object.keys(fed[0]!), ["x"]);
});

test("a Tensor to be filled is filled bit by bit, and has to hold as much", async () => {
  const half = new Tensor("f16", Uint16Array.of(0x3c00, 0xc000), [2]);
  const words = new TextTensor(new Array(200_000).fill("a"));
  const infos = [half, words].map(({ dtype, dims }) => ({ name: dtype, dtype, dims }));
  const model = { inputs: [], outputs: infos, run: async () => ({ f16: half, string: words }) } as unknown as Model;
  const s = new ort.InferenceSession(model);
  const bits = { type: "float16", dims: [2], data: new Uint16Array(2), location: "cpu" } as unknown as ort.Tensor;
  const text = new ort.Tensor("string", new Array(200_000).fill(""));
  await s.run({}, { f16: bits, string: text as ort.Tensor });
  assert.deepEqual(bits.data, Uint16Array.of(0x3c00, 0xc000));
  assert.equal(text.data.at(-1), "a");
  const short = new ort.Tensor("float16", Uint16Array.of(0));
  short.dims = [2];
  await fails(
    () => s.run({}, { f16: short as ort.Tensor }),
    'output "f16" is float16[2], but the Tensor given to be filled is float16[2] with 1 entries; pass null or a fitting one',
  );
});

test("a model whose values have no type in onnxruntime is refused, and its file closed", {
  skip: !onLinux,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-"));
  const path = join(folder, "model.onnx");
  const bf16 = 16;
  const model = onnxModel({
    inputs: [value("x", elementType.f32, ["n"])],
    outputs: [value("y", bf16, ["n"])],
    nodes: [node("Cast", ["x"], ["y"], [int("to", bf16)])],
  });
  try {
    await writeFile(path, model);
    await fails(
      () => ort.InferenceSession.create(path),
      '"y" is bf16, which onnxruntime\'s Tensor has no type for; use load() of "azulejo"',
    );
    const isOpen = () => readdirSync("/proc/self/fd").some(fd => linkOf(`/proc/self/fd/${fd}`) === path);
    for (let turn = 0; turn < 100 && isOpen(); turn++) await new Promise(setImmediate);
    assert.ok(!isOpen());
  } finally {
    await rm(folder, { recursive: true });
  }
});
/** Undefined: closed since it was listed. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

test("release frees the model", async () => {
  const { session: s, disposed } = session();
  await s.release();
  assert.equal(disposed(), 1);
});

test("profiling says that it does not exist", () => {
  assert.throws(() => session().session.startProfiling(), { code: "target" });
  assert.throws(() => session().session.endProfiling(), { code: "target" });
});

test("a model is a path, bytes, a buffer, or a window of a buffer", () => {
  const bytes = Uint8Array.of(0, 1, 2, 3);
  const options = { intraOpNumThreads: 2 };
  const read = (...[model, ...rest]: [unknown, ...unknown[]]) => {
    const { source, options } = modelArguments(model, rest);
    return [source instanceof Uint8Array ? [...source] : source, options];
  };
  assert.deepEqual(read("model.onnx", options), ["model.onnx", options]);
  assert.deepEqual(read(bytes), [[0, 1, 2, 3], {}]);
  assert.deepEqual(read(bytes.buffer, options), [[0, 1, 2, 3], options]);
  assert.deepEqual(read(bytes.buffer, 1), [[1, 2, 3], {}]);
  assert.deepEqual(read(bytes.buffer, 1, 2, options), [[1, 2], options]);
  assert.deepEqual(read(bytes.buffer, 1, undefined, options), [[1, 2, 3], options]);
  assert.deepEqual(read(new SharedArrayBuffer(2), options), [[0, 0], options]);
  assert.deepEqual(read(runInNewContext("Uint8Array.of(1, 2).buffer"), 1), [[2], {}]);
  assert.equal(modelArguments(runInNewContext("Uint8Array.of(1)"), []).source.constructor.name, "Uint8Array");
  assert.throws(() => read(bytes.buffer, 1, 4), {
    code: "input",
    message: "the model is said to be 4 bytes at 1 of a buffer of 4; correct byteOffset and byteLength",
  });
  assert.throws(() => read(5), { code: "input" });
  assert.throws(() => read("model.onnx", "fast"), {
    code: "option",
    message: "options of a session are an object; got fast",
  });
});

test("what stands for fetches or options and is neither is refused, as in onnxruntime", () => {
  const refused: readonly (readonly [second: unknown, third: unknown, code: string, message: string])[] = [
    [null, undefined, "option", "options of a run are an object; got null"],
    ["y", undefined, "option", "options of a run are an object; got y"],
    [undefined, null, "option", "options of a run are an object; got null"],
    [["y"], 3, "option", "options of a run are an object; got 3"],
    [new ort.Tensor("float32", [1], [1]), undefined, "input", "fetches is a Tensor; pass { outputName: tensor }"],
  ];
  for (const [second, third, code, message] of refused)
    assert.throws(() => fetchArguments(["y"], second, third), { name: "AzulejoError", code, message });
  // unknown names are taken without effect there
  assert.deepEqual(fetchArguments(["y"], { foo: 1 }, undefined), { fetches: { y: null }, options: { foo: 1 } });
});

const translate = (options: SessionOptions, env = { ...ort.env, wasm: {} as ort.Env["wasm"] }) => {
  const warnings: string[] = [];
  return { load: toLoadOptions(options, env, message => warnings.push(message)), warnings };
};

test("session options become those of load", () => {
  assert.deepEqual(translate({}).load, {});
  const options = {
    intraOpNumThreads: 3,
    freeDimensionOverrides: { batch: 1 },
    graphOptimizationLevel: "all",
    executionMode: "parallel",
  } as const;
  assert.deepEqual(translate(options).load, { threads: 3, dims: { batch: 1 } });
  assert.deepEqual(
    translate({ graphOptimizationLevel: "disabled" }).load.passes!([{ name: "fold", run: graph => graph }]),
    [],
  );
});

test("env.wasm.numThreads counts where a session sets none; 0 is the default", () => {
  const env = { ...ort.env, wasm: { numThreads: 2 } };
  assert.equal(translate({}, env).load.threads, 2);
  assert.equal(translate({ intraOpNumThreads: 1 }, env).load.threads, 1);
  assert.equal(translate({ intraOpNumThreads: 0 }).load.threads, undefined);
  assert.throws(() => translate({ intraOpNumThreads: "2" as never }), {
    message: 'intraOpNumThreads or env.wasm.numThreads is "2"; use a whole number, or 0 for the default',
  });
  // the cores of a large machine
  assert.equal(translate({ intraOpNumThreads: 96 }).load.threads, 64);
  assert.throws(() => translate({ intraOpNumThreads: 1.5 }), {
    code: "option",
    message: "intraOpNumThreads or env.wasm.numThreads is 1.5; use a whole number, or 0 for the default",
  });
});

test("wasm, cpu and webgpu are providers; others are skipped aloud if one of these follows, else refused", () => {
  assert.deepEqual(translate({ executionProviders: ["wasm"] }).warnings, []);
  assert.deepEqual(translate({ executionProviders: [{ name: "cpu" }] }).warnings, []);
  assert.equal(translate({ executionProviders: [{ name: "webgpu" }, "wasm"] }).load.target, "webgpu");
  const warning = `azulejo/onnxruntime has no execution provider "webnn"; the next one of the list is used`;
  assert.deepEqual(translate({ executionProviders: ["webnn", "wasm"] }).warnings, [warning]);
  assert.deepEqual(translate({ executionProviders: ["webnn", "wasm"], logSeverityLevel: 3 }).warnings, []);
  assert.throws(() => translate({ executionProviders: ["webnn", { name: "cuda" }] }), {
    code: "target",
    message: `execution provider "webnn", "cuda" does not exist in azulejo/onnxruntime; use "wasm", "cpu", "native" or "webgpu"`,
  });
});

test("where there is no WebGPU, the next provider is taken, wherever in the list it stands", async t => {
  const warnings = t.mock.method(console, "warn", () => {});
  const requestDevice = () => Promise.reject(new Error("it is consumed"));
  ort.env.webgpu.adapter = { limits: {}, features: new Set(), requestDevice } as never;
  const model = onnxModel({
    inputs: [value("x", elementType.f32, [1])],
    outputs: [value("y", elementType.f32, [1])],
    nodes: [node("Abs", ["x"], ["y"])],
  });
  for (const executionProviders of [
    ["webgpu", "wasm"],
    ["webnn", { name: "webgpu" }, "wasm"],
  ]) {
    const s = await ort.InferenceSession.create(model, { executionProviders });
    assert.deepEqual((await s.run({ x: new ort.Tensor("float32", [-1]) })).y!.data, Float32Array.of(1));
    await s.release();
  }
  assert.equal(warnings.mock.callCount(), 3);
  await assert.rejects(ort.InferenceSession.create(model, { executionProviders: ["webnn", "webgpu"] }), {
    code: "target",
    message:
      'target: "webgpu" gets no device of an adapter without a name (it is consumed); request another GPUAdapter, which is good for one device, or use { target: "wasm" }',
  });
});

const refused: readonly (readonly [SessionOptions, string])[] = [
  [
    { graphOptimizationLevel: "max" as never },
    `graphOptimizationLevel is "max"; use one of disabled, basic, extended, layout, all`,
  ],
  [{ logSeverityLevel: 9 as never }, "logSeverityLevel is 9; use 0 (all) to 4 (fatal errors only)"],
  [
    { preferredOutputLocation: { y: "gpu-buffer" } },
    `preferredOutputLocation asks for "gpu-buffer", which only the provider "webgpu" has; leave it out, or use executionProviders: ["webgpu"]`,
  ],
  [
    { executionProviders: ["webgpu"], preferredOutputLocation: "texture" },
    `preferredOutputLocation asks for "texture"; outputs lie in "cpu" memory or a "gpu-buffer"`,
  ],
  [
    { optimizedModelFilePath: "out.onnx" },
    "optimizedModelFilePath has no file to name: nothing is written; leave it out",
  ],
  [
    { executionProviders: "wasm" as never },
    'executionProviders is a list of names, or of objects with a name: ["wasm"] or [{ name: "webgpu" }]',
  ],
  [
    { executionProviders: [null as never, "wasm"] },
    'executionProviders is a list of names, or of objects with a name: ["wasm"] or [{ name: "webgpu" }]',
  ],
  ...["w.bin", [{ data: new Uint8Array(1) }], [{ path: "w.bin", data: 5 }]].map(
    externalData =>
      [
        { externalData: externalData as never },
        "externalData is a list of { path, data }, where data are bytes, a Blob, or a path or address",
      ] as const,
  ),
  [{ enableProfiling: true }, "enableProfiling has no profile to write; use the command azulejo profile"],
  [{ enableGraphCapture: true }, "enableGraphCapture is for GPU providers; leave it out"],
];
for (const [options, message] of refused) {
  test(`refused: ${message}`, () => assert.throws(() => translate(options), { code: "option", message }));
}

test("external data is found by its path, with or without ./, in every form", async () => {
  const files = [
    { path: "./a.bin", data: Uint8Array.of(1) },
    { path: "b.bin", data: Uint8Array.of(2).buffer },
    { path: "c.bin", data: new Blob([Uint8Array.of(3)]) },
    { path: "d.bin", data: "data:application/octet-stream;base64,BA==" },
    { path: "e.bin", data: new SharedArrayBuffer(1) },
  ];
  const read = translate({ externalData: files }).load.readExternal!;
  const all = await Promise.all(["a.bin", "./b.bin", "c.bin", "d.bin", "e.bin"].map(read));
  assert.deepEqual(
    all.map(bytes => [...bytes]),
    [[1], [2], [3], [4], [0]],
  );
  await fails(
    () => read("f.bin"),
    `the model names the file "f.bin", which externalData does not hold; add { path: "f.bin", data }`,
    "model-external-data",
  );
  // an empty list leaves the files where they are
  assert.equal(translate({ externalData: [] }).load.readExternal, undefined);
});

test("a string of externalData is a path in Node, as the name of the file too", async () => {
  const path = join(tmpdir(), `azulejo-${process.pid}.bin`);
  await writeFile(path, "ab");
  try {
    const read = translate({ externalData: [path, { path: "w.bin", data: path }] }).load.readExternal!;
    for (const name of [path, "w.bin"]) assert.equal(String.fromCharCode(...(await read(name))), "ab");
  } finally {
    await rm(path);
  }
});

test("env has onnxruntime's enumerable, mutable settings, and the default export is the module", () => {
  assert.deepEqual(Object.keys(ort.env), ["logLevel", "debug", "trace", "versions", "wasm", "webgl", "webgpu"]);
  assert.equal(ort.env.versions.common, "1.30.0");
  assert.deepEqual(Object.values(ort.default), [ort.InferenceSession, ort.Tensor, ort.env, ort.listSupportedBackends]);
});
