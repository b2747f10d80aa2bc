// MaxpoolWithMask of com.microsoft: the largest element of each window, whose rows end where the mask has a zero.
import { Poly } from "../../ir/poly.js";
import { dimOf, where } from "../../tile/index.js";
import { requireDims } from "../broadcast.js";
import * as pool from "../max-pool.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";
import { poolWindows, tapIndex, tapIndices } from "../window.js";
import { referenceWindows } from "../window-references.js";
import { forEachIndex } from "../known-values.js";

const op = "MaxpoolWithMask";
/** what ONNX Runtime gives where nothing counts */
const least = -3.4028234663852886e38;

const { auto_pad, kernel_shape, pads, storage_order, strides } = pool.operator.attributes!;
export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X", "M"],
  outputs: ["Y"],
  attributes: {
    auto_pad: auto_pad!,
    kernel_shape: kernel_shape!,
    pads: pads!,
    storage_order: storage_order!,
    strides: strides!,
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X! }),
  shape: node => {
    const X = node.dims.X!;
    const { Y } = pool.operator.shape({ ...node, attributes: { ceil_mode: 0, ...node.attributes } });
    requireDims(op, node, "M", [Poly.one, Poly.one, ...X.slice(2)], "1×1×space");
    return { Y: Y! };
  },
  at: context => {
    const { X, M } = context.inputs;
    const attributes = { ceil_mode: 0, ...context.attributes };
    const windows = poolWindows(op, { ...context, attributes });
    const last = windows.length - 1;
    return {
      Y: (n, c, ...o) => {
        const taps = tapIndices(windows);
        const at = o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!));
        const along = dimOf("along", windows[last]!.taps).all();
        const row = at.with(last, tapIndex(o[last]!, along, windows[last]!));
        const stops = M!
          .fill(1)
          .at(0, 0, ...row)
          .eq(0);
        // in one dim the first element may be masked, in several it never is
        const isFirst = row.slice(1).reduce((all, i) => all.and(i.eq(0)), row[0]!.eq(0));
        const ends = last === 0 ? stops : stops.and(isFirst.not());
        const end = where(ends, along.cast("i32"), 2 ** 31 - 1).min(along);
        const x = X!.fill(least).at(n!, c!, ...at);
        return where(taps[last]!.lt(end), x, least)
          .max(...taps)
          .maximum(least);
      },
    };
  },
};

export const doc: OperatorDoc = {
  summary: "The largest element of each window, whose rows end before the first zero of a mask",
  dtypes: "X f32, M i32",
  opsets: [1, 1],
  limits: "one mask for all images and channels, 1×1×space: others ONNX Runtime reads at places between channels",
};
export const tolerance = exact;

export const reference: Reference = ({ X, M }, attributes) => {
  const [x, m] = [elements(X!), elements(M!)];
  const space = X!.dims.slice(2);
  const taps: readonly number[] = attributes.kernel_shape;
  const windows = referenceWindows(space, taps, attributes);
  const isMasked = (at: readonly number[]): boolean =>
    Number(m([0, 0, ...at])) === 0 && (space.length === 1 || at.some(i => i > 0));
  const Y = tabulate(X!.dtype, [...X!.dims.slice(0, 2), ...windows.map(w => w.output)], ([n, c, ...o]) => {
    let best = least;
    forEachIndex(taps.slice(0, -1), outer => {
      for (let k = 0; k < taps.at(-1)!; k++) {
        const at = [...outer, k].map((p, j) => o[j]! * windows[j]!.stride + p - windows[j]!.begin);
        if (at.some((i, j) => i < 0 || i >= space[j]!)) continue;
        if (isMasked(at)) return;
        best = Math.max(best, Number(x([n!, c!, ...at])));
      }
    });
    return best;
  });
  return { Y };
};

const of = (
  name: string,
  space: readonly number[],
  attributes: Attributes,
  zeros: readonly number[],
): OperatorCase => ({
  name,
  attributes,
  inputs: {
    X: { dtype: "f32", dims: [2, 3, ...space] },
    M: {
      dtype: "i32",
      dims: [1, 1, ...space],
      data: Array.from({ length: space.reduce((a, b) => a * b) }, (_, i) => (zeros.includes(i) ? 0 : 1)),
    },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("1-D, a length", [11], { kernel_shape: [3] }, [7, 8, 9, 10]),
  of("1-D, zeros between", [11], { kernel_shape: [5], strides: [2], pads: [2, 2] }, [0, 4]),
  of("2-D, padding", [5, 7], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] }, [0, 5, 6, 17, 28]),
  of("3-D", [3, 4, 5], { kernel_shape: [2, 2, 2] }, [3, 4, 20, 59]),
];
