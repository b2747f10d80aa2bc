// Resize: nearest, linear and cubic interpolation along some axes, by scales or to sizes, all coordinate transformations.
import type { Dims } from "../graph/graph.js";
import type { Poly } from "../ir/poly.js";
import { opaque } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { normalizeAxes, refuse, requireOneOf } from "./checks.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { requiredNumbers, requiredPolys } from "./known-values.js";
import type { Attributes, KernelContext, NodeInfo, Operator, OperatorCase, OperatorDoc } from "./operator.js";
import { requireSource } from "./required-sizes.js";
import type { Origin, ResizedDim } from "./resize-coordinates.js";
import { nearest, ratioOf, scaleOf, transformations } from "./resize-coordinates.js";
import { tapsOf } from "./resize-taps.js";

export { resizeReference as reference } from "./resize-reference.js";

/** Opset 10 had the inputs X and scales, and one way to compute coordinates. */
const scalesInput = (node: NodeInfo): string => (node.opset < 11 ? "roi" : "scales");
const given = (node: NodeInfo, input: string): boolean =>
  node.dims[input] !== undefined && !node.dims[input]![0]?.equals(0);

const axesOf = (node: NodeInfo): readonly number[] => {
  const rank = node.dims.X!.length;
  return node.attributes.axes
    ? normalizeAxes("Resize", node, node.attributes.axes, rank)
    : Array.from({ length: rank }, (_, d) => d);
};

/** The dims that the operator works along; a dim of the same size at scale 1 is none, unless it is cropped. */
function resizedDims(node: NodeInfo): readonly ResizedDim[] {
  const axes = axesOf(node);
  const cropped = node.attributes.coordinate_transformation_mode === "tf_crop_and_resize";
  const roi = cropped ? requiredNumbers("Resize", node, "roi") : [];
  const targets = given(node, "sizes") ? bySizes(node, axes) : byScales(node, axes);
  return targets
    .map((t, k): ResizedDim => {
      const dim = { ...t, axis: axes[k]!, input: node.dims.X![axes[k]!]! };
      if (!cropped || (uncropped(node, dim.axis) && dim.output.equals(dim.input))) return dim;
      return { ...dim, crop: [roi[k]!, roi[k + axes.length]!] };
    })
    .filter(
      d => !d.output.equals(d.input) || !d.scale.numerator.equals(d.scale.denominator) || (d.crop && !isWhole(d.crop)),
    );
}
/** As in TensorFlow and ONNX Runtime, a crop that is interpolated is one of space: batch and channels stay, whatever roi says of them. */
const uncropped = (node: NodeInfo, axis: number): boolean =>
  axis < 2 && node.dims.X!.length > 3 && node.attributes.mode === "linear";
const isWhole = ([start, end]: readonly [number, number]): boolean => start === 0 && end === 1;

type Target = Pick<ResizedDim, "output" | "scale">;

function byScales(node: NodeInfo, axes: readonly number[]): readonly Target[] {
  const input = scalesInput(node);
  const scales = requiredNumbers("Resize", node, input);
  if (scales.length !== axes.length || scales.some(s => !(s > 0)))
    refuse(
      "shape",
      "Resize",
      node,
      `scales [${scales.join(", ")}] must be ${axes.length} numbers above 0, one for each axis`,
    );
  return scales.map((s, k) => {
    const dim = node.dims.X![axes[k]!]!;
    const scale = scaleOf(s, dim, node.attributes.coordinate_transformation_mode === "align_corners");
    return { output: opaque("div", dim.mul(scale.numerator), scale.denominator), scale };
  });
}

