// examples/browser as people use it: built by Vite, served under its content security policy, in headless Chromium. A picture is dropped, its
// text is read; with cross-origin isolation on threads, without it on one.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { build } from "vite";
import { root } from "../../tools/project.js";
import { browserPath, serve, startBrowser } from "./site.js";
import { isInTurn, LATER } from "../rotation.js";
import { patienceMs } from "../patience.js";

interface Headers {
  readonly contentSecurityPolicy: string;
  readonly isolation: Readonly<Record<string, string>>;
}

const skip = browserPath === undefined ? "Chromium is not installed" : false;
let folder: string;
let browser: Browser;
let headers: Headers;
/** a picture without text */
let blank: string;
before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "azulejo-browser-"));
  const example = join(root, "examples/browser");
  await build({ root: example, logLevel: "silent", build: { outDir: join(folder, "page"), emptyOutDir: true } });
  headers = await bundledHeaders(example);
  browser = await startBrowser();
  blank = join(folder, "blank.png");
  await sharp({ create: { width: 96, height: 64, channels: 3, background: "white" } }).toFile(blank);
});
after(async () => {
  await browser?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** headers.ts belongs to the example, which the project's own compilation leaves to Vite. */
async function bundledHeaders(example: string): Promise<Headers> {
  const lib = { entry: join(example, "headers.ts"), formats: ["es" as const], fileName: "headers" };
  await build({
    configFile: false,
    logLevel: "silent",
    build: { lib, outDir: join(folder, "headers"), emptyOutDir: true },
  });
  return import(join(folder, "headers/headers.js"));
}

/** Drops a file on the page, as from a file manager. */
async function dropFile(page: Page, path: string, type: string): Promise<void> {
  const content = (await readFile(path)).toString("base64");
  await page.evaluate(
    ([content, type]) => {
      const bytes = Uint8Array.from(atob(content!), character => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], "picture", { type: type! }));
      document
        .querySelector("#drop")!
        .dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [content, type],
  );
}

interface Opened {
  readonly page: Page;
  readonly problems: readonly string[];
}

async function open(address: string, theme: "light" | "dark"): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, colorScheme: theme });
  const problems: string[] = [];
  page.on("console", message => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", error => problems.push(error.message));
  await page.goto(address);
  return { page, problems };
}

/** Waits until the page says that it is done, or why it failed. */
async function finished(page: Page): Promise<string> {
  await page.waitForFunction(() => ["done", "failed"].includes(document.body.dataset.state ?? ""), undefined, {
    timeout: patienceMs,
  });
  return (await page.textContent("#status")) ?? "";
}

/** Screenshots for people, where they ask for them. */
async function picture(page: Page, name: string): Promise<void> {
  const shots = process.env.AZULEJO_SCREENSHOTS;
  if (shots === undefined) return;
  await mkdir(shots, { recursive: true });
  await page.evaluate(async () => {
    await document.fonts.ready;
  });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

/** Notes at the moment when lines appear whether the font for their characters is there: later is too late for Chromium. */
async function watchFonts(page: Page): Promise<() => Promise<string | undefined>> {
  await page.evaluate(() => {
    const list = document.querySelector<HTMLElement>("#lines")!;
    const font = '1rem "Noto Sans SC Variable"';
    new MutationObserver(() => {
      if (list.textContent) document.body.dataset.fonts = String(document.fonts.check(font, list.textContent));
    }).observe(list, { childList: true });
  });
  return () => page.evaluate(() => document.body.dataset.fonts);
}

const variants = [
  { name: "isolated: threads", isolated: true, theme: "light" },
  { name: "not isolated: one thread", isolated: false, theme: "dark" },
] as const;

for (const [at, { name, isolated, theme }] of variants.entries()) {
  test(`what is no picture is refused in a sentence, one without text offers none to copy, a dropped picture is read, ${name}`, {
    skip: skip || (isInTurn(at, variants.length) ? false : LATER),
    timeout: patienceMs,
  }, async () => {
    const policy = { "Content-Security-Policy": headers.contentSecurityPolicy };
    const site = await serve(join(folder, "page"), { ...policy, ...(isolated ? headers.isolation : {}) });
    try {
      const { page, problems } = await open(site.address, theme);
      assert.equal(await page.evaluate(() => crossOriginIsolated), isolated);
      await dropFile(page, join(root, "package.json"), "application/json");
      assert.equal(
        await finished(page),
        "This file is not a picture that the browser can show. Try a JPEG, PNG or WebP file.",
      );
      assert(await page.locator("#result").isHidden());
      await dropFile(page, blank, "image/png");
      await page.waitForFunction(() => document.body.dataset.state !== "failed");
      assert.match(await finished(page), /^No text found in [\d.]+ s$/);
      assert(await page.locator("#copy").isHidden());
      const fontsWereThere = await watchFonts(page);
      await dropFile(page, join(root, "examples/images/tea-house.jpg"), "image/jpeg");
      await page.waitForFunction(() => document.body.dataset.state !== "failed");
      await picture(page, `${theme}-reading`);
      const status = await finished(page);
      await picture(page, theme);
      assert.match(status, /^\d+ lines in [\d.]+ s$/);
      assert(await page.locator("#copy").isVisible());
      const lines = await page.locator("#lines .text").allTextContents();
      const boxes = await page.locator("#boxes polygon").count();
      assert.equal(boxes, lines.length);
      for (const wanted of ["MOUNTAIN WIND TEA HOUSE", "Dragon Well green tea", "芝麻汤圆", "Table 27"]) {
        assert(
          lines.some(line => line.includes(wanted)),
          `"${wanted}" is not among ${JSON.stringify(lines)}`,
        );
      }
      assert.equal(await fontsWereThere(), "true");
      const threads = Number(await page.evaluate(() => document.body.dataset.threads));
      assert(isolated ? threads >= 1 : threads === 1, `${threads} threads`);
      assert.deepEqual(problems, []);
    } finally {
      await site.close();
    }
  });
}
