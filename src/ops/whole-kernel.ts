// What operators that bring whole kernels (Operator.kernels) build them with: names for sizes, and kernels that fill a tensor.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly, Sym } from "../ir/poly.js";
import type { Dim, Kernel, Tensor } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../tile/index.js";
import { dimOf, recordKernel } from "../tile/index.js";

/** The kernel's names for sizes of the program: equal sizes share one, so that bounds are provable, and kernels serve all sizes. */
export class KernelSizes {
  readonly dims: Dim[] = [];
  readonly #names = new Map<string, Poly>();

  /** a size that a tensor of the kernel has as a dim */
  of(size: Poly): Poly {
    if (size.isConst && size.constant === 1) return size;
    let named = this.#names.get(size.key);
    if (!named) {
      const name = `D${this.dims.length}`;
      named = Poly.sym(new Sym(name));
      this.dims.push({ name, size: named });
      this.#names.set(size.key, named);
    }
    return named;
  }
  tensor(name: string, dtype: Dtype, dims: Dims, role: Tensor["role"] = "input"): Tensor {
    return { name, dtype, dims: dims.map(d => this.of(d)), role };
  }
}

export type Views = Readonly<Record<string, View<Dtype>>>;

/** A kernel with an axis of the grid for each size; of `undefined` there is none, and its index is 0. */
export function gridKernel(
  name: string,
  sizes: KernelSizes,
  tensors: readonly Tensor[],
  grid: readonly (Poly | undefined)[],
  body: (views: Views, index: readonly AnyTile[]) => void,
): Kernel {
  const axes = grid.map((d, i) => (d && !d.equals(1) ? newAxis(`i${i}`, d) : undefined));
  const used = axes.filter(a => a !== undefined);
  return recordKernel({ name, tensors, dims: sizes.dims, grid: used }, (views, indices) => {
    let next = 0;
    body(
      views,
      axes.map((a): AnyTile => (a ? indices[next++]! : dimOf("zero", Poly.zero).size)),
    );
  });
}

/** Writes every element of an output: what later kernels join with. */
export function fillKernel(
  name: string,
  output: { readonly name: string; readonly dtype: Dtype; readonly dims: Dims },
  from: { readonly name: string; readonly dtype: Dtype; readonly dims: Dims } | undefined,
  value: (views: Views, index: readonly AnyTile[]) => AnyTile,
): Kernel {
  const sizes = new KernelSizes();
  const target = sizes.tensor(output.name, output.dtype, output.dims, "output");
  const tensors = [...(from ? [sizes.tensor(from.name, from.dtype, from.dims)] : []), target];
  return gridKernel(name, sizes, tensors, target.dims, (views, index) => {
    views[output.name]!.at(...index).set(value(views, index) as never);
  });
}

/** a whole dim of a tensor as an axis, outside of the grid */
export const allOf = (tensor: Tensor, dim: number, name: string): AnyIndex => dimOf(name, tensor.dims[dim]!).all();
