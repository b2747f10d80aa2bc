// Tests that need a GPU adapter: skipped, by name, where there is none.
import { type TestContext, test } from "node:test";
import { Tensor } from "../../src/index.js";
import { gpuState } from "../../src/targets/webgpu/target.js";

export const gpuTest = (name: string, body: (t: TestContext) => Promise<void>): void => {
  test(name, async t => {
    const { problem } = await gpuState();
    return problem ? t.skip(problem) : body(t);
  });
};
export const floats = (...data: number[]): Tensor<"f32"> => new Tensor("f32", Float32Array.from(data), [data.length]);
