// Records what transformers.js gives over onnxruntime-node for the scenarios of test/transformers, for the test that runs them over
// Azulejo: `node dist/tools/record-transformers.js`. Installs both from the registry into a temporary project.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTransformersProject, outcomesIn } from "../test/transformers/project.js";
import { root } from "./project.js";

const project = await makeTransformersProject("onnxruntime");
if (project === undefined) throw new Error("the npm registry can't be reached");
const outcomes = await outcomesIn(project);
await project.remove();
for (const { name, error } of outcomes) if (error !== undefined) throw new Error(`${name}: ${error}`);
const references = Object.fromEntries(outcomes.map(({ name, results }) => [name, results]));
writeFileSync(join(root, "test/transformers/references.json"), `${JSON.stringify(references, null, 1)}\n`);
