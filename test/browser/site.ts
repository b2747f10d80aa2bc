// What the browser tests need: Chromium, if it is installed, and a server for one folder with chosen headers.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";
import { patienceMs } from "../patience.js";

const places = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of the browser; undefined: it is not installed, and browser tests are skipped by name. */
export const browserPath: string | undefined = places.find(path => path !== undefined && existsSync(path));

/** Headers of a page that may share memory between threads. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * Headless, with nothing that asks the network: machines that run tests often have none. `gpu`: WebGPU on a software adapter. `film`: a
 * file of JPEGs that the camera shows, which pages may use unasked.
 */
export async function startBrowser({ gpu = false, film = undefined as string | undefined } = {}): Promise<Browser> {
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  const browser = await chromium.launch({
    executablePath: browserPath!,
    args: [
      "--no-sandbox",
      "--no-first-run",
      ...(gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : ["--disable-gpu"]),
      ...(film ? ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] : []),
      ...(film ? [`--use-file-for-fake-video-capture=${film}`] : []),
      ...quiet,
    ],
    timeout: patienceMs,
  });
  const [newPage, newContext] = [browser.newPage.bind(browser), browser.newContext.bind(browser)];
  browser.newPage = async options => {
    const page = await newPage(options);
    page.setDefaultTimeout(patienceMs);
    return page;
  };
  browser.newContext = async options => {
    const context = await newContext(options);
    context.setDefaultTimeout(patienceMs);
    return context;
  };
  return browser;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".jpg": "image/jpeg",
  ".woff2": "font/woff2",
};

export interface Site {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves the files of a folder, and pages that a test makes up, with the same headers on every answer. */
export async function serve(
  folder: string,
  headers: Readonly<Record<string, string>>,
  pages: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Site> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const file = path === "/" ? "/index.html" : path;
    const type = types[extname(file)] ?? "application/octet-stream";
    try {
      const content = pages[file] ?? (await readFile(join(folder, normalize(file))));
      response.writeHead(200, { ...headers, "Content-Type": type }).end(content);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    // A secure context, as isolation demands.
    address: `http://localhost:${port}/`,
    close: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  };
}