function bySizes(node: NodeInfo, axes: readonly number[]): readonly Target[] {
  const sizes = requiredPolys("Resize", node, "sizes");
  const inputs = axes.map(a => node.dims.X![a]!);
  if (sizes.length !== axes.length)
    refuse("shape", "Resize", node, `sizes has ${sizes.length} elements for ${axes.length} axes; give one for each`);
  const policy: string = node.attributes.keep_aspect_ratio_policy;
  if (policy === "stretch") return sizes.map((output, k) => ({ output, scale: ratioOf(output, inputs[k]!) }));
  const numbers = [...sizes, ...inputs];
  if (!numbers.every(p => p.isConst))
    refuse(
      "operator-unsupported",
      "Resize",
      node,
      `keep_aspect_ratio_policy ${policy} needs sizes and dims in numbers; fix the dims with the option dims`,
    );
  const ratios = sizes.map((s, k) => s.constant / inputs[k]!.constant);
  const chosen = ratios.indexOf(policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios));
  const scale = ratioOf(sizes[chosen]!, inputs[chosen]!);
  // rounded half up, in integers
  const rounded = (d: Poly): Poly =>
    opaque("div", d.mul(scale.numerator).mul(2).add(scale.denominator), scale.denominator.mul(2));
  return inputs.map(d => ({ output: rounded(d), scale }));
}

function checkWords(node: NodeInfo): void {
  requireOneOf("Resize", node, "mode", ["nearest", "linear", "cubic"]);
  requireOneOf("Resize", node, "nearest_mode", Object.keys(nearest));
  requireOneOf("Resize", node, "coordinate_transformation_mode", Object.keys(transformations));
  requireOneOf("Resize", node, "keep_aspect_ratio_policy", ["stretch", "not_larger", "not_smaller"]);
}

/** The width of an antialiased kernel is its scale's: how many neighbours there are must be known. */
function requireAntialiasable(node: NodeInfo, resized: readonly ResizedDim[]): void {
  const { antialias, mode } = node.attributes;
  const unknown = resized.find(({ scale }) => !(scale.numerator.isConst && scale.denominator.isConst));
  if (antialias !== 1 || mode === "nearest" || !unknown) return;
  const { axis, scale } = unknown;
  refuse(
    "operator-unsupported",
    "Resize",
    node,
    `antialias needs a scale in numbers, but along axis ${axis} it is ${scale.numerator.print()} ÷ ${scale.denominator.print()}; fix the dims with the option dims`,
  );
}

const resizedShape = (node: NodeInfo): Dims => {
  checkWords(node);
  const resized = resizedDims(node);
  for (const { axis, input, output } of resized) {
    const empty = `axis ${axis} is empty, and ${output.print()} elements are to be made of it; give an input with elements, or the size 0`;
    requireSource("Resize", node, input, output, empty);
  }
  requireAntialiasable(node, resized);
  return node.dims.X!.map((d, axis) => resized.find(r => r.axis === axis)?.output ?? d);
};

/** Output indices to values: sums over the neighbours along each resized dim, nested. */
export function resizeBody(context: KernelContext, dims: readonly ResizedDim[]): (...index: AnyTile[]) => AnyTile {
  const { attributes } = context;
  const X = context.inputs.X!;
  const transform = transformations[attributes.coordinate_transformation_mode as string]!;
  const plans = dims.map(dim => ({ dim, origin: transform(dim, given(context, "sizes")) }));
  const compute = X.dtype === "f64" ? "f64" : "f32";
  const read = (at: readonly (AnyTile | number)[]): AnyTile =>
    attributes.mode === "nearest" ? X.at(...at) : X.at(...at).cast(compute);
  return (...index) => {
    const taps = plans.map(({ dim, origin }) =>
      tapsOf(attributes, dim, origin, polyOfIndex(index[dim.axis]!), compute),
    );
    const sum = (at: readonly (AnyTile | number)[], k: number): AnyTile => {
      const plan = plans[k];
      if (!plan) return read(at);
      const values = taps[k]!.map(({ position, weight }) => {
        const value = sum(at.with(plan.dim.axis, indexTile(position)), k + 1);
        return weight ? value.mul(weight) : value;
      });
      return values.reduce((x, y) => x.add(y));
    };
    const value = sum(index, 0);
    const result = value.dtype === X.dtype ? value : value.cast(X.dtype);
    return attributes.coordinate_transformation_mode === "tf_crop_and_resize"
      ? extrapolated(attributes, plans, index, result)
      : result;
  };
}

interface Plan {
  readonly dim: ResizedDim;
  readonly origin: Origin;
}
/** Outside of the input, a crop reads a constant. */
function extrapolated(
  attributes: Attributes,
  plans: readonly Plan[],
  index: readonly AnyTile[],
  value: AnyTile,
): AnyTile {
  return plans.reduce((v, { dim, origin: { a, b, c } }) => {
    const n = a.mul(polyOfIndex(index[dim.axis]!)).add(b);
    const outside = indexTile(n)
      .lt(0)
      .or(indexTile(n.sub(c.mul(dim.input.sub(1)))).gt(0));
    return where(outside, literal(value.dtype, attributes.extrapolation_value), v);
  }, value);
}

