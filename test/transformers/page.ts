// Scenarios in a page: the project's transformers.js, bundled for browsers as a user's bundler does it.
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../../tools/project.js";
import { serve, startBrowser } from "../browser/site.js";
import type { Consumer } from "../package/consumer.js";
import type { Result } from "./scenarios.js";

type Results = Readonly<Record<string, Result>>;

const program = (scenarios: string): string => `
  import * as transformers from "@huggingface/transformers";
  import { scenarios } from ${JSON.stringify(scenarios)};
  Object.assign(transformers.env, { localModelPath: "/models/", allowRemoteModels: false, allowLocalModels: true, useBrowserCache: false });
  globalThis.runScenario = name => scenarios[name](transformers);`;

/** Isolated, so that there are threads. The project has written its models already. @throws Error with what a page printed */
export async function resultsInPage(project: Consumer, names: readonly string[]): Promise<Record<string, Results>> {
  const entry = await project.write("page.js", program(join(root, "dist/test/transformers/scenarios.js")));
  await build({
    entryPoints: [entry],
    outfile: join(project.folder, "page-bundle.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
  const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const html = '<!doctype html><script type="module" src="/page-bundle.js"></script>';
  const site = await serve(project.folder, isolation, { "/index.html": html });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", error => errors.push(String(error)));
    await page.goto(site.address, { waitUntil: "load" });
    const ready = page.waitForFunction("globalThis.runScenario !== undefined", undefined, { timeout: 20_000 });
    await ready.catch(() => Promise.reject(new Error(`the page does not start: ${errors.join("; ")}`)));
    const results: Record<string, Results> = {};
    for (const name of names)
      results[name] = (await page.evaluate(`globalThis.runScenario(${JSON.stringify(name)})`)) as Results;
    return results;
  } finally {
    await browser.close();
    await site.close();
  }
}
