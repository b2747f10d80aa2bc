// Kernels that read from more buffers than a device binds: some are copied into one before. Skipped, by name, where there is no adapter.
import assert from "node:assert/strict";
import { kernelProgram } from "../../src/load/compile-kernel.js";
import { compileOptionsOf } from "../../src/load/compile-options.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { webgpuTarget } from "../../src/targets/webgpu/target.js";
import { f32, grid, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { gpuTest } from "./gpu-test.js";

const names = ["A", "B", "C", "D", "E"] as const;
/** the sums of five tensors of f32 and of five of u8, by different weights */
const manySums = kernel(
  {
    ...({ A: f32("N"), B: f32("N"), C: f32("N"), D: f32("N"), E: f32("N") } as const),
    ...({ bytesA: u8("N"), bytesB: u8("N"), bytesC: u8("N"), bytesD: u8("N"), bytesE: u8("N") } as const),
    Y: f32("N"),
  },
  ({ A, B, C, D, E, bytesA, bytesB, bytesC, bytesD, bytesE, Y, N }) =>
    grid(N.tile(), n => {
      const floats = [A, B, C, D, E].map((t, i) => t.at(n).mul(i + 1));
      const bytes = [bytesA, bytesB, bytesC, bytesD, bytesE].map((t, i) =>
        t
          .at(n)
          .cast("f32")
          .mul(10 * (i + 1)),
      );
      Y.at(n).set([...floats, ...bytes].reduce((sum, x) => sum.add(x)));
    }),
);

gpuTest("a device that binds four buffers computes a kernel of eleven", async () => {
  const target = webgpuTarget({ storageBuffers: 4 });
  const executable = await target.compile(kernelProgram(manySums.ir, {}), compileOptionsOf({}));
  try {
    for (const length of [1, 7, 130]) {
      const values = (i: number): number[] => Array.from({ length }, (_, n) => (n * (i + 3)) % 17);
      const inputs = names.flatMap((name, i) => [
        [name, { dtype: "f32", dims: [length], data: Float32Array.from(values(i)) }] as const,
        [`bytes${name}`, { dtype: "u8", dims: [length], data: Uint8Array.from(values(i + 5)) }] as const,
      ]);
      const got = await executable.run(new Map<string, TensorData>(inputs));
      const want = Float32Array.from({ length }, (_, n) =>
        names.reduce((sum, _, i) => sum + (i + 1) * (values(i)[n]! + 10 * values(i + 5)[n]!), 0),
      );
      assert.deepEqual(got.get("Y")!.data, want);
    }
  } finally {
    executable.dispose();
  }
});

gpuTest("a kernel that can't do with so few is refused", async () => {
  await assert.rejects(
    webgpuTarget({ storageBuffers: 2 }).compile(kernelProgram(manySums.ir, {}), compileOptionsOf({})),
    {
      code: "target",
      message:
        'Kernel "kernel" needs 3 storage buffers, and this device binds 2; use { target: "wasm" }, or { onUnsupported: "host" }',
    },
  );
});
