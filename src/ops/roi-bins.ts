// RoiBins: what all samples in each bin of a region give: the largest of their weighed neighbours, or the mean of samples of a given number. An operator of this
// project: RoiAlign expands to it.
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, where } from "../tile/index.js";
import type {
  AttributeSpec,
  Attributes,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { computeDtype } from "./accumulate.js";
import { binOf, samplesOf } from "./roi-samples.js";

const attributes = {
  mode: { type: "string", default: "max" },
  rows: { type: "int", required: true },
  columns: { type: "int", required: true },
  scale: { type: "float", default: 1 },
  offset: { type: "float", default: 0 },
  samples: { type: "int", default: 0 },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

export const operator: Operator = {
  name: "RoiBins",
  domain: "azulejo",
  // places are found once for all channels
  prefers: "channels-last",
  inputs: ["X", "rois", "batch"],
  outputs: ["Y"],
  attributes,
  shape: ({ dims: { X, rois }, attributes: { rows, columns } }) => ({
    Y: [rois![0]!, X![1]!, Poly.int(rows), Poly.int(columns)],
  }),
  at: ({ inputs: { X, rois, batch }, attributes: given }) => ({
    Y: (r, c, p, q) => {
      const dtype = computeDtype(rois!.dtype);
      const along = (axis: number, bin: AnyTile) => {
        const size = X!.dims[2 + axis]!.poly;
        const settings = { ...given, axis, bins: axis === 0 ? given.rows : given.columns };
        const { index, place, counts } = samplesOf(binOf(rois!, r!, settings), bin, size, settings);
        const last = dimOf("size", size).size.cast(dtype).sub(1);
        const low = place.maximum(0).minimum(last).floor();
        const above = place.maximum(0).minimum(last).sub(low);
        const taps = [
          { at: low.cast("i32"), weight: above.neg().add(1) },
          { at: low.add(1).minimum(last).cast("i32"), weight: above },
        ];
        return { index, counts, inside: place.ge(-1).and(place.le(last.add(1))), taps };
      };
      const [y, x] = [along(0, p!), along(1, q!)];
      const n = batch!.at(r!).cast("i32");
      const values = y.taps.flatMap(a =>
        x.taps.map(b => X!.at(n, c!, a.at, b.at).cast(dtype).mul(a.weight).mul(b.weight)),
      );
      const inside = y.inside.and(x.inside);
      if (given.mode === "avg") {
        const sum = values.reduce((a, b) => a.add(b));
        return where(inside, sum, 0)
          .sum(y.index, x.index)
          .div(given.samples ** 2)
          .cast(X!.dtype);
      }
      const largest = values.reduce((a, b) => a.maximum(b));
      const counted = where(y.counts.and(x.counts), where(inside, largest, 0), -Infinity);
      const best = counted.max(y.index, x.index);
      // a region without extent has no samples
      return where(best.eq(-Infinity), 0, best).cast(X!.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The largest weighed neighbour of all samples in each bin of a region, or their mean: a part of RoiAlign",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 32 };

export const reference: Reference = ({ X, rois, batch }, { mode, rows, columns, scale, offset, samples: ratio }) => {
  const [read, edges] = [elements(X!), elements(rois!)];
  const Y = tabulate(X!.dtype, [rois!.dims[0]!, X!.dims[1]!, rows, columns], ([r, c, p, q]) => {
    const along = (axis: number, bin: number): readonly (readonly (readonly [number, number])[])[] => {
      const [bins, size] = [axis === 0 ? rows : columns, X!.dims[2 + axis]!];
      const edge = (k: number): number => Number(edges([r!, k])) * scale - offset;
      const span = edge(3 - axis) - edge(1 - axis);
      const length = (offset === 0 ? Math.max(span, 1) : span) / bins;
      const count = ratio > 0 ? ratio : Math.ceil(length);
      return Array.from({ length: Math.max(count, 0) }, (_, s) => {
        const y = edge(1 - axis) + bin * length + ((s + 0.5) * length) / count;
        if (y < -1 || y > size) return [];
        const at = Math.min(Math.max(y, 0), size - 1);
        const low = Math.floor(at);
        return [
          [low, 1 - (at - low)],
          [Math.min(low + 1, size - 1), at - low],
        ];
      });
    };
    let best = -Infinity;
    let sum = 0;
    for (const ys of along(0, p!))
      for (const xs of along(1, q!)) {
        const inside = ys.length > 0 && xs.length > 0;
        const values = ys.flatMap(([y, a]) =>
          xs.map(([x, b]) => a * b * Number(read([Number(batch!.data[r!]), c!, y, x]))),
        );
        best = Math.max(best, inside ? Math.max(...values) : 0);
        if (inside) sum += values.reduce((a, b) => a + b);
      }
    if (mode === "avg") return sum / ratio ** 2;
    return best === -Infinity ? 0 : best;
  });
  return { Y };
};

const of = (name: string, more: Attributes): OperatorCase => ({
  name,
  attributes: { rows: 3, columns: 2, ...more },
  inputs: {
    X: { dtype: "f32", dims: [2, 2, 10, 8] },
    rois: { dtype: "f32", dims: [3, 4], data: [0, 0, 7, 9, 2, 3, 5, 7.5, -3, 6, 14, 20] },
    batch: { dtype: "i64", dims: [3], data: [1, 0, 1] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("two samples", { samples: 2 }),
  of("as many samples as elements", {}),
  of("half pixels, scaled", { offset: 0.5, scale: 0.5 }),
  of("mean of one", { mode: "avg", samples: 1 }),
  of("mean of nine, half pixels, scaled", { mode: "avg", samples: 3, offset: 0.5, scale: 0.7 }),
];
