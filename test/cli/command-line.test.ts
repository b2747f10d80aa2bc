// The commands as a user types them, against a stand-in for the library: what is printed, saved, asked of the library, and
// the exit status. The real library behind the real command is tested in test/package.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import type { Library } from "../../src/cli/library.js";
import type { Diagnosis } from "../../src/index.js";
import type { ModelCheck } from "../../src/testing/index.js";
import { decodeNpy, encodeNpy } from "../../src/cli/npy.js";
import { runCommandLine } from "../../src/cli/program.js";
import type { LoadOptions, Model, TensorInfo } from "../../src/runtime/api.js";
import { Tensor } from "../../src/runtime/api.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { AzulejoError } from "../../src/support/errors.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-cli-"));
});
after(() => rm(folder, { recursive: true }));

interface Session {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly loaded: LoadOptions[];
  readonly runs: Record<string, TensorData>[];
  readonly disposed: number;
}

const report = {
  model: "m.onnx",
  target: "wasm",
  threads: 2,
  codeBytes: 12_345,
  functions: 7,
  kernels: [{ name: "k", nodes: ["Conv_0"], function: "f", schedule: "" }],
  constantBytes: 4_700_000,
  arenaBytes: 0,
  arenaLowerBoundBytes: 0,
  flags: [],
  notes: ["one host step"],
  timesMs: { graph: 1.5, compile: 25 },
  passes: [{ name: "fold", nodesBefore: 9, nodesAfter: 4, timeMs: 0.1 }],
};

/** b takes 6 of 8 ms, in two calls */
const profiled = (passes: number) => ({
  outputs: {},
  passesMs: Array.from({ length: passes }, () => 9),
  kernels: [
    { kernel: "a", nodes: ["Conv_0"], where: "gpu", calls: 1, timesMs: Array.from({ length: passes }, () => 2) },
    {
      kernel: "b",
      nodes: ["Relu_0", "Add_0"],
      where: "gpu",
      calls: 2,
      timesMs: Array.from({ length: passes }, () => 6),
    },
  ],
  timeline: [{ kernel: "a", nodes: ["Conv_0"], where: "gpu", startMs: 0.5, timeMs: 2 }],
});

const diagnosis: Diagnosis = {
  model: "m",
  runs: false,
  inputs: [{ name: "x", dtype: "f32", dims: ["batch", 2] }],
  outputs: [{ name: "y", dtype: "f32", dims: undefined }],
  operators: [
    { domain: "ai.onnx", operator: "Relu", opset: 17, dtypes: ["f32"], support: "tile", nodes: ["a", "b"] },
    { domain: "com.example", operator: "Swoosh", opset: 1, dtypes: ["f32"], support: "missing", nodes: ["c"] },
  ],
  targets: [
    { name: "wasm", problem: undefined, facts: [] },
    { name: "native", problem: "koffi is missing", facts: [] },
  ],
  problems: [{ node: "c", code: "operator-unknown", message: 'Swoosh "c": there is no such operator' }],
  missing: [
    {
      domain: "com.example",
      name: "Swoosh",
      inputs: 2,
      requiredInputs: 1,
      outputs: 1,
      attributes: { slope: "float" },
      nodes: ["c"],
    },
  ],
  parameters: { count: 1_240_000, bytes: 4_960_000 },
  dims: { given: {}, assumed: { batch: 1 }, open: [] },
  costsProblem: "it can't be compiled as it is",
  risks: [{ kind: "overflow", where: 'Exp "e"', message: "is ∞ in f16" }],
  unread: { count: 1, bytes: 3e8 },
};

