// examples/webgpu as people use it: built by Vite, in headless Chromium. A camera shows a sign, and its text and kernels appear, timed on a software
// adapter; without a GPU the page says so, and reads with WebAssembly when that is chosen.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createCanvas } from "@napi-rs/canvas";
import type { Page } from "playwright-core";
import { build } from "vite";
import { root } from "../../tools/project.js";
import { fullSweep } from "../ops/large-cases.js";
import { browserPath, isolation, type Site, serve, startBrowser } from "./site.js";
import { patienceMs } from "../patience.js";

const skip = browserPath === undefined ? "Chromium is not installed" : false;
const text = "AZULEJO";
let folder: string;
let site: Site;
let sign: Buffer;
before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "azulejo-webgpu-"));
  const page = join(folder, "page");
  await build({
    root: join(root, "examples/webgpu"),
    configFile: join(root, "examples/webgpu/vite.config.ts"),
    logLevel: "silent",
    build: { outDir: page, emptyOutDir: true },
  });
  site = await serve(page, isolation);
  sign = drawnSign();
});
after(async () => {
  await site?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** A small one: software adapters take their time. */
function drawnSign(): Buffer {
  const canvas = createCanvas(224, 64);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fbfaf6";
  context.fillRect(0, 0, 224, 64);
  context.fillStyle = "#1f2430";
  context.font = "bold 40px sans-serif";
  context.fillText(text, 20, 46);
  return canvas.toBuffer("image/jpeg");
}

const state = (page: Page, ...wanted: string[]) =>
  page.waitForFunction(states => states.includes(document.body.dataset.state ?? ""), wanted, { timeout: patienceMs });
const words = (page: Page) => page.locator("#lines .text").allTextContents();

/** Screenshots for people, where they ask for them. */
async function picture(page: Page, name: string): Promise<void> {
  const shots = process.env.AZULEJO_SCREENSHOTS;
  if (shots === undefined) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `webgpu-${name}.png`), fullPage: true });
}

/** In full sweeps on the GPU too: a software adapter takes half a minute for one sign. */
const onGpu = skip === false && !fullSweep ? "a software adapter takes half a minute: in full sweeps" : skip;

async function open(gpu: boolean, theme: "light" | "dark") {
  const film = join(folder, "film.mjpeg");
  await writeFile(film, sign);
  const browser = await startBrowser({ gpu, film });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, colorScheme: theme });
  const problems: string[] = [];
  page.on("console", message => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", error => problems.push(error.message));
  await page.goto(site.address);
  return { browser, page, problems };
}

/** Reads what the camera shows, once at least. */
async function readCamera(page: Page): Promise<void> {
  await page.selectOption("#detail", "320");
  await page.keyboard.press("c");
  await page.locator("#lines .text").first().waitFor({ timeout: patienceMs });
  assert.deepEqual(await words(page), [text]);
  // the arrow keys go along the timeline
  await page.focus("#timeline");
  await page.keyboard.press("Home");
  assert.match((await page.textContent("#selected"))!, /of detection: [\d.]+ m?s from [\d.]+ m?s on/);
  assert.ok((await page.locator("#table tr").count()) > 5);
  assert.ok(await page.evaluate(hasKindsColour), "bars of products have the colour of the legend");
}
/** Is a pixel of the timeline of the colour that the legend gives to convolutions and products? */
function hasKindsColour(): boolean {
  const legend = getComputedStyle(document.querySelector(".legend .products")!, "::before").backgroundColor;
  const timeline = document.querySelector<HTMLCanvasElement>("#timeline")!;
  const { data } = timeline.getContext("2d")!.getImageData(0, 0, timeline.width, timeline.height);
  for (let i = 0; i < data.length; i += 4) if (`rgb(${[...data.slice(i, i + 3)].join(", ")})` === legend) return true;
  return false;
}
/** Whoever thinks again before the camera shows anything has none. */
async function stopStartingCamera(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (let press = 0; press < 2; press++)
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", bubbles: true }));
  });
  assert.equal(await page.textContent("#status"), "The camera is off");
  assert.equal(await page.textContent("#camera"), "Use the camera");
}
async function stopCamera(page: Page): Promise<void> {
  await page.locator("h1").click();
  await page.keyboard.press("c");
  assert.equal(await page.textContent("#camera"), "Use the camera");
  await state(page, "idle");
}

test("the camera's sign is read on the GPU, with every kernel on the timeline", {
  skip: onGpu,
  timeout: patienceMs,
}, async () => {
  const { browser, page, problems } = await open(true, "dark");
  try {
    await readCamera(page);
    const facts = (await page.textContent("#facts"))!;
    assert.match(facts, /Adapter.*swiftshader.*[1-9]\d* runs of \d+ kernels.*ClockGPU timestamps/is);
    await picture(page, "camera");
    await stopCamera(page);
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});

test("without a GPU the page says so, and reads camera and pictures with WebAssembly when that is chosen", {
  skip,
  timeout: patienceMs,
}, async () => {
  const { browser, page, problems } = await open(false, "light");
  try {
    await state(page, "failed");
    assert.match(
      (await page.textContent("#status"))!,
      /^(WebGPU finds no GPU on this device|This browser has no WebGPU)\. WebAssembly reads the same on the processor\.$/,
    );
    await picture(page, "none");
    await page.click("#offer");
    await state(page, "idle");
    await stopStartingCamera(page);
    await readCamera(page);
    assert.match((await page.textContent("#facts"))!, /Runs on\d+ threads? of the processor/);
    await stopCamera(page);
    await page.setInputFiles("#file", { name: "sign.jpg", mimeType: "image/jpeg", buffer: sign });
    await state(page, "done");
    assert.deepEqual(await words(page), [text]);
    await picture(page, "wasm");
    await page.setInputFiles("#file", { name: "sign.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
    await state(page, "failed");
    assert.equal(
      await page.textContent("#status"),
      "This file is not a picture that the browser can show. Try a JPEG, PNG or WebP file.",
    );
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});

test("who changes to WebAssembly while the GPU's models load sees and gets WebAssembly's alone", {
  skip,
  timeout: patienceMs,
}, async () => {
  const { browser, page, problems } = await open(true, "light");
  try {
    await page.evaluate(() => {
      const status = document.querySelector("#status")!;
      const told: string[] = [];
      Object.assign(globalThis, { told });
      new MutationObserver(() => {
        if (status.textContent && told.at(-1) !== status.textContent) told.push(status.textContent);
      }).observe(status, { childList: true });
    });
    await page.locator("#status", { hasText: "Loading the detection model" }).waitFor();
    await page.check("input[value=wasm]");
    await page.setInputFiles("#file", { name: "sign.jpg", mimeType: "image/jpeg", buffer: sign });
    await state(page, "done");
    const told = await page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
    const loads = told
      .slice(told.indexOf("Loading the models …"))
      .filter(text => /^Loading the \w+ model …/.test(text));
    assert.deepEqual(
      loads,
      ["detection", "direction", "recognition"].map(name => `Loading the ${name} model …`),
    );
    assert.match((await page.textContent("#facts"))!, /Runs on\d+ threads? of the processor/);
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});
