// MaxUnpool: each element back where MaxPool had found it, zeros elsewhere. Positions count in the tensor that the window's attributes
// give; a larger output_shape has it in its first corner.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { literal } from "../tile/index.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, sizeOf } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";
import { allOf, fillKernel, gridKernel, KernelSizes } from "./whole-kernel.js";

/** dims of what was pooled: (size − 1) · stride + kernel − pads */
function pooledDims(node: NodeInfo): Dims {
  const dims = node.dims.X!;
  const kernel: readonly number[] = node.attributes.kernel_shape;
  const spatial = dims.length - 2;
  if (kernel.length !== spatial)
    refuse(
      "shape",
      "MaxUnpool",
      node,
      `X is ${printDims(dims)} and kernel_shape has ${kernel.length} sizes; give ${spatial}`,
    );
  const strides: readonly number[] = node.attributes.strides ?? kernel.map(() => 1);
  const pads: readonly number[] = node.attributes.pads ?? [...kernel, ...kernel].map(() => 0);
  if (strides.length !== spatial || pads.length !== 2 * spatial)
    refuse(
      "operator-attribute",
      "MaxUnpool",
      node,
      `X has ${spatial} spatial axes, strides ${strides.length} entries and pads ${pads.length}; give ${spatial} and ${2 * spatial}`,
    );
  return dims.map((d, i) => {
    if (i < 2) return d;
    const s = i - 2;
    return d
      .sub(1)
      .mul(strides[s]!)
      .add(kernel[s]! - pads[s]! - pads[s + spatial]!);
  });
}

/** Batch and channels are those of X, and what was pooled lies in the first corner. */
function checkShape(node: NodeInfo, dims: Dims, pooled: Dims): void {
  const pair = `output_shape is ${printDims(dims)} and windows of X cover ${printDims(pooled)}`;
  dims.forEach((d, i) => {
    if (i < 2) requireEqual("MaxUnpool", node, d, pooled[i]!, `${pair}; batch and channels must agree`);
    else requireAtMost("MaxUnpool", node, pooled[i]!, d, `${pair}; give a shape that holds them`);
  });
}

export const operator: Operator = {
  name: "MaxUnpool",
  inputs: ["X", "I", "output_shape?"],
  outputs: ["output"],
  attributes: {
    kernel_shape: { type: "ints", required: true },
    strides: { type: "ints" },
    pads: { type: "ints" },
  },
  content: ["output_shape"],
  shape: node => {
    const pooled = pooledDims(node);
    if (!node.present.includes("output_shape")) return { output: pooled };
    const dims = requiredPolys("MaxUnpool", node, "output_shape");
    if (dims.length !== pooled.length)
      refuse(
        "shape",
        "MaxUnpool",
        node,
        `output_shape names ${dims.length} dims and X has ${pooled.length}; name as many`,
      );
    checkShape(node, dims, pooled);
    return { output: dims };
  },
  kernels: node => {
    const dtype = node.dtypes.X!;
    const dims = node.outputs.output!;
    const zeros = fillKernel("max_unpool_zeros", { name: "output", dtype, dims }, undefined, () => literal(dtype, 0));
    const sizes = new KernelSizes();
    const X = sizes.tensor("X", dtype, node.dims.X!);
    const I = sizes.tensor("I", node.dtypes.I!, node.dims.X!);
    const output = sizes.tensor("output", dtype, dims, "inout");
    // the attributes' dims in the kernel's own words: those of X are tensors' dims
    const own = pooledDims({ ...node, dims: { ...node.dims, X: X.dims } });
    const spread = gridKernel("max_unpool", sizes, [X, I, output], [], views => {
      const from = X.dims.map((_, d) => allOf(X, d, `x${d}`));
      const flat = views.I!.at(...from).cast("i32");
      const place = own.map((d, i) => {
        const inner = Poly.product(own.slice(i + 1));
        const outer = inner.equals(1) ? flat : flat.idiv(indexTile(inner));
        return i === 0 ? outer : outer.imod(indexTile(d));
      });
      views.output!.at(...place).accumulate(views.X!.at(...from), "last");
    });
    return [zeros, spread];
  },
};

export const reference: Reference = ({ X, I, output_shape }, { kernel_shape, strides, pads }) => {
  const spatial = X!.dims.length - 2;
  const pooled = X!.dims.map((n, i) => {
    if (i < 2) return n;
    const s = i - 2;
    return (n - 1) * (strides?.[s] ?? 1) + kernel_shape[s] - (pads?.[s] ?? 0) - (pads?.[s + spatial] ?? 0);
  });
  const dims = output_shape ? Array.from(output_shape.data as ArrayLike<number>, Number) : pooled;
  const data = new Array<number>(sizeOf(dims)).fill(0);
  const [inner, outer] = [stridesOf(pooled), stridesOf(dims)];
  Array.from(I!.data as ArrayLike<number>, Number).forEach((flat, n) => {
    const index = pooled.map((size, d) => Math.floor(flat / inner[d]!) % size);
    data[index.reduce((sum, x, d) => sum + x * outer[d]!, 0)] = Number(X!.data[n]);
  });
  return { output: { dtype: X!.dtype, dims, data } };
};

const pooled = {
  X: { dtype: "f32", dims: [1, 1, 2, 2], data: [1, 2, 3, 4] },
  I: { dtype: "i64", dims: [1, 1, 2, 2], data: [5, 7, 13, 15] },
} as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "windows of 2", attributes: { kernel_shape: [2, 2], strides: [2, 2] }, inputs: pooled },
  {
    name: "in the corner of a larger output",
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    inputs: { ...pooled, output_shape: { dtype: "i64", dims: [4], data: [1, 1, 5, 6] } },
  },
  {
    name: "f16, two channels of one axis, padded",
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0] },
    inputs: {
      X: { dtype: "f16", dims: [1, 2, 3] },
      I: { dtype: "i64", dims: [1, 2, 3], data: [0, 2, 5, 7, 8, 11] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Each element back where MaxPool had found it, zeros elsewhere",
  dtypes: "float",
  opsets: [9, 22],
  limits: "output_shape must be known at compile time, up to dims of other tensors",
};
