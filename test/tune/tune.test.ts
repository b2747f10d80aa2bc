// Tuning from end to end: what is found is kept, used by later compilations, and not measured again.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kernel } from "../../src/author/index.js";
import { explain } from "../../src/load/explain.js";
import { compileOptionsOf } from "../../src/load/compile-options.js";
import { processor, tuningFor } from "../../src/load/knowledge-files.js";
import { load } from "../../src/load/load.js";
import { rooflineMs, Roofs } from "../../src/load/measure/roofs.js";
import { machineModelOf } from "../../src/load/machine-model.js";
import { tuningIdentity } from "../../src/load/tuning.js";
import { featuresText, Knowledge, type KnowledgeRecord, parseKnowledge } from "../../src/schedule/knowledge.js";
import { dot, f32, grid } from "../../src/tile/index.js";
import { root } from "../../tools/project.js";
import { type TunedKernel, tuneKernel, tuneKernels, tuneModel, type TuneReport } from "../../src/tune/index.js";
import type { AzulejoError } from "../../src/support/errors.js";
import { subjectOfKernel } from "../../src/tune/subjects.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-tune-"));
});
after(() => rm(folder, { recursive: true }));

const product = kernel({ X: f32("M K"), W: f32("K N"), Y: f32("M N") }, ({ X, W, Y, M, N, K }) =>
  grid(M.tile(), N.tile(), (m, n) => {
    const k = K.all();
    Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k));
  }),
);
/** the same structure in other words */
const renamed = kernel({ Left: f32("R I"), Right: f32("I C"), Out: f32("R C") }, ({ Left, Right, Out, R, C, I }) =>
  grid(R.tile(), C.tile(), (row, column) => {
    const inner = I.all();
    Out.at(row, column).set(dot(Left.at(row, inner), Right.at(inner, column), inner));
  }),
);
const dims = { M: 48, N: 64, K: 32 };
const once = { threads: 1, budgetMs: 20_000 };
/** Where a machine has no quiet moment, the tuner says so and writes nothing: it is asked again. */
async function settled(tune: () => Promise<TuneReport>): Promise<TuneReport> {
  let report = await tune();
  for (let again = 0; again < 9 && report.kernels.some(k => k.ended === "noisy"); again++) report = await tune();
  return report;
}

const record = (over: Partial<KnowledgeRecord>): KnowledgeRecord => ({
  structure: "s",
  kernel: "k",
  sizes: [64, 64, 64],
  target: "wasm",
  processor: "P",
  features: "4 lanes",
  threads: 1,
  schedule: {},
  ms: 1,
  derivedMs: 1.2,
  rooflineMs: 0.5,
  tried: 10,
  space: 1000,
  date: "2026-01-01",
  version: "v",
  ...over,
});

test("a kernel is tuned once, and the base answers for the same sizes afterwards", async () => {
  const knowledge = join(folder, "twice.jsonl");
  const first = await settled(() => tuneKernel(product, [dims], { ...once, knowledge }));
  assert.equal(first.kernels.length, 1);
  const [found] = first.kernels;
  assert.ok(found!.tried > 5 && found!.space >= 500 && found!.foundMs <= found!.derivedMs && found!.gain >= 1);
  assert.notEqual(found!.ended, "known");
  const lines = parseKnowledge(await readFile(knowledge, "utf8"), knowledge);
  assert.equal(lines.length, 1);
  const again = await tuneKernel(product, [dims], { ...once, knowledge });
  assert.equal(again.kernels[0]!.ended, "known");
});

const choice = { stage: { Y: { rows: 3, vectors: 1 } } };
/** what a tuner would write if 3 × 1 were best: nothing is timed for it */
async function planted(): Promise<KnowledgeRecord> {
  const { structure, sizes } = subjectOfKernel(product.ir, dims, {});
  const machine = await machineModelOf("wasm", compileOptionsOf({ threads: 1 }));
  const features = featuresText(machine.features, machine.profile);
  const schedule = { stage: { T2: choice.stage.Y } };
  return record({ structure, sizes, processor: processor(), features, ms: 0.5, derivedMs: 1, schedule });
}
const tileOf = async (
  k: { explain: typeof product.explain },
  tuning: false | readonly object[],
  sizes: Record<string, number>,
) => {
  const { schedule } = await k.explain({ dims: sizes, tuning });
  const [stage] = Object.values(schedule!.stage);
  return [Object.values(stage!.rows ?? {})[0]?.[0], stage!.vectors];
};

