// The machine in Chromium: on a page with shared memory, on one without, and under a strict Content-Security-Policy.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";
import { WORKER_SOURCE } from "../../src/targets/wasm/worker-source.js";
import type { Page } from "./page.js";
import { patienceMs } from "../patience.js";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = existsSync(executablePath) ? false : `no Chromium at ${executablePath}; name one in CHROMIUM`;
/** keeps a browser in a closed network from looking for its maker's servers */
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"];

const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const STRICT = {
  "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};
const NO_WASM = { "content-security-policy": "default-src 'self'; worker-src blob:" };
const PAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/isolated.html": ISOLATED,
  "/plain.html": {},
  "/strict.html": { ...ISOLATED, ...STRICT },
  "/no-wasm.html": { ...ISOLATED, ...NO_WASM },
};

/** the build output, where this file runs */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const server = http.createServer(async (request, response) => {
  const headers = PAGES[request.url!];
  if (headers) {
    return response.writeHead(200, { ...headers, "content-type": "text/html" }).end("<!doctype html>");
  }
  // a worker of an isolated page must itself ask for isolation
  const script = { "content-type": "text/javascript", ...ISOLATED };
  if (request.url === "/worker.js") return response.writeHead(200, script).end(WORKER_SOURCE);
  const file = path.join(root, path.normalize(request.url!));
  await readFile(file).then(
    bytes => response.writeHead(200, script).end(bytes),
    () => response.writeHead(404).end(),
  );
});

let browser: Browser | undefined;
before(async () => {
  if (skip) return;
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({ executablePath, args });
});
after(async () => {
  await browser?.close();
  server.close();
});

async function onPage<T>(name: keyof typeof PAGES, body: (page: Page) => Promise<T> | T): Promise<T> {
  const tab = await browser!.newPage();
  try {
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${name}`);
    await tab.evaluate('import("/test/machine/page.js").then(() => {})');
    return (await tab.evaluate(`(${body})(globalThis.page)`)) as T;
  } finally {
    await tab.close();
  }
}

const RESULT = {
  wrong: 0,
  trap: 'bounds: Kernel "gather" stopped at an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours',
  abort: "aborted: The run was aborted by the caller's signal",
  disposed: "disposed: The model was disposed",
};
const NO_BLOB =
  /^target: A worker could not start: .*; a page's Content-Security-Policy must allow "worker-src blob:", or pass \{ workerUrl \}$/;

test("Chromium, isolated page: shared memory, 1, 2 and 4 threads", { skip, timeout: patienceMs }, async () => {
  assert.equal(await onPage("/isolated.html", page => page.canShareMemory()), true);
  const results = await onPage("/isolated.html", async page => [
    await page.exercise("shared 1"),
    await page.exercise("shared 2"),
    await page.exercise("shared 4"),
  ]);
  assert.deepEqual(
    results,
    [1, 2, 4].map(threads => ({ threads, shared: true, ...RESULT })),
  );
});

test("Chromium, page without isolation: one worker with its own memory", { skip, timeout: patienceMs }, async () => {
  assert.equal(await onPage("/plain.html", page => page.canShareMemory()), false);
  const result = await onPage("/plain.html", page => page.exercise("worker"));
  assert.deepEqual(result, { threads: 1, shared: false, ...RESULT });
});

test("Chromium, strict Content-Security-Policy: the Blob worker is refused with advice, a worker from a URL works", {
  skip,
}, async () => {
  assert.match(await onPage("/strict.html", page => page.failureOf("shared 2")), NO_BLOB);
  assert.match(await onPage("/strict.html", page => page.failureOf("worker")), NO_BLOB);
  const result = await onPage("/strict.html", page => page.exercise("shared 2", "/worker.js"));
  assert.deepEqual(result, { threads: 2, shared: true, ...RESULT });
});

test("Chromium, a Content-Security-Policy without WebAssembly says what is missing", {
  skip,
  timeout: patienceMs,
}, async () => {
  assert.equal(
    await onPage("/no-wasm.html", page => page.failureOf("shared 2")),
    "target: The page's Content-Security-Policy refuses to compile WebAssembly; it must allow \"script-src 'wasm-unsafe-eval'\"",
  );
});
