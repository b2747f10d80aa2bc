// Every real model through the whole compiler, up to a valid module, for the kinds of engines that schedules know in turn. Nothing is run:
// models.test.ts does that, and for the large ones in full sweeps only.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concretize } from "../../src/graph/concretize.js";
import type { KernelProgram } from "../../src/graph/program.js";
import { prepareGraph, programOf, readModel, registryFor, whyConcrete } from "../../src/load/prepare.js";
import { validateWasm } from "../../src/runtime/platform.js";
import type { TileProfile } from "../../src/schedule/machine-profile.js";
import { tileLimits } from "../../src/schedule/machine-profile.js";
import { CompiledProgram } from "../../src/targets/cpu/compiled-program.js";
import { KernelLibrary } from "../../src/targets/cpu/kernel-library.js";
import { emitFunctions } from "../../src/targets/wasm/emit.js";
import { engine } from "../../src/targets/wasm/machine-engine.js";
import type { AssembledModule } from "../../src/targets/wasm/module.js";
import { assembleModule } from "../../src/targets/wasm/module.js";
import { isInTurn } from "../rotation.js";
import type { ModelSpec } from "./inventory.js";
import { inputValues, models } from "./inventory.js";

/** of a module, without weights */
const MOST_BYTES = 300_000;

/** As load() and the first run make it. */
async function programFor(model: ModelSpec): Promise<KernelProgram> {
  const { graph, close } = await readModel(model.path!, {});
  const registry = await registryFor(graph, {});
  try {
    const prepared = await prepareGraph(graph, registry, {});
    if (whyConcrete(prepared.graph) === undefined) return programOf(prepared.graph, registry);
    const dims = Object.fromEntries(Object.entries(model.inputs).map(([name, spec]) => [name, spec.dims]));
    const concrete = await concretize(prepared.graph, dims, {
      registry,
      prepare: async g => (await prepareGraph(g, registry, {})).graph,
      contentOf: name => [...inputValues(model.inputs[name]!, 1)],
    });
    return programOf(concrete.graph, registry);
  } finally {
    await close();
  }
}

function compile(program: KernelProgram, tileProfile: TileProfile): AssembledModule["bytes"] {
  // what this engine can validate; on another only single instructions differ
  const features = { relaxedSimd: engine("never").relaxedSimd, tileProfile };
  const library = new KernelLibrary({ code: "wasm", features });
  new CompiledProgram(program, library);
  const funcs = library.codes.flatMap(c => c.lowered.phases.map(p => p.func));
  return assembleModule({ ...emitFunctions(funcs, features), shared: true }).bytes;
}

describe("every real model compiles to a valid module below 300 KB", () => {
  const profiles = Object.keys(tileLimits) as TileProfile[];
  for (const [at, model] of models.entries())
    test(model.name, { skip: model.path ? false : "the model is not installed" }, async () => {
      const program = await programFor(model);
      for (const profile of profiles.filter((_, i) => isInTurn(at + i, profiles.length))) {
        const bytes = compile(program, profile);
        assert.ok(validateWasm(bytes), `${profile}: the module is not valid`);
        assert.ok(bytes.length <= MOST_BYTES, `${profile}: ${bytes.length} bytes`);
      }
    });
});
