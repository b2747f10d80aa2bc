// docs/benchmarks-webgpu.md: what emitted shaders do, counted from their text, and what that lets one expect of three GPUs. Nothing is run.

import { bytesOf } from "../src/ir/dtypes.js";
import type { Kernel } from "../src/ir/tile.js";
import { flashEnd, flashStart, flashStep } from "../src/kernels/flash.js";
import type { Counts } from "../src/lower/gpu/count.js";
import { countShader } from "../src/lower/gpu/count.js";
import type { DeviceProfile } from "../src/lower/gpu/device-profiles.js";
import { deviceProfiles, occupancyOf } from "../src/lower/gpu/device-profiles.js";
import { workgroupBytesOf } from "../src/lower/gpu/explain-counts.js";
import { registersOf } from "../src/lower/gpu/live-ranges.js";
import type { GpuLimits } from "../src/lower/gpu/lower.js";
import { leastLimits, lowerForGpu, separateMemories } from "../src/lower/gpu/lower.js";
import type { Dispatch } from "../src/lower/gpu/lowered.js";
import { dot, f16, f32, fold, grid } from "../src/tile/index.js";
import { kernel } from "../src/tile/tile-kernel.js";
import { table } from "./report.js";

interface Work {
  readonly name: string;
  readonly kernel: Kernel;
}
export interface CountedDispatch {
  readonly name: string;
  readonly counts: Counts;
  readonly registers: number;
  readonly workgroupBytes: number;
  readonly workgroupSize: number;
  readonly invocations: number;
  /** of its tensors, each once */
  readonly tensorBytes: number;
}

const N = 4096;
const gemm = kernel(
  { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
  ({ X, W, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k));
    }),
  { statics: { M: N, K: N, N } },
);
const halfGemm = kernel(
  { X: f16("M K"), W: f16("K N"), Y: f16("M N") },
  ({ X, W, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).cast("f16"));
    }),
  { statics: { M: N, K: N, N } },
);

const rows = kernel(
  { X: f32("R C"), Y: f32("R C") },
  ({ X, Y, R, C }) =>
    grid(R.tile(), r => {
      const c = C.all();
      const x = X.at(r, c);
      const e = x.sub(x.max(c)).exp();
      Y.at(r, c).set(e.mul(e.sum(c).reciprocal()));
    }),
  { statics: { R: N, C: N } },
);

/** kernels/attention as one that knows its sizes, of one head */
const attention = kernel(
  { Q: f32("S D"), K: f32("T D"), V: f32("T E"), O: f32("S E") },
  ({ Q, K, V, O, S, T, D, E }) =>
    grid(S.tile(), s => {
      const [d, e] = [D.all(), E.all()];
      const q = Q.at(s, d).mul(Math.LOG2E / 8);
      const state = fold(T.tile(), flashStart(e, s), (t, state) =>
        flashStep(state, t, t.lt(T.size), dot(q, K.at(t, d), d), p => dot(p, V.at(t, e), t)),
      );
      O.at(s, e).set(flashEnd(state));
    }),
  { statics: { S: N, T: N, D: 64, E: 64 } },
);

export const works: readonly Work[] = [
  { name: "GEMM 4096³, f32", kernel: gemm.ir },
  { name: "GEMM 4096³, f16, sums in f32", kernel: halfGemm.ir },
  { name: "FlashAttention of 4096 queries and keys, heads of 64, f32", kernel: attention.ir },
  { name: "softmax of 4096 rows of 4096, f32", kernel: rows.ir },
];

export const everyFeature: GpuLimits = {
  ...leastLimits,
  tiles: true,
  halves: true,
  subgroups: true,
  packedDots: true,
  workgroupBytes: 32768,
};

/** as GPUs of NVIDIA have them, after Dawn and ONNX Runtime */
const halfMatrices: GpuLimits = {
  ...everyFeature,
  matrices: { sizes: [{ type: "f16", rows: 16, columns: 16, depth: 16 }], subgroup: [32, 32], invocations: 256 },
};
/** and as those of Apple */
const singleMatrices: GpuLimits = {
  ...everyFeature,
  matrices: { sizes: [{ type: "f32", rows: 8, columns: 8, depth: 8 }], subgroup: [32, 32], invocations: 256 },
};
export const byMatrices = (): readonly CountedDispatch[] => [
  ...counted({ name: `${works[0]!.name}, by matrices of 8 × 8 × 8`, kernel: gemm.ir }, singleMatrices),
  ...counted({ name: `${works[1]!.name}, by matrices of 16 × 16 × 16`, kernel: halfGemm.ir }, halfMatrices),
];

/** Dispatches of a kernel whose sizes are numbers, on a device with all features but matrices. */
export function counted({ name, kernel: k }: Work, limits = everyFeature): readonly CountedDispatch[] {
  const { dispatches } = lowerForGpu(k, separateMemories(k), limits);
  return dispatches.map(d => ({
    name,
    counts: countShader(d.code, d.parameters.map(sizeOf)),
    registers: registersOf(d.code),
    workgroupBytes: workgroupBytesOf(d.code),
    workgroupSize: d.workgroupSize,
    invocations: d.invocations.constant,
    tensorBytes: k.tensors.reduce((sum, t) => sum + t.dims.reduce((p, n) => p * n.constant, bytesOf(t.dtype)), 0),
  }));
}
const sizeOf = (p: Dispatch["parameters"][number]): number => (p.kind === "size" ? p.value.constant : 0);

