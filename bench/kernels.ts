// Speed of single kernels as the compiler emits them with the schedules it derives, one thread: share of the engine's own rate of
// 128-bit multiply-adds. Kernel and peak loop alternate in one process, so that a slow phase of the machine hits both.
//   node dist/bench/kernels.js [name] [--json] [--node20] [--cpu]
import { allowFusedProducts } from "./engine-flags.js";
import type { Sym } from "../src/ir/poly.js";
import type { Kernel } from "../src/ir/tile.js";
import type { Expr, Func, Reg, Stmt } from "../src/lower/cpu/loop.js";
import { int, newReg, op, read } from "../src/lower/cpu/loop.js";
import { deriveSchedule } from "../src/schedule/derive.js";
import type { TileProfile } from "../src/schedule/machine-profile.js";
import type { Schedule } from "../src/schedule/schedule.js";
import { emitFunctions } from "../src/targets/wasm/emit.js";
import * as kernels from "../test/kernels/stage1.js";
import { assemble, compile, features, instantiate } from "../test/lower/harness.js";

export interface Work {
  readonly name: string;
  readonly kernel: () => Kernel;
  readonly dims: Readonly<Record<string, number>>;
  /** floating-point operations of one run, or elements */
  readonly count: number;
  readonly unit: "flop" | "element";
}
const same = { P: 3, Q: 3 };
const linear = (M: number, N: number, K: number): Work => ({
  name: `linear ${M}x${N}x${K}`,
  kernel: () => kernels.linear().ir,
  dims: { M, N, K },
  count: 2 * M * N * K,
  unit: "flop",
});
const conv = (H: number, C: number): Work => ({
  name: `conv 3x3 ${H}x${H}x${C}`,
  kernel: () => kernels.conv(1, 1).ir,
  dims: { B: 1, H, W: H, U: H, V: H, C, K: C, ...same },
  count: 2 * H * H * C * C * 9,
  unit: "flop",
});
const attention = (causal: boolean): Work => ({
  name: `attention 12x512x64${causal ? " causal" : ""}`,
  kernel: () => kernels.attention({ causal }).ir,
  dims: { B: 1, H: 12, G: 12, S: 512, T: 512, D: 64, E: 64 },
  count: 4 * 512 * 512 * 64 * 12,
  unit: "flop",
});
const lstm = (B: number): Work => ({
  name: `lstm 16 steps 256 batch ${B}`,
  kernel: () => kernels.lstm().ir,
  dims: { T: 16, B, I: 256, N: 256 },
  count: 2 * B * 16 * 4 * 256 * 512,
  unit: "flop",
});
export const works: readonly Work[] = [
  linear(256, 256, 256),
  linear(1024, 1024, 1024),
  linear(784, 512, 128),
  linear(64, 64, 64),
  linear(1, 1024, 1024),
  conv(56, 64),
  conv(14, 256),
  conv(7, 512),
  {
    name: "stem 7x7 s2 224x224x3",
    kernel: () => kernels.conv(2, 3).ir,
    dims: { B: 1, H: 224, W: 224, C: 3, P: 7, Q: 7, U: 112, V: 112, K: 64 },
    count: 2 * 112 * 112 * 64 * 147,
    unit: "flop",
  },
  ...[{}, { C: 144 }].map(
    (statics: { readonly C?: number }): Work => ({
      name: `depthwise 3x3 56x56x144${statics.C === undefined ? "" : ", channels known"}`,
      kernel: () => kernels.depthwise(1, 1, 3, statics).ir,
      dims: { B: 1, H: 56, W: 56, U: 56, V: 56, ...(statics.C === undefined ? { C: 144 } : {}) },
      count: 18 * 56 * 56 * 144,
      unit: "flop",
    }),
  ),
  attention(false),
  attention(true),
  lstm(1),
  lstm(4),
  {
    name: "softmax 128x1000",
    kernel: () => kernels.softmax().ir,
    dims: { R: 128, C: 1000 },
    count: 128_000,
    unit: "element",
  },
  {
    name: "layerNorm 128x768",
    kernel: () => kernels.layerNorm().ir,
    dims: { R: 128, C: 768 },
    count: 128 * 768,
    unit: "element",
  },
  {
    name: "transposing chain 512x512",
    kernel: () => kernels.transposingChain().ir,
    dims: { I: 512, J: 512 },
    count: 512 * 512,
    unit: "element",
  },
];

