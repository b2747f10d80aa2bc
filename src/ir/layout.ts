// Layouts of tensors as strides in bytes.
import type { Dtype } from "./dtypes.js";
import { bytesOf } from "./dtypes.js";
import { ceilDiv, Poly } from "./poly.js";
import type { Layout } from "./tile.js";

export interface DenseLayout {
  readonly dtype: Dtype;
  /** bytes from one index to the next, by dim; of a blocked dim: within a panel */
  readonly strides: readonly Poly[];
  readonly block?: { readonly dim: number; readonly size: number; readonly panelBytes: Poly };
  /** size of the whole */
  readonly bytes: Poly;
}

/** Strides of a layout in bytes, and the size of the whole. */
export function layoutOf(dtype: Dtype, dims: readonly Poly[], layout?: Layout): DenseLayout {
  const element = bytesOf(dtype);
  if (layout?.strides) {
    const strides = layout.strides.map(s => s.mul(element));
    return { dtype, strides, bytes: Poly.product([element, ...dims]) };
  }
  const order = layout?.order ?? dims.map((_, d) => d);
  const block = layout?.block;
  const strides = dims.map(() => Poly.int(element));
  let panelBytes = Poly.zero;
  let at = Poly.int(element * (block?.size ?? 1));
  for (const d of [...order].reverse()) {
    if (d === block?.dim) {
      panelBytes = at;
      at = at.mul(ceilDiv(dims[d]!, block.size));
    } else {
      strides[d] = at;
      at = at.mul(dims[d]!);
    }
  }
  return { dtype, strides, bytes: at, ...(block ? { block: { ...block, panelBytes } } : {}) };
}
