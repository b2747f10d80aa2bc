// MaxRoiPool: the largest element of each bin of a region, whose edges are rounded to whole elements (R. Girshick, Fast R-CNN, 2015).
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, where } from "../tile/index.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "MaxRoiPool",
  inputs: ["X", "rois"],
  outputs: ["Y"],
  attributes: { pooled_shape: { type: "ints", required: true }, spatial_scale: { type: "float", default: 1 } },
  shape: node => {
    const { X, rois } = node.dims;
    const { pooled_shape } = node.attributes;
    const sentence = `X of ${printDims(X!)} and rois of ${printDims(rois!)} must be batch×channels×height×width and regions×5, and pooled_shape have two sizes; reshape them`;
    if (X!.length !== 4 || rois!.length !== 2 || pooled_shape.length !== 2)
      refuse("shape", "MaxRoiPool", node, sentence);
    requireEqual("MaxRoiPool", node, rois![1]!, Poly.int(5), sentence);
    return { Y: [rois![0]!, X![1]!, ...pooled_shape.map(Poly.int)] };
  },
  at: context => ({
    Y: (r, c, p, q) => {
      const { X, rois } = context.inputs;
      const y = X!.dims[2]!.all("y");
      const x = X!.dims[3]!.all("x");
      const rows = binOf(context, rois!.at(r!, 2), rois!.at(r!, 4), 0, p!);
      const columns = binOf(context, rois!.at(r!, 1), rois!.at(r!, 3), 1, q!);
      const covers = (i: AnyTile, [from, to]: readonly [AnyTile, AnyTile]): AnyTile => i.ge(from).and(i.lt(to));
      const value = X!.at(rois!.at(r!, 0).cast("i32"), c!, y, x);
      const best = where(covers(y, rows).and(covers(x, columns)), value, -Infinity).max(y, x);
      // a bin that lies outside has no elements
      const size = (d: number): AnyTile => dimOf("size", X!.dims[d]!.poly).size;
      const empty = [[rows, size(2)] as const, [columns, size(3)] as const].map(([[from, to], n]) =>
        to.minimum(n).le(from.maximum(0)),
      );
      return where(empty[0]!.or(empty[1]!), 0, best);
    },
  }),
};

/** The half-open range of elements of bin p. */
function binOf(node: NodeInfo, low: AnyTile, high: AnyTile, axis: number, p: AnyTile): readonly [AnyTile, AnyTile] {
  const { pooled_shape, spatial_scale } = node.attributes;
  const { dtype } = low;
  const start = halvesAway(low.mul(spatial_scale));
  const length = halvesAway(high.mul(spatial_scale)).sub(start).add(1).maximum(1).div(pooled_shape[axis]);
  const at = p.cast(dtype);
  return [at.mul(length).floor().add(start).cast("i32"), at.add(1).mul(length).ceil().add(start).cast("i32")];
}
const halvesAway = (x: AnyTile): AnyTile => where(x.ge(0), x.add(0.5).floor(), x.sub(0.5).ceil());

export const doc: OperatorDoc = {
  summary: "The largest element of each bin of a region whose edges are rounded to whole elements",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance = exact;

export const reference: Reference = ({ X, rois }, { pooled_shape, spatial_scale = 1 }) => {
  const [read, edges] = [elements(X!), elements(rois!)];
  const rounded = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
  const Y = tabulate(X!.dtype, [rois!.dims[0]!, X!.dims[1]!, ...pooled_shape], ([r, c, ...bin]) => {
    const edge = (k: number): number => Number(edges([r!, k]));
    const range = (d: number): readonly [number, number] => {
      const start = rounded(edge(2 - d) * spatial_scale);
      const length = Math.max(rounded(edge(4 - d) * spatial_scale) - start + 1, 1) / pooled_shape[d];
      const to = Math.ceil((bin[d]! + 1) * length) + start;
      return [Math.max(Math.floor(bin[d]! * length) + start, 0), Math.min(to, X!.dims[2 + d]!)];
    };
    const [rows, columns] = [range(0), range(1)];
    let best = -Infinity;
    for (let y = rows[0]; y < rows[1]; y++)
      for (let x = columns[0]; x < columns[1]; x++) best = Math.max(best, Number(read([edge(0), c!, y, x])));
    return best === -Infinity ? 0 : best;
  });
  return { Y };
};

const of = (attributes: Attributes, dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${JSON.stringify(attributes)}`,
  attributes,
  inputs: {
    X: { dtype, dims: [2, 3, 9, 7] },
    rois: { dtype, dims: [3, 5], data: [0, 0, 0, 6, 8, 1, 2, 3, 5, 5, 1, 5, 7, 20, 20] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...(floats as "f32"[]).map(d => of({ pooled_shape: [2, 3] }, d)),
  of({ pooled_shape: [3, 3], spatial_scale: 0.5 }),
  of({ pooled_shape: [1, 1] }),
];
