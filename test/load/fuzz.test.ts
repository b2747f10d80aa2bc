// Damaged files through the whole road: load and run on WebAssembly. Whatever the bytes, the end is a result or an AzulejoError that
// is not a bug report, and a good model works afterwards. AZULEJO_SWEEP=all tries 1,500 files.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Model } from "../../src/index.js";
import { AzulejoError, load, Tensor } from "../../src/index.js";
import { arrayTypes } from "../../src/ir/arrays.js";
import { mutated } from "../frontends/onnx-mutations.js";
import { seeds } from "../frontends/onnx-seeds.js";

/** names of dims stand for this size */
const OPEN_DIM = 2;
/** a damaged file may ask for inputs that no test should fill */
const MOST_ELEMENTS = 1 << 20;

async function runOnZeros(model: Model): Promise<void> {
  const inputs: Record<string, Tensor> = {};
  for (const { name, dtype, dims = [OPEN_DIM], container } of model.inputs) {
    if (dtype === "string" || container) return;
    const sizes = dims.map(d => (typeof d === "number" ? d : OPEN_DIM));
    const count = sizes.reduce((a, b) => a * b, 1);
    if (count > MOST_ELEMENTS) return;
    inputs[name] = new Tensor(dtype, new arrayTypes[dtype](count), sizes);
  }
  await model.run(inputs);
}

/** "ran" or the code of the error */
async function attempt(bytes: Uint8Array): Promise<string> {
  let model: Model | undefined;
  try {
    model = await load(bytes, { threads: 1 });
    await runOnZeros(model);
    return "ran";
  } catch (error) {
    if (error instanceof AzulejoError && error.code !== "internal") return error.code;
    throw error;
  } finally {
    model?.dispose();
  }
}

const count = process.env.AZULEJO_SWEEP === "all" ? 1500 : 40;

it(`${count} damaged files are refused or run, and a good one runs afterwards`, async () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= count; seed++) {
    const outcome = await attempt(mutated(seed, seeds)).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${cause}`, { cause });
    });
    outcomes.add(outcome);
  }
  for (const outcome of ["ran", "model-format", "graph-invalid"])
    assert.ok(outcomes.has(outcome), `${outcome} in ${[...outcomes]}`);
  for (const seed of seeds) assert.equal(await attempt(seed), "ran");
});
