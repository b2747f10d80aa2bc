// What load(), explain(), compileKernel() and run() are handed by programs without types: each mistake is named, none is lost.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import type { LoadOptions, Operator } from "../../src/index.js";
import { compileKernel, explain, load, Tensor, TextTensor } from "../../src/index.js";
import { f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { elementType, f32Tensor, graphAttribute, node, onnxModel, value } from "../frontends/onnx-model.js";

/** y = relu(x) */
const model = onnxModel({
  name: "small",
  inputs: [value("x", 1, ["batch", 4])],
  outputs: [value("y", 1, ["batch", 4])],
  initializers: [],
  nodes: [node("Relu", ["x"], ["y"], [], "cut")],
});
const bad = (options: object): LoadOptions => options as LoadOptions;
const names =
  "target, onUnsupported, gpuDevice, threads, operators, passes, editKernels, dims, onProgress, signal, schedules, tuning, engineFlags, cache, sanitize, readExternal, imageDecoder";
const operator = { name: "Swoosh", inputs: ["X"], outputs: ["Y"], shape: () => ({}) };

const refused: readonly (readonly [options: unknown, message: string])[] = [
  [null, "options are null; give an object or leave them out"],
  [[], "options are a list; give an object or leave them out"],
  [{ thread: 2 }, `there is no option "thread"; the options are ${names}`],
  [{ toString: 2 }, `there is no option "toString"; the options are ${names}`],
  [
    { target: "gpu" },
    'target: "gpu" is not one of "wasm", "native", "cpu", "webgpu", "interpreter"; choose one of them',
  ],
  [{ target: null }, "target is null; give a value or leave it out"],
  [{ threads: null }, "threads is null; give a value or leave it out"],
  [{ threads: "2" }, 'threads: "2" is not a whole number from 1 to 64; leave it out for the default'],
  [{ dims: { batch: "2" } }, 'Option dims: "batch" is "2"; give a whole number, 0 or more'],
  [{ threads: 0 }, "threads: 0 is not a whole number from 1 to 64; leave it out for the default"],
  [{ engineFlags: "x" }, 'engineFlags: "x" is not one of "auto", "never"; choose one of them'],
  [{ cache: "x" }, "cache is a string; give true or false or leave it out"],
  [{ operators: {} }, "operators is an object; give a list or leave it out"],
  [{ operators: [{}] }, "operators: the operator at position 0 has no name; give { name, inputs, outputs, shape, at }"],
  [
    { operators: [{ name: "Swoosh" }] },
    'operators: operator "Swoosh" does not list its inputs and outputs; give the names of both',
  ],
  [
    { operators: [{ ...operator, shape: undefined }] },
    'operators: operator "Swoosh" has no function shape; give the dims of its outputs',
  ],
  [{ operators: [operator] }, 'operators: operator "Swoosh" has no body; give one of at, kernels or expand'],
  [
    { operators: [{ ...operator, at: () => ({}), attributes: { a: { type: "zz" } } }] },
    'operators: operator "Swoosh" has an attribute "a" of type "zz"; use one of int, float, string, ints, floats, strings, tensor, graph, type',
  ],
  [{ passes: [] }, "passes is a list; give a function or leave it out"],
  [{ passes: () => undefined }, "passes gave back nothing; return a list of passes"],
  [
    { passes: () => [{ name: "mine" }] },
    "passes gave back something at position 0 that is no pass; a pass is { name, run }",
  ],
  [{ editKernels: "x" }, "editKernels is a string; give a function or leave it out"],
  [
    { editKernels: () => undefined },
    'editKernels gave back nothing for kernel "Relu"; return its text, edited or as it was',
  ],
  [{ dims: [1] }, "dims is a list; give an object or leave it out"],
  [{ dims: { bach: 1 } }, 'Option dims: the model has no dim named "bach"; it has "batch"'],
  [{ onProgress: 3 }, "onProgress is a number; give a function or leave it out"],
  [{ signal: {} }, "signal is an object; give an AbortSignal or leave it out"],
  [{ schedules: { Rlu: {} } }, 'schedules: there is no kernel "Rlu"; the kernels are Relu'],
  [{ readExternal: "folder" }, "readExternal is a string; give a function or leave it out"],
  [{ imageDecoder: {} }, "imageDecoder is an object; give a function or leave it out"],
];

for (const [options, message] of refused)
  test(`load refuses ${JSON.stringify(options)}: ${message}`, async () => {
    await assert.rejects(load(model, options as LoadOptions), { name: "AzulejoError", code: "option", message });
  });

test("options that are undefined are left out", async () => {
  const loaded = await load(model, bad({ threads: 1, signal: undefined, dims: undefined }));
  loaded.dispose();
});

test("explain and compileKernel refuse options that they do not have", async () => {
  await assert.rejects(explain(model, { stage: "graph", ...bad({ thread: 1 }) }), {
    code: "option",
    message: `there is no option "thread"; the options are ${names}, stage`,
  });
  const copy = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(X.at(n));
    }),
  );
  await assert.rejects(compileKernel(copy, bad({ passes: () => [] })), {
    code: "option",
    message:
      'there is no option "passes"; the options are target, onUnsupported, gpuDevice, threads, engineFlags, schedules, tuning, signal, constants, dims',
  });
  await assert.rejects(compileKernel(copy, { schedules: { other: {} } }), { code: "option" });
});

