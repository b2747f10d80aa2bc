// The webgpu target in Chromium, on its software adapter: a model and kernels give what WebAssembly gives.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { root } from "../../tools/project.js";
import type { Site } from "./site.js";
import { browserPath, serve, startBrowser } from "./site.js";
import { model } from "./small-model.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const page = `<!doctype html><script type="module">
  import { load } from "/index.js";
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
    await tab.waitForFunction("globalThis.kernelsOn !== undefined");
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

test("a model on webgpu gives what it gives on wasm, for dims that change", { skip, timeout: 120_000 }, async () => {
  type Run = { readonly target: string; readonly y: readonly number[] };
  const [small, large, gpuSmall, gpuLarge] = await onPage<Run[]>(`globalThis.modelOn([${[...model]}])`);
  assert.deepEqual(
    [small, gpuSmall].map(r => r!.target),
    ["wasm", "webgpu"],
  );
  close(gpuSmall!.y, small!.y);
  close(gpuLarge!.y, large!.y);
});
test("kernels on webgpu give what they give on wasm", { skip, timeout: 120_000 }, async () => {
  const [wasm, gpu] = await onPage<number[][]>("globalThis.kernelsOn()");
  close(gpu!, wasm!);
});
