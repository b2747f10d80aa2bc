// Kernels on WebGPU: those of the first stage against naive loops, attention by a fold over tiles among them, and ragged segments against
// the interpreter. Skipped, by name, where there is no adapter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileKernel, Tensor } from "../../src/index.js";
import type { TensorArgument } from "../../src/ir/evaluate/kernel.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { Poly } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { kernelProgram } from "../../src/load/compile-kernel.js";
import { compileOptionsOf } from "../../src/load/compile-options.js";
import { explainKernel } from "../../src/load/explain-kernel.js";
import { partedFold } from "../../src/lower/gpu/parts.js";
import { gpuState, webgpuTarget } from "../../src/targets/webgpu/target.js";
import { argumentsFor, cases } from "../kernels/cases.js";
import { splitKernels, splitPlaces, splitProduct } from "../kernels/merging.js";
import { pairCases } from "../kernels/pairs.js";
import { quadCases } from "../kernels/quads.js";
import { assertRemainders, remainders32, remaindersOf } from "../kernels/remainders.js";
import { foldedColumns, groupedGemm, scaled, temperatures } from "../kernels/segments.js";
import { arraysOf, difference, valuesOf } from "../kernels/typed-cases.js";

/** sums of some dozen products in f32, in any order */
const TOLERANCE = 3e-6;
type Arguments = Readonly<Record<string, TensorArgument>>;

function dimsOf(kernel: Kernel, args: Arguments): Readonly<Record<string, number>> {
  return Object.fromEntries(
    kernel.dims.flatMap(({ name, size }) => {
      const [sym] = [...size.syms];
      for (const t of kernel.tensors) {
        const d = t.dims.findIndex(p => p.equals(size));
        if (sym && d >= 0) return [[name, args[t.name]!.dims[d]!]];
      }
      return [];
    }),
  );
}
async function onGpu(kernel: Kernel, args: Arguments): Promise<Record<string, Tensor>> {
  const constants = Object.fromEntries(kernel.tensors.filter(t => t.constant).map(t => [t.name, args[t.name]!]));
  const dims = dimsOf(kernel, args);
  const model = await compileKernel(kernel, { target: "webgpu", constants, dims });
  try {
    const given = kernel.tensors.filter(t => t.role !== "output" && !t.constant);
    return await model.run(
      Object.fromEntries(
        given.map(t => [t.name, new Tensor(t.dtype, args[t.name]!.data as never, args[t.name]!.dims)]),
      ),
    );
  } finally {
    model.dispose();
  }
}
function assertClose(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  assert.equal(got.length, want.length, what);
  for (let i = 0; i < want.length; i++)
    assert.ok(
      Math.abs(got[i]! - want[i]!) <= TOLERANCE * (1 + Math.abs(want[i]!)),
      `${what}, element ${i}: got ${got[i]}, want ${want[i]}`,
    );
}

for (const c of cases)
  test(`${c.name} on webgpu`, async t => {
    const { problem } = await gpuState();
    if (problem) return t.skip(problem);
    for (const sizes of c.sizes) {
      const kernel = c.kernel();
      const args = argumentsFor(kernel, sizes);
      const want = c.want(Object.fromEntries(Object.entries(args).map(([name, a]) => [name, a.data])), sizes);
      const got = (await onGpu(kernel, args))[c.output]!;
      assertClose(got.data as Float32Array, want, JSON.stringify(sizes));
    }
  });

for (const kernel of splitKernels.filter(k => k.folds.length === 1 && !k.segments))
  test(`the parts of ${kernel.name} on webgpu`, async t => {
    const { problem } = await gpuState();
    if (problem) return t.skip(problem);
    const args = argumentsFor(kernel, { M: 3, N: 5, K: 300, H: 2, S: 4, T: 200, D: 6, E: 7 });
    const got = await onGpu(kernel, args);
    interpretKernel(kernel, args);
    for (const [name, tensor] of Object.entries(got))
      assertClose(tensor.data as Float32Array, args[name]!.data as Float32Array, name);
  });

for (const kernel of [groupedGemm(), scaled(), foldedColumns(), temperatures()].map(k => k.ir))
  test(`segments of ${kernel.name} on webgpu`, async t => {
    const { problem } = await gpuState();
    if (problem) return t.skip(problem);
    const bounds = Int32Array.of(0, 3, 3, 70, 75);
    const sizes: Record<string, number> = { M: 75, G: 4, B: 5, K: 6, N: 11, C: 5, R: 6 };
    const args: Record<string, TensorArgument> = {};
    kernel.tensors.forEach((tensor, i) => {
      const dims = tensor.dims.map(d => d.evaluate(s => sizes[s.name]!));
      const length = dims.reduce((p, n) => p * n, 1);
      const data = Float32Array.from({ length }, (_, k) => ((k * (i + 2)) % 15) - 7);
      args[tensor.name] = { dtype: tensor.dtype, dims, data: tensor.name === "Off" ? bounds : data };
    });
    const got = await onGpu(kernel, args);
    interpretKernel(kernel, args);
    for (const [name, tensor] of Object.entries(got))
      assertClose(tensor.data as Float32Array, args[name]!.data as Float32Array, name);
    if (kernel.tensors.some(tensor => tensor.name === "Off")) {
      args.Off = { ...args.Off!, data: Int32Array.of(0, 3, 3, 70, 74) };
      await assert.rejects(onGpu(kernel, args), { code: "bounds" });
    }
  });

