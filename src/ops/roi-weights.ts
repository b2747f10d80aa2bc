// RoiWeights: how much each row (or column) of an image counts in each bin of a region: the mean of samples by linear interpolation,
// which factors into rows and columns. An operator of this project: RoiAlign expands to it.
import { Poly } from "../ir/poly.js";
import { dimOf, where } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { binOf, roiAttributes, samplesOf } from "./roi-samples.js";

export const operator: Operator = {
  name: "RoiWeights",
  domain: "azulejo",
  // of the image only the dims are read
  inputs: ["rois", "X"],
  outputs: ["W"],
  attributes: roiAttributes,
  // as wide as it is computed
  dtypes: ({ dtypes }) => ({ W: computeDtype(dtypes.rois!) }),
  shape: ({ dims, attributes }) => ({
    W: [dims.rois![0]!, Poly.int(attributes.bins), dims.X![2 + attributes.axis]!],
  }),
  at: ({ inputs, attributes, outputs }) => ({
    W: (r, p, row) => {
      const { rois } = inputs;
      const size = outputs.W![2]!;
      const bin = binOf(rois!, r!, attributes);
      const dtype = computeDtype(rois!.dtype);
      const length = dimOf("size", size).size.cast(dtype);
      const { index, place, counts } = samplesOf(bin, p!, size, attributes);
      const inside = counts.and(place.ge(-1)).and(place.le(length));
      // beyond its last element the image goes on as that
      const y = place.maximum(0).minimum(length.sub(1));
      const distance = y.sub(row!.cast(dtype)).abs();
      const weight = distance.neg().add(1).maximum(0);
      return where(inside, weight, 0).sum(index).div(bin.samples.maximum(1));
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "How much each row of an image counts in each bin of a region: a part of RoiAlign",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 32 };

export const reference: Reference = ({ rois, X }, attributes) => {
  const { axis, bins, scale, offset, samples: ratio } = attributes;
  const read = elements(rois!);
  const size = X!.dims[2 + axis]!;
  const W = tabulate(computeDtype(rois!.dtype), [rois!.dims[0]!, bins, size], ([r, p, row]) => {
    const edge = (k: number): number => Number(read([r!, k])) * scale - offset;
    const [start, end] = [edge(1 - axis), edge(3 - axis)];
    const length = offset === 0 ? Math.max(end - start, 1) : end - start;
    const bin = length / bins;
    const count = ratio > 0 ? ratio : Math.ceil(bin);
    // of a region without end, no sample is the first
    if (!Number.isFinite(count)) return Number.NaN;
    let sum = 0;
    for (let s = 0; s < count; s++) {
      const y = start + p! * bin + ((s + 0.5) * bin) / count;
      if (y < -1 || y > size) continue;
      const at = Math.min(Math.max(y, 0), size - 1);
      sum += Math.max(0, 1 - Math.abs(at - row!));
    }
    return sum / Math.max(count, 1);
  });
  return { W };
};

const of = (name: string, attributes: Attributes): OperatorCase => ({
  name,
  attributes: { scale: 1, offset: 0, samples: 0, axis: 0, bins: 3, ...attributes },
  inputs: {
    rois: { dtype: "f32", dims: [3, 4], data: [0, 0, 9, 9, 2, 3, 5, 7.5, -3, 6, 14, 20] },
    X: { dtype: "f32", dims: [1, 2, 10, 8] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("two samples", { samples: 2 }),
  of("as many samples as elements", {}),
  of("columns, half pixels, scaled", { axis: 1, offset: 0.5, scale: 0.5, bins: 5 }),
];
