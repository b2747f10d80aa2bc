// One model on one engine in a process of its own: load, first run, steady runs, memory. Prints one line of JSON.
//   node dist/bench/run-one.js azulejo|native|web|node MODEL THREADS MILLISECONDS {"input": {"dims": […]}}
//   node dist/bench/run-one.js idle THREADS     the memory of Node with that many workers that do nothing
import { existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { InputSpec } from "../test/models/inventory.js";
import { inputValues } from "../test/models/inventory.js";
import { root } from "../tools/project.js";

export interface OneResult {
  readonly loadMs: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly minMs: number;
  /** least processor time of a run, all threads together: what neighbours on a shared machine lengthen least */
  readonly processorMs: number;
  /** 99th percentile of what a timer of a millisecond is late while runs follow each other */
  readonly eventLoopMs: number;
  readonly runs: number;
  /** of the process: Node, engine and model */
  readonly maxRssBytes: number;
  readonly codeBytes?: number;
  readonly constantBytes?: number;
  readonly arenaBytes?: number;
  readonly arenaLowerBoundBytes?: number;
  readonly timesMs?: Readonly<Record<string, number>>;
}
interface Engine {
  load(
    path: string,
    threads: number,
    inputs: Readonly<Record<string, InputSpec>>,
  ): Promise<{ run(): Promise<unknown>; facts?(): Partial<OneResult>; dispose?(): void }>;
}
const isInteger = (spec: InputSpec): boolean => spec.value !== undefined;
const entries = (inputs: Readonly<Record<string, InputSpec>>) =>
  Object.entries(inputs).map(([name, spec], i) => ({ name, spec, values: inputValues(spec, i + 1) }));
const int64 = (values: Float32Array): BigInt64Array => BigInt64Array.from(values, v => BigInt(v));

const azulejo = (target: "wasm" | "native"): Engine => ({
  async load(path, threads, inputs) {
    const { load, Tensor } = await import("azulejo");
    const model = await load(path, { threads, target });
    const feeds = Object.fromEntries(
      entries(inputs).map(({ name, spec, values }) => [
        name,
        isInteger(spec) ? new Tensor("i64", int64(values), spec.dims) : new Tensor("f32", values, spec.dims),
      ]),
    );
    return {
      run: () => model.run(feeds),
      facts: () => {
        const { codeBytes, constantBytes, arenaBytes, arenaLowerBoundBytes, timesMs } = model.report();
        return { codeBytes, constantBytes, arenaBytes, arenaLowerBoundBytes, timesMs };
      },
      dispose: () => model.dispose(),
    };
  },
});

/** Both onnxruntime packages have one API; here only what is used of it. */
interface Ort {
  readonly env: { wasm: { numThreads?: number } };
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: object): Promise<{ run(feeds: object): Promise<unknown> }>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => object;
}
const onnxruntime = (packageFile: string, provider: string, asBytes: boolean): Engine => ({
  async load(path, threads, inputs) {
    const require = createRequire(join(root, "bench/peers/package.json"));
    const ort = (await import(pathToFileURL(require.resolve(packageFile)).href)) as Ort & { default?: Ort };
    const { InferenceSession, Tensor, env } = ort.default?.InferenceSession ? ort.default : ort;
    env.wasm.numThreads = threads;
    const session = await InferenceSession.create(asBytes ? readFileSync(path) : path, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
    const feeds = Object.fromEntries(
      entries(inputs).map(({ name, spec, values }) => [
        name,
        isInteger(spec) ? new Tensor("int64", int64(values), spec.dims) : new Tensor("float32", values, spec.dims),
      ]),
    );
    return { run: () => session.run(feeds) };
  },
});
export const engines: Readonly<Record<string, Engine>> = {
  azulejo: azulejo("wasm"),
  native: azulejo("native"),
  // the CPU build of the web runtime: SIMD and threads, without WebGPU code
  web: onnxruntime("onnxruntime-web/wasm", "wasm", true),
  node: onnxruntime("onnxruntime-node", "cpu", false),
};

/** Linux carries getrusage's figure over from the process that forked this one; the high-water mark of /proc is our own. */
function maxRssBytes(): number {
  const file = "/proc/self/status";
  const line = existsSync(file) ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8")) : null;
  return (line ? Number(line[1]) : process.resourceUsage().maxRSS) * 1024;
}

/** What memory costs before there is a model: Node, and workers that wait. */
async function idle(threads: number): Promise<void> {
  const text = "require('node:worker_threads').parentPort.on('message', () => {})";
  const workers = Array.from({ length: threads }, () => new Worker(text, { eval: true }));
  await Promise.all(workers.map(w => once(w, "online")));
  console.log(JSON.stringify({ maxRssBytes: maxRssBytes() }));
  process.exit(0);
}

/** Runs one after the other for this long, and how late timers are meanwhile. */
async function eventLoopMs(run: () => Promise<unknown>, milliseconds: number): Promise<number> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  for (const until = performance.now() + milliseconds; performance.now() < until; ) await run();
  // what waits for its turn still counts
  await new Promise(resolve => setTimeout(resolve, 2));
  delays.disable();
  // the histogram has the time between two turns of its timer, which an idle loop makes a millisecond
  return Math.max(0, delays.percentile(99) / 1e6 - 1);
}

async function main([engine, path, threads, milliseconds, inputs]: readonly string[]): Promise<void> {
  if (engine === "idle") return idle(Number(path));
  const start = performance.now();
  const model = await engines[engine!]!.load(path!, Number(threads), JSON.parse(inputs!));
  const loaded = performance.now();
  await model.run();
  const first = performance.now();
  const times: number[] = [];
  let processorMs = Number.POSITIVE_INFINITY;
  // warm-up counts as steady only once a run is no longer the first few: tiers of the engine settle
  for (const until = first + Number(milliseconds); performance.now() < until || times.length < 3; ) {
    const [t, before] = [performance.now(), process.cpuUsage()];
    await model.run();
    times.push(performance.now() - t);
    const { user, system } = process.cpuUsage(before);
    processorMs = Math.min(processorMs, (user + system) / 1000);
  }
  const late = await eventLoopMs(model.run, Number(milliseconds) / 2);
  const steady = times.slice(Math.floor(times.length / 3)).sort((a, b) => a - b);
  const result: OneResult = {
    loadMs: loaded - start,
    firstMs: first - loaded,
    medianMs: steady[steady.length >> 1]!,
    minMs: steady[0]!,
    processorMs,
    eventLoopMs: late,
    runs: times.length,
    maxRssBytes: maxRssBytes(),
    ...model.facts?.(),
  };
  console.log(JSON.stringify(result));
  // ours ends when it has written what it keeps; the peers' threads have to be stopped
  if (!model.dispose) process.exit(0);
  model.dispose();
}
if (process.argv[1]?.endsWith("run-one.js")) await main(process.argv.slice(2));
