// ImageDecoder in Chromium: the page decodes what it can, and says what it can't. The library is served as it is packed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { root } from "../../tools/project.js";
import { node, onnxModel, value } from "../frontends/onnx-model.js";
import type { Site } from "./site.js";
import { browserPath, serve, startBrowser } from "./site.js";
import { patienceMs } from "../patience.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const model = onnxModel({
  opset: 20,
  inputs: [value("file", 2, ["bytes"])],
  outputs: [value("image", 2, ["height", "width", 3])],
  nodes: [node("ImageDecoder", ["file"], ["image"])],
});
const pixels = Uint8Array.of(250, 10, 20, 30, 240, 50, 60, 70, 230, 0, 0, 0);
const picture = sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } });

const page = `<!doctype html><script type="module">
  import { load, Tensor } from "/index.js";
  globalThis.decode = async (model, file) => {
    const loaded = await load(Uint8Array.from(model));
    try {
      const { image } = await loaded.run({ file: new Tensor("u8", Uint8Array.from(file), [file.length]) });
      return { dims: image.dims, data: [...image.data] };
    } catch ({ code, message }) {
      return { code, message };
    } finally {
      loaded.dispose();
    }
  };
</script>`;

let browser: Browser;
let site: Site;
before(async () => {
  if (skip) return;
  browser = await startBrowser();
  site = await serve(join(root, "dist/lib"), {}, { "/index.html": page });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function decode(file: Uint8Array): Promise<unknown> {
  const tab = await browser.newPage();
  try {
    await tab.goto(site.address, { waitUntil: "load" });
    await tab.waitForFunction("globalThis.decode !== undefined");
    return await tab.evaluate(`globalThis.decode([${[...model]}], [${[...file]}])`);
  } finally {
    await tab.close();
  }
}

const files: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  PNG: () => picture.clone().png().toBuffer(),
  "WebP without loss": () => picture.clone().webp({ lossless: true }).toBuffer(),
  PNM: async () => Uint8Array.from([...Buffer.from("P6 2 2 255\n"), ...pixels]),
};
for (const [name, file] of Object.entries(files))
  test(`a page decodes ${name}`, { skip, timeout: patienceMs }, async () => {
    assert.deepEqual(await decode(await file()), { dims: [2, 2, 3], data: [...pixels] });
  });
test("a damaged PNG is a matrix without rows and columns", { skip, timeout: patienceMs }, async () => {
  assert.deepEqual(await decode((await files.PNG!()).subarray(0, 30)), { dims: [0, 0, 3], data: [] });
});
test("what the page has no decoder for is named", { skip, timeout: patienceMs }, async () => {
  assert.deepEqual(await decode(await picture.clone().tiff().toBuffer()), {
    code: "operator-unsupported",
    message: "ImageDecoder: nothing here decodes TIFF; give load() an imageDecoder",
  });
});
