// Flags of V8 around our own compiler: set while it runs, put back to what the engine's default is, told in the report.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { load } from "../../src/load/load.js";
import { dataPath } from "../graph/models.js";

const mnist = dataPath("mnist/mnist.onnx");
const skip = mnist === undefined && "mnist.onnx is not there";
const ofCompiler = (flag: string): boolean => !/^--(no-)?(liftoff|wasm|experimental-wasm)/.test(flag);

/** name → number, of what `work` sets */
async function given(
  context: { mock: { method(o: object, name: string, f: (flag: string) => void): unknown } },
  work: () => Promise<unknown>,
): Promise<string[]> {
  const flags: string[] = [];
  context.mock.method(v8, "setFlagsFromString", flag => flags.push(flag));
  await work();
  return flags.filter(ofCompiler);
}

test("flags are set while a model is compiled, are put back to the engine's defaults, and are in the report", {
  skip,
}, async context => {
  let reported: readonly string[] = [];
  const flags = await given(context, async () => {
    const model = await load(mnist!, { threads: 1, cache: false });
    reported = model.report().flags.filter(ofCompiler);
    model.dispose();
  });
  assert.ok(reported.length > 0);
  // within each other they are set anew, and put back once
  const each = [...new Set(flags)];
  assert.deepEqual(each.slice(0, reported.length), reported);
  const restored = flags.slice(-reported.length);
  assert.deepEqual(each.slice(reported.length), restored);
  assert.deepEqual(
    restored.map(f => f.replace(/=.*/, "")),
    reported.map(f => f.replace(/=.*/, "")),
  );
  const { stdout } = spawnSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  for (const flag of restored) assert.match(stdout, new RegExp(`default: ${flag}$`, "m"));
});

test('engineFlags: "never" sets none', { skip }, async context => {
  const flags = await given(context, async () => {
    const model = await load(mnist!, { threads: 1, cache: false, engineFlags: "never" });
    assert.deepEqual(model.report().flags, []);
    model.dispose();
  });
  assert.deepEqual(flags, []);
});

test("a load that fails leaves no flag behind", async context => {
  const flags = await given(context, () =>
    assert.rejects(load(new Uint8Array(100), { cache: false }), { code: "model-format" }),
  );
  assert.equal(new Set(flags).size, flags.length);
  assert.equal(flags.length % 2, 0);
});

test("threads of one process that compile at the same time put back each other's flags, and compile all the same", async () => {
  const { model } = await import("../browser/small-model.js");
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.library).then(async ({ load }) => {
      for (let i = 0; i < 8; i++) (await load(workerData.model, { threads: 1, cache: false })).dispose();
      parentPort.postMessage("done");
    });`;
  const library = new URL("../../lib/index.js", import.meta.url).href;
  const ended = Array.from({ length: 3 }, async () => {
    const worker = new Worker(code, { eval: true, workerData: { library, model } });
    const [message] = await once(worker, "message");
    await worker.terminate();
    return message;
  });
  assert.deepEqual(await Promise.all(ended), ["done", "done", "done"]);
});