/** Two values depart unless the tolerance is wide. */
function checked(judge: string, tolerance = 0): ModelCheck {
  const worst = { index: [0, 1], got: NaN, want: 2.5, difference: NaN, allowed: 0.0004, share: Infinity };
  const first = { node: "a", operator: "Exp", value: "e", worst, elements: 3, size: 8, onlyFused: false };
  const second = {
    node: "b",
    operator: "com.example.Swoosh",
    value: "s",
    problem: "it is i32, not f32",
    elements: 4,
    size: 4,
    onlyFused: false,
  };
  return {
    judge,
    target: "wasm",
    compared: 5,
    skipped: [{ value: "q", reason: "it is text" }],
    largest: { index: [1], got: 1, want: 1.5, difference: 0.5, allowed: 2, share: 0.25, value: "e", node: "a" },
    departures: tolerance > 0 ? [] : [first, second],
  };
}

type Run = (inputs: Record<string, TensorData>) => Record<string, Tensor>;

/** One command line against a model with the given inputs, whose outputs the function makes. */
async function azulejo(
  parameters: string,
  inputs: readonly TensorInfo[],
  run: Run,
  signal?: AbortSignal,
): Promise<Session> {
  const session = {
    status: -1,
    out: "",
    err: "",
    loaded: [] as LoadOptions[],
    runs: [] as Record<string, TensorData>[],
    disposed: 0,
  };
  const model: Model = {
    inputs,
    outputs: [{ name: "y", dtype: "f32", dims: ["batch", 2] }],
    run: (async (given: Record<string, TensorData>) => {
      session.runs.push(given);
      return run(given);
    }) as Model["run"],
    profile: (async (given: Record<string, TensorData>, { passes = 1 } = {}) => {
      session.runs.push(given);
      return profiled(passes);
    }) as Model["profile"],
    report: () => report,
    dispose: () => session.disposed++,
  };
  const library: Library = {
    load: async (_, options) => {
      session.loaded.push(options);
      options.signal?.throwIfAborted();
      return model;
    },
    explain: async (_, { stage }) => `stage ${stage} of the model`,
    explainHtml: async (_, { dims }) => `<p>page of the model, ${JSON.stringify(dims)}</p>`,
    doctor: async () => ({
      platform: "linux-x64",
      processor: "Some CPU",
      cores: 2,
      memoryBytes: { total: 24e9, free: 8e9 },
      targets: [
        { name: "wasm", problem: undefined, facts: ["128-bit vectors", "up to 2 threads"] },
        { name: "native", problem: "koffi is missing", facts: [] },
      ],
      cache: { folder: "/cache", files: 3, bytes: 4e6, limitBytes: 5e8 },
    }),
    diagnose: async () => diagnosis,
    checkModel: async (_, inputs, { judge, tolerance }) => {
      session.runs.push(inputs);
      return checked(judge, tolerance);
    },
    checkKernel: async () => [],
    tuneKernels: async () => assert.fail("no command here tunes"),
    tuneModel: async () => assert.fail("no command here tunes"),
    decodeTensor: async bytes => ({ dtype: "u8", dims: [bytes.length], data: bytes }),
  };
  const terminal = {
    out: (text: string) => (session.out += text),
    err: (text: string) => (session.err += text),
    interactive: false,
    signal: signal ?? new AbortController().signal,
  };
  session.status = await runCommandLine(parameters.split(" "), library, terminal, "1.2.3");
  return session;
}

const vector: TensorInfo = { name: "x", dtype: "f32", dims: ["batch", 2] };
const picture: TensorInfo = { name: "image", dtype: "f32", dims: ["batch", 3, 4, 4] };
const scores = (...values: number[]) => ({ y: new Tensor("f32", Float32Array.from(values), [1, values.length]) });
const echo: Run = ({ x }) => ({ y: new Tensor(x!.dtype, x!.data, x!.dims) });

