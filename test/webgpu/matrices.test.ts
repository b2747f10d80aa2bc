// Matrices of subgroups, which no adapter at hand computes. That the shaders are valid WGSL says Dawn's null adapter; that they compute what the interpreter
// computes is shown with an emulation of the few functions that they use, on an adapter of software. What a GPU makes of these functions is its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyFeature, works } from "../../bench/webgpu.js";
import { explain, openGpu } from "../../src/index.js";
import type { Kernel } from "../../src/ir/tile.js";
import type { GpuLimits } from "../../src/lower/gpu/lower.js";
import { lowerForGpu, separateMemories } from "../../src/lower/gpu/lower.js";
import type { DeviceMatrices, MatrixSizes } from "../../src/lower/gpu/matrices.js";
import { gpuSpace } from "../../src/lower/gpu/space.js";
import type { GpuDevice } from "../../src/runtime/gpu.js";
import { dot, f16, f32, grid, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { model } from "../browser/small-model.js";
import { batchedMatmul } from "../kernels/reductions.js";
import * as stage1 from "../kernels/stage1.js";
import { fullSweep } from "../ops/large-cases.js";
import { isInTurn, LATER } from "../rotation.js";
import type { Sizes } from "./agree.js";
import { agree } from "./agree.js";
import type { EmulatedDevice } from "./emulated-matrices.js";
import { withMatrices } from "./emulated-matrices.js";
import { gpuTest } from "./gpu-test.js";
import { nullGpu } from "./null-gpu.js";

const cube = (type: MatrixSizes["type"], n: number): MatrixSizes => ({ type, rows: n, columns: n, depth: n });
/** what Dawn's sources and those of ONNX Runtime name of devices, where sums are f32, and others that WGSL allows */
const devices: Readonly<Record<string, EmulatedDevice>> = {
  "f32 of 8 × 8, subgroups of 32": { sizes: [cube("f32", 8)], subgroup: [32, 32], invocations: 32 },
  "f16 of 16 × 16, subgroups of 32": { sizes: [cube("f16", 16)], subgroup: [32, 32], invocations: 32 },
  "f16 of 8 × 16, subgroups of 16 to 32, here 32": {
    sizes: [{ type: "f16", rows: 8, columns: 16, depth: 16 }],
    subgroup: [16, 32],
    invocations: 32,
  },
  "f32 of 8 × 8, subgroups of 16 to 32, here 16": { sizes: [cube("f32", 8)], subgroup: [16, 32], invocations: 16 },
  "f32 of 16 × 16 × 4, subgroups of 64": {
    sizes: [{ type: "f32", rows: 16, columns: 16, depth: 4 }],
    subgroup: [64, 64],
    invocations: 64,
  },
};

const halves = () =>
  kernel({ X: f16("M K"), W: f16("K N"), Y: f16("M N") }, ({ X, W, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k).add(1), W.at(k, n), k).mul(0.125).cast("f16"));
    }),
  );
const halfVectors = () =>
  kernel(
    { X: f16("M K"), W: f16("N K"), B: f32("N"), Y: f16("M N") },
    ({ X, W, B, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(n, k), k).add(B.at(n)).mul(0.25).cast("f16"));
      }),
    { statics: { M: 72, K: 20, N: 68 } },
  );
const dequantized = () =>
  kernel({ X: f32("M K"), W: u8("K N"), S: f32("N"), Y: f32("M N") }, ({ X, W, S, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n).cast("f32").sub(5).mul(S.at(n)).add(1), k));
    }),
  );
const deep = () =>
  kernel(
    { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
    ({ X, W, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).maximum(7));
      }),
    { statics: { M: 20, K: 1024, N: 36 } },
  );

interface Subject {
  readonly name: string;
  readonly kernel: () => Kernel;
  readonly sizes: readonly Sizes[];
  readonly halves?: true;
}
const subjects: readonly Subject[] = [
  {
    name: "any sizes, whatever tiles leave over",
    kernel: () => stage1.linear().ir,
    sizes: [
      { M: 65, N: 70, K: 19 },
      { M: 1, N: 1, K: 1 },
      { M: 5, N: 97, K: 0 },
    ],
  },
  {
    name: "f16, one operand computed",
    kernel: () => halves().ir,
    sizes: [{ M: 65, N: 70, K: 35 }],
    halves: true,
  },
  { name: "f16 in vectors along the depth", kernel: () => halfVectors().ir, sizes: [{}], halves: true },
  {
    name: "a padded window",
    kernel: () => stage1.conv().ir,
    sizes: [{ B: 2, H: 7, W: 5, U: 7, V: 5, P: 3, Q: 3, C: 4, K: 33 }],
  },
  { name: "dequantised weights", kernel: () => dequantized().ir, sizes: [{ M: 20, N: 34, K: 37 }] },
  { name: "a batch", kernel: () => batchedMatmul().ir, sizes: [{ B: 3, M: 20, N: 34, K: 17 }] },
  { name: "great depth, cut along it", kernel: () => deep().ir, sizes: [{}] },
];
/** device and subject, one of them each day; all others in full sweeps: adapters of software compile each for seconds */
const inTurn: readonly string[] = [
  "f32 of 8 × 8, subgroups of 32: any sizes, whatever tiles leave over",
  "f16 of 16 × 16, subgroups of 32: f16, one operand computed",
  "f16 of 8 × 16, subgroups of 16 to 32, here 32: f16 in vectors along the depth",
];
const isHalf = ({ sizes }: EmulatedDevice): boolean => sizes[0]!.type === "f16";

