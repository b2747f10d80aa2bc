// A project with transformers.js in it, over our packages or over onnxruntime-node, and the scenarios run there.
import { join } from "node:path";
import { root } from "../../tools/project.js";
import type { Consumer, ProjectSpec } from "../package/consumer.js";
import { makeConsumer } from "../package/consumer.js";
import type { ScenarioOutcome } from "./run-scenarios.js";

const transformers = { "@huggingface/transformers": "4.3.1" };
const peers = ["onnxruntime-common", "onnxruntime-node", "onnxruntime-web"] as const;

/** As docs/onnxruntime.md says, with tarballs for what comes from the registry there. */
const overridden: ProjectSpec = {
  packages: [".", ...peers.map(name => `packages/${name}`)],
  manifest: tarballs => ({
    dependencies: { azulejo: tarballs["."], ...transformers },
    overrides: Object.fromEntries(peers.map(name => [name, tarballs[`packages/${name}`]])),
  }),
};
const original: ProjectSpec = { packages: [], manifest: () => ({ dependencies: transformers }) };

/** undefined: the registry can't be reached */
export const makeTransformersProject = (runtime: "azulejo" | "onnxruntime"): Promise<Consumer | undefined> =>
  makeConsumer(runtime === "azulejo" ? overridden : original);

export async function outcomesIn(project: Consumer): Promise<ScenarioOutcome[]> {
  const program = join(root, "dist/test/transformers/run-scenarios.js");
  await project.write(
    "run-scenarios.mjs",
    `import * as transformers from "@huggingface/transformers";
     import { runScenarios } from ${JSON.stringify(program)};
     console.log(JSON.stringify(await runScenarios(transformers, ${JSON.stringify(join(project.folder, "models"))})));`,
  );
  const { status, stdout, stderr } = await project.node("run-scenarios.mjs");
  if (status !== 0) throw new Error(`the program of scenarios failed: ${stderr}`);
  return JSON.parse(stdout);
}
