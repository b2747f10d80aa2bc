// CropAndResize of com.microsoft: boxes cut out of images and brought to one size, corners on corners, by two lines or the nearest element.
import { Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { literal, where } from "../../tile/index.js";
import { computeDtype } from "../accumulate.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireOneOf, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { requiredNumbers } from "../known-values.js";
import type {
  KernelContext,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "../operator.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";

const op = "CropAndResize";

function sizeOf(node: NodeInfo): readonly [number, number] {
  const size = requiredNumbers(op, node, "crop_size");
  if (size.length !== 2 || !size.every(n => n > 0))
    refuse("shape", op, node, `crop_size [${size.join(", ")}] is no height and width; give two positive numbers`);
  return [size[0]!, size[1]!];
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X", "rois", "batch_indices", "crop_size"],
  outputs: ["Y"],
  content: ["crop_size"],
  attributes: {
    mode: { type: "string", default: "bilinear" },
    extrapolation_value: { type: "float", default: 0 },
  },
  shape: node => {
    requireOneOf(op, node, "mode", ["bilinear", "nearest"]);
    requireRanks(op, node, { X: [4], rois: [2], batch_indices: [1], crop_size: [1] });
    const { X, rois, batch_indices } = node.dims;
    const regions = `rois of ${printDims(rois!)} and batch_indices of ${printDims(batch_indices!)} must be regions×4 and regions; reshape them`;
    requireEqual(op, node, rois![1]!, Poly.int(4), regions);
    requireEqual(op, node, rois![0]!, batch_indices![0]!, regions);
    return { Y: [rois![0]!, X![1]!, ...sizeOf(node).map(Poly.int)] };
  },
  at: context => ({
    Y: (r, c, y, x) => {
      const { X, batch_indices } = context.inputs as Readonly<Record<string, Operand>>;
      const compute = computeDtype(X!.dtype);
      const [height, width] = sizeOf(context);
      const beyond = literal(compute, context.attributes.extrapolation_value);
      // an image without pixels, which has none to read
      const hasPixels = X!.dims
        .slice(2)
        .every(({ poly }) => !poly.isZero && (context.assumeInside?.(Poly.zero, poly, "compiled apart") ?? true));
      if (!hasPixels) return beyond.cast(X!.dtype);
      const b = batch_indices!.at(r!).cast("i32");
      const vertical = placeOf(context, r!, y!, 0, height);
      const horizontal = placeOf(context, r!, x!, 1, width);
      const read = (p: AnyTile, q: AnyTile): AnyTile => X!.at(b, c!, inside(p, X!, 2), inside(q, X!, 3)).cast(compute);
      const value =
        context.attributes.mode === "nearest"
          ? read(away(vertical.at), away(horizontal.at))
          : bilinear(vertical.at, horizontal.at, read);
      return where(vertical.isInside.and(horizontal.isInside), value, beyond).cast(X!.dtype);
    },
  }),
};

/** Where an index of the crop lies in the image, and whether it does. */
function placeOf({ inputs }: KernelContext, r: AnyTile, index: AnyTile, axis: 0 | 1, size: number) {
  const { X, rois } = inputs as Readonly<Record<string, Operand>>;
  const compute = computeDtype(X!.dtype);
  const last = X!.dims[axis + 2]!.size.sub(1).cast(compute);
  const [low, high] = [rois!.at(r, axis).cast(compute), rois!.at(r, axis + 2).cast(compute)];
  // a single one is taken from the middle
  const at =
    size > 1
      ? low.mul(last).add(
          index.cast(compute).mul(
            high
              .sub(low)
              .mul(last)
              .div(size - 1),
          ),
        )
      : low.add(high).mul(0.5).mul(last);
  return { at, isInside: at.ge(0).and(at.le(last)) };
}
/** Halves go away from zero; places inside are not negative. */
const away = (x: AnyTile): AnyTile => x.add(0.5).floor();
function inside(x: AnyTile, X: Operand, dim: number): AnyTile {
  // NaN becomes 0, which nobody sees
  const clamped = where(x.gt(0), x, 0).cast("i32");
  return clamped.maximum(0).minimum(X.dims[dim]!.size.sub(1));
}
function bilinear(y: AnyTile, x: AnyTile, read: (y: AnyTile, x: AnyTile) => AnyTile): AnyTile {
  const [top, left] = [y.floor(), x.floor()];
  const [bottom, right] = [y.ceil(), x.ceil()];
  const between = (a: AnyTile, b: AnyTile, t: AnyTile): AnyTile => a.add(b.sub(a).mul(t));
  const row = (at: AnyTile): AnyTile => between(read(at, left), read(at, right), x.sub(left));
  return between(row(top), row(bottom), y.sub(top));
}

export const doc: OperatorDoc = {
  summary: "Boxes of images brought to one size, corners on corners, bilinear or nearest",
  dtypes: "float",
  opsets: [1, 1],
  limits: "crop_size must be known at compile time",
};
/** places are products of coordinates and sizes */
export const tolerance: Tolerance = { relative: 8, absolute: 32 };

export const reference: Reference = ({ X, rois, batch_indices, crop_size }, attributes) => {
  const { mode = "bilinear", extrapolation_value: beyond = 0 } = attributes;
  const [height, width] = numbersOf(crop_size!) as [number, number];
  const [C, H, W] = X!.dims.slice(1) as [number, number, number];
  const read = elements(X!);
  const roi = elements(rois!);
  const place = (r: number, i: number, axis: number, size: number, last: number): number => {
    const [low, high] = [Number(roi([r, axis])), Number(roi([r, axis + 2]))];
    return size > 1 ? low * last + (i * (high - low) * last) / (size - 1) : 0.5 * (low + high) * last;
  };
  const Y = tabulate(X!.dtype, [rois!.dims[0]!, C, height, width], ([r, c, i, j]) => {
    const [y, x] = [place(r!, i!, 0, height, H - 1), place(r!, j!, 1, width, W - 1)];
    if (!(y >= 0 && y <= H - 1 && x >= 0 && x <= W - 1)) return beyond;
    const at = (p: number, q: number): number => Number(read([Number(batch_indices!.data[r!]), c!, p, q]));
    if (mode === "nearest") return at(Math.round(y), Math.round(x));
    const [top, left, bottom, right] = [Math.floor(y), Math.floor(x), Math.ceil(y), Math.ceil(x)];
    const row = (p: number): number => at(p, left) + (at(p, right) - at(p, left)) * (x - left);
    return row(top) + (row(bottom) - row(top)) * (y - top);
  });
  return { Y };
};

const boxes = [0, 0, 1, 1, 0.13, 0.21, 0.77, 0.92, 0.9, 0.8, 0.1, 0.2, -0.31, 0.4, 0.6, 1.27];
const of = (
  size: readonly [number, number],
  attributes: KernelContext["attributes"],
  dtype: "f32" | "f16" = "f32",
): OperatorCase => ({
  name: `${dtype} to ${size.join("×")} ${Object.values(attributes).join()}`,
  attributes,
  inputs: {
    X: { dtype, dims: [2, 3, 9, 7] },
    rois: { dtype, dims: [4, 4], data: boxes },
    batch_indices: { dtype: "i32", dims: [4], data: [0, 1, 1, 0] },
    crop_size: { dtype: "i32", dims: [2], data: size },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([5, 4], {}, d as "f32")),
  of([5, 4], { extrapolation_value: -7 }),
  of([6, 8], { mode: "nearest" }),
  of([1, 3], {}),
];
