// Small tensors to check a kernel on: sizes that meet its conditions, indices inside of whatever they may index.
import { newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, is64BitInteger, isFloat } from "../ir/dtypes.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims } from "../ir/evaluate/kernel.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import { floatToBits, isNarrowFloat } from "../ir/float-bits.js";
import type { Poly, Sym } from "../ir/poly.js";
import { symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel, Tensor } from "../ir/tile.js";
import type { SizeCondition } from "../ir/verify.js";
import { verify } from "../ir/verify.js";
import { bareSymbol } from "../ir/walk.js";
import { AzulejoError } from "../support/errors.js";
import { mulberry32 } from "./random.js";

export type Tensors = Readonly<Record<string, TensorArgument>>;
export interface DrawOptions {
  /** sizes that stay; others are drawn */
  readonly dims?: Readonly<Record<string, number>>;
  /** tensors that must fit each other, such as indices; they decide sizes. Others are drawn. */
  readonly tensors?: Tensors;
  /** of what is drawn: the same seed gives the same tensors */
  readonly seed?: number;
}

/** Sets of sizes that are tried, and how many are drawn at most until enough meet the kernel's conditions. */
const DRAWS = 6;
const MOST_DRAWS = 200;
const sizes = [1, 2, 3, 4, 5, 7, 8, 17] as const;

/** @throws AzulejoError input where the given tensors don't fit the kernel, or no sizes meet its conditions */
export function* drawTensors(kernel: Kernel, { dims = {}, tensors = {}, seed = 1 }: DrawOptions): Generator<Tensors> {
  const next = mulberry32(seed);
  const random = (): number => next() / 2 ** 32;
  const { conditions } = verify(kernel);
  const given = kernel.tensors.filter(t => tensors[t.name]);
  const fixed = new Map([
    ...bindDims({ ...kernel, tensors: given }, t => tensors[t.name]!.dims),
    ...symbolsOfSizes(kernel, dims),
  ]);
  const free = kernel.dims.map(d => bareSymbol(d.size)).filter((s): s is Sym => s !== undefined && !fixed.has(s));
  let found = 0;
  let broken: SizeCondition | undefined;
  for (let draw = 0; draw < MOST_DRAWS && found < (free.length === 0 ? 1 : DRAWS); draw++) {
    const symbols = new Map(fixed);
    for (const s of free) symbols.set(s, sizes[Math.floor(random() * sizes.length)]!);
    const size = (p: Poly): number => p.evaluate(s => symbols.get(s)!);
    broken = conditions.find(c => !holds(c, size));
    if (broken) continue;
    found++;
    yield Object.fromEntries(
      kernel.tensors.map(t => [t.name, tensors[t.name] ?? drawn(kernel, t, t.dims.map(size), size, random)]),
    );
  }
  if (found === 0) {
    const { message, source } = broken!;
    throw new AzulejoError(
      "input",
      `${message}${source ? ` (${source})` : ""}; none of ${MOST_DRAWS} draws of sizes keeps that: write inside, or give dims or tensors that do`,
    );
  }
}
const holds = (c: SizeCondition, size: (p: Poly) => number): boolean =>
  c.relation === "lt" ? size(c.left) < size(c.right) : size(c.left) <= size(c.right);

function drawn(
  kernel: Kernel,
  t: Tensor,
  dims: readonly number[],
  size: (p: Poly) => number,
  random: () => number,
): TensorArgument {
  const data = newArray(
    t.dtype,
    dims.reduce((a, b) => a * b, 1),
  ) as unknown as Scalar[] & { length: number };
  const argument = { dtype: t.dtype, dims, data } as unknown as TensorArgument;
  if (t.role === "output") return argument;
  const { segments } = kernel;
  // offsets of segments rise from 0 to the size of their dim
  const most = segments?.offsets === t ? size(segments.axis.extent) : smallestIndexed(kernel, t, size);
  for (let i = 0; i < data.length; i++) data[i] = element(t.dtype, random, most);
  if (segments?.offsets === t) {
    (data as unknown as Int32Array).sort();
    data[0] = 0;
    data[data.length - 1] = most;
  }
  return argument;
}
/** Integers may be indices: below the smallest dim of what the kernel reads, so that they are inside of whatever they index. */
const smallestIndexed = (kernel: Kernel, own: Tensor, size: (p: Poly) => number): number =>
  Math.max(1, Math.min(16, ...kernel.tensors.filter(t => t !== own).flatMap(t => t.dims.map(size))));

function element(dtype: Dtype, random: () => number, most: number): Scalar {
  if (dtype === "bool") return random() < 0.5 ? 0 : 1;
  if (isFloat(dtype)) {
    const x = Math.fround(random() * 4 - 2);
    return isNarrowFloat(dtype) ? floatToBits(dtype, x) : x;
  }
  const n = Math.floor(random() * Math.min(most, 2 ** (bitsOf(dtype) - 1)));
  return is64BitInteger(dtype) ? BigInt(n) : n;
}
