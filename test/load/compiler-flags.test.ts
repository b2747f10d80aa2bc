// Flags of V8 around our own compiler: set while it runs, put back to what the engine's default is, told in the report.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import v8 from "node:v8";
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
  assert.deepEqual(flags.slice(0, reported.length), reported);
  const restored = flags.slice(reported.length);
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