test("run reads .npy inputs and writes each output as .npy under a safe name", async () => {
  const [input, output] = [join(folder, "x.npy"), join(folder, "out")];
  await writeFile(input, encodeNpy({ dtype: "f32", dims: [1, 2], data: Float32Array.of(1.5, -2) }));
  const run: Run = ({ x }) => ({
    "a/b:0": new Tensor(x!.dtype, x!.data, x!.dims),
    "a_b:0": new Tensor("i64", BigInt64Array.of(7n), []),
  });
  const session = await azulejo(`run m.onnx --input x=${input} --output-dir ${output}`, [vector], run);
  assert.deepEqual([session.status, session.disposed], [0, 1]);
  const saved = async (name: string) => decodeNpy(await readFile(join(output, name)), name);
  assert.deepEqual(await saved("a_b_0.npy"), { dtype: "f32", dims: [1, 2], data: Float32Array.of(1.5, -2) });
  assert.deepEqual(await saved("a_b_0_2.npy"), { dtype: "i64", dims: [], data: BigInt64Array.of(7n) });
  assert.match(
    session.out,
    /^output\s+type\s+dims\s+min\s+max\s+mean\s+first elements\na\/b:0\s+f32\s+1 × 2\s+-2\.000\s+1\.500\s+-0\.2500\s+1\.500 -2\.000\n/,
  );
  assert.match(session.err, /^load [\d.]+ ms, run [\d.]+ ms\n$/);
});

test("run takes numbers and JSON arrays, in the input's own dtype", async () => {
  const inputs: TensorInfo[] = [
    vector,
    { name: "rate", dtype: "i64", dims: [1] },
    { name: "half", dtype: "f16", dims: [] },
  ];
  const session = await azulejo(
    "run m.onnx --input x=[[1,2],[3,-4]] --input rate=16000 --input half=0.5",
    inputs,
    echo,
  );
  assert.equal(session.status, 0, session.err);
  assert.deepEqual(session.runs, [
    {
      x: { dtype: "f32", dims: [2, 2], data: Float32Array.of(1, 2, 3, -4) },
      rate: { dtype: "i64", dims: [1], data: BigInt64Array.of(16000n) },
      half: { dtype: "f16", dims: [], data: Uint16Array.of(0x3800) },
    },
  ]);
});

test("run --json prints data, with strings where JSON has no number", async () => {
  const run: Run = () => ({
    y: new Tensor("f32", Float32Array.of(1, NaN, -Infinity), [3]),
    n: new Tensor("i64", BigInt64Array.of(-3n), [1]),
  });
  const { out, status } = await azulejo("run m.onnx --input x=[[1,2]] --json", [vector], run);
  const { outputs, timesMs } = JSON.parse(out);
  assert.equal(status, 0);
  assert.deepEqual(outputs, {
    y: { dtype: "f32", dims: [3], data: [1, "NaN", "-Infinity"] },
    n: { dtype: "i64", dims: [1], data: ["-3"] },
  });
  assert.deepEqual(Object.keys(timesMs), ["load", "run"]);
});

test("run --random fills open dims from --dims, the leading one with 1, and repeats itself", async () => {
  const open: TensorInfo = { name: "x", dtype: "f32", dims: ["batch", "width"] };
  const flags: TensorInfo = { name: "b", dtype: "bool", dims: [4] };
  const first = await azulejo("run m.onnx --random --dims width=3", [open, flags], echo);
  const second = await azulejo("run m.onnx --random --dims width=3", [open, flags], echo);
  assert.deepEqual(first.loaded[0]!.dims, { width: 3 });
  assert.deepEqual(first.runs[0]!.x!.dims, [1, 3]);
  assert.deepEqual(first.runs, second.runs);
  assert([...(first.runs[0]!.b!.data as Uint8Array)].every(value => value === 0 || value === 1));
  const missing = await azulejo("run m.onnx --random", [open], echo);
  assert.equal(
    missing.err,
    `azulejo: input "x" is batch × width and the size of "width" is open; add --dims width=SIZE\n(input: see docs/errors/input.md)\n`,
  );
});

