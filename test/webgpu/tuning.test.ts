// Tuning for a GPU: what there is to choose, that it is timed and kept, and that later compilations take it. Which choice is best is no
// question to an adapter of software.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { everyFeature } from "../../bench/webgpu.js";
import { compileKernel } from "../../src/index.js";
import { gpuSpace } from "../../src/lower/gpu/space.js";
import type { KnowledgeRecord } from "../../src/schedule/knowledge.js";
import { tuneKernel } from "../../src/tune/index.js";
import { splitProduct } from "../kernels/merging.js";
import { attention, layerNorm, linear } from "../kernels/stage1.js";
import { gpuTest } from "./gpu-test.js";

const folder = mkdtempSync(join(tmpdir(), "azulejo-gpu-tuning-"));
after(() => rmSync(folder, { recursive: true }));

test("what there is to choose: all that give other shaders, what is derived first", () => {
  const all = [linear(), attention(), layerNorm(), splitProduct()].map(k => gpuSpace(k.ir, everyFeature));
  assert.deepEqual(all, [
    [{}, { tile: 32 }],
    [{}, { keys: 32 }],
    [{}, { rowWorkgroup: 64 }],
    [{}, { whole: true }],
  ]);
});

gpuTest("a kernel is tuned once, and what was found decides how it is compiled", async () => {
  const knowledge = join(folder, "gpu.jsonl");
  const dims = { M: 3, N: 5, K: 300 };
  const options = { target: "webgpu", budgetMs: 5000, knowledge } as const;
  const { target, processor, kernels } = await tuneKernel(splitProduct(), [dims], options);
  assert.equal(target, "webgpu");
  const [first] = kernels;
  assert.deepEqual([first!.space, first!.tried], [2, 2]);
  assert.ok(first!.derivedMs > 0 && first!.foundMs > 0);
  assert.equal((await tuneKernel(splitProduct(), [dims], options)).kernels[0]!.ended, "known");

  const record = JSON.parse(readFileSync(knowledge, "utf8")) as KnowledgeRecord;
  assert.deepEqual([record.target, record.processor], ["webgpu", processor]);
  const dispatches = async (schedule: KnowledgeRecord["schedule"]): Promise<unknown> => {
    const tuning = [{ ...record, schedule }];
    const model = await compileKernel(splitProduct().ir, { target: "webgpu", dims, tuning });
    const [kernel] = model.report().kernels;
    model.dispose();
    return [kernel!.schedule.split(",")[0], kernel!.tuned];
  };
  assert.deepEqual(await dispatches({ gpu: { whole: true } }), ["1 dispatch", true]);
  assert.deepEqual(await dispatches({}), ["2 dispatches", undefined]);
});