test("an address is one in capitals too", () =>
  assert.rejects(load("HTTP://127.0.0.1:1/model.onnx"), {
    code: "option",
    message: /^"HTTP:\/\/127.0.0.1:1\/model.onnx" can't be fetched: /,
  }));

test("bytes of another realm are bytes: a frame, or a test's sandbox", async () => {
  const list = JSON.stringify([...model]);
  for (const made of [`Uint8Array.from(${list})`, `Uint8Array.from(${list}).buffer`]) {
    const loaded = await load(runInNewContext(made), { threads: 1 });
    assert.deepEqual(loaded.inputs[0]!.dims, ["batch", 4]);
    loaded.dispose();
  }
  await assert.rejects(load(new Float32Array(2) as never), {
    code: "option",
    message: "load() takes a path, a URL, a Uint8Array or an ArrayBuffer; give one of them",
  });
});

test("readExternal has to give bytes", async () => {
  const external = onnxModel({
    outputs: [value("y", 1)],
    initializers: [
      { name: "w", dataType: 1, dims: [1n], dataLocation: 1, externalData: [{ key: "location", value: "w.bin" }] },
    ],
    nodes: [node("Relu", ["w"], ["y"])],
  });
  await assert.rejects(load(external, { readExternal: async () => undefined as never }), {
    code: "model-external-data",
    message: /readExternal gave Undefined; give a Uint8Array/,
  });
});

test("run names what it was given instead of tensors", async () => {
  const loaded = await load(model, { threads: 1 });
  const given: readonly (readonly [inputs: unknown, message: string])[] = [
    [undefined, 'run() got undefined; give its inputs by name: { "x": { dtype: "f32", dims, data } }'],
    [
      { x: new Float32Array(8) },
      'Input "x" is a Float32Array and no tensor; give { dtype: "f32", dims: [batch, 4], data }',
    ],
    [{ x: 3 }, 'Input "x" is a number and no tensor; give { dtype: "f32", dims: [batch, 4], data }'],
    [
      { x: { dtype: "f32", data: new Float32Array(8) } },
      'Input "x" is an Object without dims and no tensor; give { dtype: "f32", dims: [batch, 4], data }',
    ],
    [
      { x: { dtype: "f32", dims: Int32Array.of(2, 4), data: new Float32Array(8) } },
      'Input "x" is an Object, whose dims are an Int32Array, and no tensor; give { dtype: "f32", dims: [batch, 4], data }',
    ],
    [
      { x: { type: "float32", dims: [2, 4], data: new Float32Array(8) } },
      'Input "x" is an Object without dtype and no tensor; give { dtype: "f32", dims: [batch, 4], data }',
    ],
    [{ z: 3 }, 'There is no input "z"; the model takes "x"'],
    [{ x: { dtype: "f32", dims: [2, 4], data: [1, 2] } }, 'Input "x" holds an Array; f32 travels as Float32Array'],
  ];
  for (const [inputs, message] of given)
    await assert.rejects(loaded.run(inputs as Record<string, Tensor>), { code: "input", message });
  const { y } = await loaded.run({ x: new Tensor("f32", new Float32Array(4).fill(2), [1, 4]) });
  assert.deepEqual([...y!.data], [2, 2, 2, 2]);
  loaded.dispose();
});

test("text is checked to be text: operators would compute with what it is instead", async () => {
  const texts = onnxModel({
    opset: 20,
    inputs: [value("x", elementType.string, ["n"])],
    outputs: [value("y", elementType.string, ["n"])],
    nodes: [node("StringConcat", ["x", "x"], ["y"])],
  });
  const loaded = await load(texts, { threads: 1 });
  const run = (data: readonly unknown[]) => loaded.run({ x: new TextTensor(data as string[]) });
  await assert.rejects(run(["a", 1]), {
    code: "input",
    message: 'Input "x" holds a number at element 1; make it a string',
  });
  await assert.rejects(run(new Array(2)), { code: "input" });
  assert.deepEqual((await run(["a"])).y!.data, ["aa"]);
  loaded.dispose();
});