/** Opset 10 knew nearest and linear without further attributes. */
const oldAttributes = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };

export const operator: Operator = {
  name: "Resize",
  inputs: ["X", "roi?", "scales?", "sizes?"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    mode: { type: "string", default: "nearest" },
    coordinate_transformation_mode: { type: "string", default: "half_pixel" },
    nearest_mode: { type: "string", default: "round_prefer_floor" },
    cubic_coeff_a: { type: "float", default: -0.75 },
    exclude_outside: { type: "int", default: 0 },
    extrapolation_value: { type: "float", default: 0 },
    antialias: { type: "int", default: 0 },
    axes: { type: "ints" },
    keep_aspect_ratio_policy: { type: "string", default: "stretch" },
  },
  content: ["roi", "scales", "sizes"],
  adapt: ({ attributes, opset }) => (opset < 11 ? { ...attributes, ...oldAttributes } : attributes),
  shape: node => ({ Y: resizedShape(node) }),
  at: context => ({ Y: resizeBody(context, resizedDims(context)) }),
  text: ({ mode }) => mode === "nearest",
};

const X = { dtype: "f32", dims: [1, 2, 5, 8] } as const;
const scales = { dtype: "f32", dims: [4], data: [1, 1, 2, 2] } as const;
const down = { dtype: "f32", dims: [4], data: [1, 1, 0.5, 0.75] } as const;
const sizes = { dtype: "i64", dims: [4], data: [1, 2, 7, 3] } as const;
const none = { dtype: "f32", dims: [0], data: [] } as const;
export const cases = (): readonly OperatorCase[] => [
  {
    name: "nearest ×2, as exported for segmentation",
    attributes: { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    inputs: { X, scales },
  },
  { name: "nearest to sizes", inputs: { X, sizes } },
  {
    name: "nearest, ceil",
    attributes: { nearest_mode: "ceil", coordinate_transformation_mode: "align_corners" },
    inputs: { X, sizes },
  },
  { name: "linear ×2", attributes: { mode: "linear" }, inputs: { X, scales } },
  {
    name: "linear, smaller",
    attributes: { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
    inputs: { X, scales: down },
  },
  {
    name: "linear to sizes, corners aligned",
    attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
    inputs: { X, roi: none, scales: none, sizes },
  },
  { name: "linear, antialiased", attributes: { mode: "linear", antialias: 1 }, inputs: { X, scales: down } },
  {
    name: "linear, antialiased, to nothing",
    attributes: { mode: "linear", antialias: 1 },
    inputs: { X, sizes: { dtype: "i64", dims: [4], data: [0, 1, 2, 2] } },
  },
  { name: "cubic", attributes: { mode: "cubic" }, inputs: { X, sizes } },
  {
    name: "cubic without what is outside",
    attributes: {
      mode: "cubic",
      exclude_outside: 1,
      cubic_coeff_a: -0.5,
      coordinate_transformation_mode: "asymmetric",
    },
    inputs: { X, scales },
  },
  { name: "opset 10", opset: 10, attributes: { mode: "linear" }, inputs: { X, roi: scales } },
  {
    name: "integers, linear: fractions are cut off",
    attributes: { mode: "linear", coordinate_transformation_mode: "asymmetric" },
    inputs: { X: { dtype: "u8", dims: [2, 5] }, scales: { dtype: "f32", dims: [2], data: [2, 4] } },
  },
  {
    name: "integers, nearest",
    inputs: { X: { dtype: "u8", dims: [3, 5] }, sizes: { dtype: "i64", dims: [2], data: [7, 11] } },
  },
];

/** weights and sums of up to 16 terms in f32 */
export const tolerance = { relative: 8, absolute: 8 };

export const doc: OperatorDoc = {
  summary: "Nearest, linear and cubic interpolation along some axes",
  dtypes: "number",
  opsets: [10, 19],
  limits: "scales and roi must be known at compile time, sizes up to dims of other tensors",
};
