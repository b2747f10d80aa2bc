// Shaders for devices that are not at hand, with f16 and subgroups: Dawn's null adapter has all features, and refuses what is no valid WGSL. It computes
// nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyFeature, works } from "../../bench/webgpu.js";
import { lowerForGpu, separateMemories } from "../../src/lower/gpu/lower.js";
import { nullGpu } from "./null-gpu.js";

/** what the null adapter has of workgroup memory, and every device */
const limits = { ...everyFeature, workgroupBytes: 16384 };
const features = ["shader-f16", "subgroups"];

const gpu = nullGpu();

test("shaders with f16 and subgroups are valid", { skip: !gpu && "the package webgpu is not installed" }, async () => {
  const adapter = (await gpu!.requestAdapter())!;
  assert.deepEqual(
    features.filter(f => !adapter.features.has(f)),
    [],
  );
  const device = await adapter.requestDevice({ requiredLimits: {}, requiredFeatures: features });
  const enabled = new Set<string>();
  for (const { name, kernel } of works)
    for (const { code } of lowerForGpu(kernel, separateMemories(kernel), limits).dispatches) {
      for (const [, extension] of code.matchAll(/enable (\w+);/g)) enabled.add(extension!);
      device.pushErrorScope("validation");
      const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
      const error = await device.popErrorScope();
      assert.deepEqual([name, messages.map(m => m.message), error], [name, [], null]);
    }
  assert.deepEqual([...enabled].sort(), ["f16", "subgroups"]);
  device.destroy();
});
