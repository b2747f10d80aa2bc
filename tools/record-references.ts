// Records what onnxruntime-node computes for the models of test/models/inventory.ts: a few elements and sums of each output, for the
// test that holds our results against them where onnxruntime is not installed.
//   npm install --ignore-scripts --prefix bench/peers && node dist/tools/record-references.js
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { inputValues, models } from "../test/models/inventory.js";
import type { ModelReference } from "../test/models/references.js";
import { summarize } from "../test/models/references.js";
import { root } from "./project.js";

const require = createRequire(join(root, "bench/peers/package.json"));
const ort = require("onnxruntime-node");
const references: Record<string, ModelReference> = {};
for (const model of models) {
  if (!model.path) throw new Error(`${model.name} is not installed; references are recorded for all models at once`);
  const session = await ort.InferenceSession.create(model.path, { logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    Object.entries(model.inputs).map(([name, spec], i) => {
      const values = inputValues(spec, i + 1);
      return [
        name,
        spec.value === undefined
          ? new ort.Tensor("float32", values, spec.dims)
          : new ort.Tensor(
              "int64",
              BigInt64Array.from(values, v => BigInt(v)),
              spec.dims,
            ),
      ];
    }),
  );
  const outputs = await session.run(feeds);
  references[model.name] = Object.fromEntries(
    session.outputNames.map((name: string) => [name, summarize(outputs[name].dims, outputs[name].data)]),
  );
  console.log(model.name);
}
writeFileSync(join(root, "test/models/references.json"), `${JSON.stringify(references, null, 1)}\n`);
