// Models that are kept on disk: a later load gives the same results without compiling, and whatever does not fit compiles anew. Tests use
// the bundled library: modules that run unbundled are never kept for.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it, mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type LoadOptions, load, type Model, type ModelSource, type Progress, Tensor } from "azulejo";
import {
  elementType,
  f32Tensor,
  graphAttribute,
  i64Tensor,
  ints,
  node,
  onnxModel,
  value,
} from "../frontends/onnx-model.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";

const { f32, i64, bool } = elementType;
/** symbolic dims, borders of −∞, packed weights, an If, an output that is a constant */
const mixed = (bias: number): Uint8Array =>
  onnxModel({
    inputs: [value("x", f32, ["n", 32]), value("c", bool, [])],
    outputs: [value("y", f32, ["n", 24]), value("p", f32), value("k", f32, [2])],
    initializers: [
      f32Tensor(
        "W",
        [32, 24],
        Array.from({ length: 32 * 24 }, (_, i) => (((i * 37) % 17) - 8) / 8),
      ),
      f32Tensor("b", [24], new Array(24).fill(bias)),
      f32Tensor("k", [2], [5, -7]),
      i64Tensor("axis", [1], [0]),
    ],
    nodes: [
      node("Gemm", ["x", "W", "b"], ["g"]),
      node(
        "If",
        ["c"],
        ["y"],
        [
          graphAttribute("then_branch", { outputs: [value("t", f32)], nodes: [node("Relu", ["g"], ["t"])] }),
          graphAttribute("else_branch", { outputs: [value("e", f32)], nodes: [node("Exp", ["g"], ["e"])] }),
        ],
      ),
      node("Unsqueeze", ["x", "axis"], ["u"]),
      node("MaxPool", ["u"], ["p"], [ints("kernel_shape", [3]), ints("pads", [1, 1])]),
    ],
  });
/** the caller's content decides a shape of known rank: compiled once; or its rank: compiled on first use */
const reshaped = (rank: number | string): Uint8Array =>
  onnxModel({
    inputs: [value("x", f32, ["n"]), value("shape", i64, [rank])],
    outputs: [value("y", f32)],
    nodes: [node("Reshape", ["x", "shape"], ["r"]), node("Exp", ["r"], ["y"])],
  });

const numbers = (count: number, dims: readonly number[]): Tensor =>
  new Tensor(
    "f32",
    Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
    dims,
  );
const mixedInputs = (rows: number, c: boolean) => ({
  x: numbers(rows * 32, [rows, 32]),
  c: new Tensor("bool", Uint8Array.of(Number(c)), []),
});

interface Outcome {
  /** what load() tells of inputs and outputs */
  readonly signature: Pick<Model, "inputs" | "outputs">;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** was it taken from the disk? */
  readonly kept: boolean;
}
/** Until nothing is read, written or timed any more. */
async function quiet(): Promise<void> {
  do await turn();
  while (process.getActiveResourcesInfo().some(r => /^(FS|Close)Req|^Timeout$/.test(r)));
}
/** Loads, runs once and disposes; what it keeps is written then. */
async function once(
  source: ModelSource,
  inputs: Parameters<Awaited<ReturnType<typeof load>>["run"]>[0],
  options: LoadOptions = {},
): Promise<Outcome> {
  const model = await load(source, { threads: 2, ...options });
  const signature = { inputs: model.inputs, outputs: model.outputs };
  const outputs = await model.run(inputs);
  const kept = model.report().notes.some(note => note.startsWith("compiled before"));
  model.dispose();
  await quiet();
  return { signature, outputs, kept };
}
const programs = async (): Promise<string[]> =>
  (await readdir(folder)).filter(name => name.endsWith(".program")).map(name => join(folder, name));

let folder: string;
let files: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-kept-"));
  files = await mkdtemp(join(tmpdir(), "azulejo-models-"));
  process.env.AZULEJO_CACHE = folder;
});
afterEach(async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
});
after(async () => {
  delete process.env.AZULEJO_CACHE;
  await rm(folder, { recursive: true });
  await rm(files, { recursive: true });
});