test("remainders on webgpu are exact, those of subnormal numbers too", async t => {
  const { problem } = await gpuState();
  if (problem) return t.skip(problem);
  const want = remaindersOf(n => new Float32Array(n));
  const args = Object.entries(want).map(([name, data]) => [name, { dtype: "f32", dims: [data.length], data }] as const);
  const { Mod, Rem } = await onGpu(remainders32(), Object.fromEntries(args));
  assertRemainders(want, { Mod: Mod!.data, Rem: Rem!.data });
});

test("a pinned schedule says into how many parts a fold is cut on webgpu", async t => {
  const { problem } = await gpuState();
  if (problem) return t.skip(problem);
  const kernel = splitProduct().ir;
  const sizes = { M: 2, N: 3, K: 300 };
  const [X, W] = [
    [2, 300],
    [300, 3],
  ].map(
    dims =>
      new Tensor(
        "f32",
        Float32Array.from({ length: dims[0]! * dims[1]! }, (_, i) => (i % 7) - 3),
        dims,
      ),
  );
  const results: string[] = [];
  for (const [parts, schedule] of [
    [undefined, /2 dispatches, .*parts that are joined/],
    [{ k: 12 }, /2 dispatches, .*parts that are joined/],
    [{}, /^1 dispatch, one invocation an element$/],
  ] as const) {
    const schedules = parts && { splitProduct: { parts } };
    const model = await compileKernel(kernel, { target: "webgpu", dims: sizes, ...(schedules ? { schedules } : {}) });
    const { Y } = await model.run({ X: X!, W: W! });
    results.push(Y!.data.join());
    assert.match(model.report().kernels[0]!.schedule, schedule);
    assert.equal(model.report().kernels[0]!.tuned, undefined);
    model.dispose();
  }
  // whole numbers: sums are exact however they are cut
  assert.equal(new Set(results).size, 1);
  const counts = [12, 2048].map(blocks => partedFold(kernel, { blocks })!.between[0]!.dims[0]!);
  const at = (p: Poly): number => p.evaluate(s => sizes[s.name as keyof typeof sizes]);
  assert.deepEqual(counts.map(at), [2, 5]);
  await assert.rejects(compileKernel(kernel, { target: "webgpu", schedules: { splitProduct: { parts: { m: 2 } } } }), {
    code: "schedule",
    message:
      'schedule of kernel "splitProduct": there is no fold over "m" to cut into parts; use the names that explain prints',
  });
  await assert.rejects(
    compileKernel(kernel, { target: "webgpu", schedules: { splitProduct: { lanes: 8, parts: { k: 12 } } } }),
    {
      code: "schedule",
      message:
        'schedule of kernel "splitProduct": target: "webgpu" has no use for "lanes", only for "parts"; pin it for targets of the processor alone',
    },
  );
  await assert.rejects(
    compileKernel(splitPlaces().ir, { target: "webgpu", schedules: { splitPlaces: { parts: { c: 4 } } } }),
    {
      code: "schedule",
      message:
        'schedule of kernel "splitPlaces": the fold over "c" is not the only one, and target: "webgpu" walks it whole; leave "parts" out',
    },
  );
  // what explain shows is what is pinned
  const shaders = async (parts: Record<string, number>) => {
    const { code } = await explainKernel(kernel, { parts }, { target: "webgpu", dims: sizes });
    return code.match(/@compute/g)!.length;
  };
  assert.deepEqual([await shaders({}), await shaders({ k: 12 })], [1, 2]);
});

test("products of halves and of bytes on webgpu are exact", async t => {
  const { problem } = await gpuState();
  if (problem) return t.skip(problem);
  for (const c of [...pairCases, ...quadCases]) {
    const kernel = c.kernel();
    const got = (await onGpu(kernel, arraysOf(c, kernel) as Arguments))[c.output]!;
    assert.equal(difference(c, valuesOf(got as never)), undefined, c.name);
  }
});
// what WGSL may lack; above, this adapter's own
test("products of bytes on webgpu are exact byte by byte, and in one operation a word", async t => {
  const { problem } = await gpuState();
  if (problem) return t.skip(problem);
  for (const packedDots of [false, true])
    for (const c of quadCases) {
      const kernel = c.kernel();
      const args = arraysOf(c, kernel) as Arguments;
      const executable = await webgpuTarget({ packedDots }).compile(
        kernelProgram(kernel, { dims: dimsOf(kernel, args) }),
        compileOptionsOf({}),
      );
      const given = kernel.tensors.filter(x => x.role !== "output").map(x => [x.name, args[x.name]!] as const);
      const got = (await executable.run(new Map(given))).get(c.output)!;
      assert.equal(difference(c, valuesOf(got as never)), undefined, `${c.name}, packed: ${packedDots}`);
      executable.dispose();
    }
});