test("run --image scales, cuts the middle out, normalises and names the most probable classes", async () => {
  const [image, labels] = [join(folder, "red.png"), join(folder, "labels.txt")];
  await sharp({ create: { width: 9, height: 6, channels: 3, background: { r: 255, g: 0, b: 51 } } })
    .png()
    .toFile(image);
  await writeFile(labels, "cat\ndog\n");
  const session = await azulejo(
    `run m.onnx --image ${image} --labels ${labels} --top 1 --mean 0.5 --std 0.5,1,1`,
    [picture],
    () => scores(0, Math.log(4)),
  );
  assert.equal(session.err.split(" ")[0], "load", session.err);
  assert.equal(session.out, "probability  class  label\n    80.00 %      1  dog\n");
  const { dims, data } = session.runs[0]!.image!;
  assert.deepEqual(dims, [1, 3, 4, 4]);
  assert.deepEqual([data[0], data[15], data[16]], [1, 1, -0.5]);
  assert(Math.abs(Number(data[47]) + 0.3) < 1e-6);
});

test("run --image finds channels-last inputs, and feeds 8-bit ones raw pixels", async () => {
  const image = join(folder, "blue.png");
  await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 1, g: 2, b: 250 } } })
    .png()
    .toFile(image);
  const last: TensorInfo = { name: "image", dtype: "u8", dims: [1, 4, 4, 3] };
  const session = await azulejo(`run m.onnx --image ${image}`, [last], () => scores(1, 0));
  assert.equal(session.out, "probability  class\n   100.00 %      0\n     0.00 %      1\n");
  assert.deepEqual([...(session.runs[0]!.image!.data as Uint8Array).subarray(0, 6)], [1, 2, 250, 1, 2, 250]);
});

test("profile takes a picture whose input does not say where its channels are", async () => {
  const image = join(folder, "plain.png");
  await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } }).toFile(image);
  const open: TensorInfo = { name: "image", dtype: "f32", dims: ["n", "a", "b", "c"] };
  const session = await azulejo(`profile m.onnx --image ${image} --layout nhwc --dims a=4,b=4`, [open], () =>
    scores(1, 0),
  );
  assert.deepEqual([session.status, session.err, session.runs[0]!.image!.dims], [0, "", [1, 4, 4, 3]]);
});

test("run --image turns the picture as its EXIF orientation says", async () => {
  const image = join(folder, "turned.jpg");
  const halves = Buffer.from(Array.from({ length: 16 * 16 * 3 }, (_, index) => (index % 48 < 24 ? 255 : 0)));
  await sharp(halves, { raw: { width: 16, height: 16, channels: 3 } })
    .withMetadata({ orientation: 3 })
    .jpeg({ quality: 100 })
    .toFile(image);
  const session = await azulejo(`run m.onnx --image ${image} --mean 0 --std 1`, [picture], () => scores(1, 0));
  const { data } = session.runs[0]!.image!;
  assert(Number(data[0]) < 0.1 && Number(data[3]) > 0.9, `left ${data[0]}, right ${data[3]}`);
});

const failures: readonly (readonly [string, string, (readonly TensorInfo[])?])[] = [
  ["run m.onnx", `input "x" (f32, batch × 2) was not given; add --input x=FILE.npy or --random`],
  ["run m.onnx --input z=1", `the model has no input "z"; it has "x" (f32, batch × 2)`],
  ["run m.onnx --input x=none.npy", `the file "none.npy" does not exist; check the path`],
  [
    "run m.onnx --input x=[1,[2]]",
    `"[1,[2]]", given for input "x", has rows of different depth; give a number or a JSON array of numbers`,
  ],
  [
    "run m.onnx --input x=[[1,2],[3]]",
    `"[[1,2],[3]]", given for input "x", has rows of different lengths; give a number or a JSON array of numbers`,
  ],
  [
    "run m.onnx --image a.png",
    `the model takes no picture: its inputs are "x" (f32, batch × 2); use --input NAME=FILE for each`,
  ],
  [
    "run m.onnx --image a.png",
    `input "i" is 1 × 5 × 8 × 8: no dim is 1 or 3 channels; say which with --layout nchw or nhwc`,
    [{ name: "i", dtype: "f32", dims: [1, 5, 8, 8] }],
  ],
  ["run m.onnx --image none.png", `the file "none.png" does not exist; check the path`, [picture]],
  [
    "run m.onnx --image a.png --input x=[[1,2]]",
    "--image has no input left: --input gives them all; leave one of the two out",
  ],
];
for (const [parameters, message, inputs = [vector]] of failures) {
  test(`"${parameters}" fails with one sentence: ${message.slice(0, 60)} …`, async () => {
    const session = await azulejo(parameters, inputs, echo);
    assert.equal(session.err, `azulejo: ${message}\n(input: see docs/errors/input.md)\n`);
    assert.deepEqual([session.status, session.out], [1, ""]);
  });
}

