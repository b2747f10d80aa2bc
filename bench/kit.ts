// Kernels of azulejo/kernels against the machine and against other ways to the same result: attention beside products and onnxruntime, groups beside
// a product each and one dense product, weights of 4 bits beside the reading of memory, rows in the cache beside onnxruntime. One thread. What is compared takes turns in one process, a burst
// of runs each. Rates are those of kernels alone; what is held against calls of others is whole calls, tensors on their way included.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import * as kernels from "../src/kernels/index.js";
import { kernelProgram } from "../src/load/compile-kernel.js";
import { compileOptionsOf } from "../src/load/compile-options.js";
import type { CpuTarget } from "../src/load/measure/roofs.js";
import { targetOf } from "../src/load/targets.js";
import type { TensorData } from "../src/runtime/tensor.js";
import { grid, u32 } from "../src/tile/index.js";
import { kernel } from "../src/tile/tile-kernel.js";
import { elementType, f32Tensor, int, node, onnxModel, value } from "../test/frontends/onnx-model.js";
import { root } from "../tools/project.js";
import { median } from "./kernels.js";
import { peersInstalled } from "./models.js";

export interface KitFigure {
  readonly work: string;
  readonly target: CpuTarget;
  readonly milliseconds: number;
  /** what it is held against, and how many times the share of that it reaches */
  readonly against: string;
  readonly ratio: number;
  /** the ratio that the project set itself; absent: the work is there to be seen */
  readonly asked?: number;
}
export const kitHeads = ["work", "target", "ms", "against", "ratio", "asked"];
export const kitRow = (f: KitFigure): string[] => [
  f.work,
  f.target,
  f.milliseconds.toPrecision(3),
  f.against,
  f.ratio.toFixed(2),
  f.asked === undefined ? "–" : `≥ ${f.asked}`,
];

/** Something that can be timed: whole calls, and, of ours, the kernel by itself. */
interface Contender {
  readonly run: () => Promise<unknown>;
  readonly dispose: () => void;
}
interface Own extends Contender {
  /** milliseconds of the kernel in one run */
  readonly kernelMs: () => Promise<number>;
}
type Tensors = Readonly<Record<string, TensorData>>;
const ROUNDS = 9;
/** of a burst, of which the shortest run counts: its first runs find the caches full of the other's data */
const BURST_MS = 60;
const BURST_RUNS = 3;

const floats = (...dims: number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.3 + 1)),
});
const words = (dtype: "i32" | "u32", ...dims: number[]): TensorData => {
  const data = Int32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
  return { dtype, dims, data: dtype === "i32" ? data : new Uint32Array(data.buffer) } as TensorData;
};
const integers = (...data: number[]): TensorData => ({
  dtype: "i32",
  dims: [data.length],
  data: Int32Array.from(data),
});

/** `packed`: weights that are known at load, beside those that the kernel says are */
async function ours(made: object, tensors: Tensors, target: CpuTarget, packed: readonly string[] = []): Promise<Own> {
  const { ir, schedule = {} } = made as kernels.TileKernel;
  for (const t of ir.tensors) if (packed.includes(t.name)) Object.assign(t, { constant: true });
  const isConstant = (name: string): boolean => ir.tensors.some(t => t.name === name && t.constant);
  const [constants, inputs] = [true, false].map(wanted =>
    Object.fromEntries(Object.entries(tensors).filter(([name]) => isConstant(name) === wanted)),
  );
  const dims = sizesOf(ir, tensors);
  const program = kernelProgram(ir, { constants: constants!, dims });
  // what its author decided of the schedule counts, as it does for run()
  const options = compileOptionsOf({ threads: 1, schedules: { [ir.name]: schedule } });
  const executable = await (await targetOf({ target })).compile(program, options);
  const given = new Map(Object.entries(inputs!));
  const kernelMs = async (): Promise<number> => {
    let ms = 0;
    await executable.run(given, {
      onStep: ({ timeMs }) => {
        ms += timeMs;
      },
    });
    return ms;
  };
  return { run: () => executable.run(given), kernelMs, dispose: () => executable.dispose() };
}
function sizesOf(ir: kernels.TileKernel["ir"], tensors: Tensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const t of ir.tensors)
    t.dims.forEach((p, i) => {
      const dim = ir.dims.find(d => !d.size.isConst && d.size.equals(p));
      if (dim && tensors[t.name]) sizes[dim.name] = tensors[t.name]!.dims[i]!;
    });
  return sizes;
}

