// The four operators that fill a tensor with random numbers: what is drawn, and how the operators are made of it.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import type { AnyTile, Seed } from "../tile/index.js";
import { refuse } from "./checks.js";
import type { AttributeSpec, Attributes, NodeInfo, Operator, Reference, Tolerance } from "./operator.js";
import { normalAt, seedBits, seedOf, uniformAt } from "./random.js";
import { normalNumber, philox, uniformNumber } from "./random-references.js";
import { sizeOf } from "./reference-tensors.js";

export interface Distribution {
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly at: (seed: Seed, index: readonly AnyTile[], dims: Dims, dtype: Dtype, a: Attributes) => AnyTile;
}
/** The same in plain numbers: apart, so that bundles drop it. */
export type Drawing = (dtype: Dtype, bits: readonly number[], a: Attributes) => number;

export const uniform: Distribution = {
  attributes: { low: { type: "float", default: 0 }, high: { type: "float", default: 1 } },
  at: (seed, index, dims, dtype, { low, high }) =>
    uniformAt(seed, index, dims, dtype)
      .mul(high - low)
      .add(low),
};
export const uniformDrawing: Drawing = (dtype, bits, { low = 0, high = 1 }) =>
  low + (high - low) * uniformNumber(dtype, bits);
export const normal: Distribution = {
  attributes: { mean: { type: "float", default: 0 }, scale: { type: "float", default: 1 } },
  at: (seed, index, dims, dtype, { mean, scale }) => normalAt(seed, index, dims, dtype).mul(scale).add(mean),
};
export const normalDrawing: Drawing = (dtype, bits, { mean = 0, scale = 1 }) =>
  mean + scale * normalNumber(dtype, bits);
export const uniformTolerance: Tolerance = { relative: 2, absolute: 1 };
/** the angle is rounded before its cosine is taken */
export const normalTolerance: Tolerance = { relative: 2, absolute: 4 };

interface Drawn {
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly shape: (node: NodeInfo) => Dims;
  readonly dtype: (node: NodeInfo) => Dtype;
}
export const drawnOperator = (
  name: string,
  what: Distribution,
  { inputs, attributes, shape, dtype }: Drawn,
): Operator => ({
  name,
  inputs: [...inputs, "run_seed?"],
  outputs: ["output"],
  attributes: { ...attributes, ...what.attributes, seed: { type: "float" } },
  // of an input only the dims matter
  text: true,
  dtypes: node => ({ output: dtype(node) }),
  shape: node => {
    if (!isFloat(dtype(node)))
      refuse("operator-attribute", name, node, `numbers of ${dtype(node)} can't be drawn; name a float as dtype`);
    return { output: shape(node) };
  },
  at: context => {
    const to = dtype(context);
    const seed = seedOf(context);
    return {
      output: (...index) => what.at(seed, index, context.outputs.output!, to, context.attributes).cast(to),
    };
  },
});

export function drawnReference(
  draw: Drawing,
  attributes: Attributes,
  dims: readonly number[],
  dtype: Dtype,
): ReturnType<Reference> {
  const seed = seedBits(attributes.seed ?? 0);
  const data = Array.from({ length: sizeOf(dims) }, (_, i) => draw(dtype, philox(seed, [i]), attributes));
  return { output: { dtype, dims, data } };
}
