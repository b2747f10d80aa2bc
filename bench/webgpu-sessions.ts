// Models on WebGPU in Chromium, ours and onnxruntime-web's in turn, each in a page of its own: kernels that a run dispatches, submissions, and
// how soon a first and a second session in that page have their first result. On a software adapter times say little about GPUs; counts hold.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { models } from "../test/models/inventory.js";
import { browserPath, type Site, serve, startBrowser } from "../test/browser/site.js";
import { root } from "../tools/project.js";
import { table } from "./report.js";
import { type Traffic, trafficOf } from "./webgpu-traffic.js";

const engines = ["azulejo", "onnxruntime-web"] as const;
type Engine = (typeof engines)[number];

export interface SessionFigures {
  /** of one run */
  readonly dispatches: number;
  readonly submissions: number;
  /** milliseconds from nothing to the first result: session one with all that the page had to load, session two after the first was released */
  readonly firstMs: number;
  readonly secondMs: number;
  /** a run of the second session after its first */
  readonly runMs: number;
}
export interface WebGpuRow {
  readonly model: string;
  readonly adapter: string;
  /** of our shaders, with workgroup tiles */
  readonly traffic: Traffic;
  readonly results: Readonly<Record<Engine, SessionFigures>>;
}

const peer = join(root, "bench/peers/node_modules/onnxruntime-web/dist");
const wasm = "ort-wasm-simd-threaded.asyncify";

/** What both pages do; `open` gives a session: { run, close }. */
const page = (open: string): string => `<!doctype html><script type="module">
  const count = { dispatches: 0, submissions: 0 };
  const counted = (type, name, key) => {
    const real = type.prototype[name];
    type.prototype[name] = function (...given) { count[key]++; return real.apply(this, given); };
  };
  counted(GPUComputePassEncoder, "dispatchWorkgroups", "dispatches");
  counted(GPUComputePassEncoder, "dispatchWorkgroupsIndirect", "dispatches");
  counted(GPUQueue, "submit", "submissions");
  ${open}
  globalThis.measure = async (inputs, bytes) => {
    const session = async () => {
      const start = performance.now();
      const opened = await open(bytes, inputs);
      await opened.run();
      return { opened, timeMs: performance.now() - start };
    };
    const first = await session();
    await first.opened.close();
    const second = await session();
    const before = { ...count };
    const start = performance.now();
    await second.opened.run();
    const runMs = performance.now() - start;
    const { dispatches, submissions } = count;
    await second.opened.close();
    return { dispatches: dispatches - before.dispatches, submissions: submissions - before.submissions, firstMs: first.timeMs, secondMs: second.timeMs, runMs };
  };
  globalThis.measureModel = async (name, inputs) => measure(inputs, new Uint8Array(await (await fetch("/model/" + name)).arrayBuffer()));
  globalThis.adapterName = async () => { const { info } = await navigator.gpu.requestAdapter(); return [info.vendor, info.architecture, info.description].filter(Boolean).join(" "); };
  const wave = n => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.7));
  const size = dims => dims.reduce((a, b) => a * b, 1);
</script>`;

const pages: Readonly<Record<Engine, string>> = {
  azulejo: page(`
  const { load } = await import("/index.js");
  const open = async (bytes, inputs) => {
    const model = await load(bytes, { target: "webgpu" });
    const feeds = Object.fromEntries(Object.entries(inputs).map(([k, dims]) => [k, { dtype: "f32", dims, data: wave(size(dims)) }]));
    return { run: () => model.run(feeds), close: () => model.dispose() };
  };`),
  "onnxruntime-web": page(`
  const ort = await import("/ort.webgpu.min.mjs");
  ort.env.wasm.wasmPaths = { wasm: "/${wasm}.wasm", mjs: "/${wasm}.mjs" };
  ort.env.wasm.numThreads = 1;
  const open = async (bytes, inputs) => {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["webgpu"], logSeverityLevel: 3 });
    const feeds = Object.fromEntries(Object.entries(inputs).map(([k, dims]) => [k, new ort.Tensor("float32", wave(size(dims)), dims)]));
    return { run: () => session.run(feeds), close: () => session.release() };
  };`),
};

/** Undefined: nothing to measure with, for the reason that `obstacle` gives. */
export const webGpuObstacle = (): string | undefined =>
  browserPath === undefined ? "Chromium is not installed; WebGPU is measured in it" : undefined;

export interface WebGpuOptions {
  readonly isWanted: (name: string) => boolean;
  readonly rounds: number;
  readonly onRow: (row: WebGpuRow) => void;
}

/** Networks small enough for a software adapter. */
const wanted: readonly {
  readonly model: string;
  readonly of: string;
  readonly dims: Readonly<Record<string, readonly number[]>>;
}[] = [
  { model: "PP-OCR det 160x160", of: "PP-OCR det 640x640", dims: { x: [1, 3, 160, 160] } },
  { model: "PP-OCR cls 48x192", of: "PP-OCR cls", dims: { x: [1, 3, 48, 192] } },
];
export const webGpuNames = (): readonly string[] => wanted.map(w => w.model);

