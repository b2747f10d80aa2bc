// Scenarios in a page: the project's transformers.js, bundled for browsers as a user's bundler does it.
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../../tools/project.js";
import { isolation, serve, startBrowser } from "../browser/site.js";
import type { Consumer } from "../package/consumer.js";
import type { Result } from "./scenarios.js";
import { patienceMs } from "../patience.js";

type Results = Readonly<Record<string, Result>>;

const program = (scenarios: string): string => `
  import * as transformers from "@huggingface/transformers";
  import { placesOfOutputs, scenarios } from ${JSON.stringify(scenarios)};
  Object.assign(transformers.env, { localModelPath: "/models/", allowRemoteModels: false, allowLocalModels: true, useBrowserCache: false });
  globalThis.runScenario = (name, device) => scenarios[name](transformers, device);
  globalThis.placesOfOutputs = device => placesOfOutputs(transformers, device);`;

/** Isolated, so that there are threads. The project has written its models already. @throws Error with what a page printed */
export const resultsInPage = (
  project: Consumer,
  names: readonly string[],
  device?: string,
): Promise<Record<string, Results>> =>
  inPage(project, { gpu: device === "webgpu" }, async evaluate => {
    const results: Record<string, Results> = {};
    const on = device === undefined ? "" : `, ${JSON.stringify(device)}`;
    for (const name of names)
      results[name] = (await evaluate(`globalThis.runScenario(${JSON.stringify(name)}${on})`)) as Results;
    return results;
  });

export const placesInPage = (project: Consumer, device: string): Promise<unknown> =>
  inPage(project, { gpu: true }, evaluate => evaluate(`globalThis.placesOfOutputs(${JSON.stringify(device)})`));

async function inPage<T>(
  project: Consumer,
  options: { readonly gpu: boolean },
  work: (evaluate: (script: string) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const entry = await project.write("page.js", program(join(root, "dist/test/transformers/scenarios.js")));
  await build({
    entryPoints: [entry],
    outfile: join(project.folder, "page-bundle.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
  const html = '<!doctype html><script type="module" src="/page-bundle.js"></script>';
  const site = await serve(project.folder, isolation, { "/index.html": html });
  const browser = await startBrowser(options);
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", error => errors.push(String(error)));
    await page.goto(site.address, { waitUntil: "load" });
    const ready = page.waitForFunction("globalThis.runScenario !== undefined", undefined, { timeout: patienceMs });
    await ready.catch(() => Promise.reject(new Error(`the page does not start: ${errors.join("; ")}`)));
    return await work(script => page.evaluate(script));
  } finally {
    await browser.close();
    await site.close();
  }
}