const perLoad = ({ counts: c }: CountedDispatch): string =>
  c.multiplyAdds > 0 && c.workgroupLoads > 0 ? (c.multiplyAdds / c.workgroupLoads).toFixed(1) : "–";
const countRow = (d: CountedDispatch): readonly string[] => [
  d.name,
  `${d.counts.multiplyAdds}`,
  `${d.counts.operations}`,
  `${d.counts.globalLoads} (${d.counts.globalLoadBytes} B)`,
  `${d.counts.globalStores} (${d.counts.globalStoreBytes} B)`,
  `${d.counts.workgroupLoads}`,
  `${d.counts.workgroupStores}`,
  `${d.counts.barriers}`,
  perLoad(d),
  `${d.registers}`,
  `${d.workgroupBytes / 1024} KiB`,
];

function occupancyRow(d: CountedDispatch, device: DeviceProfile): readonly string[] {
  const { spills, workgroups, limit, share } = occupancyOf(device, d);
  return [
    d.name,
    device.name,
    `${d.registers} of ${device.registersEach}: ${spills ? "**spills**" : "no spill"}`,
    `${workgroups} (${limit})`,
    `${(100 * share).toFixed(0)} %`,
  ];
}

const ms = (ns: number): string => `${(ns / 1e6).toPrecision(3)} ms`;
const count = (n: number): string => n.toExponential(3).replace("e+", " · 10^");
/** The longest of three times, each with its division. */
function prediction(d: CountedDispatch, device: DeviceProfile): string {
  const n = d.invocations;
  const { counts: c } = d;
  const parts = [
    ["multiply-adds", n * c.multiplyAdds, device.multiplyAddsPerNs],
    ["tensors, each byte once", d.tensorBytes, device.globalBytesPerNs],
    ["workgroup memory", n * (c.workgroupLoadBytes + c.workgroupStoreBytes), device.workgroupBytesPerNs],
  ] as const;
  const times = parts.map(([, amount, rate]) => amount / rate);
  const longest = parts[times.indexOf(Math.max(...times))]!;
  const lines = parts.map(
    ([what, amount, rate], i) => `${what} ${count(amount)} ÷ ${rate.toFixed(0)} per ns = ${ms(times[i]!)}`,
  );
  const loaded = n * (c.globalLoadBytes + c.globalStoreBytes);
  return `- **${d.name}, ${device.name}**: ${lines.join("; ")}. Longest: ${longest[0]}. Caches are asked for ${count(loaded)} bytes, ${(loaded / d.tensorBytes).toFixed(0)} times the tensors.`;
}

/** `notes`: what no run of this can tell */
export function webgpuPage(notes: string): string {
  const all = works.flatMap(w => counted(w));
  const pairs = all.flatMap(d => deviceProfiles.map(device => [d, device] as const));
  return `# Shaders, counted

Made by \`npm run bench -- webgpu\` from the text of the shaders that \`target: "webgpu"\` emits; \`azulejo explain --target webgpu --stage code\` prints the same counts
above each shader of a model. No GPU was at hand: **nothing on this page was measured**. Times are what the counts divide to, with nothing lost; that neighbours
load the same vector from workgroup memory, which hardware sends them at once, is not counted. Dispatches of whole models, and sessions in a page beside onnxruntime-web:
[benchmarks-webgpu-sessions.md](benchmarks-webgpu-sessions.md).

## What an invocation does

Instructions, and in parentheses their bytes. Registers are the widest set of names that are live at once, in numbers of 32 bits, with 8 for identifiers
and addresses; parameters of the uniform block lie elsewhere.

${table(
  [
    "kernel",
    "multiply-adds",
    "other operations",
    "global loads",
    "global stores",
    "workgroup loads",
    "workgroup stores",
    "barriers",
    "multiply-adds a workgroup load",
    "registers",
    "workgroup memory",
  ],
  [...all, ...byMatrices()].map(countRow),
)}

By matrices, an invocation counts its share of what its subgroup of 32 multiplies, loads and keeps. Below they are left out: how fast a GPU multiplies them is not asked here.

FlashAttention is a fold over keys in tiles of 64 queries and 96 keys; the last tile is not full, which adds 0.4 % of multiply-adds. Attention of models is two contractions and a
softmax, as above. Softmax joins rows by subgroups of 32.

## How many fit

${table(
  ["kernel", "GPU", "registers", "workgroups on a core (limit)", "of its invocations"],
  pairs.map(([d, device]) => occupancyRow(d, device)),
)}

## Predicted times

${pairs.map(([d, device]) => prediction(d, device)).join("\n")}

What the devices have is in \`src/lower/gpu/device-profiles.ts\`, with sources.

${notes}`;
}
