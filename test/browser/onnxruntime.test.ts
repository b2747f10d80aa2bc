// azulejo/onnxruntime in a page as programs use it there: models and their files by addresses relative to the page.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { root } from "../../tools/project.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";
import { patienceMs } from "../patience.js";
import { browserPath, isolation, serve, startBrowser } from "./site.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
/** y = x + w, whose weights lie in w.bin */
const model = onnxModel({
  inputs: [value("x", elementType.f32, ["n"])],
  outputs: [value("y", elementType.f32, ["n"])],
  initializers: [
    { name: "w", dataType: 1, dims: [1n], dataLocation: 1, externalData: [{ key: "location", value: "w.bin" }] },
  ],
  nodes: [node("Add", ["x", "w"], ["y"])],
});
const page = `<!doctype html><script type="module">
  import * as ort from "/onnxruntime.js";
  globalThis.run = async (source, options) => {
    if (source === "shared") {
      const bytes = new Uint8Array(await (await fetch("models/model.onnx")).arrayBuffer());
      source = new SharedArrayBuffer(bytes.length);
      new Uint8Array(source).set(bytes);
    }
    const session = await ort.InferenceSession.create(source, options);
    const { y } = await session.run({ x: new ort.Tensor("float32", [1, 2]) });
    await session.release();
    return [...y.data];
  };
</script>`;

let browser: Browser;
before(async () => {
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

test("addresses are relative to the page, those of a model's files to the model", {
  skip,
  timeout: patienceMs,
}, async () => {
  const site = await serve(join(root, "dist/lib"), isolation, {
    "/app/index.html": page,
    "/app/models/model.onnx": model,
    "/app/models/w.bin": new Uint8Array(Float32Array.of(10).buffer),
    "/app/other.bin": new Uint8Array(Float32Array.of(20).buffer),
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(`${site.address}app/index.html`);
    await tab.waitForFunction("globalThis.run !== undefined");
    const other = { externalData: [{ path: "w.bin", data: "./other.bin" }] };
    const runs: readonly (readonly [source: string, options: object, want: number])[] = [
      ["models/model.onnx", {}, 10],
      ["./models/model.onnx", {}, 10],
      ["/app/models/model.onnx", {}, 10],
      [`${site.address}app/models/model.onnx`, {}, 10],
      ["models/model.onnx", other, 20],
      ["shared", other, 20],
    ];
    for (const [source, options, w] of runs) {
      const seen = await tab.evaluate(`globalThis.run(${JSON.stringify(source)}, ${JSON.stringify(options)})`);
      assert.deepEqual(seen, [1 + w, 2 + w], source);
    }
    const missing = tab.evaluate('globalThis.run("models/none.onnx").catch(e => e.code + ": " + e.message)');
    assert.match(
      String(await missing),
      /^option: ".*models\/none.onnx" can't be fetched: the server answers 404; check the address$/,
    );
  } finally {
    await site.close();
  }
});
