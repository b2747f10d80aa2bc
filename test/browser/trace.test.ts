// The page of `azulejo explain --html` in headless Chromium: it opens without a complaint, keys and filter work, and colours follow the theme.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { explainHtml } from "../../src/index.js";
import { browserPath, serve, startBrowser } from "./site.js";
import { model } from "./small-model.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
let browser: Browser;
let page: Page;
let close: () => Promise<void>;
const complaints: string[] = [];
before(async () => {
  if (skip) return;
  const site = await serve(".", {}, { "/index.html": await explainHtml(model, { dims: { n: 3 } }) });
  close = site.close;
  browser = await startBrowser();
  page = await browser.newPage({ colorScheme: "dark" });
  page.on("console", message => complaints.push(message.text()));
  page.on("pageerror", error => complaints.push(error.message));
  page.on("request", request => {
    if (request.url() !== site.address && !request.url().endsWith("favicon.ico"))
      complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(site.address, { waitUntil: "load" });
});
after(async () => {
  await browser?.close();
  await close?.();
});

const background = (): Promise<string> => page.evaluate("getComputedStyle(document.body).backgroundColor");
const openKernels = (): Promise<number> => page.locator("details.kernel[open]").count();

test("it shows graph, kernels and memory, folded", { skip }, async () => {
  assert.deepEqual(
    (await page.locator("h2").allTextContents()).map(t => t.split(" ")[0]),
    ["Graph", "Kernels", "Memory"],
  );
  assert.equal(await openKernels(), 0);
  assert.ok((await page.locator("details.kernel").count()) >= 2);
  assert.ok((await page.locator("svg.memory rect").count()) >= 3);
  await page.locator("details.pass > summary", { hasText: "infer" }).first().click();
  assert.match(await page.locator("details.pass[open] .line.changed").first().innerText(), /f32\[3, 24\]/);
});
test("keys go through kernels, open them, and open all", { skip }, async () => {
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("details.kernel[open] > summary .number").innerText(), "2");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  assert.equal(await openKernels(), 2);
  await page.keyboard.press("x");
  assert.equal(await openKernels(), 0);
  await page.keyboard.press("x");
  assert.equal(await openKernels(), await page.locator("details.kernel").count());
  assert.ok((await page.locator("details.kernel .t-word").count()) > 0, "opened code has colours");
});
test("the filter leaves the kernels that have a name", { skip }, async () => {
  await page.keyboard.press("/");
  await page.keyboard.type("softmax");
  assert.match((await page.locator("details.kernel:visible .name").allTextContents()).join(), /^Softmax\w*$/i);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("details.kernel:visible").count(), await page.locator("details.kernel").count());
});
test("a link opens its kernel", { skip }, async () => {
  await page.evaluate("for (const d of document.querySelectorAll('details')) d.open = false");
  await page.locator('.kernels a[href="#kernel-2"]').click();
  await page.locator("#kernel-2[open]").waitFor();
});
test("it is dark where the system is, and t changes it", { skip }, async () => {
  assert.equal(await background(), "rgb(17, 21, 28)");
  await page.keyboard.press("t");
  assert.equal(await background(), "rgb(251, 250, 246)");
});
test("nothing complained, and nothing was fetched", { skip }, () => {
  assert.deepEqual(complaints, []);
});