test("run and profile refuse options that they do not have", async () => {
  const loaded = await load(model, { threads: 1 });
  const inputs = { x: new Tensor("f32", new Float32Array(4), [1, 4]) };
  const given: readonly (readonly [options: unknown, message: string])[] = [
    [null, "options are null; give an object or leave them out"],
    [{ foo: 1 }, 'there is no option "foo"; the options are signal, seed, outputLocation'],
    [{ signal: 1 }, "signal is a number; give an AbortSignal or leave it out"],
    [{ signal: { aborted: false } }, "signal is an object; give an AbortSignal or leave it out"],
    [{ seed: null }, "seed: null is no whole number; leave it out to draw anew"],
    [
      { outputLocation: null },
      'outputLocation is null; give "cpu", "gpu-buffer" or one of both by name or leave it out',
    ],
    [{ outputLocation: "gpu" }, 'outputLocation is "gpu"; use "cpu" or "gpu-buffer"'],
  ];
  for (const [options, message] of given)
    await assert.rejects(loaded.run(inputs, options as object), { name: "AzulejoError", code: "option", message });
  await assert.rejects(loaded.profile(inputs, { foo: 1 } as object), {
    code: "option",
    message: 'there is no option "foo"; the options are signal, seed, outputLocation, passes',
  });
  await loaded.run(inputs, { signal: undefined, seed: undefined });
  await loaded.profile(inputs, { passes: 2, seed: 3 });
  loaded.dispose();
});

test("a model without inputs takes none", async () => {
  const loaded = await load(
    onnxModel({
      inputs: [],
      outputs: [value("y", 1)],
      initializers: [f32Tensor("c", [1], [2])],
      nodes: [node("Neg", ["c"], ["y"])],
    }),
    { threads: 1 },
  );
  await assert.rejects(loaded.run({ x: new Tensor("f32", new Float32Array(1), [1]) }), {
    code: "input",
    message: 'There is no input "x"; the model takes none',
  });
  loaded.dispose();
});

test("an input that the file gives a value is fixed, and whoever gives it another is told so", async () => {
  const bytes = onnxModel({
    name: "small",
    inputs: [value("x", 1, [2]), value("w", 1, [2])],
    outputs: [value("y", 1)],
    initializers: [f32Tensor("w", [2], [2, 3])],
    nodes: [node("Mul", ["x", "w"], ["y"])],
  });
  const folder = await mkdtemp(join(tmpdir(), "azulejo-options-"));
  const path = join(folder, "small.onnx");
  await writeFile(path, bytes);
  const one = new Tensor("f32", Float32Array.of(1, 1), [2]);
  for (const source of [bytes, path, path]) {
    const loaded = await load(source, { threads: 1 });
    assert.deepEqual(
      loaded.inputs.map(i => i.name),
      ["x"],
    );
    assert.deepEqual([...((await loaded.run({ x: one })).y!.data as Float32Array)], [2, 3]);
    await assert.rejects(loaded.run({ x: one, w: one }), {
      code: "input",
      message:
        'Input "w" has a value in the file, its initializer, and what is compiled relies on it; leave the input out, or take the initializer out of the file to give it in each run',
    });
    loaded.dispose();
  }
});

test("a file is closed when the caller's own function throws", { skip: process.platform !== "linux" }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-options-"));
  const path = join(folder, "small.onnx");
  await writeFile(path, model);
  /** descriptors of this file alone: others of the process come and go with workers */
  const open = async (): Promise<number> => {
    const all = await readdir("/proc/self/fd");
    const targets = await Promise.all(all.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
    return targets.filter(target => target.endsWith("/small.onnx")).length;
  };
  for (let i = 0; i < 5; i++) {
    const onProgress = () => {
      throw new Error("the caller's");
    };
    await assert.rejects(load(path, { onProgress }), { message: "the caller's" });
  }
  assert.equal(await open(), 0);
});

const swoosh: Operator = { ...operator, shape: ({ dims }) => ({ Y: dims.X! }), host: { reason: "none" } };
test("an operator of the caller with a body is taken", async () => {
  const loaded = await load(model, { threads: 1, operators: [swoosh] });
  loaded.dispose();
});

test("without passes, of an If whose condition is known only the branch that it takes is compiled", async () => {
  const branch = (name: string, nodes: ReturnType<typeof node>[]) =>
    graphAttribute(name, { name, outputs: [value(`${name} out`, 1)], nodes });
  const bytes = onnxModel({
    inputs: [value("x", 1, [2, 3])],
    outputs: [value("y", 1)],
    initializers: [
      { name: "zero", dataType: 7, dims: [1n], int64Data: [0n] },
      { name: "no", dataType: 9, dims: [], int32Data: [0] },
    ],
    nodes: [
      node(
        "If",
        ["no"],
        ["y"],
        [
          // a dim of 2 can't be squeezed: this branch has no type
          branch("then_branch", [node("Squeeze", ["x", "zero"], ["s"]), node("Exp", ["s"], ["then_branch out"])]),
          branch("else_branch", [node("Neg", ["x"], ["else_branch out"])]),
        ],
      ),
    ],
  });
  const x = new Tensor("f32", Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  const model = await load(bytes, { passes: () => [], threads: 1 });
  const { y } = await model.run({ x });
  assert.deepEqual([...(y!.data as Float32Array)], [-1, -2, -3, -4, -5, -6]);
  model.dispose();
});
