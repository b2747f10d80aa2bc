// Where the elements of tensors and scratch values lie, and addresses as polynomials over axes.
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import { opaque, Poly } from "../../ir/poly.js";
import type { Axis } from "../../ir/tile.js";
import { axesOf } from "../../ir/tile.js";

export interface Storage {
  readonly dtype: Dtype;
  readonly base: Poly;
  /** bytes from one index to the next, by dim; of a blocked dim: within a panel */
  readonly strides: readonly Poly[];
  readonly block?: { readonly dim: number; readonly size: number; readonly panelBytes: Poly };
}
/** An address before axes have positions: a linear part, and the index of a blocked dim. */
export interface Form {
  readonly id: number;
  readonly linear: Poly;
  readonly axes: readonly Axis[];
  readonly block?: {
    readonly index: Poly;
    readonly size: number;
    readonly panelBytes: Poly;
    readonly elementBytes: number;
  };
}

let forms = 0;
export const newFormId = (): number => forms++;
/** The address of `index`, dims for which `include` says no left out. */
export function formOf(
  st: Storage,
  index: readonly Poly[],
  base: Poly,
  include: (dim: number) => boolean = () => true,
): Form {
  let linear = base;
  let block: Form["block"];
  index.forEach((p, d) => {
    if (!include(d)) return;
    if (st.block?.dim === d)
      block = { index: p, size: st.block.size, panelBytes: st.block.panelBytes, elementBytes: bytesOf(st.dtype) };
    else linear = linear.add(p.mul(st.strides[d]!));
  });
  linear = linear.mergeDivMod();
  const axes = [...new Set([...axesOf(linear), ...(block ? axesOf(block.index) : [])])];
  return { id: newFormId(), linear, axes, ...(block ? { block } : {}) };
}

/** Bytes into a blocked dim. `aligned` is the part of the index that is known to be a multiple of the block's size. */
export function blockOffset(block: NonNullable<Form["block"]>, index: Poly, alignment: (p: Poly) => number): Poly {
  const { size, panelBytes, elementBytes } = block;
  const whole = index.terms.map(t => Poly.term(t.c, t.s)).filter(t => !t.isConst && alignment(t) % size === 0);
  const aligned = whole.reduce((a, b) => a.add(b), Poly.zero);
  const rest = index.sub(aligned);
  // one index of an aligned part is worth panelBytes / size bytes: exact, since a panel has `size` times as many bytes as anything in it
  const perIndex = panelBytes.divideExactly(size);
  const outer = aligned.mul(perIndex);
  if (rest.isConst) {
    const c = rest.constant;
    const panel = Math.floor(c / size);
    return outer.add(panelBytes.mul(panel)).add((c - panel * size) * elementBytes);
  }
  return outer
    .add(opaque("div", rest, Poly.int(size)).mul(panelBytes))
    .add(opaque("mod", rest, Poly.int(size)).mul(elementBytes));
}
