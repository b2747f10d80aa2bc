// Where four elements in a row are one load: the address steps by one along an axis, and everything else in it is a multiple of four.
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import { isInside } from "../../ir/bounds.js";
import { Poly, type Sym } from "../../ir/poly.js";
import { type Axis, gathersIn, isTensor, type Node, type NodeOf, type Store, type Tensor } from "../../ir/tile.js";
import { stridesOf } from "./memory.js";

export type TensorLoad = NodeOf<"load"> & { readonly tensor: Tensor };

/** Do all of its values divide by n, whatever the sizes? */
export const isMultipleOf = (p: Poly, n: number): boolean => p.terms.every(t => t.c % n === 0);
/** The same of four, where some symbols are known to be. */
export const isMultipleOfFour = (p: Poly, multiples: ReadonlySet<Sym>): boolean =>
  p.terms.every(t => t.c % 4 === 0 || t.s.some(s => multiples.has(s)));

/** f16: two words */
export const hasVectors = (d: Dtype): boolean => d === "f32" || d === "f16";
/** Four of them are a word, which is written as a whole where they are known together. */
export const isByte = (d: Dtype): boolean => bytesOf(d) === 1;
/** What a binding that is read, or written, in vectors is an array of. */
export const vectorType = (d: Dtype, halves: boolean): string =>
  isByte(d) ? "u32" : d === "f32" ? "vec4<f32>" : halves ? "vec4<f16>" : "vec2<u32>";

/** The value as a load whose elements at x, x + 1, x + 2, x + 3 are one vector where x is a multiple of four; undefined: it is none. */
export function vectorLoad(value: Node, x: Axis, multiples: ReadonlySet<Sym>): TensorLoad | undefined {
  if (value.kind !== "load" || !isTensor(value.tensor)) return undefined;
  const t = value.tensor;
  if (!hasVectors(t.dtype) || t.layout?.block || !isMultipleOfFour(x.extent, multiples)) return undefined;
  if (value.index.some(p => gathersIn(p).length > 0)) return undefined;
  // a fill for some of the four would need a look at each
  if (value.index.some((p, d) => p.has(x.sym) && !isInside(p, t.dims[d]!))) return undefined;
  return stepsByOne(addressOf(t, value.index), x, multiples) ? (value as TensorLoad) : undefined;
}
function stepsByOne(address: Poly, x: Axis, multiples: ReadonlySet<Sym>): boolean {
  const { coefficient, rest } = address.factor(x.sym);
  return coefficient.equals(1) && !rest.has(x.sym) && isMultipleOfFour(rest, multiples);
}
/** Are the store's elements at x, x + 1, x + 2, x + 3 one vector, or one word, where x is a multiple of four? */
export function isVectorStore(
  { tensor: t, index, combine, when }: Store,
  x: Axis,
  multiples: ReadonlySet<Sym>,
): boolean {
  if (
    combine ||
    when ||
    !(hasVectors(t.dtype) || isByte(t.dtype)) ||
    t.layout?.block ||
    !isMultipleOfFour(x.extent, multiples)
  )
    return false;
  if (index.some(p => gathersIn(p).length > 0)) return false;
  return stepsByOne(addressOf(t, index), x, multiples);
}
/** In elements from the first. */
const addressOf = (t: Tensor, index: readonly Poly[]): Poly => {
  const strides = stridesOf(t);
  return index.reduce((sum, p, d) => sum.add(p.mul(strides[d]!)), Poly.zero).mergeDivMod();
};
