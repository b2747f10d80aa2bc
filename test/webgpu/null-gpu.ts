// Dawn's null adapter, which is everywhere: it has all features, refuses what is no valid WGSL, and computes nothing.
import { createRequire } from "node:module";
import type { Gpu } from "../../src/runtime/gpu.js";

/** undefined where the package webgpu is not installed */
export function nullGpu(...switches: readonly string[]): Gpu | undefined {
  try {
    const { create } = createRequire(import.meta.url)("webgpu") as { create(options: readonly string[]): Gpu };
    return create(["backend=null", ...switches]);
  } catch {
    return undefined;
  }
}
