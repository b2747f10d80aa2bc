// An unmodified @huggingface/transformers over Azulejo: a project that overrides onnxruntime's packages with ours, small models with real
// tokenizers, and what onnxruntime-node computes for the same (references.json, recorded by tools/record-transformers.ts).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commandOf, root } from "../../tools/project.js";
import { browserPath } from "../browser/site.js";
import { checkOutput } from "../models/check-output.js";
import type { Consumer } from "../package/consumer.js";
import { command } from "../package/consumer.js";
import { placesInPage, resultsInPage } from "./page.js";
import { makeTransformersProject, outcomesIn } from "./project.js";
import type { ScenarioOutcome } from "./run-scenarios.js";
import type { Result } from "./scenarios.js";
import { scenarios } from "./scenarios.js";
import { isInTurn, LATER } from "../rotation.js";
import { patienceMs } from "../patience.js";

type Results = Readonly<Record<string, Result>>;
const references: Readonly<Record<string, Results>> = JSON.parse(
  readFileSync(join(root, "test/transformers/references.json"), "utf8"),
);

let project: Consumer;
let outcomes: ReadonlyMap<string, ScenarioOutcome>;
let skip: string | undefined = "the npm registry can't be reached";
// begins before the tests of the package, which share this process: npm waits for the network
const making = makeTransformersProject("azulejo").then(async made => made && { made, list: await outcomesIn(made) });
making.catch(() => {});
before(async () => {
  const ready = await making;
  if (ready === undefined) return;
  project = ready.made;
  outcomes = new Map(ready.list.map(outcome => [outcome.name, outcome]));
  skip = undefined;
});
after(() => project?.remove());

function installed(name: string, run: () => Promise<void> | void, needs: string | false = false): void {
  test(name, { timeout: patienceMs, skip: needs }, async context => {
    if (skip !== undefined) context.skip(skip);
    else await run();
  });
}

/**
 * |got − want| ≤ this · largest |want|. Half precision rounds at other places in onnxruntime, which computes parts of such models in f32.
 * With activations of 8 bits a difference in the last bit of a float moves one of them to the next of 256 steps.
 */
const allowed: Readonly<Record<string, number>> = { fp16: 4e-3, q4f16: 4e-3, q8: 2e-2 };
const otherwise = 2e-6;

function check(got: Result, want: Result, where: string, relative: number): void {
  if (typeof want === "string" || typeof got === "string") {
    assert.equal(got, want, where);
    return;
  }
  if (isList(want) || isList(got)) {
    assert(isList(want) && isList(got) && got.length === want.length, where);
    for (const [i, w] of want.entries()) check(got[i]!, w, `${where}[${i}]`, relative);
    return;
  }
  assert.equal(got.type, want.type, where);
  checkOutput(got, want, where, relative);
}
const isList = (result: Result): result is readonly Result[] => Array.isArray(result);

/**
 * Programs that a scenario compiles: one for each model that it loads, whatever the dims, and none for a further token. Graphs whose
 * inputs have no rank need one for each rank, a Fourier transform one for each length, a decoder with two branches one for each.
 */
const programs: Readonly<Record<string, number>> = {
  rfft: 2,
  matmul: 2,
  topk: 2,
  slice: 2,
  "text generation": 2,
  "text to text": 3,
};

function checkResults(name: string, results: Results): void {
  const wanted = references[name]!;
  assert.deepEqual(Object.keys(results), Object.keys(wanted));
  const relative = allowed[name.replace(/^.* /, "")] ?? otherwise;
  for (const [part, want] of Object.entries(wanted)) check(results[part]!, want, part, relative);
}

for (const name of Object.keys(scenarios)) {
  const task = name in programs ? name : name.replace(/ \w+$/, "");
  installed(`${name}: onnxruntime-node's results`, () => {
    const { results, error, compiled } = outcomes.get(name)!;
    assert.equal(error, undefined);
    checkResults(name, results!);
    assert.equal(compiled, programs[task] ?? 1, "compiled programs");
  });
}

// The two take turns by day. Pictures are resized by the browser there, and not by sharp: their numbers differ before any model sees them.
const pageScenarios = [
  "resize bilinear",
  "feature extraction q8",
  "feature extraction, external data",
  "text generation fp32",
  "text generation q4f16",
];
installed(
  "the build of transformers.js for pages gives the same in Chromium",
  async () => {
    for (const [name, results] of Object.entries(await resultsInPage(project, pageScenarios)))
      checkResults(name, results);
  },
  browserPath === undefined ? "Chromium is not installed" : !isInTurn(0, 2) && LATER,
);

