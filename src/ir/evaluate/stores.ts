// Writes into tensors: every element inside the bounds, and once, unless the write joins what is there.

import { invariant } from "../../support/errors.js";
import { isFloat } from "../dtypes.js";
import type { Axis, Store } from "../tile.js";
import { axesOfStore } from "../walk.js";
import type { Evaluator } from "./evaluator.js";
import type { Storage } from "./memory.js";
import { decoder, encoder } from "./memory.js";
import type { Scalar } from "./scalar.js";
import { mapFunction } from "./scalar.js";
import type { Value } from "./values.js";
import { stridesAlong, unionShape, walk } from "./values.js";

export function writeValue(e: Evaluator, s: Store, value: Value, when?: Value): void {
  const storage = e.storages.get(s.tensor);
  invariant(storage, `tensor "${s.tensor.name}" of kernel "${e.name}" has no memory`);
  const index = s.index.map(p => e.polynomial(p));
  const operands = [value, ...index, ...(when ? [when] : [])];
  const { axes, lengths } = orderedShape(e, s, operands);
  const strides = operands.map(v => stridesAlong(v, axes));
  const indices = index.map(v => v.data as Float64Array);
  const from = value.data as unknown as ArrayLike<Scalar>;
  const to = storage.data as unknown as Scalar[];
  const written = s.combine ? undefined : marks(e, storage);
  const encode = encoder(s.tensor.dtype) as (x: Scalar) => Scalar;
  const round = isFloat(s.tensor.dtype) ? (e.rounding(s.tensor.dtype) as (x: Scalar) => Scalar) : (x: Scalar) => x;
  const place = (at: readonly number[], i: number, steps: readonly number[]): number => {
    let flat = storage.offset;
    for (let d = 0; d < indices.length; d++) {
      const x = indices[d]![at[d + 1]! + i * steps[d + 1]!]!;
      if (!(x >= 0 && x < storage.dims[d]!))
        throw e.error(
          "bounds",
          `"${s.tensor.name}" is written at ${x} along dim ${d}, which has ${storage.dims[d]} indices; keep writes inside the tensor`,
          s,
        );
      flat += x * storage.strides[d]!;
    }
    return flat;
  };
  const join =
    s.combine && s.combine !== "last" ? mapFunction(s.combine, s.tensor.dtype, s.tensor.dtype, e.mode) : undefined;
  const decode = decoder(s.tensor.dtype) as ((x: Scalar) => Scalar) | undefined;
  const there = (flat: number): Scalar => {
    if (storage.initialized?.[flat] === 0)
      throw e.error(
        "uninitialised",
        `"${s.tensor.name}" is joined with element ${flat}, which nothing has written; declare it inPlace, or write it first`,
        s,
      );
    const old = to[flat]!;
    return decode ? decode(old) : old;
  };
  const last = operands.length - 1;
  walk(lengths, strides, (at, n, steps) => {
    for (let i = 0; i < n; i++) {
      if (when && !when.data[at[last]! + i * steps[last]!]) continue;
      const flat = place(at, i, steps);
      if (written?.[flat])
        throw e.error(
          "written-twice",
          `"${s.tensor.name}" is written twice at element ${flat}; give every element one value`,
          s,
        );
      if (written) written[flat] = 1;
      const x = from[at[0]! + i * steps[0]!]!;
      const old = join && there(flat);
      const y = round(join ? join(old, x) : x);
      e.observer?.element(s, y, x, old);
      to[flat] = encode(y);
      if (storage.initialized) storage.initialized[flat] = 1;
    }
  });
}

/** The loops of a write. Where writes meet, their order counts: that of the store's axes, also those over which nothing varies. */
function orderedShape(e: Evaluator, s: Store, operands: readonly Value[]): { axes: Axis[]; lengths: number[] } {
  const shape = unionShape(operands);
  if (!s.combine) return shape;
  const own = axesOfStore(s);
  const axes = [...own, ...shape.axes.filter(a => !own.includes(a))];
  return { axes, lengths: axes.map(a => e.span(a).length) };
}

function marks(e: Evaluator, storage: Storage): Uint8Array {
  let bytes = e.writes.get(storage);
  if (!bytes) {
    bytes = new Uint8Array(storage.data.length);
    e.writes.set(storage, bytes);
  }
  return bytes;
}