export async function benchWebGpu({ isWanted, rounds, onRow }: WebGpuOptions): Promise<readonly WebGpuRow[]> {
  const rows: WebGpuRow[] = [];
  for (const { model, of, dims } of wanted.filter(w => isWanted(w.model))) {
    const path = models.find(m => m.name === of)?.path;
    if (path === undefined) throw new Error(`The model of "${model}" is not installed; run npm install`);
    const row = await measure(model, path, dims, rounds);
    onRow(row);
    rows.push(row);
  }
  return rows;
}

async function measure(
  model: string,
  path: string,
  dims: Readonly<Record<string, readonly number[]>>,
  rounds: number,
): Promise<WebGpuRow> {
  const files = ["ort.webgpu.min.mjs", `${wasm}.mjs`, `${wasm}.wasm`];
  const site = await serve(
    join(root, "dist/lib"),
    {},
    {
      ...Object.fromEntries(files.map(name => [`/${name}`, readFileSync(join(peer, name))])),
      ...Object.fromEntries(engines.map(engine => [`/${engine}.html`, pages[engine]])),
      "/model/m": readFileSync(path),
    },
  );
  const all = Object.fromEntries(engines.map(e => [e, [] as SessionFigures[]])) as Record<Engine, SessionFigures[]>;
  let adapter = "";
  try {
    for (let round = 0; round < rounds; round++)
      for (const engine of engines) {
        const found = await inPage(site, engine, dims);
        adapter = found.adapter;
        all[engine].push(found.figures);
      }
  } finally {
    await site.close();
  }
  return {
    model,
    adapter,
    traffic: await trafficOf(path, dims),
    results: { azulejo: medians(all.azulejo), "onnxruntime-web": medians(all["onnxruntime-web"]) },
  };
}

async function inPage(
  site: Site,
  engine: Engine,
  dims: object,
): Promise<{ readonly adapter: string; readonly figures: SessionFigures }> {
  const browser = await startBrowser({ gpu: true });
  try {
    const tab = await browser.newPage();
    await tab.goto(`${site.address}${engine}.html`, { waitUntil: "load" });
    await tab.waitForFunction("globalThis.adapterName !== undefined");
    const figures = await tab.evaluate(`measureModel("m", ${JSON.stringify(dims)})`);
    return { adapter: await tab.evaluate("adapterName()"), figures: figures as SessionFigures };
  } finally {
    await browser.close();
  }
}

function medians(all: readonly SessionFigures[]): SessionFigures {
  const of = (key: keyof SessionFigures): number =>
    all.map(f => f[key]).sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
  const [dispatches, submissions, firstMs, secondMs, runMs] = (
    ["dispatches", "submissions", "firstMs", "secondMs", "runMs"] as const
  ).map(of);
  return { dispatches, submissions, firstMs, secondMs, runMs } as SessionFigures;
}

export const webGpuHeads = [
  "WebGPU in Chromium",
  "dispatches",
  "submissions",
  "first session",
  "second session",
  "run",
];
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
export const trafficText = ({ model, traffic: t }: WebGpuRow): string =>
  `${model}: our ${t.dispatches} shaders ask global memory for ${megabytes(t.loadBytes)} and store ${megabytes(t.storeBytes)}, counted from their text`;

/** docs/benchmarks-webgpu-sessions.md. */
export const sessionsMarkdown = (
  rows: readonly WebGpuRow[],
  { date, machine, command }: { readonly date: string; readonly machine: string; readonly command: string },
): string => `# WebGPU in a page, beside onnxruntime-web

${date}, ${machine}, Chromium on ${rows[0]!.adapter}; \`${command}\`, then \`npm run bench -- page REPORT.json\`. Each engine has pages of its own, in turn. Dispatches
and submissions are those of one run, counted in the page. A session's time is from nothing to its first result; the second session is opened in the same
page after the first was released. **On a software adapter times are those of a processor** and say little about GPUs; counts hold anywhere.

${table(webGpuHeads, rows.flatMap(webGpuCells))}

${rows.map(row => `- ${trafficText(row)}.`).join("\n")}
`;

/** Ours, theirs and the ratio, a line each. */
export const webGpuCells = ({ model, results }: WebGpuRow): readonly (readonly string[])[] => {
  const [own, peers] = [results.azulejo, results["onnxruntime-web"]];
  const line = (name: string, f: SessionFigures): string[] => [
    name,
    String(f.dispatches),
    String(f.submissions),
    ...[f.firstMs, f.secondMs, f.runMs].map(t => `${t.toFixed(0)} ms`),
  ];
  const ratio = (key: keyof SessionFigures): string => `× ${(own[key] / peers[key]).toFixed(2)}`;
  return [
    line(`${model}, azulejo`, own),
    line("onnxruntime-web", peers),
    ["", ...(["dispatches", "submissions", "firstMs", "secondMs", "runMs"] as const).map(ratio)],
  ];
};
