// Signatures and bodies, recorded once into tile IR. What runs a body again is in tile-kernel.ts: no bundle that only records has it.
import type { Dtype } from "../ir/dtypes.js";
import { nameKernel } from "../ir/names.js";
import { Poly, Sym } from "../ir/poly.js";
import type { Axis, Dim, Fold, Kernel, Node, Segments, Store, Tensor } from "../ir/tile.js";
import { newAxis, reach, segmentCount } from "../ir/tile.js";
import type { SizeCondition } from "../ir/verify.js";
import { verify } from "../ir/verify.js";
import { rootsOfStore } from "../ir/walk.js";
import type { AnyRange, Range, Segmented } from "./dim.js";
import { checkRange, DimValue } from "./dim.js";
import { captureSite } from "./source.js";
import type { AnyIndex } from "./tile.js";
import { Index, SegmentIndex } from "./tile.js";
import { kernelError, record, recording } from "./trace.js";
import type { DimNames, Words } from "./types.js";
import { View } from "./view.js";

/** One tensor of a signature: its dtype and the names of its dims. */
export interface TensorWord<D extends Dtype, W extends readonly string[]> {
  readonly dtype: D;
  readonly words: W;
  /** weights, known at load */
  readonly constant?: boolean;
  /** read and written, or written in part */
  readonly inPlace?: boolean;
}
/** The tensors of a kernel, by name. */
export type Signature = Readonly<Record<string, TensorWord<Dtype, readonly string[]>>>;

const word =
  <D extends Dtype>(dtype: D) =>
  <const S extends string>(dims: S): TensorWord<D, Words<S>> => ({
    dtype,
    words: dims.split(/\s+/).filter(Boolean) as unknown as Words<S>,
  });

/** `f64("N")`: a tensor of f64 */
export const f64 = word("f64");
/** `f32("M K")`: a tensor of f32 with the dims M and K; a number is a constant dim, "" a scalar */
export const f32 = word("f32");
/** `f16("N")`: a tensor of f16, in an array of bits */
export const f16 = word("f16");
/** `bf16("N")`: a tensor of bf16, in an array of bits */
export const bf16 = word("bf16");
/** `f8e4m3fn("N")`: a tensor of floats of 8 bits, in an array of bits: 4 of exponent, no infinity */
export const f8e4m3fn = word("f8e4m3fn");
/** `f8e4m3fnuz("N")`: a tensor of floats of 8 bits, in an array of bits: 4 of exponent, no infinity, no −0 */
export const f8e4m3fnuz = word("f8e4m3fnuz");
/** `f8e5m2("N")`: a tensor of floats of 8 bits, in an array of bits: 5 of exponent */
export const f8e5m2 = word("f8e5m2");
/** `f8e5m2fnuz("N")`: a tensor of floats of 8 bits, in an array of bits: 5 of exponent, no infinity, no −0 */
export const f8e5m2fnuz = word("f8e5m2fnuz");
/** `f8e8m0("N")`: a tensor of powers of two, in an array of bits */
export const f8e8m0 = word("f8e8m0");
/** `f4e2m1("N")`: a tensor of floats of 4 bits, in an array of bits */
export const f4e2m1 = word("f4e2m1");
/** `i64("N")`: a tensor of integers of 64 bits, in a BigInt64Array */
export const i64 = word("i64");
/** `i32("N")`: a tensor of integers of 32 bits */
export const i32 = word("i32");
/** `i16("N")`: a tensor of integers of 16 bits */
export const i16 = word("i16");
/** `i8("N")`: a tensor of integers of 8 bits */
export const i8 = word("i8");
/** `i4("N")`: a tensor of integers of 4 bits, one entry each */
export const i4 = word("i4");
/** `i2("N")`: a tensor of integers of 2 bits, one entry each */
export const i2 = word("i2");
/** `u64("N")`: a tensor of integers of 64 bits without sign, in a BigUint64Array */
export const u64 = word("u64");
/** `u32("N")`: a tensor of integers of 32 bits without sign */
export const u32 = word("u32");
/** `u16("N")`: a tensor of integers of 16 bits without sign */
export const u16 = word("u16");
/** `u8("N")`: a tensor of integers of 8 bits without sign */
export const u8 = word("u8");
/** `u4("N")`: a tensor of integers of 4 bits without sign, one entry each */
export const u4 = word("u4");
/** `u2("N")`: a tensor of integers of 2 bits without sign, one entry each */
export const u2 = word("u2");
/** `bool("N")`: a tensor of truth values, 0 and 1 in a Uint8Array */
export const bool = word("bool");
/** a tensor whose dtype a parameter decides */
export const tensor = <D extends Dtype, const S extends string>(dtype: D, dims: S): TensorWord<D, Words<S>> =>
  word(dtype)(dims);