const callMs = async ({ run }: Contender): Promise<number> => {
  const before = performance.now();
  await run();
  return performance.now() - before;
};
/** Medians over rounds of each one's best of a burst, and of how many times longer each takes than the first. */
async function alternate(timers: readonly (() => Promise<number>)[]): Promise<{ ms: number[]; ratios: number[] }> {
  const burst = async (time: () => Promise<number>): Promise<number> => {
    const start = performance.now();
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < BURST_RUNS || performance.now() - start < BURST_MS; i++) least = Math.min(least, await time());
    return least;
  };
  const rounds: number[][] = [];
  // the first round warms up
  for (let i = 0; i <= ROUNDS; i++) {
    const times: number[] = [];
    for (const time of timers) times.push(await burst(time));
    if (i > 0) rounds.push(times);
  }
  return {
    ms: timers.map((_, k) => median(rounds.map(r => r[k]!))),
    ratios: timers.map((_, k) => median(rounds.map(r => r[k]! / r[0]!))),
  };
}

// ---- attention

const HEADS = 12;
const HEAD = 64;
async function attention(length: number, target: CpuTarget): Promise<KitFigure[]> {
  const Q = floats(1, HEADS, length, HEAD);
  const [size, peer] = [1024, target === "native" ? "node" : "web"] as const;
  const flash = await ours(kernels.attention(), { Q, K: Q, V: Q, Length: integers(length) }, target);
  const gemm = await ours(kernels.linear(), { X: floats(size, size), W: floats(size, size), b: floats(size) }, target, [
    "W",
  ]);
  const other = peersInstalled() ? await multiHeadAttention(length, peer) : undefined;
  const kernelTimes = await alternate([flash.kernelMs, gemm.kernelMs]);
  const calls = other && (await alternate([() => callMs(flash), () => callMs(other)]));
  for (const c of [flash, gemm, other]) c?.dispose();
  const flop = 4 * length * length * HEAD * HEADS;
  const work = `attention ${HEADS}x${length}x${HEAD}`;
  const rate = (kernelTimes.ratios[1]! * flop) / (2 * size ** 3);
  const base = { work, target } as const;
  return [
    { ...base, milliseconds: kernelTimes.ms[0]!, against: `rate of a product of ${size}`, ratio: rate, asked: 0.82 },
    ...(calls
      ? [
          {
            ...{ ...base, milliseconds: calls.ms[0]!, against: `onnxruntime-${peer}` },
            ...{ ratio: calls.ratios[1]!, asked: peer === "node" ? 1.3 : 2 },
          },
        ]
      : []),
  ];
}
async function onnxruntimeOf(peer: "node" | "web") {
  const require = createRequire(join(root, "bench/peers/package.json"));
  const file = require.resolve(peer === "node" ? "onnxruntime-node" : "onnxruntime-web/wasm");
  const loaded = await import(pathToFileURL(file).href);
  const ort = loaded.default?.InferenceSession ? loaded.default : loaded;
  ort.env.wasm.numThreads = 1;
  return ort;
}
async function multiHeadAttention(length: number, peer: "node" | "web"): Promise<Contender> {
  const ort = await onnxruntimeOf(peer);
  const dims = [1, length, HEADS * HEAD];
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [
      { domain: "", version: 17n },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      name: "attention",
      node: [
        { ...node("MultiHeadAttention", ["Q", "K", "V"], ["O"], [int("num_heads", HEADS)]), domain: "com.microsoft" },
      ],
      input: ["Q", "K", "V"].map(name => value(name, elementType.f32, dims)),
      output: [value("O", elementType.f32, dims)],
    },
  });
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model), {
    executionProviders: [peer === "node" ? "cpu" : "wasm"],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const tensor = new ort.Tensor("float32", floats(...dims).data, dims);
  return {
    run: () => session.run({ Q: tensor, K: tensor, V: tensor }),
    dispose: () => void session.release(),
  };
}

// ---- groups

