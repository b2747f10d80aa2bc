// How kernels of azulejo/kernels are judged: against loops in float64, on every executor. Cases are data; nothing here knows a kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newArray } from "../../src/ir/arrays.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type * as kernels from "../../src/kernels/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { isInTurn, LATER } from "../rotation.js";

export const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
export const f32 = (dims: readonly number[], seed = 0): TensorArgument => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: count(dims) }, (_, i) => Math.sin(1 + seed * 7 + i * 1.7)),
});
export const i32 = (...data: number[]): TensorArgument => ({
  dtype: "i32",
  dims: [data.length],
  data: Int32Array.from(data),
});
export const integers = (dtype: "i8" | "i4", dims: readonly number[]): TensorArgument => ({
  dtype,
  dims,
  data: Int8Array.from({ length: count(dims) }, (_, i) => ((i * 5) % 16) - 8),
});

/** reads an element by its indices */
export const reader =
  ({ dims, data }: TensorArgument) =>
  (...index: number[]): number =>
    Number(data[index.reduce((at, i, d) => at * dims[d]! + i, 0)]);
export const sum = (n: number, f: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};
/** all elements of a tensor from a function of their indices, row-major */
function* elements(dims: readonly number[], f: (...index: number[]) => number): Generator<number> {
  for (let flat = 0; flat < count(dims); flat++) {
    let rest = flat;
    const index = dims.map(() => 0);
    for (let d = dims.length - 1; d >= 0; d--) {
      index[d] = rest % dims[d]!;
      rest = Math.floor(rest / dims[d]!);
    }
    yield f(...index);
  }
}

type Tensors = Readonly<Record<string, TensorArgument>>;
export interface Case {
  readonly name: string;
  readonly kernel: () => kernels.TileKernel;
  readonly tensors: Tensors;
  readonly dims?: Readonly<Record<string, number>>;
  /** how far results may be off, of 1 + what is wanted; integers must be equal */
  readonly tolerance?: number;
  /** each output's dims, and its elements */
  readonly want: Readonly<Record<string, readonly [dims: readonly number[], element: (...index: number[]) => number]>>;
}
export const any = <K>(kernel: () => K) => kernel as unknown as Case["kernel"];

export type Get = (...index: number[]) => number;

/**
 * Judges kernels eagerly, whole or in blocks, as interpreted IR in parts, compiled for one and two threads, and on WebGPU where there is a device. C compilers and
 * adapters of software take more time than all else: by default native code is made of one case in eight, and shaders of one in three.
 */
export function judgeCases(cases: readonly Case[]): void {
  for (const [at, c] of cases.entries()) {
    const due = {
      whole: isInTurn(at, 2),
      blocks: isInTurn(at + 1, 2),
      native: isInTurn(at, 8),
      webgpu: isInTurn(at, 3),
    };
    test(c.name, async t => {
      for (const target of ["native", "webgpu"] as const) if (!due[target]) t.diagnostic(`on ${target} it ${LATER}`);
      await judgeCase(c, due);
    });
  }
}
type Due = Readonly<Record<"whole" | "blocks" | "native" | "webgpu", boolean>>;
async function judgeCase(c: Case, due: Due): Promise<void> {
  const kernel = c.kernel();
  const outputs = (): Tensors =>
    Object.fromEntries(
      Object.entries(c.want).map(([name, [dims]]) => {
        const { dtype } = kernel.ir.tensors.find(t => t.name === name)!;
        return [name, { dtype, dims, data: newArray(dtype, count(dims)) } as TensorArgument];
      }),
    );
  if (due.whole) judge(c, kernel.eager({ ...c.tensors, ...outputs() }), "eager");
  if (due.blocks) judge(c, kernel.eager({ ...c.tensors, ...outputs() }, { block: 2, foldTile: 3 }), "eager in blocks");
  const interpreted = { ...c.tensors, ...outputs() };
  interpretKernel(kernel.ir, interpreted, { foldTile: 3, foldParts: 2 });
  judge(c, interpreted, "interpreted in parts");
  for (const target of await targets(c, due))
    for (const threads of target === "webgpu" ? [1] : [1, 2]) {
      const options = { target, threads, ...(c.dims ? { dims: c.dims } : {}) };
      judge(c, await kernel.run(c.tensors, options), `${target}, ${threads} threads`);
    }
  kernel.dispose();
}
async function targets({ tensors }: Case, due: Due): Promise<("wasm" | "native" | "webgpu")[]> {
  const native = due.native && (await nativeProblem()) === undefined ? (["native"] as const) : [];
  const isPlain = Object.values(tensors).every(t => t.dtype !== "f32" || (t.data as Float32Array).every(isPlainNumber));
  const webgpu = due.webgpu && isPlain && (await gpuState()).problem === undefined ? (["webgpu"] as const) : [];
  return ["wasm", ...native, ...webgpu];
}
/** What WGSL leaves to the device: subnormals may become zeros, infinities and NaN anything. */
const isPlainNumber = (x: number): boolean => x === 0 || (Number.isFinite(x) && Math.abs(x) >= 2 ** -126);
function judge(c: Case, results: Readonly<Record<string, TensorArgument>>, how: string): void {
  for (const [name, [dims, element]] of Object.entries(c.want)) {
    const got = results[name]!;
    assert.deepEqual(got.dims, dims, how);
    const bound = got.dtype === "f32" ? (c.tolerance ?? 2e-5) : 0;
    let i = 0;
    for (const want of elements(dims, element)) {
      const value = Number(got.data[i]);
      assert.ok(
        Object.is(value, want) || Math.abs(value - want) <= bound * (1 + Math.abs(want)),
        `${how}, ${name}[${i}]: ${value}, want ${want}`,
      );
      i++;
    }
  }
}