test("a file that is no picture is refused with the decoder's reason", async () => {
  const file = join(folder, "text.png");
  await writeFile(file, "no picture");
  const session = await azulejo(`run m.onnx --image ${file}`, [picture], echo);
  assert.match(
    session.err,
    /^azulejo: ".*text\.png" can't be read as a picture \(.+\); give a JPEG, PNG, WebP, GIF or TIFF file\n\(input:/,
  );
});

test("options that can't be followed are refused, not dropped", async () => {
  const file = join(folder, "taken");
  await writeFile(file, "");
  const refused = [
    [
      `run m.onnx --input x=[[1,2]] --output-dir ${file}`,
      `--output-dir "${file}" can't be written: there is a file of that name; name another folder`,
    ],
    [
      "explain m.onnx --target interpreter --stage code",
      "--stage code: the interpreter has none, it walks the kernels; use --stage kernels or --target wasm",
    ],
    ["run m.onnx --random --tolerance 1", "--tolerance says nothing here; add --check, or leave it out"],
    ["run m.onnx --random --layout nchw", "--layout says nothing here; add --image PICTURE, or leave it out"],
    ["doctor --dims batch=1", "--dims says nothing here; name a model, or leave it out"],
    ["tune m.onnx --kernel k", "--kernel says nothing here; name a module that exports kernels, or leave it out"],
    ["tune m.mjs --operators o.mjs", "--operators says nothing here; name a model, or leave it out"],
    ["learn --start", "--start says nothing here; name a lesson, or leave it out"],
    ["learn 1 mine.mjs --solution", 'learn --solution takes no file; leave out "mine.mjs" or --solution'],
    [
      `profile m.onnx --trace ${join(file, "t.json")}`,
      `--trace "${join(file, "t.json")}" can't be written: ENOTDIR: not a directory, open '${join(file, "t.json")}'; name another file`,
    ],
  ] as const;
  for (const [parameters, message] of refused) {
    const { err, out, status } = await azulejo(parameters, [vector], echo);
    assert.deepEqual([status, out, err], [1, "", `azulejo: ${message}\n(option: see docs/errors/option.md)\n`]);
  }
});

test("with --json a failure is JSON on standard output too", async () => {
  const { out, status } = await azulejo("run m.onnx --json", [vector], echo);
  assert.equal(status, 1);
  assert.deepEqual(Object.keys(JSON.parse(out).error), ["code", "message", "page", "exitCode"]);
  const usage = await azulejo("run m.onnx --json --imag a.png", [vector], echo);
  assert.deepEqual(JSON.parse(usage.out).error, {
    code: "option",
    message: "unknown option '--imag' (Did you mean --image?)",
    page: "docs/errors/option.md",
    exitCode: 2,
  });
});

test("wrong command lines exit with 2 and point to --help", async () => {
  const unknown = await azulejo("run m.onnx --imag a.png", [vector], echo);
  assert.deepEqual([unknown.status, unknown.out], [2, ""]);
  assert.match(unknown.err, /unknown option '--imag'\n\(Did you mean --image\?\)\n\(--help lists what is allowed\)/);
  for (const parameters of [
    "walk m.onnx",
    "run",
    "run m.onnx --threads none",
    "run m.onnx --dims 5",
    "explain m.onnx --stage half",
    "run m.onnx --input x",
    "run m.onnx --check --seed 3",
    "bench m.onnx --runs 3 --seconds 1",
    "learn 1 --start --solution",
  ]) {
    assert.equal((await azulejo(parameters, [vector], echo)).status, 2, parameters);
  }
});