test("a record decides the schedule of every kernel of its structure, whatever its names, and of near sizes", async () => {
  const list = [{ ...(await planted()), threads: 2 }];
  const derived = await tileOf(product, false, dims);
  assert.notDeepEqual(derived, [3, 1]);
  assert.deepEqual(await tileOf(product, list, dims), [3, 1]);
  assert.deepEqual(await tileOf(renamed, list, { R: 48, C: 64, I: 32 }), [3, 1]);
  assert.deepEqual(await tileOf(product, list, { ...dims, M: 72 }), [3, 1]);
  assert.notDeepEqual(await tileOf(product, list, { ...dims, M: 480 }), [3, 1]);
});

test("runs compute the same with a tuned schedule", async () => {
  const tuning = [await planted()];
  const draw = (...shape: number[]) => ({
    dtype: "f32" as const,
    dims: shape,
    data: Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => ((i * 7) % 11) - 5),
  });
  const tensors = { X: draw(48, 32), W: draw(32, 64) };
  const [plain, tuned] = await Promise.all([false, tuning].map(t => product.run(tensors, { tuning: t, threads: 1 })));
  assert.deepEqual(tuned!.Y.data, plain!.Y.data);
  product.dispose();
});

test("a model takes tuned schedules, its report says so, and what was kept with others is not taken", async () => {
  const bytes = onnxModel({
    inputs: [value("x", elementType.f32, [48, 32]), value("w", elementType.f32, [32, 64])],
    outputs: [value("y", elementType.f32)],
    nodes: [node("MatMul", ["x", "w"], ["y"])],
  });
  const knowledge = join(folder, "model.jsonl");
  const { kernels } = await settled(() => tuneModel(bytes, { ...once, budgetMs: 2000, knowledge }));
  assert.deepEqual(
    kernels.map(k => k.dims),
    [{ d0: 48, d1: 64 }],
  );
  const [line] = parseKnowledge(await readFile(knowledge, "utf8"), knowledge);
  const stage = { T2: { rows: 3, vectors: 1 } };
  await writeFile(knowledge, `${JSON.stringify({ ...line, ms: 0.5, derivedMs: 1, schedule: { stage } })}\n`);
  const model = await load(bytes, { threads: 1, tuning: knowledge });
  const report = model.report();
  model.dispose();
  assert.equal(report.kernels[0]!.tuned, true);
  assert.ok(report.notes.includes("1 of 1 kernels have tuned schedules"));
  assert.match(await explain(bytes, { stage: "loops", threads: 1, tuning: knowledge }), /"vectors":1/);
  const untuned = await load(bytes, { threads: 1, tuning: false });
  assert.equal(untuned.report().kernels[0]!.tuned, undefined);
  untuned.dispose();
  const before = await tuningIdentity({ tuning: knowledge });
  await writeFile(knowledge, "\n");
  assert.notEqual(await tuningIdentity({ tuning: knowledge }), before);
});

test("an interrupted tuning keeps every measurement, and the next one does not repeat them", async () => {
  const knowledge = join(folder, "interrupted.jsonl");
  const stop = new AbortController();
  const kept: TunedKernel[] = [];
  const tuned = tuneKernel(product, [dims, ...[40, 41, 42, 43].map(n => ({ M: n, N: n, K: n }))], {
    ...once,
    knowledge,
    signal: stop.signal,
    onTuned: k => {
      if (k.ended === "noisy") return;
      kept.push(k);
      stop.abort();
    },
  });
  await assert.rejects(tuned, { code: "aborted" });
  assert.equal(parseKnowledge(await readFile(knowledge, "utf8"), knowledge).length, 1);
  const log = (await readFile(join(folder, "interrupted.measurements.jsonl"), "utf8")).trim().split("\n");
  assert.ok(log.length > 5);
  for (const line of log) assert.equal(typeof JSON.parse(line).ms, "number");
  const next = await tuneKernel(product, [kept[0]!.dims], { ...once, knowledge });
  assert.equal(next.kernels[0]!.ended, "known");
});

