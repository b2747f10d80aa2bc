// The scenarios one after another, over models in a folder that it writes. The caller's project has transformers.js; this one has not.
import { countCompilations } from "../compilations.js";
import { writeModelFolders } from "./model-folders.js";
import type { Result, Transformers } from "./scenarios.js";
import { scenarios } from "./scenarios.js";

export interface ScenarioOutcome {
  readonly name: string;
  readonly results?: Readonly<Record<string, Result>>;
  /** message of what was thrown */
  readonly error?: string;
  /** WebAssembly modules that Azulejo compiled meanwhile */
  readonly compiled: number;
  readonly timeMs: number;
}

export async function runScenarios(transformers: Transformers, folder: string): Promise<ScenarioOutcome[]> {
  writeModelFolders(folder);
  transformers.env.localModelPath = folder;
  transformers.env.allowRemoteModels = false;
  const outcomes: ScenarioOutcome[] = [];
  const compiled = countCompilations();
  for (const [name, scenario] of Object.entries(scenarios)) {
    const before = compiled();
    const start = performance.now();
    const done = await scenario(transformers).then(
      results => ({ results }),
      error => ({ error: String(error) }),
    );
    outcomes.push({ name, ...done, compiled: compiled() - before, timeMs: performance.now() - start });
  }
  return outcomes;
}
