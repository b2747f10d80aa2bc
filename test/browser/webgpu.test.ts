// The webgpu target in Chromium, on its software adapter: a model and kernels give what WebAssembly gives.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { root } from "../../tools/project.js";
import type { Site } from "./site.js";
import { browserPath, serve, startBrowser } from "./site.js";
import { model } from "./small-model.js";
import { patienceMs } from "../patience.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const page = `<!doctype html><script type="module">
  import { compileKernel, load, openGpu } from "/index.js";
  import { f32, grid, kernel } from "/tile.js";
  import { attention, linear } from "/kernels.js";
  const wave = dims => ({ dtype: "f32", dims, data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7)) });
  const targets = ["wasm", "webgpu"];
  globalThis.hasAdapter = async () => (await navigator.gpu?.requestAdapter()) != null;
  globalThis.modelOn = async bytes => {
    const all = [];
    for (const target of targets) {
      const model = await load(Uint8Array.from(bytes), { target });
      for (const n of [3, 70]) all.push({ target: model.report().target, y: [...(await model.run({ x: wave([n, 40]) })).y.data] });
      model.dispose();
    }
    return all;
  };
  globalThis.kernelsOn = async () => {
    const all = [];
    for (const target of targets) {
      const { Y } = await linear().run({ X: wave([33, 50]), W: wave([50, 70]), b: wave([70]) }, { target });
      const Length = { dtype: "i32", dims: [2], data: Int32Array.of(9, 4) };
      const { O } = await attention({ causal: true }).run({ Q: wave([2, 3, 7, 8]), K: wave([2, 3, 9, 8]), V: wave([2, 3, 9, 8]), Length }, { target });
      all.push([...Y.data, ...O.data]);
    }
    return all;
  };
  const codeOf = work => work.then(() => "none", error => error.code);
  globalThis.stayingOn = async bytes => {
    const model = await load(Uint8Array.from(bytes), { target: "webgpu" });
    const twice = await compileKernel(kernel({ X: f32("M N"), Y: f32("M N") }, ({ X, Y, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => { Y.at(m, n).set(X.at(m, n).mul(2)); })), { target: "webgpu" });
    const here = await model.run({ x: wave([3, 40]) });
    const { y } = await model.run({ x: wave([3, 40]) }, { outputLocation: "gpu-buffer" });
    const { Y } = await twice.run({ X: y }, { outputLocation: "gpu-buffer" });
    const got = { location: Y.location, up: twice.report().transfers.length, y: [...here.y.data], twice: [...(await Y.download()).data] };
    for (const t of [y, Y]) t.dispose();
    for (const m of [model, twice]) m.dispose();
    return got;
  };
  globalThis.afterLoss = async bytes => {
    const model = await load(Uint8Array.from(bytes), { target: "webgpu" });
    const before = [...(await model.run({ x: wave([3, 40]) })).y.data];
    const { y } = await model.run({ x: wave([3, 40]) }, { outputLocation: "gpu-buffer" });
    const { device } = await openGpu();
    const running = codeOf(model.run({ x: wave([500, 40]) }));
    await Promise.resolve();
    device.destroy();
    await device.lost;
    const codes = [await running, await codeOf(y.download())];
    const after = [...(await model.run({ x: wave([3, 40]) })).y.data];
    return { codes, before, after, other: (await openGpu()).device !== device };
  };
  globalThis.tooLarge = async () => {
    const outer = await compileKernel(kernel({ A: f32("M"), B: f32("N"), Y: f32("M N") }, ({ A, B, Y, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => { Y.at(m, n).set(A.at(m).mul(B.at(n))); })), { target: "webgpu" });
    const ones = n => ({ dtype: "f32", dims: [n], data: new Float32Array(n).fill(1) });
    const { limits } = (await openGpu()).device;
    const side = Math.floor(Math.sqrt(Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) / 4));
    const messages = [];
    for (const n of [2 * side, side])
      messages.push(await outer.run({ A: ones(n), B: ones(n) }).then(() => "there is memory", e => e.code + ": " + e.message));
    return { messages, small: [...(await outer.run({ A: ones(2), B: ones(2) })).Y.data] };
  };
</script>`;

let browser: Browser;
let site: Site;
before(async () => {
  if (skip) return;
  browser = await startBrowser({ gpu: true });
  site = await serve(join(root, "dist/lib"), {}, { "/index.html": page });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function onPage<T>(script: string): Promise<T> {
  const tab = await browser.newPage();
  try {
    await tab.goto(site.address, { waitUntil: "load" });
    await tab.waitForFunction("globalThis.tooLarge !== undefined");
    assert.ok(await tab.evaluate("globalThis.hasAdapter()"), "Chromium has no WebGPU adapter");
    return (await tab.evaluate(script)) as T;
  } finally {
    await tab.close();
  }
}
function close(got: readonly number[], want: readonly number[]): void {
  assert.equal(got.length, want.length);
  for (const [i, w] of want.entries())
    assert.ok(Math.abs(got[i]! - w) <= 1e-5 * (1 + Math.abs(w)), `${i}: ${got[i]}, ${w}`);
}

test("a model on webgpu gives what it gives on wasm, for dims that change", { skip, timeout: patienceMs }, async () => {
  type Run = { readonly target: string; readonly y: readonly number[] };
  const [small, large, gpuSmall, gpuLarge] = await onPage<Run[]>(`globalThis.modelOn([${[...model]}])`);
  assert.deepEqual(
    [small, gpuSmall].map(r => r!.target),
    ["wasm", "webgpu"],
  );
  close(gpuSmall!.y, small!.y);
  close(gpuLarge!.y, large!.y);
});
test("kernels on webgpu give what they give on wasm", { skip, timeout: patienceMs }, async () => {
  const [wasm, gpu] = await onPage<number[][]>("globalThis.kernelsOn()");
  close(gpu!, wasm!);
});
test("tensors stay on the GPU from one model to the next", { skip, timeout: patienceMs }, async () => {
  const { location, up, y, twice } = await onPage<{ location: string; up: number; y: number[]; twice: number[] }>(
    `globalThis.stayingOn([${[...model]}])`,
  );
  assert.deepEqual([location, up], ["gpu-buffer", 0]);
  assert.deepEqual(
    twice,
    y.map(v => 2 * v),
  );
});
test("a lost device is an error of what was under way, and replaced for the next run", {
  skip,
  timeout: patienceMs,
}, async () => {
  const { codes, before, after, other } = await onPage<{
    codes: string[];
    before: number[];
    after: number[];
    other: boolean;
  }>(`globalThis.afterLoss([${[...model]}])`);
  assert.deepEqual([codes, other], [["device-lost", "device-lost"], true]);
  assert.deepEqual(after, before);
});
test("what no buffer holds, and what there is no memory for, is an error with numbers", {
  skip,
  timeout: patienceMs,
}, async context => {
  const { messages, small } = await onPage<{ messages: string[]; small: number[] }>("globalThis.tooLarge()");
  assert.match(messages[0]!, /^memory: "Y" takes \d+ MiB, and this GPU binds at most \d+ MiB as one buffer/);
  // an adapter may have all that it announces
  if (messages[1] === "there is memory") context.diagnostic("this adapter has memory for its largest buffer");
  else assert.match(messages[1]!, /^memory: The GPU has not enough memory: a run with these dims takes \d+ MiB beside/);
  assert.deepEqual(small, [1, 1, 1, 1]);
});