test("nothing is said to be above the roofline: a kernel that is quicker than both rates is the roof itself", async () => {
  const work = { flops: 2e6, bytes: 1e6 };
  assert.equal(rooflineMs({ peak: 1, copy: 10 }, work), 2);
  assert.equal(rooflineMs({ peak: 1, copy: 10 }, work, 1.5), 1.5);
  assert.equal(rooflineMs({ peak: 1, copy: 10 }, work, 3), 2);
  // as bases have it that were written before
  const knowledge = join(folder, "above.jsonl");
  await writeFile(knowledge, `${JSON.stringify({ ...(await planted()), rooflineMs: 0.7 })}\n`);
  const { kernels } = await tuneKernel(product, [dims], { ...once, knowledge });
  assert.deepEqual([kernels[0]!.ended, kernels[0]!.foundMs, kernels[0]!.rooflineMs], ["known", 0.5, 0.5]);
});

test("the copy beside a kernel has the kernel's own size, and the best of all its moments counts", async () => {
  const roofs = await Roofs.of("wasm", compileOptionsOf({ threads: 1 }));
  try {
    const first = await roofs.measure(800_000);
    const second = await roofs.measure(800_000);
    assert.ok(second.copy >= first.copy && second.peak >= first.peak && first.copy > 0 && first.peak > 0);
  } finally {
    roofs.dispose();
  }
});

test("several kernels share one budget and give one report", async () => {
  const knowledge = join(folder, "several.jsonl");
  const sizes = [61, 62, 63, 64, 65].map(n => ({ M: n, N: n, K: n }));
  // next to nothing: whoever is first uses it up
  const options = { threads: 1, budgetMs: 1, knowledge };
  const report = await tuneKernels(
    [
      { kernel: product, dims: sizes },
      { kernel: renamed, dims: [{ R: 9, C: 8, I: 7 }] },
    ],
    options,
  );
  assert.equal(report.kernels.length + report.unreached, 6);
  assert.ok(report.unreached >= 4);
});

