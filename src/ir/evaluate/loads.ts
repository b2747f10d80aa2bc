// Reads of tensors and of materialised tiles: bounds, fills, gathers, elements that nobody wrote.

import type { AzulejoError } from "../../support/errors.js";
import { invariant } from "../../support/errors.js";
import { isFloat } from "../dtypes.js";
import type { Poly } from "../poly.js";
import type { Axis, Materialized, NodeOf, Tensor } from "../tile.js";
import { gathersIn } from "../tile.js";
import { bareSymbol } from "../walk.js";
import type { Evaluator } from "./evaluator.js";
import { decoder } from "./memory.js";
import type { Scalar } from "./scalar.js";
import type { Value } from "./values.js";
import { newData, product, stridesAlong, unionShape, walk } from "./values.js";

interface Source {
  readonly name: string;
  readonly data: ArrayLike<Scalar>;
  readonly offset: number;
  readonly strides: readonly number[];
  readonly dims: readonly number[];
  readonly initialized?: Uint8Array;
  /** bits in memory → value */
  readonly decode?: ((bits: number) => number) | undefined;
}

export function loadTensor(e: Evaluator, n: NodeOf<"load">, tensor: Tensor): Value {
  const storage = e.storages.get(tensor);
  invariant(storage, `tensor "${tensor.name}" of kernel "${e.name}" has no memory`);
  return gatherElements(e, n, {
    ...storage,
    name: tensor.name,
    data: storage.data as ArrayLike<Scalar>,
    decode: decoder(tensor.dtype),
  });
}

export function loadMaterialized(e: Evaluator, n: NodeOf<"load">, m: Materialized): Value {
  // Where the tile is read beyond the block that is being computed, all of it is needed.
  const partial = m.axes.filter((a, d) => !isBare(n.index[d]!, a) && e.span(a).length !== e.extent(a));
  if (partial.length > 0 && e.dependsOnState(m.value))
    throw e.error(
      "unsuited",
      `"${m.name}" holds the state of a fold and is read along "${partial[0]!.name}" beyond its block; take the whole dim with .all()`,
      n,
    );
  const compute = () => {
    const value = e.evaluate(m.value);
    return { value, starts: m.axes.map(a => (value.axes.includes(a) ? e.span(a).start : 0)) };
  };
  const { value, starts } = partial.length > 0 ? e.whole(partial, compute) : compute();
  const strides = stridesAlong(value, m.axes);
  const offset = -strides.reduce((sum, s, d) => sum + s * starts[d]!, 0);
  return gatherElements(e, n, {
    name: m.name,
    data: value.data as unknown as ArrayLike<Scalar>,
    offset,
    strides,
    dims: m.axes.map(a => e.extent(a)),
  });
}
/** Rows at least this long make up for starting them. */
const LONG_ROW = 8;
/** Puts a long axis innermost: if there is one, the one along which elements lie closest in memory. */
function rowsLast(
  shape: { readonly axes: Axis[]; readonly lengths: number[] },
  index: readonly Value[],
  strides: readonly number[],
): { axes: Axis[]; lengths: number[] } {
  const lengthOf = (a: Axis): number => shape.lengths[shape.axes.indexOf(a)]!;
  const byStride = index.map((v, d) => ({ v, stride: strides[d]! })).sort((a, b) => a.stride - b.stride);
  const near = byStride.flatMap(({ v }) => v.axes).find(a => lengthOf(a) >= LONG_ROW);
  if (!near) return shape;
  const axes = [...shape.axes.filter(a => a !== near), near];
  return { axes, lengths: axes.map(lengthOf) };
}

const isBare = (p: Poly, a: Axis): boolean => bareSymbol(p) === a.sym;

/** The loop over all elements of a load. Outside of the dims the fill is read, except through a gathered index, which is an error. */
function gatherElements(e: Evaluator, n: NodeOf<"load">, from: Source): Value {
  const index = n.index.map(p => e.polynomial(p));
  const { axes, lengths } = rowsLast(unionShape(index), index, from.strides);
  const data = newData(n.dtype, product(lengths));
  const out = data as unknown as Scalar[];
  const strides = [stridesAlong({ axes, lengths, data }, axes), ...index.map(v => stridesAlong(v, axes))];
  const indices = index.map(v => v.data as Float64Array);
  const fill = isFloat(n.dtype) ? e.rounding(n.dtype)(Number(n.fill)) : n.fill;
  const mustBeInside = n.index.map(p => gathersIn(p).length > 0);
  const outside = (d: number, x: number): AzulejoError =>
    e.error(
      "bounds",
      `"${from.name}" is read at ${x} along dim ${d}, which has ${from.dims[d]} indices; clamp or check the gathered index`,
      n,
    );
  const read = (flat: number): Scalar => {
    if (from.initialized && from.initialized[flat] === 0)
      throw e.error(
        "uninitialised",
        `"${from.name}" is read at element ${flat}, which nothing has written; write it first`,
        n,
      );
    const bits = from.data[flat]!;
    return from.decode ? from.decode(bits as number) : bits;
  };
  const rank = from.dims.length;
  walk(lengths, strides, (at, count, steps) => {
    // along a row most indices stand still, and often one moves
    let fixed = from.offset;
    let inside = true;
    const moving: number[] = [];
    for (let d = 0; d < rank; d++) {
      if (steps[d + 1] !== 0 && count > 1) {
        moving.push(d);
        continue;
      }
      const x = indices[d]![at[d + 1]!]!;
      if (x < 0 || x >= from.dims[d]!) {
        if (mustBeInside[d]) throw outside(d, x);
        inside = false;
      }
      fixed += x * from.strides[d]!;
    }
    const [start, step] = [at[0]!, steps[0]!];
    for (let i = 0; i < count; i++) {
      let flat = fixed;
      let here = inside;
      for (const d of moving) {
        const x = indices[d]![at[d + 1]! + i * steps[d + 1]!]!;
        if (x < 0 || x >= from.dims[d]!) {
          if (mustBeInside[d]) throw outside(d, x);
          here = false;
        }
        flat += x * from.strides[d]!;
      }
      out[start + i * step] = here ? read(flat) : fill;
    }
  });
  return { axes, lengths, data };
}
