// RoiAlign: regions of images brought to one size: the mean, or the largest, of samples in bins.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { requireEqual } from "./broadcast.js";
import { computeDtype } from "./accumulate.js";
import { printDims, refuse, requireOneOf } from "./checks.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";
import { reference as largestReference } from "./roi-bins.js";
import { reference as weightsReference } from "./roi-weights.js";

const domain = "azulejo";
/** along one axis of a bin */
const FEW_SAMPLES = 4;

export const operator: Operator = {
  name: "RoiAlign",
  inputs: ["X", "rois", "batch_indices"],
  outputs: ["Y"],
  attributes: {
    coordinate_transformation_mode: { type: "string", default: "half_pixel" },
    mode: { type: "string", default: "avg" },
    output_height: { type: "int", default: 1 },
    output_width: { type: "int", default: 1 },
    sampling_ratio: { type: "int", default: 0 },
    spatial_scale: { type: "float", default: 1 },
  },
  // before opset 16 there was no choice of coordinates
  adapt: ({ attributes, opset }) =>
    opset < 16 ? { ...attributes, coordinate_transformation_mode: "output_half_pixel" } : attributes,
  shape: node => {
    requireOneOf("RoiAlign", node, "mode", ["avg", "max"]);
    requireOneOf("RoiAlign", node, "coordinate_transformation_mode", ["half_pixel", "output_half_pixel"]);
    const { X, rois, batch_indices } = node.dims;
    const shapes = `X of ${printDims(X!)}, rois of ${printDims(rois!)} and batch_indices of ${printDims(batch_indices!)} must be batch×channels×height×width, regions×4 and regions; reshape them`;
    if (X!.length !== 4 || rois!.length !== 2 || batch_indices!.length !== 1) refuse("shape", "RoiAlign", node, shapes);
    requireEqual("RoiAlign", node, rois![1]!, Poly.int(4), shapes);
    const regions = `there are ${rois![0]!.print()} regions and ${batch_indices![0]!.print()} batch_indices; they must agree`;
    requireEqual("RoiAlign", node, rois![0]!, batch_indices![0]!, regions);
    const sampled = `X of ${printDims(X!)} has no elements to sample; give it height and width`;
    for (const d of X!.slice(2)) requireAtMost("RoiAlign", node, 1, d, sampled);
    const { output_height, output_width } = node.attributes;
    return { Y: [rois![0]!, X![1]!, Poly.int(output_height), Poly.int(output_width)] };
  },
  expand: ({ inputs, attributes }, build) => {
    const { X, rois, batch_indices } = inputs;
    const settings = settingsOf(attributes);
    const { output_height: rows, output_width: columns } = attributes;
    const { mode } = attributes;
    // a few samples are read one by one; as many as there are elements are sums over rows, then over columns
    if (mode === "max" || (settings.samples > 0 && settings.samples <= FEW_SAMPLES))
      return { Y: build.node("RoiBins", [X, rois, batch_indices], { ...settings, mode, rows, columns }, domain) };
    const weights = (axis: number, bins: number) =>
      build.node("RoiWeights", [rois, X], { ...settings, axis, bins }, domain);
    const inRows = build.node("RoiRows", [X, weights(0, rows), batch_indices], {}, domain);
    const Y = build.node("Einsum", [inRows, weights(1, columns)], { equation: "rcpx,rqx->rcpq" });
    return { Y: computeDtype(X!.dtype!) === X!.dtype ? Y : build.node("Cast", [Y], { to: onnxCodeOf(X!.dtype!) }) };
  },
};

const settingsOf = (attributes: Attributes) => ({
  scale: (attributes.spatial_scale ?? 1) as number,
  offset: attributes.coordinate_transformation_mode === "output_half_pixel" ? 0 : 0.5,
  samples: (attributes.sampling_ratio ?? 0) as number,
});

export const doc: OperatorDoc = {
  summary: "Regions of images brought to one size: the mean, or the largest, of samples in bins",
  dtypes: "float",
  opsets: [10, 22],
};
export const tolerance: Tolerance = { relative: 32, absolute: 64 };

export const reference: Reference = ({ X, rois, batch_indices }, attributes, node) => {
  const settings = settingsOf(attributes);
  const { output_height: rows = 1, output_width: columns = 1, mode = "avg" } = attributes;
  if (mode === "max")
    return largestReference({ X: X!, rois: rois!, batch: batch_indices! }, { ...settings, rows, columns }, node);
  const weights = (axis: number, bins: number) =>
    elements(weightsReference({ rois: rois!, X: X! }, { ...settings, axis, bins }, node).W!);
  const [down, across, read] = [weights(0, rows), weights(1, columns), elements(X!)];
  const Y = tabulate(X!.dtype, [rois!.dims[0]!, X!.dims[1]!, rows, columns], ([r, c, p, q]) => {
    let sum = 0;
    for (let y = 0; y < X!.dims[2]!; y++)
      for (let x = 0; x < X!.dims[3]!; x++)
        sum +=
          Number(down([r!, p!, y])) *
          Number(across([r!, q!, x])) *
          Number(read([Number(batch_indices!.data[r!]), c!, y, x]));
    return sum;
  });
  return { Y };
};

const of = (name: string, more: Attributes, opset?: number, dtype: Dtype = "f32"): OperatorCase => ({
  name,
  ...(opset ? { opset } : {}),
  attributes: { output_height: 3, output_width: 2, ...more },
  inputs: {
    X: { dtype, dims: [2, 3, 10, 8] },
    rois: { dtype, dims: [4, 4], data: [0, 0, 7, 9, 2, 3, 5, 7.5, -3, 6, 14, 20, 4, 4, 4, 4] },
    batch_indices: { dtype: "i64", dims: [4], data: [1, 0, 1, 0] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("mean", { sampling_ratio: 2 }),
  of("mean, as many samples as elements", { spatial_scale: 0.7 }),
  of("mean, opset 10", {}, 10),
  of("largest", { mode: "max", sampling_ratio: 2, coordinate_transformation_mode: "output_half_pixel" }),
  of("largest, as many samples as elements", { mode: "max" }),
  of("mean in f16", { sampling_ratio: 2 }, undefined, "f16"),
  of("largest in f16", { mode: "max", sampling_ratio: 2 }, undefined, "f16"),
  of("mean in f64", { sampling_ratio: 2 }, undefined, "f64"),
];