test("a base that can't be written is refused before anything is measured", async () => {
  const knowledge = join(folder, "is-a-folder");
  await mkdir(knowledge);
  const tuned: TunedKernel[] = [];
  const options = { ...once, knowledge, onTuned: (k: TunedKernel) => tuned.push(k) };
  await assert.rejects(tuneKernel(product, [dims], options), (e: AzulejoError) => {
    assert.equal(e.code, "option");
    assert.match(e.message, /^".*is-a-folder" can't be written \(EISDIR.*\); name one with knowledge that can be$/);
    return true;
  });
  assert.deepEqual(tuned, []);
});

test("what is written goes behind the last line, also where that one has no end", async () => {
  const knowledge = join(folder, "open.jsonl");
  const log = join(folder, "open.measurements.jsonl");
  await writeFile(knowledge, JSON.stringify(record({ kernel: "by hand" })));
  await writeFile(log, '{"cut off');
  await settled(() => tuneKernel(product, [dims], { ...once, knowledge }));
  const lines = parseKnowledge(await readFile(knowledge, "utf8"), knowledge);
  assert.deepEqual(
    lines.map(l => l.kernel),
    ["by hand", "kernel"],
  );
  const [first, ...others] = (await readFile(log, "utf8")).trim().split("\n");
  assert.equal(first, '{"cut off');
  for (const line of others) assert.equal(typeof JSON.parse(line).ms, "number");
});

test("an exhaustive search that the budget cuts says so", async () => {
  const knowledge = join(folder, "cut.jsonl");
  const report = await settled(() =>
    tuneKernel(product, [dims], { threads: 1, budgetMs: 50, exhaustive: true, again: true, knowledge }),
  );
  const [found] = report.kernels;
  assert.ok(found!.tried < found!.space);
  assert.equal(found!.ended, "budget");
});

test("--list counts schedules and times none; sizes that are missing are named", async () => {
  const knowledge = join(folder, "listed.jsonl");
  const { kernels } = await tuneKernel(product, [{ M: 256, N: 256, K: 256 }], { ...once, knowledge, list: true });
  assert.deepEqual([kernels[0]!.ended, kernels[0]!.tried], ["listed", 0]);
  assert.ok(kernels[0]!.space >= 500);
  await assert.rejects(tuneKernel(product, [{ M: 4 }], { ...once, knowledge }), {
    code: "option",
    message: 'kernel "kernel" needs the sizes of K, N; give --dims K=…,N=…',
  });
});

test("the nearest record serves: sizes first, then processor and threads; far ones and small gains of others do not", () => {
  const place = { target: "wasm", processor: "P", threads: 1 };
  const records = [
    record({ sizes: [64, 64, 64], version: "exact" }),
    record({ sizes: [64, 64, 96], version: "near" }),
    record({ sizes: [64, 64, 64], processor: "Q", version: "other processor" }),
    record({ sizes: [64, 64, 64], target: "native", version: "other target" }),
    record({ sizes: [8, 8, 8], derivedMs: 1.01, version: "nothing gained" }),
  ];
  const nearest = (sizes: number[], over = {}) =>
    new Knowledge(records).nearest("s", sizes, "4 lanes", { ...place, ...over })?.record.version;
  assert.equal(nearest([64, 64, 64]), "exact");
  assert.equal(nearest([64, 64, 80]), "near");
  assert.equal(nearest([64, 64, 64], { processor: "Q" }), "other processor");
  assert.equal(nearest([640, 64, 64]), undefined);
  assert.equal(nearest([8, 8, 8]), "nothing gained");
  assert.equal(nearest([8, 8, 9]), undefined);
  assert.equal(new Knowledge(records).nearest("other", [64, 64, 64], "4 lanes", place), undefined);
  // of two that are as near the later one: files merge by putting one behind the other
  records.push(record({ version: "newer" }));
  assert.equal(nearest([64, 64, 64]), "newer");
});

test("the base that comes with the package is one, and is found", async () => {
  const text = await readFile(join(root, "knowledge/cpu.jsonl"), "utf8");
  const records = parseKnowledge(text, "knowledge/cpu.jsonl");
  assert.ok(records.length > 0);
  // exact ones of the same place: each serves its own sizes
  const knowledge = new Knowledge(records);
  for (const r of records) {
    const found = knowledge.nearest(r.structure, r.sizes, r.features, r);
    assert.deepEqual([found?.distance, found?.record.sizes], [0, r.sizes]);
  }
  assert.notEqual(await tuningFor(true, "wasm", 1), undefined);
});

const hostile: readonly object[] = [
  { stage: 5 },
  { stage: { T2: null } },
  { stage: { T2: { rows: "4" } } },
  { stage: { T2: { rows: 1e6 } } },
  { stage: { T2: { vectors: 0 } } },
  { stage: { T2: { lane: 1 } } },
  { block: { a0: 0 } },
  { block: { a0: 1e12 } },
  { block: { a0: null } },
  { block: [8] },
  { order: "a0" },
  { order: [null] },
  // code of gigabytes, if it were believed
  { unroll: 1e9 },
  { partials: 1.5 },
  { gpu: { tile: 7 } },
  [],
];
test("choices that no tuner makes are no record, whoever merged them into the base", async () => {
  for (const schedule of hostile)
    assert.throws(() => parseKnowledge(JSON.stringify({ ...record({}), schedule }), "base.jsonl"), { code: "option" });
  // what a later version may say beside
  assert.equal(parseKnowledge(JSON.stringify(record({ schedule: { swizzle: 3 } as object })), "base.jsonl").length, 1);
});
test("a record whose choices do not fit its kernel is named as one", async () => {
  const list = [{ ...(await planted()), schedule: { block: { a2: 8 } } }];
  await assert.rejects(product.explain({ dims, tuning: list }), {
    code: "schedule",
    message:
      'schedule of kernel "kernel": axis "k" is reduced or read across its blocks; leave it whole; this is of a record of the tuner: remove its line, or leave the base out with { tuning: false }',
  });
});

test("a base with a line that is no record is refused, with its number", async () => {
  assert.throws(() => parseKnowledge(`${JSON.stringify(record({}))}\n{"structure":1}\n`, "base.jsonl"), {
    code: "option",
    message: 'line 2 of "base.jsonl" is no record of the tuner; remove it, or tune again into another file',
  });
  await assert.rejects(load(new Uint8Array(), { tuning: [{}] }));
});