test("--help of each command lists every option with an example, --version the version", async () => {
  for (const command of ["run", "explain", "bench", "profile"]) {
    const { out, status } = await azulejo(`${command} --help`, [], echo);
    assert.equal(status, 0);
    assert.match(
      out,
      new RegExp(
        `Usage: azulejo ${command} \\[options\\] <model>[\\s\\S]*--threads <n>[\\s\\S]*--json[\\s\\S]*azulejo ${command} model\\.onnx`,
      ),
    );
  }
  const { out } = await azulejo("--help", [], echo);
  assert.match(
    out,
    /run \[options\] <model> +run a model once[\s\S]*explain \[options\] <model>[\s\S]*bench \[options\] <model>[\s\S]*Exit status: 0 done/,
  );
  assert.match(
    (await azulejo("explain --help", [], echo)).out,
    /code +what the target runs: WebAssembly .*, C, or WGSL/,
  );
  assert.equal((await azulejo("help run", [], echo)).out, (await azulejo("run --help", [], echo)).out);
  assert.equal((await azulejo("--version", [], echo)).out, "1.2.3\n");
});

test("run --check names the first node that departs, with the element, and exits with 1", async () => {
  const failed = await azulejo("run m.onnx --random --check interpreter", [vector], echo);
  assert.equal(failed.status, 1);
  assert.equal(
    failed.out,
    [
      "5 values on wasm compared with interpreter",
      '"q" is not compared: it is text',
      "",
      'the first node that departs is Exp "a"',
      '  "e": 3 of 8 elements, most at [0, 1]: NaN, not 2.5 ± 0.00040',
      "",
      "node  operator            value  departs  index               got  want     difference  allowed",
      "a     Exp                 e      3 of 8   [0, 1]              NaN  2.50000  NaN         0.00040",
      "b     com.example.Swoosh  s      4 of 4   it is i32, not f32",
      "",
    ].join("\n"),
  );
  assert.deepEqual(Object.keys(failed.runs[0]!), ["x"]);
  const passed = await azulejo("run m.onnx --random --check onnxruntime --tolerance 0.5", [vector], echo);
  assert.equal(passed.status, 0);
  assert.match(passed.out, /^the largest difference is 25 % of what is allowed: "e" of node "a"\nno value departs\n$/m);
  const json = JSON.parse((await azulejo("run m.onnx --random --check --json", [vector], echo)).out);
  assert.deepEqual([json.compared, json.departures[0].worst.got], [5, "NaN"]);
  assert.equal((await azulejo("run m.onnx --check interpreter --top 3", [vector], echo)).status, 2);
});

test("doctor prints the machine, its targets and caches, as text and as JSON", async () => {
  const { status, out } = await azulejo("doctor", [vector], echo);
  assert.equal(status, 0);
  assert.match(out, /^linux-x64, Some CPU, 2 cores\nmemory 24 GB, 8.0 GB free\n/);
  assert.match(out, /wasm +ready +128-bit vectors, up to 2 threads/);
  assert.match(out, /native +no +koffi is missing/);
  assert.match(out, /compiled models in \/cache: 3 files, 4.0 MB of at most 500 MB\n$/);
  assert.equal(JSON.parse((await azulejo("doctor --json", [vector], echo)).out).cores, 2);
});

