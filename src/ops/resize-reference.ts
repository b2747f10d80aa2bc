// The float64 reference of Resize, after the text of the specification: coordinates in floats, neighbours by distance.
import { isFloat } from "../ir/dtypes.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type { Attributes, Reference, ReferenceTensor } from "./operator.js";
import { elementOf, numbersOf, sizeOf } from "./reference-tensors.js";

interface Dim {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
}

/** x in the resized dim → x in the original; `length` is the resized length before it is rounded down */
function originOf(mode: string, x: number, { input, output, scale, start, end }: Dim): number {
  const length = scale * input;
  switch (mode) {
    case "half_pixel":
      return (x + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return output > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case "half_pixel_symmetric":
      return (input / 2) * (1 - output / length) + (x + 0.5) / scale - 0.5;
    case "align_corners":
      return length === 1 ? 0 : (x * (input - 1)) / (length - 1);
    case "tf_half_pixel_for_nn":
      return (x + 0.5) / scale;
    case "tf_crop_and_resize":
      return output > 1
        ? start * (input - 1) + (x * (end - start) * (input - 1)) / (output - 1)
        : 0.5 * (start + end) * (input - 1);
    default:
      return x / scale;
  }
}

const rounding: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: x => Math.ceil(x - 0.5),
  round_prefer_ceil: x => Math.floor(x + 0.5),
};

function cubicWeight(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** positions (clamped) and weights of one element of a resized dim; undefined outside of a crop */
function weightsOf(a: Attributes, x: number, dim: Dim): readonly (readonly [number, number])[] | undefined {
  const mode = a.coordinate_transformation_mode ?? "half_pixel";
  const origin = originOf(mode, x, dim);
  if (mode === "tf_crop_and_resize" && (origin < 0 || origin > dim.input - 1)) return undefined;
  const clamp = (i: number): number => Math.min(Math.max(i, 0), dim.input - 1);
  if ((a.mode ?? "nearest") === "nearest")
    return [[clamp(rounding[a.nearest_mode ?? "round_prefer_floor"]!(origin)), 1]];
  const isCubic = a.mode === "cubic";
  const shrink = a.antialias ? Math.min(dim.scale, 1) : 1;
  const radius = (isCubic ? 2 : 1) / shrink;
  const out: [number, number][] = [];
  for (let i = Math.ceil(origin - radius); i <= origin + radius; i++) {
    const d = (i - origin) * shrink;
    const weight = isCubic ? cubicWeight(d, a.cubic_coeff_a ?? -0.75) : Math.max(1 - Math.abs(d), 0);
    if (!a.exclude_outside || (i >= 0 && i < dim.input)) out.push([clamp(i), weight]);
  }
  const total = out.reduce((sum, [, w]) => sum + w, 0);
  return out.map(([i, w]) => [i, w / total]);
}

function dimsOf(inputs: Parameters<Reference>[0], a: Attributes, opset: number): readonly Dim[] {
  const size = inputs.X!.dims;
  const list = (name: string): number[] | undefined => {
    const t = inputs[name];
    return t && t.data.length > 0 ? numbersOf(t) : undefined;
  };
  const axes: number[] = (a.axes ?? size.map((_, d) => d)).map((d: number) => (d + size.length) % size.length);
  const [roi, scales, sizes] = [list("roi"), list(opset < 11 ? "roi" : "scales"), list("sizes")];
  const ratios = sizes?.map((n, k) => n / size[axes[k]!]!) ?? [];
  const policy = a.keep_aspect_ratio_policy ?? "stretch";
  const common = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return size.map((input, d) => {
    const k = axes.indexOf(d);
    if (k < 0) return { input, output: input, scale: 1, start: 0, end: 1 };
    const isSpace = d > 1 || size.length < 4 || a.mode !== "linear" || (sizes?.[k] ?? input * scales![k]!) !== input;
    const crop = isSpace ? { start: roi?.[k] ?? 0, end: roi?.[k + axes.length] ?? 1 } : { start: 0, end: 1 };
    if (!sizes) return { input, output: Math.floor(input * scales![k]!), scale: scales![k]!, ...crop };
    if (policy === "stretch") return { input, output: sizes[k]!, scale: ratios[k]!, ...crop };
    return { input, output: Math.floor(common * input + 0.5), scale: common, ...crop };
  });
}

/** Every output element by itself: the sum over the product of the neighbours of all dims. */
export const resizeReference: Reference = (inputs, attributes, { opset }) => {
  const X = inputs.X!;
  const a =
    opset < 11 ? { ...attributes, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" } : attributes;
  const dims = dimsOf(inputs, a, opset);
  const x = numbersOf(X);
  const strides = stridesOf(X.dims);
  const out: number[] = [];
  forEachIndex(
    dims.map(d => d.output),
    index => {
      const weights = dims.map((d, k) => weightsOf(a, index[k]!, d));
      out.push(weights.every(w => w !== undefined) ? sum(weights, 0, 0) : (a.extrapolation_value ?? 0));
    },
  );
  function sum(weights: readonly (readonly (readonly [number, number])[])[], d: number, at: number): number {
    if (d === dims.length) return x[at]!;
    let total = 0;
    for (const [i, w] of weights[d]!) if (w !== 0) total += w * sum(weights, d + 1, at + i * strides[d]!);
    return total;
  }
  const shape = dims.map(d => d.output);
  const data = sizeOf(shape) === 0 ? [] : out.map(v => elementOf(X.dtype, isFloat(X.dtype) ? v : Math.trunc(v)));
  return { Y: { dtype: X.dtype, dims: shape, data: data as number[] } satisfies ReferenceTensor };
};
