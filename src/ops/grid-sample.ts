// GridSample: a tensor read at places that a grid gives, between −1 and 1 along each spatial dim, by interpolation.
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, where } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse, requireOneOf } from "./checks.js";
import type { Neighbour } from "./grid-places.js";
import { clampedIndex, neighbourOrZero, weighted } from "./grid-places.js";
import { gridSampleCases, gridSampleReference } from "./grid-sample-reference.js";
import type {
  Attributes,
  KernelContext,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "./operator.js";

export const operator: Operator = {
  name: "GridSample",
  inputs: ["X", "grid"],
  // places are found once for all channels
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    align_corners: { type: "int", default: 0 },
    mode: { type: "string", default: "linear" },
    padding_mode: { type: "string", default: "zeros" },
  },
  // before opset 20 the modes were named for images
  adapt: ({ attributes }) => ({
    ...attributes,
    ...(attributes.mode === "bilinear" ? { mode: "linear" } : attributes.mode === "bicubic" ? { mode: "cubic" } : {}),
  }),
  shape: node => {
    requireOneOf("GridSample", node, "mode", ["linear", "nearest", "cubic"]);
    requireOneOf("GridSample", node, "padding_mode", ["zeros", "border", "reflection"]);
    const [X, grid] = [node.dims.X!, node.dims.grid!];
    const named = `grid of ${printDims(grid)} does not name places in X of ${printDims(X)}; it needs as many dims, the last with a coordinate for each spatial dim`;
    if (X.length < 3 || grid.length !== X.length) refuse("shape", "GridSample", node, named);
    requireEqual("GridSample", node, grid.at(-1)!, Poly.int(X.length - 2), named);
    requireEqual(
      "GridSample",
      node,
      X[0]!,
      grid[0]!,
      `X of ${printDims(X)} and grid of ${printDims(grid)} differ in batch; they must agree`,
    );
    return { Y: [X[0]!, X[1]!, ...grid.slice(1, -1)] };
  },
  at: context => ({
    Y: (n, c, ...o) => {
      const X = context.inputs.X!;
      const space = X.rank - 2;
      const neighbours = o.map((_, d) => {
        // the first coordinate is that of the innermost dim
        const g = context.inputs.grid!.at(n!, ...o, space - 1 - d);
        return neighboursOf(context, g.cast(computeDtype(g.dtype)), X.dims[d + 2]!.poly);
      });
      const compute = computeDtype(X.dtype);
      const weighed = neighbours.map(list => list.map(n => ({ index: n.index, weight: n.weight?.cast(compute) })));
      const nearest = context.attributes.mode === "nearest" && context.attributes.padding_mode !== "zeros";
      const value = weighted(weighed, at => {
        const x = X.at(n!, c!, ...at);
        return nearest ? x : x.cast(compute);
      });
      return value.cast(X.dtype);
    },
  }),
};

const sizeTile = (size: Poly, dtype: AnyTile["dtype"]): AnyTile => dimOf("size", size).size.cast(dtype);

function neighboursOf({ attributes }: KernelContext, g: AnyTile, size: Poly): readonly Neighbour[] {
  const length = sizeTile(size, g.dtype);
  const corners = attributes.align_corners === 1;
  const x = corners ? g.add(1).mul(0.5).mul(length.sub(1)) : g.add(1).mul(length).sub(1).mul(0.5);
  const place = (at: AnyTile): AnyTile => padded(attributes, at, length);
  const tap = (at: AnyTile, weight?: AnyTile): Neighbour =>
    attributes.padding_mode === "zeros"
      ? neighbourOrZero(at, size, weight)
      : { index: clampedIndex(place(at), size), weight };
  if (attributes.mode === "nearest") return [tap(x.round())];
  // the neighbours of a cubic are brought inside one by one, as PyTorch and ONNX Runtime have it; two neighbours come out alike either way
  const p = attributes.mode === "cubic" ? x : place(x);
  const low = p.floor();
  const t = p.sub(low);
  if (attributes.mode === "linear") return [tap(low, t.neg().add(1)), tap(low.add(1), t)];
  return cubicWeights(t).map((w, k) => tap(low.add(k - 1), w));
}

/** A place, or a neighbour of one, brought inside. */
function padded({ padding_mode, align_corners }: Attributes, x: AnyTile, length: AnyTile): AnyTile {
  if (padding_mode === "zeros") return x;
  if (padding_mode === "border") return x.maximum(0).minimum(length.sub(1));
  const low = align_corners === 1 ? 0 : -0.5;
  // reflected at both ends of the dim: a triangle wave; a single element has no length to reflect in
  const span = align_corners === 1 ? length.sub(1).maximum(1e-6) : length;
  const away = x.sub(low).abs();
  const turns = away.div(span).floor();
  const rest = away.sub(turns.mul(span));
  const back = turns.mul(0.5).floor().mul(2).ne(turns);
  return where(back, span.sub(rest), rest).add(low);
}

/** Keys' cubic convolution with coefficient −0.75, at distances 1 + t, t, 1 − t and 2 − t. */
function cubicWeights(t: AnyTile): readonly AnyTile[] {
  const a = -0.75;
  const near = (d: AnyTile): AnyTile =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1);
  const far = (d: AnyTile): AnyTile => d.sub(5).mul(d).add(8).mul(d).sub(4).mul(a);
  const rest = t.neg().add(1);
  return [far(t.add(1)), near(t), near(rest), far(rest.add(1))];
}

export const doc: OperatorDoc = {
  summary: "A tensor read at the places that a grid gives: nearest, linear or cubic, in any number of dims",
  dtypes: "number",
  opsets: [16, 22],
};
export const tolerance: Tolerance = { relative: 16, absolute: 32 };
export const reference: Reference = gridSampleReference;
export const cases = (): readonly OperatorCase[] => gridSampleCases();