for (const [title, device] of Object.entries(devices))
  for (const { name, kernel: k, sizes, halves: areHalves } of subjects) {
    const full = `${title}: ${name}`;
    // f16 goes by matrices of f32 as well
    if ((isHalf(device) && !areHalves) || !(inTurn.includes(full) || fullSweep)) continue;
    gpuTest(`by matrices, ${full}`, async t => {
      if (!isInTurn(inTurn.indexOf(full), inTurn.length)) return t.skip(LATER);
      const own = (await openGpu()).device as unknown as GpuDevice;
      await agree(k(), sizes, /tiles of (64|32) in workgroup memory by matrices of/, {
        device: withMatrices(own, device),
      });
    });
  }

/** what is lowered for a device, without emulation */
const limitsOf = ({ sizes, subgroup }: Pick<DeviceMatrices, "sizes" | "subgroup">): GpuLimits => ({
  ...everyFeature,
  matrices: { sizes, subgroup, invocations: 256 },
});
const shadersOf = (k: Kernel, limits: GpuLimits, choice = {}): readonly string[] =>
  lowerForGpu(k, separateMemories(k), limits, choice).dispatches.map(d => d.code);
const isByMatrices = (code: string): boolean => code.includes("enable chromium_experimental_subgroup_matrix;");

const gpu = nullGpu("enable-dawn-features=allow_unsafe_apis");

test("shaders with matrices are valid", { skip: !gpu && "the package webgpu is not installed" }, async () => {
  const adapter = (await gpu!.requestAdapter())!;
  const requiredFeatures = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"];
  const device = await adapter.requestDevice({ requiredLimits: {}, requiredFeatures });
  let count = 0;
  // this adapter has 16 KiB of workgroup memory
  for (const [title, emulated] of Object.entries(devices))
    for (const { name, kernel: k } of [...subjects, ...works.map(w => ({ name: w.name, kernel: () => w.kernel }))])
      for (const code of shadersOf(k(), { ...limitsOf(emulated), workgroupBytes: 16384 }).filter(isByMatrices)) {
        device.pushErrorScope("validation");
        const module = device.createShaderModule({ code });
        const { messages } = await module.getCompilationInfo();
        const layout = "auto" as unknown as object;
        await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: "main" } });
        const error = await device.popErrorScope();
        assert.deepEqual([title, name, messages.map(m => m.message), error], [title, name, [], null]);
        count++;
      }
  assert.ok(count > 30, `${count} shaders`);
  device.destroy();
});

test("matrices are chosen only where they compute what the kernel says", () => {
  const [f32s, f16s] = [
    limitsOf({ sizes: [cube("f32", 8)], subgroup: [32, 32] }),
    limitsOf({ sizes: [cube("f16", 16)], subgroup: [32, 32] }),
  ];
  const chooses = (k: Kernel, limits: GpuLimits): boolean => shadersOf(k, limits).some(isByMatrices);
  const [single, half] = [stage1.linear().ir, halfVectors().ir];
  assert.deepEqual([chooses(single, f32s), chooses(half, f32s), chooses(half, f16s)], [true, true, true]);
  assert.equal(chooses(single, f16s), false, "f32 would lose digits");
  assert.equal(chooses(half, { ...f16s, halves: false }), false, "the device has no f16");
  assert.equal(chooses(single, { ...f32s, tiles: false }), false, "workgroups share no tiles");
  assert.equal(chooses(single, { ...f32s, workgroupBytes: 8192 }), false, "tiles have no room");
  const large = limitsOf({ sizes: [cube("f32", 8)], subgroup: [512, 512] });
  assert.equal(chooses(single, large), false, "no workgroup holds a subgroup");
  const vague = limitsOf({ sizes: [cube("f32", 8)], subgroup: [4, 128] });
  assert.equal(chooses(single, vague), false, "small subgroups would keep too many sums");
  const odd = limitsOf({ sizes: [{ type: "f32", rows: 12, columns: 8, depth: 8 }], subgroup: [32, 32] });
  assert.equal(chooses(single, odd), false, "tiles are no multiple of them");
  // what is not chosen leaves no trace
  assert.deepEqual(shadersOf(single, odd), shadersOf(single, everyFeature));
  assert.deepEqual(shadersOf(single, f32s, { registers: true }), shadersOf(single, everyFeature));
  assert.ok(gpuSpace(single, f32s).some(c => c.registers));
  assert.ok(!gpuSpace(single, everyFeature).some(c => c.registers));
});

gpuTest("a device with matrices is named where its shaders are explained", async () => {
  const own = (await openGpu()).device as unknown as GpuDevice;
  const gpuDevice = withMatrices(own, devices["f32 of 8 × 8, subgroups of 32"]!) as never;
  const text = await explain(model, { target: "webgpu", stage: "code", gpuDevice });
  assert.match(text, /^\/\/ for emulated matrices: tiles of \d+ KiB, f16, .*matrices of 8 × 8 × 8 in f32\n/);
  assert.match(text, /subgroupMatrixMultiplyAccumulate/);
  const plain = await explain(model, { target: "webgpu", stage: "code" });
  assert.doesNotMatch(plain, /matrices|subgroupMatrix/);
});

gpuTest("openGpu refuses matrices where the adapter has none, in one sentence", async () => {
  await assert.rejects(openGpu({ subgroupMatrices: true }), {
    code: "target",
    message:
      /^openGpu\(\{ subgroupMatrices: true \}\): .+ has no "chromium-experimental-subgroup-matrix"; Chromium offers it with --enable-unsafe-webgpu on GPUs that have matrices, Dawn with "enable-dawn-features=allow_unsafe_apis"$/,
  });
});