/** weights: known at load, so a schedule may store them in another layout */
export const constant = <T extends TensorWord<Dtype, readonly string[]>>(t: T): T => ({ ...t, constant: true });
/** keeps what it does not write: caches, scatters */
export const inPlace = <T extends TensorWord<Dtype, readonly string[]>>(t: T): T => ({ ...t, inPlace: true });

type NamesOf<S extends Signature> = { [K in keyof S]: DimNames<S[K]["words"]> }[keyof S];
/** What the body of a kernel gets: views of its tensors and its dims, by name. */
export type Environment<S extends Signature> = { readonly [K in keyof S]: View<S[K]["dtype"], S[K]["words"]> } & {
  readonly [N in NamesOf<S> & string]: DimValue<N>;
};
export type Sizes = Readonly<Record<string, number>>;

/** A kernel's name, and dims that never change. */
export interface KernelOptions<T extends Sizes = Sizes> {
  readonly name?: string;
  /** dims that are the same in every call, of the signature or beside it (taps of a window): loops over them unroll */
  readonly statics?: T;
}

/** What a signature and a body give. */
export interface Recording<S extends Signature> {
  readonly ir: Kernel;
  /** run again for eager execution */
  readonly body: (env: Environment<S>) => void;
  readonly conditions: readonly SizeCondition[];
}
/** The body of a kernel, as its author writes it. */
export type KernelBody<S extends Signature, T extends Sizes> = (
  env: Environment<S> & { readonly [N in keyof T & string]: DimValue<N> },
) => void;

/** A kernel as it is recorded alone, for who does not run it by itself. */
export const kernelOf = <const S extends Signature>(
  signature: S,
  // biome-ignore lint/complexity/noBannedTypes: no statics add no names
  body: KernelBody<S, {}>,
  options: KernelOptions = {},
): Kernel => recordSignature(signature, body, options).ir;

export function recordSignature<S extends Signature, T extends Sizes>(
  signature: S,
  body: KernelBody<S, T>,
  options: KernelOptions<T>,
): Recording<S> {
  const statics: Sizes = options.statics ?? {};
  const name = options.name ?? "kernel";
  const dims = declareDims(signature, statics);
  const tensors = Object.entries(signature).map(([tensorName, w]) => ({
    name: tensorName,
    dtype: w.dtype,
    dims: w.words.map(d => dims.get(d)?.size ?? Poly.int(Number(d))),
    role: "input" as Tensor["role"],
    ...(w.constant ? { constant: true } : {}),
  }));
  const env = environment<S>(tensors, [...dims.values()]) as Parameters<typeof body>[0];
  const r = record(name, recorded => {
    recorded.authored = true;
    body(env);
  });
  assignRoles(tensors, r.stores, r.folds, signature);
  const ir = kernelFrom(name, tensors, [...dims.values()], r);
  return { ir, body: body as (env: Environment<S>) => void, conditions: verify(ir).conditions };
}

/** every name among the words becomes a dim, in order of appearance */
function declareDims(signature: Signature, statics: Readonly<Record<string, number>>): Map<string, Dim> {
  for (const [d, size] of Object.entries(statics))
    if (!Number.isSafeInteger(size) || size < 0)
      throw kernelError(`the static dim "${d}" is ${size}; use a whole number from 0 on`);
  const dims = new Map<string, Dim>();
  for (const [tensorName, w] of Object.entries(signature))
    for (const d of w.words) {
      if (/^\d+$/.test(d)) continue;
      if (!/^[A-Za-z_]\w*$/.test(d))
        throw kernelError(
          `"${d}" in the dims of "${tensorName}" is neither a name nor a number; write for example f32("M 4")`,
        );
      if (d in signature) throw kernelError(`"${d}" names both a tensor and a dim; rename one of them`);
      if (!dims.has(d)) dims.set(d, { name: d, size: d in statics ? Poly.int(statics[d]!) : Poly.sym(new Sym(d)) });
    }
  for (const [d, size] of Object.entries(statics)) if (!dims.has(d)) dims.set(d, { name: d, size: Poly.int(size) });
  return dims;
}

/** What the body gets, over these tensors and dims. */
export function environment<S extends Signature>(tensors: readonly Tensor[], dims: readonly Dim[]): Environment<S> {
  const views = tensors.map(t => [t.name, new View(t)] as const);
  const values = dims.map(d => [d.name, new DimValue(d.name, d.size)] as const);
  return Object.fromEntries([...views, ...values]) as unknown as Environment<S>;
}

const kernelFrom = (
  name: string,
  tensors: readonly Tensor[],
  dims: readonly Dim[],
  r: ReturnType<typeof record>,
): Kernel => {
  const { segments } = r;
  const k: Kernel = {
    name,
    tensors,
    dims,
    grid: r.grid ?? [],
    ...(segments ? { segments } : {}),
    stores: r.stores,
    folds: r.folds,
    ...(r.debug.length ? { debug: r.debug } : {}),
  };
  nameKernel(k);
  return k;
};