installed(
  "device: webgpu gives the same in Chromium, and the cache of keys and values stays on the GPU",
  async () => {
    const names = ["feature extraction fp32", "text generation fp32", "text generation q4"];
    for (const [name, results] of Object.entries(await resultsInPage(project, names, "webgpu")))
      checkResults(name, results);
    assert.deepEqual(await placesInPage(project, "webgpu"), { cache: ["gpu-buffer"], logits: ["cpu"] });
  },
  browserPath === undefined ? "Chromium is not installed" : !isInTurn(1, 2) && LATER,
);

/** Runs a program in the project; it prints JSON. */
async function printed(file: string, program: string): Promise<unknown> {
  await project.write(file, program);
  const { status, stdout, stderr } = await project.node(file);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

installed("nothing of onnxruntime is installed, and Azulejo once", async () => {
  const { packages } = JSON.parse(await project.read("package-lock.json")) as { packages: Record<string, Locked> };
  const ours = Object.entries(packages).filter(([path]) => /onnxruntime|azulejo/.test(path));
  assert.deepEqual(
    ours.map(([path, { name, version }]) => [path, name ?? path.replace("node_modules/", ""), version]),
    [
      ["node_modules/azulejo", "azulejo", version],
      ...["common", "node", "web"].map(part => [
        `node_modules/onnxruntime-${part}`,
        `@azulejo/onnxruntime-${part}`,
        version,
      ]),
    ],
  );
});
interface Locked {
  readonly name?: string;
  readonly version: string;
}
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

const names = ["onnxruntime-common", "onnxruntime-node", "onnxruntime-web", "onnxruntime-web/webgpu"];
installed("all packages have the same classes and env, by import and by require, named and as default", async () => {
  const program = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    const { InferenceSession, Tensor, env } = await import("azulejo/onnxruntime");
    const same = module => module.InferenceSession === InferenceSession && module.Tensor === Tensor && module.env === env;
    const results = [];
    for (const name of ${JSON.stringify(names)})
      for (const module of [await import(name), require(name)]) results.push(same(module), same(module.default));
    console.log(JSON.stringify(results));`;
  assert.deepEqual(await printed("packages.mjs", program), new Array(4 * names.length).fill(true));
});

installed("require() of transformers.js works too", async () => {
  const program = `
    const { env, Tensor, matmul } = require("@huggingface/transformers");
    const x = new Tensor("float32", [1, 2, 3, 4], [2, 2]);
    matmul(x, x).then(({ data }) => console.log(JSON.stringify([env.backends.onnx.versions.common, [...data]])));`;
  assert.deepEqual(await printed("common.cjs", program), ["1.30.0", [7, 10, 15, 22]]);
});

installed("device: webgpu in Node without the package webgpu says what is missing", async () => {
  const program = `
    import { env, pipeline } from "@huggingface/transformers";
    env.localModelPath = "models";
    env.allowRemoteModels = false;
    const { name, code, message } = await pipeline("feature-extraction", "bert", { device: "webgpu" }).catch(e => e);
    console.log(JSON.stringify({ name, code, message }));`;
  assert.deepEqual(await printed("webgpu.mjs", program), {
    name: "AzulejoError",
    code: "target",
    message:
      'target: "webgpu" needs a browser with WebGPU, or in Node the package webgpu; run "npm install webgpu", or use { target: "wasm" }',
  });
});

const typed = `
  import { pipeline, type Tensor } from "@huggingface/transformers";
  import { InferenceSession, Tensor as OrtTensor, env } from "onnxruntime-node";
  import * as web from "onnxruntime-web/webgpu";
  import type { Tensor as CommonTensor } from "onnxruntime-common";
  const options: InferenceSession.SessionOptions = { executionProviders: ["cpu"], graphOptimizationLevel: "all" };
  export const session: Promise<web.InferenceSession> = InferenceSession.create("model.onnx", options);
  export const tensor: CommonTensor = new OrtTensor("int64", [1n], [1]);
  export const type: OrtTensor.Type = tensor.type;
  env.wasm.numThreads = 2;
  export async function use(): Promise<Tensor> {
    const extract = await pipeline("feature-extraction", "bert", { dtype: "q8", session_options: options });
    return extract("tile", { pooling: "mean" });
  }
  // @ts-expect-error: no such option
  export const wrong: InferenceSession.SessionOptions = { threads: 2 };
`;
installed("programs that use transformers.js and onnxruntime's types compile", async () => {
  const file = await project.write("typed.ts", typed);
  const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "--types", ""];
  const { status, stdout } = await command(
    process.execPath,
    [commandOf("typescript", "bin/tsc"), ...flags, file],
    project.folder,
  );
  assert.equal(status, 0, stdout);
});