describe("kept models", () => {
  it("give the same bits, for other dims and branches too", async () => {
    const bytes = mixed(0.25);
    const first = await once(bytes, mixedInputs(5, true));
    assert.equal(first.kept, false);
    const second = await once(bytes, mixedInputs(5, true));
    assert.equal(second.kept, true);
    assert.deepEqual(second.outputs, first.outputs);
    assert.deepEqual(second.signature, first.signature);
    for (const threads of [1, 2]) {
      const kept = await once(bytes, mixedInputs(9, false), { threads });
      const fresh = await once(bytes, mixedInputs(9, false), { threads, cache: false });
      assert.deepEqual([kept.kept, fresh.kept], [true, false]);
      assert.deepEqual(kept.outputs, fresh.outputs);
    }
  });

  it("report what the compiled one did, and where it comes from", async () => {
    const reports = [];
    for (let i = 0; i < 2; i++) {
      const model = await load(mixed(0), { threads: 2 });
      await model.run(mixedInputs(2, true));
      const { passes, ...report } = model.report();
      const names = passes.map(({ name, nodesAfter }) => [name, nodesAfter]);
      reports.push({ ...report, passes: names, inputs: model.inputs, outputs: model.outputs });
      model.dispose();
      await quiet();
    }
    const [first, second] = reports;
    const facts = (r: typeof first) => ({ ...r, notes: [], timesMs: {}, flags: [] });
    assert.deepEqual(facts(second), facts(first));
    // the compiler's own were not set
    assert.ok(second!.flags.every(flag => first!.flags.includes(flag)));
    assert.ok(second!.flags.length < first!.flags.length);
    assert.equal(second!.notes.length, first!.notes.length + 1);
    assert.ok(second!.notes.some(note => note.includes(folder)));
  });

  it("belong to the content of the bytes and to the options", async () => {
    const inputs = mixedInputs(2, true);
    await once(mixed(0), inputs);
    assert.equal((await once(mixed(1), inputs)).kept, false);
    assert.equal((await once(mixed(0), inputs, { dims: { n: 2 } })).kept, false);
    assert.equal((await once(mixed(0), inputs, { target: "interpreter" })).kept, false);
    assert.equal((await once(mixed(0), inputs, { passes: list => list })).kept, false);
    assert.equal((await once(mixed(0), inputs, { cache: false })).kept, false);
    assert.equal((await once(mixed(0), inputs)).kept, true);
    assert.equal((await programs()).length, 3);
  });

  it("of the native target need no compiler, and are compiled anew where the library is gone", async t => {
    const problem = await nativeProblem();
    if (problem !== undefined) return t.skip(problem);
    const bytes = mixed(0.25);
    const native: LoadOptions = { target: "native" };
    const first = await once(bytes, mixedInputs(5, true), native);
    assert.equal(first.kept, false);
    assert.equal((await once(bytes, mixedInputs(5, true))).kept, false, "WebAssembly has a program of its own");
    const { PATH } = process.env;
    process.env.PATH = "";
    try {
      for (const threads of [1, 2]) {
        const kept = await once(bytes, mixedInputs(5, true), { ...native, threads });
        assert.deepEqual(kept, { ...first, kept: true });
      }
    } finally {
      process.env.PATH = PATH;
    }
    // "cpu" is native here
    assert.equal((await once(bytes, mixedInputs(5, true), { target: "cpu" })).kept, true);
    for (const name of await readdir(folder)) if (name.endsWith(".so")) await rm(join(folder, name));
    assert.deepEqual(await once(bytes, mixedInputs(5, true), native), first);
    assert.equal((await once(bytes, mixedInputs(5, true), native)).kept, true);
  });

  it("of the native target leave no file where none is to be kept", async t => {
    const problem = await nativeProblem();
    if (problem !== undefined) return t.skip(problem);
    const { kept } = await once(mixed(0.25), mixedInputs(5, true), { target: "native", cache: false });
    assert.equal(kept, false);
    assert.deepEqual(await readdir(folder), []);
  });

  it("of the native target are written from memory that lives until then", async t => {
    const problem = await nativeProblem();
    if (problem !== undefined) return t.skip(problem);
    const model = await load(mixed(0.75), { target: "native", threads: 2 });
    const running = model.run(mixedInputs(3, false));
    await running;
    model.dispose();
    await assert.rejects(model.run(mixedInputs(3, false)), { code: "disposed" });
    await quiet();
    const kept = await once(mixed(0.75), mixedInputs(3, false), { target: "native" });
    assert.equal(kept.kept, true);
    assert.deepEqual(kept.outputs, await running);
  });

  it("go through the same phases and stop at a signal", async () => {
    const bytes = mixed(0);
    await once(bytes, mixedInputs(2, true));
    const phases: Progress["phase"][] = [];
    const model = await load(bytes, { onProgress: p => phases.push(p.phase) });
    model.dispose();
    assert.deepEqual([...new Set(phases)], ["read", "weights"]);
    await assert.rejects(load(bytes, { signal: AbortSignal.abort() }), { code: "aborted" });
  });

  const inputs = (...shape: number[]) => ({
    x: numbers(12, [12]),
    shape: new Tensor("i64", BigInt64Array.from(shape, BigInt), [shape.length]),
  });
  it("serve other contents of inputs where those are symbols, and compile where they are not", async () => {
    const bytes = reshaped(2);
    await once(bytes, inputs(3, 4));
    for (const shape of [
      [2, 6],
      [4, -1],
    ]) {
      const kept = await once(bytes, inputs(...shape));
      const fresh = await once(bytes, inputs(...shape), { cache: false });
      assert.equal(kept.kept, true);
      assert.deepEqual(kept.outputs, fresh.outputs);
    }
  });

  it("that wait for the inputs of a run are kept for each of them", async () => {
    const waiting = reshaped("r");
    const first = await once(waiting, inputs(3, 4));
    assert.equal((await programs()).length, 2);
    const second = await once(waiting, inputs(3, 4));
    assert.equal(second.kept, true);
    assert.deepEqual(second.outputs, first.outputs);
    assert.deepEqual(second.signature, first.signature);
    assert.equal((await programs()).length, 2);
    const other = await once(waiting, inputs(2, 3, 2));
    assert.deepEqual(other.outputs.y!.dims, [2, 3, 2]);
    assert.equal((await programs()).length, 3);
    assert.deepEqual((await once(waiting, inputs(2, 3, 2))).outputs, other.outputs);
  });

  it("are read from files that did not change, and from no others", async () => {
    const path = join(files, "model.onnx");
    const w = join(files, "w.bin");
    const external = (scale: number) => Float32Array.from({ length: 4 }, (_, i) => i * scale);
    const sum = onnxModel({
      inputs: [value("x", f32, [4])],
      outputs: [value("y", f32, [4])],
      initializers: [
        {
          name: "w",
          dataType: f32,
          dims: [4n],
          dataLocation: 1,
          externalData: [{ key: "location", value: "w.bin" }],
        },
      ],
      nodes: [node("Add", ["x", "w"], ["y"])],
    });
    await writeFile(path, sum);
    await writeFile(w, external(1));
    const inputs = { x: new Tensor("f32", new Float32Array(4), [4]) };
    await once(path, inputs);
    assert.deepEqual(await programs(), [], "a file so new may change without a trace");
    const { now } = Date;
    mock.method(Date, "now", () => now() + 3000);
    await once(path, inputs);
    assert.equal((await once(path, inputs)).kept, true);
    await writeFile(w, external(2));
    const changed = await once(path, inputs);
    assert.deepEqual([changed.kept, [...changed.outputs.y!.data]], [false, [0, 2, 4, 6]]);
    await writeFile(path, sum);
    assert.equal((await once(path, inputs)).kept, false);
    mock.restoreAll();
  });

  it("that are damaged count as not there", async () => {
    const bytes = mixed(0.5);
    const good = await once(bytes, mixedInputs(2, true));
    const [path] = await programs();
    const file = await readFile(path!);
    const damages: readonly (readonly [string, Uint8Array])[] = [
      ["empty", new Uint8Array()],
      ["cut off", file.subarray(0, file.length - 1)],
      ["cut in its head", file.subarray(0, 100)],
      ["longer", Buffer.concat([file, Buffer.alloc(64)])],
      ["a changed byte of its head", file.map((b, i) => (i === 200 ? b ^ 1 : b))],
      ["lying lengths", file.map((b, i) => (i >= 16 && i < 24 ? 255 : b))],
    ];
    for (const [damage, content] of damages) {
      await writeFile(path!, content);
      const again = await once(bytes, mixedInputs(2, true));
      assert.equal(again.kept, false, damage);
      assert.deepEqual(again.outputs, good.outputs, damage);
      assert.equal((await once(bytes, mixedInputs(2, true))).kept, true, `${damage}: written anew`);
    }
  });

  it("that several loads of one process write at once are whole", async () => {
    const bytes = mixed(0.25);
    await Promise.all([1, 2, 3, 4].map(() => once(bytes, mixedInputs(2, true))));
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.endsWith(".tmp")),
      [],
    );
    assert.equal((await once(bytes, mixedInputs(2, true))).kept, true);
  });

  it("are told apart even where their files have one name", async () => {
    const [one, other] = [mixed(0.5), mixed(0.75)];
    const wanted = await once(one, mixedInputs(2, true));
    const [path] = await programs();
    await rename(path!, join(files, "one"));
    await once(other, mixedInputs(2, true));
    await rename((await programs())[0]!, path!);
    const again = await once(one, mixedInputs(2, true));
    assert.equal(again.kept, false);
    assert.deepEqual(again.outputs, wanted.outputs);
  });

  it("start no worker where all runs are short", async () => {
    let started = 0;
    const count = (): void => void started++;
    process.on("worker", count);
    try {
      const dims = { dims: { n: 2 } };
      for (const kept of [false, true]) assert.equal((await once(mixed(0), mixedInputs(2, true), dims)).kept, kept);
      assert.equal(started, 0);
      // any number of rows
      await once(mixed(0), mixedInputs(2, true));
      assert.ok(started > 0);
    } finally {
      process.off("worker", count);
    }
  });

  it("are not taken from a folder that others may write to", { skip: process.platform === "win32" }, async () => {
    const bytes = mixed(0);
    await once(bytes, mixedInputs(2, true));
    await chmod(folder, 0o777);
    try {
      const model = await load(bytes);
      const says = `Others may write to "${folder}", so nothing is loaded from it; set AZULEJO_CACHE to a folder of your own, or chmod 700 it`;
      assert.deepEqual(model.report().notes, [says]);
      model.dispose();
    } finally {
      await chmod(folder, 0o700);
    }
    assert.equal((await once(bytes, mixedInputs(2, true))).kept, true);
  });

  it("obey the limit of the folder", async () => {
    process.env.AZULEJO_CACHE_BYTES = "0";
    try {
      await once(mixed(0), mixedInputs(2, true));
      assert.deepEqual(await programs(), []);
    } finally {
      delete process.env.AZULEJO_CACHE_BYTES;
    }
  });
});
