// WebGPU as a target: programs become WGSL shaders over storage buffers. In browsers, and in Node with the package webgpu.
import { ownerOf } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import type { Dispatch } from "../../lower/gpu/lowered.js";
import { now, throwIfAborted } from "../../runtime/platform.js";
import type { Target } from "../../runtime/target.js";
import { type Pipeline, sharedDevice } from "./device.js";
import { checked, GpuExecutable, upload } from "./executable.js";
import { usage } from "./gpu.js";
import { gpuProgram, kernelsOf } from "./steps.js";

export { gpuState } from "./device.js";

export interface WebGpuOptions {
  /** what becomes of kernels that WGSL has no means for; absent: "error" */
  readonly onUnsupported?: "error" | "host" | undefined;
  /** do workgroups share tiles of contractions? absent: yes; tests on software adapters, which compile barriers slowly, may do without */
  readonly tiles?: boolean;
}

export const webgpuTarget = ({ onUnsupported = "error", tiles = true }: WebGpuOptions = {}): Target => ({
  name: "webgpu",
  async compile(program, { onProgress, signal }) {
    const shared = await sharedDevice();
    const start = now();
    const gpu = gpuProgram(program, { storageBuffers: shared.storageBuffers, onUnsupported, tiles });
    const lowered = now();
    const { device } = shared;
    return await checked(shared, async () => {
      const dispatches = kernelsOf(gpu.steps).flatMap(s => (s.kind === "kernel" ? s.dispatches : []));
      const pipelines = new Map<Dispatch, Pipeline>();
      let done = 0;
      await Promise.all(
        dispatches.map(async d => {
          pipelines.set(d, await shared.pipeline(d));
          onProgress?.({ phase: "compile", fraction: ++done / dispatches.length });
        }),
      );
      throwIfAborted(signal, `loading "${program.name}"`);
      const compiled = now();
      const { constants, bytes } = await upload(shared, constantsOf(program), fraction =>
        onProgress?.({ phase: "weights", fraction }),
      );
      const failure = device.createBuffer({ size: 4, usage: usage.storage | usage.copySource | usage.copyTarget });
      const timesMs = { lower: lowered - start, engine: compiled - lowered, weights: now() - compiled };
      return new GpuExecutable(program, shared, gpu, { constants, failure, pipelines }, bytes, timesMs);
    });
  },
});

function constantsOf(program: KernelProgram): readonly Buffer[] {
  const all = new Set<Buffer>();
  const add = (b: Buffer): void => {
    if (ownerOf(b).constant) all.add(ownerOf(b));
  };
  const walk = (steps: readonly Step[]): void => {
    for (const s of steps)
      if (s.kind === "kernel") Object.values(s.buffers).forEach(add);
      else {
        add(s.condition);
        walk(s.kind === "loop" ? s.body : [...s.then, ...s.else]);
      }
  };
  program.outputs.forEach(add);
  walk(program.steps);
  return [...all];
}