const [WIDE, NARROW] = [512, 256];
/** rows of each expert */
const experts: Readonly<Record<string, readonly number[]>> = {
  "8 experts, 1 row": Array(8).fill(1),
  "64 experts, 1 row": Array(64).fill(1),
  "8 experts, 32 rows": Array(8).fill(32),
  "64 experts, 8 rows": Array(64).fill(8),
  "16 experts, 64 rows": Array(16).fill(64),
  "16 experts, skewed": Array.from({ length: 16 }, (_, i) => Math.max(1, Math.round(128 / (i + 1) ** 1.5))),
  "32 experts, half of them empty": Array.from({ length: 32 }, (_, i) => (i % 2) * 32),
};
async function groups(name: string, rows: readonly number[], target: CpuTarget): Promise<KitFigure[]> {
  const offsets = rows.reduce<number[]>((list, n) => [...list, list.at(-1)! + n], [0]);
  const M = offsets.at(-1)!;
  const X = floats(M, WIDE);
  const tensors = {
    ...{ X, W: floats(rows.length, WIDE, NARROW) },
    ...{ Rows: integers(...Array(M).keys()), Offsets: integers(...offsets) },
  };
  const grouped = await ours(kernels.groupedLinear(), tensors, target, ["W"]);
  const weights = { W: floats(WIDE, NARROW), b: floats(NARROW) };
  const dense = await ours(kernels.linear(), { X, ...weights }, target, ["W"]);
  const products: Own[] = [];
  for (const n of rows)
    if (n > 0) {
      const own = { X: floats(n, WIDE), W: floats(WIDE, NARROW), b: weights.b };
      products.push(await ours(kernels.linear(), own, target, ["W"]));
    }
  const each = async (): Promise<number> => {
    const before = performance.now();
    for (const product of products) await product.run();
    return performance.now() - before;
  };
  const calls = await alternate([() => callMs(grouped), each]);
  for (const product of products) product.dispose();
  const { ms, ratios } = await alternate([grouped.kernelMs, dense.kernelMs]);
  for (const product of [grouped, dense]) product.dispose();
  const base = { work: `grouped product, ${name}`, target } as const;
  // with fewer rows, reading the weights takes longer than multiplying by them
  const asked = rows.every(n => n === 0 || n >= 32) ? { asked: 0.9 } : {};
  return [
    { ...base, milliseconds: calls.ms[0]!, against: "a call for each expert", ratio: calls.ratios[1]!, asked: 1.5 },
    {
      ...{ ...base, milliseconds: ms[0]!, against: "one dense product of as many rows" },
      ...{ ratio: ratios[1]!, ...asked },
    },
  ];
}

// ---- weights of 4 bits

const LONG = 4096;
/** matrices in turn, so that each comes from memory */
const COLD = 12;
async function fourBits(target: CpuTarget): Promise<KitFigure[]> {
  const G = LONG / 32;
  const tensors = {
    ...{ P: words("i32", 1, G, 4, 2), Sum: words("i32", 1, G), XScale: floats(1) },
    ...{ V: words("u32", G, 4, LONG), Scale: floats(G, LONG) },
  };
  const products: Own[] = [];
  for (let i = 0; i < COLD; i++) products.push(await ours(kernels.integerLinear4(), tensors, target));
  let next = 0;
  const cold = (): Promise<number> => products[next++ % COLD]!.kernelMs();
  // reads 64 MiB and adds them up
  const [R, C] = [256, 2 ** 16];
  const sums = kernel({ X: u32("R C"), Y: u32("R") }, ({ X, Y, R, C }) =>
    grid(R.tile(), r => {
      const c = C.all();
      Y.at(r).set(X.at(r, c).sum(c));
    }),
  );
  const reading = await ours(sums, { X: words("u32", R, C) }, target);
  const { ms, ratios } = await alternate([cold, reading.kernelMs]);
  for (const c of [...products, reading]) c.dispose();
  const bytes = (LONG * LONG) / 2 + 4 * G * LONG;
  return [
    {
      work: `4-bit weights ${LONG}x${LONG}, one row`,
      ...{ target, milliseconds: ms[0]!, against: "bytes a second while 64 MiB are read" },
      ratio: (ratios[1]! * bytes) / (4 * R * C),
      asked: target === "native" ? 0.76 : 0.68,
    },
  ];
}

// ---- few bits, several rows

