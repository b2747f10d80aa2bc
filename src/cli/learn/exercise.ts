// What an exercise of docs/learn is: a kernel to write, the cases that it must pass, and what to say where it does not.
import type { TileKernel } from "../../author/kernel.js";
import type { CheckKernelOptions } from "../../testing/index.js";

export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];
export type Text = Readonly<Record<Language, string>>;

/** Tensors as `eager` and `run` take them. */
export type Tensors = NonNullable<CheckKernelOptions["tensors"]>;
type TensorArgument = Tensors[string];

/** One call of the kernel. Cases go from easy to hard: a hint may count on what those before it have shown. */
export interface Case {
  readonly name: Text;
  readonly tensors: Tensors;
  readonly output: string;
  /** row-major, computed in float64 */
  readonly want: readonly number[];
  readonly hint: Text;
}

/** What is asked of the kernel beside its results. */
export interface Demand {
  readonly name: Text;
  readonly hint: Text;
  /** what is missing; undefined: nothing */
  readonly problem: (kernel: TileKernel, exported: Readonly<Record<string, unknown>>) => Promise<Text | undefined>;
}

export interface Exercise {
  /** name of its page, its skeleton and its solution below docs/learn */
  readonly slug: string;
  readonly title: Text;
  /** the kernel's name among the exports of the learner's module */
  readonly exports: string;
  readonly task: Text;
  readonly cases: readonly Case[];
  readonly demands?: readonly Demand[];
  /** for the kernel under watch: tensors that must fit each other, sizes */
  readonly check?: CheckKernelOptions;
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
export const f32 = (dims: readonly number[], f: (i: number) => number): TensorArgument => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: sizeOf(dims) }, (_, i) => f(i)),
});
export const i32 = (...data: readonly number[]): TensorArgument => ({
  dtype: "i32",
  dims: [data.length],
  data: Int32Array.from(data),
});
/** numbers without a pattern that a mistake could keep */
export const wave = (i: number): number => Math.fround(Math.sin(i * 1.7 + 0.3));

/** `f(i, j, …)` at all indices of dims, row-major. */
export function table(dims: readonly number[], f: (...index: number[]) => number): number[] {
  return Array.from({ length: sizeOf(dims) }, (_, flat) => f(...indexAt(dims, flat)));
}
/** The index of an element by its place in row-major order. */
export function indexAt(dims: readonly number[], flat: number): number[] {
  const index: number[] = [];
  for (let d = dims.length - 1, rest = flat; d >= 0; d--) {
    index.unshift(rest % dims[d]!);
    rest = Math.floor(rest / dims[d]!);
  }
  return index;
}
/** Σ f(0) … f(n − 1) */
export function sum(n: number, f: (i: number) => number): number {
  let all = 0;
  for (let i = 0; i < n; i++) all += f(i);
  return all;
}
/** Elements of a tensor by their index. */
export const reader =
  (t: TensorArgument) =>
  (...index: readonly number[]): number =>
    Number(t.data[index.reduce((flat, i, d) => flat * t.dims[d]! + i, 0)]);
