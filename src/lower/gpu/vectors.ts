// Where four elements in a row are one load: the address steps by one along an axis, and everything else in it is a multiple of four.
import { isInside } from "../../ir/bounds.js";
import { Poly } from "../../ir/poly.js";
import { type Axis, gathersIn, isTensor, type Node, type NodeOf, type Tensor } from "../../ir/tile.js";
import { stridesOf } from "./memory.js";

export type TensorLoad = NodeOf<"load"> & { readonly tensor: Tensor };

/** Do all of its values divide by n, whatever the sizes? */
export const isMultipleOf = (p: Poly, n: number): boolean => p.terms.every(t => t.c % n === 0);
export const isMultipleOfFour = (p: Poly): boolean => isMultipleOf(p, 4);

/** The value as a load whose elements at x, x + 1, x + 2, x + 3 are one vector where x is a multiple of four; undefined: it is none. */
export function vectorLoad(value: Node, x: Axis): TensorLoad | undefined {
  if (value.kind !== "load" || value.dtype !== "f32" || !isTensor(value.tensor)) return undefined;
  const t = value.tensor;
  if (t.dtype !== "f32" || t.layout?.block || !isMultipleOfFour(x.extent)) return undefined;
  if (value.index.some(p => gathersIn(p).length > 0)) return undefined;
  // a fill for some of the four would need a look at each
  if (value.index.some((p, d) => p.has(x.sym) && !isInside(p, t.dims[d]!))) return undefined;
  const strides = stridesOf(t);
  const address = value.index.reduce((sum, p, d) => sum.add(p.mul(strides[d]!)), Poly.zero);
  const { coefficient, rest } = address.factor(x.sym);
  return coefficient.equals(1) && !rest.has(x.sym) && isMultipleOfFour(rest) ? (value as TensorLoad) : undefined;
}