const SIDE = 2048;
/** held against a product of floats: what is decoded on the way should cost little beside it */
async function fewBits(rows: number, target: CpuTarget): Promise<KitFigure[]> {
  const bytes = (...dims: number[]): TensorData => ({
    dtype: "i8",
    dims,
    data: Int8Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => ((i * 7919) % 255) - 127),
  });
  const zeroPoints = (n: number): TensorData => integers(...Array<number>(n).fill(3));
  const X = floats(rows, SIDE);
  const dense = await ours(kernels.linear(), { X, W: floats(SIDE, SIDE), b: floats(SIDE) }, target, ["W"]);
  const decoded = { X, W: bytes(SIDE, SIDE), Scale: floats(SIDE / 32, SIDE) };
  const paired = {
    ...{ X: bytes(rows, SIDE / 2, 2), XScale: floats(rows), XZero: zeroPoints(rows), W: bytes(SIDE / 2, 2, SIDE) },
    ...{ WScale: floats(SIDE), WZero: zeroPoints(SIDE), b: floats(SIDE) },
  };
  const contenders = [
    ["8-bit weights", await ours(kernels.quantizedLinear({ bits: 8, group: 32 }), decoded, target)],
    ["bytes by bytes", await ours(kernels.integerLinear(), paired, target)],
  ] as const;
  const figures: KitFigure[] = [];
  for (const [what, own] of contenders) {
    const { ms, ratios } = await alternate([own.kernelMs, dense.kernelMs]);
    own.dispose();
    const work = `${what} ${SIDE}x${SIDE}, ${rows} rows`;
    figures.push({ work, target, milliseconds: ms[0]!, against: "a product of floats", ratio: ratios[1]! });
  }
  dense.dispose();
  return figures;
}

// ---- rows in the cache

const CACHED_ROWS = 64;
/** of onnxruntime's operators in a row, so that tensors on their way count little */
const CHAIN = 20;
async function cachedRows(
  op: "Softmax" | "LayerNormalization",
  width: number,
  target: CpuTarget,
): Promise<KitFigure[]> {
  if (!peersInstalled()) return [];
  const X = floats(CACHED_ROWS, width);
  const [g, b] = [floats(width), floats(width)];
  const own = await (op === "Softmax"
    ? ours(kernels.softmax(), { X }, target)
    : ours(kernels.layerNorm(), { X, g, b }, target, ["g", "b"]));
  const weights = op === "Softmax" ? [] : ["scale", "bias"];
  const bytes = onnxModel({
    inputs: [value("v0", elementType.f32, X.dims)],
    outputs: [value(`v${CHAIN}`, elementType.f32)],
    initializers: weights.map(name => f32Tensor(name, [width], [...(g.data as Float32Array)])),
    nodes: Array.from({ length: CHAIN }, (_, i) => node(op, [`v${i}`, ...weights], [`v${i + 1}`], [int("axis", -1)])),
  });
  const ort = await onnxruntimeOf("node");
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const given = new ort.Tensor("float32", X.data, X.dims);
  const other = { run: () => session.run({ v0: given }), dispose: () => void session.release() };
  const { ms, ratios } = await alternate([own.kernelMs, async () => (await callMs(other)) / CHAIN]);
  for (const c of [own, other]) c.dispose();
  const work = `${op} ${CACHED_ROWS}x${width}, in the cache`;
  const asked = target === "native" ? 2.5 : 1.4;
  return [
    { work, target, milliseconds: ms[0]!, against: "onnxruntime-node, one of 20 in a row", ratio: ratios[1]!, asked },
  ];
}

type Work = readonly [name: string, measure: (target: CpuTarget) => Promise<KitFigure[]>];
export const kitWorks: readonly Work[] = [
  ...[512, 2048].map((n): Work => [`attention ${n}`, target => attention(n, target)]),
  ...Object.entries(experts).map(([name, rows]): Work => [`groups ${name}`, target => groups(name, rows, target)]),
  ["4-bit weights", fourBits],
  ["rows Softmax", target => cachedRows("Softmax", 1000, target)],
  ["rows LayerNormalization", target => cachedRows("LayerNormalization", 768, target)],
  ...[4, 16, 128].map((rows): Work => [`few bits ${rows}`, target => fewBits(rows, target)]),
];