/** written: output; written and read, or declared in place: inout */
function assignRoles(
  tensors: readonly Tensor[],
  stores: readonly Store[],
  folds: readonly Fold[],
  signature: Signature,
): void {
  const { read, written } = accesses(stores, folds);
  for (const t of tensors) {
    if (!written.has(t)) continue;
    const inPlace = signature[t.name]?.inPlace ?? false;
    const made = t as { role: Tensor["role"]; startsEmpty?: true };
    made.role = read.has(t) || inPlace ? "inout" : "output";
    if (read.has(t) && !inPlace) made.startsEmpty = true;
  }
}

/** Which tensors a body reads and writes. */
export function accesses(
  stores: readonly Store[],
  folds: readonly Fold[],
): { read: Set<object>; written: Set<object> } {
  const read = new Set<object>();
  const written = new Set<object>();
  const visit = (roots: readonly Node[]): void => {
    for (const n of reach(roots)) if (n.kind === "load") read.add(n.tensor);
  };
  const go = (body: readonly Store[], inner: readonly Fold[]): void => {
    for (const s of body) {
      written.add(s.tensor);
      visit(rootsOfStore(s));
      // what it joins is read
      if (s.combine || s.when) read.add(s.tensor);
    }
    for (const f of inner) {
      visit([...f.init, ...f.next, ...(f.merge ?? [])]);
      go(f.stores, f.folds);
    }
  };
  go(stores, folds);
  return { read, written };
}

type IndexOf<R> = R extends Segmented<infer A> ? SegmentIndex<A> : R extends Range<infer A> ? Index<A> : never;
type IndicesOf<R extends readonly AnyRange[]> = { [K in keyof R]: IndexOf<R[K]> };
/** Parallel blocks over the ranges; once a kernel. */
export function grid<const R extends readonly AnyRange[]>(
  ...args: readonly [...R, (...indices: IndicesOf<R>) => void]
): void {
  const ranges = args.slice(0, -1) as unknown as R;
  const body = args.at(-1) as (...indices: AnyIndex[]) => void;
  const r = recording();
  if (!r) throw kernelError("grid is called outside of a kernel; move it into the body that kernel() got");
  if (r.grid) throw kernelError("grid is called twice in one kernel; make two kernels, or one grid over both ranges");
  for (const g of ranges) checkRange("grid", g);
  if (ranges.some(g => g.steps))
    throw kernelError("grid walks in parallel and .steps() in order; use .tile(), or fold over .steps()");
  const axes: Axis[] = ranges.map(g => newAxis(g.axis, g.extent));
  r.grid = axes;
  const segments = segmentsOf(ranges, axes);
  if (segments) {
    r.segments = segments;
    r.points.add(segments.at);
  }
  const run = (): void =>
    body(...axes.map(a => (a === segments?.axis ? new SegmentIndex(a, segments.at) : new Index(a))));
  if (r.eager) r.eager.grid(axes, segments ? { segments } : {}, run);
  else run();
}
function segmentsOf(ranges: readonly AnyRange[], axes: readonly Axis[]): Segments | undefined {
  const [first, second] = ranges.flatMap((g, i) => (g.offsets ? [{ axis: axes[i]!, offsets: g.offsets }] : []));
  if (second)
    throw kernelError(
      `grid walks "${first!.axis.name}" and "${second.axis.name}" in segments; one of them at most, walk the other with .tile()`,
    );
  if (!first) return undefined;
  const out: Segments = { ...first, at: newAxis(`${first.axis.name}.seg`, segmentCount(first.offsets)) };
  const site = captureSite();
  if (site) Object.defineProperty(out, "source", { enumerable: true, configurable: true, get: () => site.text });
  return out;
}

/** What `recordKernel` needs: everything that a signature would have said. */
export interface KernelParts {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly dims: readonly Dim[];
  /** parallel axes, made by the caller */
  readonly grid: readonly Axis[];
}
/** Records a kernel over given tensors and axes: what graph partition uses. `body` does the stores through views of the tensors. */
export function recordKernel(
  parts: KernelParts,
  body: (views: Readonly<Record<string, View<Dtype>>>, grid: readonly AnyIndex[]) => void,
): Kernel {
  const views = Object.fromEntries(parts.tensors.map(t => [t.name, new View(t) as View<Dtype>]));
  const r = record(parts.name, recorded => {
    recorded.grid = parts.grid;
    body(
      views,
      parts.grid.map(a => new Index(a)),
    );
  });
  return kernelFrom(parts.name, parts.tensors, parts.dims, r);
}
