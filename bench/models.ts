// Models against onnxruntime-web and onnxruntime-node: fresh processes, ours and the peers' in turn, medians and ratios.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelSpec } from "../test/models/inventory.js";
import { models } from "../test/models/inventory.js";
import { root } from "../tools/project.js";
import { withRandomWeights } from "./random-weights.js";
import type { EngineName } from "./arguments.js";
import type { OneResult } from "./run-one.js";

export interface ModelRow {
  readonly name: string;
  readonly threads: number;
  /** by engine; "first": ours when nothing was kept before */
  readonly results: Readonly<Record<string, OneResult>>;
  /** of a process with Node and idle workers: what is no engine's doing */
  readonly idleRssBytes: number;
}
export interface ModelBenchOptions {
  readonly threads: readonly number[];
  readonly isWanted: (name: string) => boolean;
  /** of steady runs per process */
  readonly milliseconds: number;
  readonly rounds: number;
  readonly engines: readonly EngineName[];
  /** the Node that runs the processes */
  readonly node: string;
  readonly onRow: (row: ModelRow, left: number) => void;
}

export const peersInstalled = (): boolean => existsSync(join(root, "bench/peers/node_modules/onnxruntime-web"));

/** Networks of 8 bits, made of those of floats: by name, the network that each comes from. */
const quantized = models
  .filter(m => m.name === "SqueezeNet 1.1")
  .map(m => ({ ...m, name: `${m.name} int8`, isQuantized: true }));
const benchmarked: readonly (ModelSpec & { readonly isQuantized?: boolean })[] = [...models, ...quantized];

/** Models whose files are on this machine. */
export const modelNames = (): string[] => benchmarked.filter(m => m.path).map(m => m.name);

export function benchModels(options: ModelBenchOptions): ModelRow[] {
  const folder = mkdtempSync(join(tmpdir(), "azulejo-bench-"));
  const chosen = benchmarked.filter(m => m.path && options.isWanted(m.name));
  let left = chosen.length * options.threads.length;
  return options.threads.flatMap(threads => {
    const idleRssBytes = idleRss(threads, options);
    return chosen.map(model => {
      const row = { name: model.name, threads, results: measure(model, threads, folder, options), idleRssBytes };
      options.onRow(row, --left);
      return row;
    });
  });
}

/** the last line that a process of its own prints, as JSON */
function inProcess(node: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): unknown {
  const { status, stdout, stderr } = spawnSync(node, [join(root, "dist/bench/run-one.js"), ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 24,
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${args.slice(0, 2).join(" with ")} failed:\n${stderr.trim()}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}
function idleRss(threads: number, { node }: ModelBenchOptions): number {
  const samples = [0, 1, 2].map(() => (inProcess(node, ["idle", `${threads}`]) as OneResult).maxRssBytes);
  return samples.sort((a, b) => a - b)[1]!;
}

/** A file of our own making beside the others, where the model's own will not do. */
function fileOf(model: ModelSpec & { readonly isQuantized?: boolean }, folder: string): string {
  if (!model.constantWeights && !model.isQuantized) return model.path!;
  const path = join(folder, `${model.name.replace(/\W/g, "_")}.onnx`);
  if (existsSync(path)) return path;
  if (model.isQuantized) {
    const script = join(root, "dist/bench/quantize.js");
    const { status, stderr } = spawnSync(process.execPath, [script, model.path!, path], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${model.name} could not be quantised:\n${stderr.trim()}`);
  } else writeFileSync(path, withRandomWeights(readFileSync(model.path!)));
  // a file that is younger is not kept for
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  return path;
}

function measure(
  model: ModelSpec,
  threads: number,
  folder: string,
  options: ModelBenchOptions,
): Record<string, OneResult> {
  const path = fileOf(model, folder);
  const kept = join(folder, "kept");
  const run = (engine: EngineName, limit: Readonly<Record<string, string>> = {}): OneResult => {
    const args = [engine, path, `${threads}`, `${options.milliseconds}`, JSON.stringify(model.inputs)];
    return inProcess(options.node, args, { AZULEJO_CACHE: kept, ...limit }) as OneResult;
  };
  for (const own of ["azulejo", "native"] as const) if (options.engines.includes(own)) run(own);
  const samples: Record<string, OneResult[]> = {};
  const add = (name: string, sample: OneResult): void => {
    samples[name] = [...(samples[name] ?? []), sample];
  };
  for (let round = 0; round < options.rounds; round++)
    for (const engine of options.engines) {
      add(engine, run(engine));
      if (engine === "azulejo") add("first", run(engine, { AZULEJO_CACHE_BYTES: "0" }));
    }
  rmSync(kept, { recursive: true, force: true });
  return Object.fromEntries(Object.entries(samples).map(([engine, list]) => [engine, middle(list)]));
}

/** Each figure's median over the rounds. */
function middle(list: readonly OneResult[]): OneResult {
  const median = (f: (r: OneResult) => number): number => list.map(f).sort((a, b) => a - b)[list.length >> 1]!;
  return {
    ...list[0]!,
    loadMs: median(r => r.loadMs),
    firstMs: median(r => r.firstMs),
    medianMs: median(r => r.medianMs),
    minMs: Math.min(...list.map(r => r.minMs)),
    processorMs: Math.min(...list.map(r => r.processorMs)),
    eventLoopMs: median(r => r.eventLoopMs),
    maxRssBytes: median(r => r.maxRssBytes),
  };
}
