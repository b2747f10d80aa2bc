// Kernels on WebGPU against the interpreter, on whole numbers, whose sums are exact in any order.
import assert from "node:assert/strict";
import type { TensorArgument } from "../../src/ir/evaluate/kernel.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { floatFromBits, floatToBits } from "../../src/ir/float-bits.js";
import type { Kernel } from "../../src/ir/tile.js";
import { kernelProgram } from "../../src/load/compile-kernel.js";
import { compileOptionsOf } from "../../src/load/compile-options.js";
import type { GpuChoice } from "../../src/schedule/choices.js";
import type { WebGpuOptions } from "../../src/targets/webgpu/target.js";
import { webgpuTarget } from "../../src/targets/webgpu/target.js";

type Arguments = Record<string, TensorArgument>;
export type Sizes = Readonly<Record<string, number>>;

const dataOf = {
  f32: (x: readonly number[]) => Float32Array.from(x),
  f16: (x: readonly number[]) => Uint16Array.from(x, n => floatToBits("f16", n)),
  i32: (x: readonly number[]) => Int32Array.from(x),
  u32: (x: readonly number[]) => Uint32Array.from(x),
  i8: (x: readonly number[]) => Int8Array.from(x),
  u8: (x: readonly number[]) => Uint8Array.from(x, n => n + 5),
};
function whole(k: Kernel, sizes: Sizes): Arguments {
  return Object.fromEntries(
    k.tensors.map((t, i) => {
      const dims = t.dims.map(d => d.evaluate(s => sizes[s.name]!));
      const values = Array.from({ length: dims.reduce((p, n) => p * n, 1) }, (_, at) => ((at * (2 * i + 3)) % 11) - 5);
      const data = dataOf[t.dtype as keyof typeof dataOf](values);
      return [t.name, { dtype: t.dtype, dims, data }];
    }),
  );
}
const numbersOf = ({ dtype, data }: TensorArgument): readonly number[] =>
  Array.from(data as ArrayLike<number>, x => (dtype === "f16" ? floatFromBits("f16", x) : x));

function assertClose(got: TensorArgument, want: TensorArgument, what: string): void {
  const [have, wanted] = [numbersOf(got), numbersOf(want)];
  assert.equal(have.length, wanted.length, what);
  const isFloats = got.data instanceof Float32Array;
  for (const [i, w] of wanted.entries())
    if (!(Math.abs(have[i]! - w) <= (isFloats ? 3e-6 : 0) * (1 + Math.abs(w))))
      assert.fail(`${what}, element ${i}: got ${have[i]}, want ${w}`);
}

/** On both, for several sizes of one compiled kernel; `schedule`: what its report says. */
export async function agree(
  k: Kernel,
  allSizes: readonly Sizes[],
  schedule: RegExp,
  { choice, ...options }: Omit<WebGpuOptions, "choices"> & { readonly choice?: GpuChoice } = {},
): Promise<void> {
  const choices = choice && new Map([[k.name, choice]]);
  const own = new Set([...k.dims].flatMap(d => [...d.size.syms].map(s => s.name)));
  for (const sizes of allSizes) {
    const dims = Object.fromEntries(Object.entries(sizes).filter(([name]) => own.has(name)));
    const executable = await webgpuTarget({ tiles: true, choices, ...options }).compile(
      kernelProgram(k, { dims }),
      compileOptionsOf({}),
    );
    try {
      assert.match(executable.report().kernels[0]!.schedule, schedule);
      const args = whole(k, sizes);
      const given = k.tensors.filter(t => t.role !== "output").map(t => [t.name, args[t.name]!] as const);
      const got = await executable.run(new Map(given));
      interpretKernel(k, args);
      for (const t of k.tensors.filter(x => x.role === "output"))
        assertClose(got.get(t.name)! as TensorArgument, args[t.name]!, `${t.name}, ${JSON.stringify(sizes)}`);
    } finally {
      executable.dispose();
    }
  }
}
