// The operators' own cases in headless Chromium: on an isolated page with two threads, on a plain one with one. One in 24 by default, another one
// each day, and all of them in full sweeps: code is the same, byte for byte, as in Node.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { root } from "../../tools/project.js";
import type { CasesResult } from "../ops/check-cases.js";
import { fullSweep } from "../ops/large-cases.js";
import { rotation } from "../rotation.js";
import { bundle } from "./bundle.js";
import { browserPath, isolation, serve, startBrowser } from "./site.js";
import { patienceMs } from "../patience.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;

const EVERY = fullSweep ? 1 : 24;

let browser: Browser;
let script: string;
before(async () => {
  if (skip) return;
  script = await bundle("test/ops/cases-page.js", { files: true });
  browser = await startBrowser();
});
after(() => browser?.close());

async function casesOn(headers: Readonly<Record<string, string>>, threads: number): Promise<CasesResult> {
  const pages = {
    "/index.html": '<!doctype html><script type="module" src="/cases.js"></script>',
    "/cases.js": script,
  };
  const site = await serve(root, headers, pages);
  const page = await browser.newPage();
  try {
    await page.goto(site.address, { waitUntil: "load" });
    await page.waitForFunction("globalThis.runCases !== undefined");
    return (await page.evaluate(`globalThis.runCases("wasm", ${threads}, ${EVERY}, ${rotation})`)) as CasesResult;
  } finally {
    await page.close();
    await site.close();
  }
}

const waits = fullSweep ? false : "in full sweeps only (npm run test:all)";
for (const [name, headers, threads, waiting] of [
  ["isolated", isolation, 2, false],
  ["plain", {}, 1, waits],
] as const)
  test(`operators agree with their references in Chromium, ${name} page`, {
    skip: skip || waiting,
    timeout: patienceMs,
  }, async t => {
    const { passed, gaps, failures } = await casesOn(headers, threads);
    t.diagnostic(`${passed} passed, ${gaps} known gaps, ${failures.length} failed`);
    assert.deepEqual(failures, []);
  });