test("doctor with a model prints what runs how, what is missing, and a file to begin with", async () => {
  const { status, out } = await azulejo("doctor m.onnx", [vector], echo);
  assert.equal(status, 1);
  assert.equal(
    out.slice(0, out.indexOf("// Swoosh")),
    [
      "        name  type  dims",
      "input   x     f32   batch × 2",
      "output  y     f32   any rank",
      "",
      "operator            opset  dtypes  nodes  wasm     native",
      "Relu                   17  f32         2  tile     (tile)",
      "com.example.Swoosh      1  f32         1  missing  missing",
      "",
      "parameters: 1.24 M in 5.0 MB",
      "dims: batch = 1 (assumed)",
      "work and memory of a run are not known: it can't be compiled as it is",
      "not looked into: 1 constant, 300 MB",
      "",
      "target native is not here, in parentheses what it would do: koffi is missing",
      "",
      "numbers that may not fit:",
      '  Exp "e" is ∞ in f16',
      "",
      "problems:",
      '  Swoosh "c": there is no such operator (operator-unknown)',
      "",
      '"m" would not run: 1 problem',
      "",
      "Swoosh could begin like this; --stubs FOLDER writes it:",
      "",
      "",
    ].join("\n"),
  );
  const json = JSON.parse((await azulejo("doctor m.onnx --json", [vector], echo)).out);
  assert.deepEqual([json.runs, json.files], [false, []]);
  assert.match(json.missing[0].stub, /inputs: \["X0", "X1\?"\]/);
});

