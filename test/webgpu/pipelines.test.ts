// What a device keeps of pipelines: no two of one text, and not more than so many. The device is a stand-in that counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispatch } from "../../src/lower/gpu/lowered.js";
import type { GpuDevice } from "../../src/runtime/gpu.js";
import { KEPT_PIPELINES, SharedDevice } from "../../src/targets/webgpu/device.js";

function countingDevice(): { device: GpuDevice; count: () => number } {
  let made = 0;
  const device = {
    lost: new Promise(() => {}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({}),
    createComputePipelineAsync: async () => ({ number: made++ }),
  };
  return { device: device as unknown as GpuDevice, count: () => made };
}
const dispatch = (code: string): Dispatch => ({ code, bindings: [{ writes: true }] }) as unknown as Dispatch;

test("a pipeline is made once for each text, and those that were asked for longest ago are forgotten", async () => {
  const { device, count } = countingDevice();
  const shared = new SharedDevice(device, undefined);
  const ask = (n: number) => shared.pipeline(dispatch(`shader ${n}`));
  const first = await ask(0);
  assert.equal(await ask(0), first);
  assert.equal(count(), 1);
  for (let n = 1; n < KEPT_PIPELINES; n++) await ask(n);
  // 0 is asked for again, so that 1 is the oldest
  assert.equal(await ask(0), first);
  await ask(KEPT_PIPELINES);
  assert.equal(count(), KEPT_PIPELINES + 1);
  assert.equal(await ask(0), first);
  await ask(2);
  assert.equal(count(), KEPT_PIPELINES + 1);
  await ask(1);
  assert.equal(count(), KEPT_PIPELINES + 2);
});
