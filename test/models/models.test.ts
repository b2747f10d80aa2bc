// Real models, compiled, against what onnxruntime-node 1.30 computes for the same inputs (references.json, recorded by
// tools/record-references.ts). Large ones wait for `npm run test:all`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, type Tensor } from "azulejo";
import { checkOutput } from "./check-output.js";
import type { ModelSpec } from "./inventory.js";
import { feeds } from "./feeds.js";
import { models } from "./inventory.js";
import { keptReferences } from "./kept-references.js";
import { summarize } from "./references.js";

const references = keptReferences();
const everything = process.env.AZULEJO_SWEEP === "all";
/** in every run: seconds together; the others take minutes */
const quick = ["MNIST", "SqueezeNet 1.1", "PP-OCR rec", "PP-OCR cls", "Silero", "openWakeWord", "BlazeFace 128"];
const isQuick = (m: ModelSpec): boolean => quick.some(name => m.name.startsWith(name));

for (const model of models) {
  const skip = model.path
    ? everything || isQuick(model)
      ? false
      : "runs in npm run test:all"
    : "the model is not installed";
  test(`${model.name} gives onnxruntime-node's results, the same with 1 and 2 threads and in every run`, {
    skip,
  }, async () => {
    const results: Tensor[][] = [];
    for (const threads of [1, 2]) {
      const loaded = await load(model.path!, { threads });
      try {
        for (let run = 0; run < 2; run++) {
          const outputs = await loaded.run(feeds(model));
          for (const [name, { dims, data }] of Object.entries(outputs)) {
            const have = summarize(dims, data as Float32Array);
            checkOutput(have, references[model.name]![name]!, name, model.relative);
          }
          results.push(Object.values(outputs));
        }
      } finally {
        loaded.dispose();
      }
    }
    for (const other of results.slice(1))
      other.forEach((t, i) =>
        assert.deepEqual(t.data, results[0]![i]!.data, "bits differ between runs or numbers of threads"),
      );
  });
}