test("explain --html writes the page, and refuses what a page has no place for", async () => {
  const file = join(folder, "m.html");
  const { out, status } = await azulejo(`explain m.onnx --dims batch=2 --html ${file}`, [vector], echo);
  assert.deepEqual([status, out], [0, `wrote ${file}, 37 B\n`]);
  assert.equal(await readFile(file, "utf8"), '<p>page of the model, {"batch":2}</p>');
  const json = JSON.parse((await azulejo(`explain m.onnx --html ${file} --json`, [vector], echo)).out);
  assert.equal(json.file, file);
  for (const [more, message] of [
    ["--stage graph", /--html holds all stages/],
    ["--target interpreter", /the interpreter has no code to show/],
  ] as const) {
    const refused = await azulejo(`explain m.onnx --html ${file} ${more}`, [vector], echo);
    assert.equal(refused.status, 1);
    assert.match(refused.err, message);
  }
  const nowhere = await azulejo(`explain m.onnx --html ${join(folder, "none/m.html")}`, [vector], echo);
  assert.match(nowhere.err, /can't be written: .*; name another file/);
});

test("explain prints the asked stage, or a summary as text and as JSON", async () => {
  assert.equal((await azulejo("explain m.onnx --stage loops", [vector], echo)).out, "stage loops of the model\n");
  const stage = JSON.parse((await azulejo("explain m.onnx --stage loops --json", [vector], echo)).out);
  assert.deepEqual(stage, { model: "m.onnx", stage: "loops", text: "stage loops of the model" });
  const { out } = await azulejo("explain m.onnx", [vector], echo);
  assert.equal(
    out,
    [
      "        name  type  dims",
      "input   x     f32   batch × 2",
      "output  y     f32   batch × 2",
      "",
      "1 kernel from 4 nodes in 7 functions, 12 KB of code",
      "4.7 MB of constants",
      "target wasm with 2 threads",
      "times: graph 1.50 ms, compile 25.0 ms",
      "one host step",
      "",
    ].join("\n"),
  );
  const json = JSON.parse((await azulejo("explain m.onnx --json", [vector], echo)).out);
  assert.deepEqual([json.inputs, json.report.functions], [[vector], 7]);
});

test("bench reports load, its phases, the first run and as many steady runs as asked", async () => {
  const { out, runs, disposed } = await azulejo("bench m.onnx --runs 7 --json --threads 2", [vector], echo);
  const figures = JSON.parse(out);
  assert.deepEqual([runs.length, disposed, figures.steady.runs, figures.threads], [8, 1, 7, 2]);
  assert.deepEqual([figures.phasesMs, figures.notes], [{ graph: 1.5, compile: 25 }, ["one host step"]]);
  assert(figures.steady.minMs <= figures.steady.medianMs && figures.steady.medianMs <= figures.steady.p95Ms);
  const text = (await azulejo("bench m.onnx --runs 1", [vector], echo)).out;
  assert.match(
    text,
    /^target wasm, 2 threads +time\nload[\s\S]*\n {2}compile +25\.0 ms\nfirst run[\s\S]*\nsteady run, median of 1 [\s\S]*\none host step\n$/,
  );
});

test("bench feeds what --input gives, and random values elsewhere", async () => {
  const rate: TensorInfo = { name: "rate", dtype: "i64", dims: [] };
  const { runs, status } = await azulejo("bench m.onnx --runs 1 --input rate=16000", [vector, rate], echo);
  assert.equal(status, 0);
  assert.deepEqual(runs[0]!.rate, { dtype: "i64", dims: [], data: BigInt64Array.of(16000n) });
  assert.deepEqual(runs[0]!.x!.dims, [1, 2]);
});

test("profile orders kernels by their time, with shares, calls and the clock; --top adds up the others", async () => {
  const { out, runs, disposed } = await azulejo("profile m.onnx --passes 3", [vector], echo);
  assert.deepEqual([runs.length, disposed], [2, 1]);
  const [head, first, second, all, pass] = out.split("\n");
  assert.match(head!, /^kernel \(wasm, 2 threads\) +time +share +calls +clock +nodes$/);
  assert.match(first!, /^b +6\.00 ms +75\.0 % +2 +GPU +Relu_0, Add_0$/);
  assert.match(second!, /^a +2\.00 ms +25\.0 % +1 +GPU +Conv_0$/);
  assert.match(all!, /^all kernels +8\.00 ms$/);
  assert.match(pass!, /^whole pass, median of 3 +9\.00 ms$/);
  assert.match((await azulejo("profile m.onnx --top 1", [vector], echo)).out, /\n1 other +2\.00 ms +25\.0 %\n/);
});

test("profile --json has every time, and --trace a file for Chrome's tracing", async () => {
  const file = join(folder, "trace.json");
  const { out, err } = await azulejo(`profile m.onnx --json --trace ${file}`, [vector], echo);
  const { kernels, passesMs, timeline } = JSON.parse(out);
  assert.deepEqual([kernels.length, kernels[1].medianMs, passesMs.length, timeline.length], [2, 6, 5, 1]);
  assert.equal(err, `wrote ${file}\n`);
  assert.deepEqual(JSON.parse(await readFile(file, "utf8")).traceEvents, [
    { name: "a", cat: "gpu", ph: "X", ts: 500, dur: 2000, pid: 1, tid: 1, args: { nodes: ["Conv_0"] } },
  ]);
});

test("options of loading reach the library", async () => {
  const { loaded } = await azulejo(
    "run m.onnx --random --dims batch=2 --dims a=3,b=4 --threads 3 --target interpreter",
    [vector],
    echo,
  );
  const { target, threads, dims } = loaded[0]!;
  assert.deepEqual({ target, threads, dims }, { target: "interpreter", threads: 3, dims: { batch: 2, a: 3, b: 4 } });
});

test("Ctrl-C stops with status 130 and says so", async () => {
  const session = await azulejo("run m.onnx --random", [vector], echo, AbortSignal.abort());
  assert.equal(session.err, "azulejo: stopped by Ctrl-C\n(aborted: see docs/errors/aborted.md)\n");
  assert.equal(session.status, 130);
});

test("the library's errors keep their code; anything else is called a bug", async () => {
  const failing = (error: Error) => () => {
    throw error;
  };
  const known = await azulejo(
    "run m.onnx --random",
    [vector],
    failing(new AzulejoError("memory", "too large; use less")),
  );
  assert.equal(known.err, "azulejo: too large; use less\n(memory: see docs/errors/memory.md)\n");
  const bug = await azulejo("run m.onnx --random", [vector], failing(new TypeError("x is not a function")));
  assert.equal(
    bug.err,
    "azulejo: x is not a function; this is a bug in Azulejo, please report it with the output of AZULEJO_DEBUG=1\n(internal: see docs/errors/internal.md)\n",
  );
  assert.equal(bug.disposed, 1);
});
