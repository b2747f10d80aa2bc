// A page's second visit: the model comes from the storage of its origin, with cross-origin isolation and without; a new build starts afresh.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext } from "playwright-core";
import { root } from "../../tools/project.js";
import { browserPath, isolation, serve, startBrowser } from "./site.js";
import { model } from "./small-model.js";
import { patienceMs } from "../patience.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const page = `<!doctype html><script type="module">
  import { load, Tensor } from "/index.js";
  globalThis.visit = async bytes => {
    const model = await load(Uint8Array.from(bytes));
    const x = new Tensor("f32", Float32Array.from({ length: 120 }, (_, i) => Math.cos(i)), [3, 40]);
    const { y } = await model.run({ x });
    return { y: [...y.data], notes: model.report().notes };
  };
  globalThis.kept = async () => {
    const names = (await caches.keys()).filter(name => name.startsWith("azulejo-"));
    const entries = await Promise.all(names.map(async name => (await (await caches.open(name)).keys()).length));
    return { names, entries };
  };
</script>`;

let browser: Browser;
before(async () => {
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

interface Visit {
  readonly y: readonly number[];
  readonly notes: readonly string[];
  readonly names: readonly string[];
}
/** One visit: loads, runs, and stays until something is kept. */
async function visit(context: BrowserContext, address: string): Promise<Visit> {
  const tab = await context.newPage();
  try {
    await tab.goto(address, { waitUntil: "load" });
    await tab.waitForFunction("globalThis.visit !== undefined");
    const seen = (await tab.evaluate(`globalThis.visit([${[...model]}])`)) as Omit<Visit, "names">;
    await tab.waitForFunction("globalThis.kept().then(({ entries }) => entries.join() === '1')");
    return { ...seen, ...((await tab.evaluate("globalThis.kept()")) as Pick<Visit, "names">) };
  } finally {
    await tab.close();
  }
}

test("an address is relative to the page, or to the worker", { skip, timeout: patienceMs }, async () => {
  const files = {
    "/deep/page.html": page,
    "/deep/worker.js": `import { load } from "/index.js";
      const told = load("model.onnx").then(model => model.inputs[0].name, error => error.message);
      onmessage = async () => postMessage(await told);`,
    "/deep/model.onnx": model,
  };
  const site = await serve(join(root, "dist/lib"), {}, files);
  const tab = await browser.newPage();
  try {
    await tab.goto(`${site.address}deep/page.html`);
    const load = (text: string): Promise<unknown> =>
      tab.evaluate(`import("/index.js").then(({ load }) => load(${JSON.stringify(text)}))
        .then(model => model.inputs[0].name, error => error.message.replaceAll(location.origin, ""))`);
    assert.equal(await load("model.onnx"), "x");
    assert.equal(await load("/deep/model.onnx"), "x");
    assert.equal(
      await load("none.onnx"),
      '"/deep/none.onnx" can\'t be fetched: the server answers 404; check the address',
    );
    assert.equal(
      await load("http://[/m.onnx"),
      '"http://[/m.onnx" is no address here; pass an http(s) URL or the bytes',
    );
    const worker = `new Promise(resolve => {
      const worker = new Worker("worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(0);
    })`;
    assert.equal(await tab.evaluate(worker), "x");
  } finally {
    await tab.close();
    await site.close();
  }
});

for (const [kind, headers] of [
  ["an isolated page", isolation],
  ["a page that is not isolated", {}],
] as const)
  test(`${kind} compiles at its first visit only`, { skip, timeout: patienceMs }, async () => {
    const site = await serve(join(root, "dist/lib"), headers, { "/index.html": page });
    const context = await browser.newContext();
    try {
      const first = await visit(context, site.address);
      assert.deepEqual(first.notes, []);
      const old = await context.newPage();
      await old.goto(site.address);
      await old.evaluate("caches.open('azulejo-of-another-build')");
      const second = await visit(context, site.address);
      assert.deepEqual(second.notes, ["compiled before: code and weights come from the storage of this page's origin"]);
      assert.deepEqual(second.y, first.y);
      assert.deepEqual(second.names, first.names, "what another build kept is deleted");
    } finally {
      await context.close();
      await site.close();
    }
  });
