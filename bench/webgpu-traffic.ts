// How many bytes the shaders of a model load and store, counted from their text for the dims of a run. Nothing is run.

import { bindDims } from "../src/graph/program-dims.js";
import type { Sym } from "../src/ir/poly.js";
import { prepareGraph, programOf, readGraph, registryFor } from "../src/load/prepare.js";
import { openModel } from "../src/load/source.js";
import { countShader } from "../src/lower/gpu/count.js";
import { limitsShown } from "../src/targets/webgpu/explain.js";
import { gpuProgram, kernelsOf } from "../src/targets/webgpu/steps.js";

export interface Traffic {
  /** what all invocations ask of global memory and its caches together */
  readonly loadBytes: number;
  readonly storeBytes: number;
  readonly dispatches: number;
}

/** For the adapter that Node has here, else for one with the limits that all have; with tiles. */
export async function trafficOf(path: string, dims: Readonly<Record<string, readonly number[]>>): Promise<Traffic> {
  const opened = await openModel(path, {});
  try {
    const read = await readGraph(opened, {});
    const registry = await registryFor(read, {});
    const program = programOf((await prepareGraph(read, registry, {})).graph, registry);
    const values = bindDims(program, name => dims[name]);
    const { limits } = await limitsShown();
    const { steps } = gpuProgram(program, {
      limits,
      onUnsupported: "error",
    });
    const total = { loadBytes: 0, storeBytes: 0, dispatches: 0 };
    for (const s of kernelsOf(steps)) {
      if (s.kind === "host") continue;
      const own = new Map<Sym, number>(values);
      for (const [sym, p] of s.step.symbols)
        own.set(
          sym,
          p.evaluate(v => values.get(v) ?? Number.NaN),
        );
      for (const d of s.dispatches) {
        const sizes = d.parameters.map(p => (p.kind === "size" ? p.value.evaluate(v => own.get(v) ?? Number.NaN) : 0));
        const counts = countShader(d.code, sizes);
        const invocations = d.invocations.evaluate(v => own.get(v) ?? Number.NaN);
        total.loadBytes += invocations * counts.globalLoadBytes;
        total.storeBytes += invocations * counts.globalStoreBytes;
        total.dispatches++;
      }
    }
    return total;
  } finally {
    await opened.close();
  }
}