/** 12 independent accumulators, 4 multiply-adds each a turn */
const TURNS = 20_000;
export const PEAK_FLOP = TURNS * 48 * 8;
function peakFunction(): Func {
  const pointer = newReg("i32", "p");
  const [block, scratch] = [newReg("i32", "block"), newReg("i32", "scratch")];
  const x = newReg("v128", "x");
  const counter = newReg("i32", "i");
  const accumulators = Array.from({ length: 12 }, (_, i) => newReg("v128", `a${i}`));
  const load = (r: Reg, offset: number): Stmt => ({
    kind: "set",
    reg: r,
    value: { kind: "load", op: "v128", at: { pointer: read(pointer), offset } },
  });
  const madd = (a: Reg): Expr => op("f32x4.madd", read(x), read(x), read(a));
  const body = [0, 1, 2, 3].flatMap(() => accumulators.map((a): Stmt => ({ kind: "set", reg: a, value: madd(a) })));
  return {
    name: "peak",
    params: [pointer, block, scratch],
    body: [
      load(x, 0),
      ...accumulators.map(a => load(a, 16)),
      { kind: "set", reg: counter, value: int(0) },
      { kind: "for", counter, limit: int(TURNS), step: 1, body },
      ...accumulators.map(
        (a, i): Stmt => ({
          kind: "store",
          op: "v128",
          at: { pointer: read(pointer), offset: 64 + 16 * i },
          value: read(a),
        }),
      ),
    ],
  };
}
export function peakRunner(): () => void {
  allowFusedProducts();
  const { functions, entries } = emitFunctions([peakFunction()], features);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(assemble(functions, entries));
  const f = new WebAssembly.Instance(module, { e: { m: memory } }).exports.a as (...x: number[]) => void;
  return () => f(1024, 0, 0);
}

/** milliseconds; with --cpu those that the process was given, which is what can be measured on a machine that others use */
const now = process.argv.includes("--cpu")
  ? () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
  : () => performance.now();
export const time = (f: () => void, times: number): number => {
  const start = now();
  for (let i = 0; i < times; i++) f();
  return (now() - start) / times;
};
export const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[xs.length >> 1]!;

export interface Figure {
  readonly name: string;
  readonly unit: Work["unit"];
  /** median of interleaved ratios, and the ratio of the best times of each */
  readonly percentOfPeak: number;
  readonly bestPercent: number;
  readonly perNanosecond: number;
  readonly microseconds: number;
  readonly codeBytes: number;
  readonly compileMs: number;
}
export function measure(w: Work, peak: () => void, tileProfile: TileProfile, pins: Partial<Schedule> = {}): Figure {
  const start = performance.now();
  const kernel = w.kernel();
  // weights are packed at load, as the planner does with constants of a model
  for (const t of kernel.tensors) if (["W", "F", "R"].includes(t.name)) Object.assign(t, { constant: true });
  const dimHints = (s: Sym) => w.dims[s.name];
  const schedule = deriveSchedule(kernel, { dimHints, features: { ...features, tileProfile }, pins });
  const compiled = compile(kernel, schedule);
  const compileMs = performance.now() - start;
  const dims = {
    ...Object.fromEntries(kernel.dims.filter(d => d.size.isConst).map(d => [d.name, d.size.constant])),
    ...w.dims,
  };
  const size = (t: Kernel["tensors"][number]) => t.dims.reduce((p, d) => p * d.evaluate(s => dims[s.name]!), 1);
  const data = Object.fromEntries(
    kernel.tensors.map(t => [t.name, Float32Array.from({ length: size(t) }, () => Math.random() - 0.5)]),
  );
  const it = instantiate(compiled, kernel, dims, data, schedule);
  const warm = performance.now();
  for (let i = 0; i < 20 || performance.now() - warm < 300; i++) it.run();
  const times = Math.max(1, Math.round(4 / time(it.run, 3)));
  const samples = Array.from({ length: 25 }, () => ({ peak: time(peak, 4), ours: time(it.run, times) }));
  const rate = (s: { peak: number; ours: number }) => (w.count / s.ours / (PEAK_FLOP / s.peak)) * 100;
  const best = { peak: Math.min(...samples.map(s => s.peak)), ours: Math.min(...samples.map(s => s.ours)) };
  return {
    name: w.name,
    unit: w.unit,
    percentOfPeak: median(samples.map(rate)),
    bestPercent: rate(best),
    perNanosecond: w.count / best.ours / 1e6,
    microseconds: best.ours * 1000,
    codeBytes: compiled.bytes.length,
    compileMs,
  };
}

function main(): void {
  const args = process.argv.slice(2);
  const only = args.find(a => !a.startsWith("--"));
  const json = args.includes("--json");
  const node20 = args.includes("--node20") || process.versions.node.startsWith("20.");
  const peak = peakRunner();
  for (let i = 0; i < 200; i++) peak();
  if (!json)
    console.log(
      `Node ${process.versions.node}, relaxed SIMD ${features.relaxedSimd ? "on" : "off"}, tiles for ${node20 ? "node20" : "v8-modern"}`,
    );
  const chosen = works.filter(w => !only || w.name.includes(only));
  for (const w of chosen) {
    const f = measure(w, peak, node20 ? "node20" : "v8-modern");
    if (json) {
      console.log(JSON.stringify(f));
      continue;
    }
    const share =
      w.unit === "flop"
        ? `${f.percentOfPeak.toFixed(0).padStart(3)} % (best ${f.bestPercent.toFixed(0)} %)  ${f.perNanosecond.toFixed(1)} GFLOP/s`
        : `${f.perNanosecond.toFixed(2)} elements/ns`;
    console.log(
      `${w.name.padEnd(32)} ${share.padEnd(36)} ${f.microseconds.toFixed(0).padStart(7)} µs  ${(f.codeBytes / 1024).toFixed(1)} KB  compiled in ${f.compileMs.toFixed(0)} ms`,
    );
  }
}
if (process.argv[1]?.endsWith("/kernels.js")) main();
