// Operators on WebGPU in Chromium, on its software adapter: their own cases and those of the outside suites. Some by default, all of them in
// full sweeps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { root } from "../../tools/project.js";
import { dataPath } from "../data.js";
import type { CasesResult } from "../ops/check-cases.js";
import { fullSweep } from "../ops/large-cases.js";
import { rotation } from "../rotation.js";
import type { SuiteResult } from "../ops/run-suite.js";
import { absent } from "../ops/run-suite.js";
import { suiteNames } from "../ops/suite.js";
import { archive, bundle } from "./bundle.js";
import { browserPath, serve, startBrowser } from "./site.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const timeout = 1_800_000;
/** one in so many by default, others the next day */
const EVERY = fullSweep ? 1 : 96;

let browser: Browser;
let script: string;
before(async () => {
  if (skip) return;
  script = await bundle("test/ops/cases-page.js", { files: true });
  browser = await startBrowser({ gpu: true });
});
after(() => browser?.close());

async function onPage<T>(call: string, files: Readonly<Record<string, Uint8Array>> = {}): Promise<T> {
  const pages = {
    "/index.html": '<!doctype html><script type="module" src="/cases.js"></script>',
    "/cases.js": script,
    ...files,
  };
  const site = await serve(root, {}, pages);
  const page = await browser.newPage();
  page.setDefaultTimeout(timeout);
  try {
    await page.goto(site.address, { waitUntil: "load" });
    await page.waitForFunction("globalThis.runCases !== undefined");
    return (await page.evaluate(`globalThis.${call}`)) as T;
  } finally {
    await page.close();
    await site.close();
  }
}

test("operators on webgpu agree with their references in Chromium", { skip, timeout }, async t => {
  const { passed, gaps, failures } = await onPage<CasesResult>(`runCases("webgpu", 1, ${EVERY}, ${rotation})`);
  t.diagnostic(`${passed} passed, ${gaps} known gaps, ${failures.length} failed`);
  assert.deepEqual(failures, []);
});

for (const name of suiteNames) {
  const folder = name === "ort-web-ops" ? name : `onnx-backend/${name}`;
  const path = dataPath(folder);
  // the suites are 70 MB: a sample in Node does by default
  const why = skip || (path === undefined && absent(name)) || (!fullSweep && "in full sweeps only (npm run test:all)");
  test(`webgpu gives what the suite "${name}" expects in Chromium`, { skip: why, timeout }, async t => {
    const files = { "/suite": archive(path!, folder) };
    const result = await onPage<SuiteResult>(`runSuiteOn("webgpu", "${name}", "/suite", ${EVERY})`, files);
    t.diagnostic(`${result.passed} passed, ${result.gaps} known gaps, ${result.failures.length} failed`);
    assert.deepEqual(result.failures, []);
  });
}
