// The reference and the cases of GridSample.
import { isFloat } from "../ir/dtypes.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, OperatorCase, Reference } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

type Tap = readonly [index: number, weight: number];

const cubicTaps = (low: number, t: number): readonly Tap[] => {
  const a = -0.75;
  const weight = (d: number): number =>
    d <= 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return [-1, 0, 1, 2].map(k => [low + k, weight(Math.abs(t - k))]);
};
const toEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(x);
};

export const gridSampleReference: Reference = (inputs, attributes) => {
  const { align_corners: corners = 0, mode = "linear", padding_mode: padding = "zeros" } = attributes;
  const [X, grid] = [inputs.X!, inputs.grid!];
  const [read, place] = [elements(X), elements(grid)];
  const space = X.dims.slice(2);
  const padded = (x: number, length: number): number => {
    if (padding === "zeros") return x;
    if (padding === "border") return Math.min(Math.max(x, 0), length - 1);
    const [low, high] = corners === 1 ? [0, length - 1] : [-0.5, length - 0.5];
    if (high <= low) return low;
    const away = Math.abs(x - low) % (2 * (high - low));
    return low + (away > high - low ? 2 * (high - low) - away : away);
  };
  const taps = (g: number, length: number): readonly Tap[] => {
    const x = corners === 1 ? ((g + 1) / 2) * (length - 1) : ((g + 1) * length - 1) / 2;
    const p = mode === "nearest" ? toEven(x) : mode === "cubic" ? x : padded(x, length);
    const low = Math.floor(p);
    const found: readonly Tap[] =
      mode === "nearest"
        ? [[p, 1]]
        : mode === "linear"
          ? [
              [low, 1 - (p - low)],
              [low + 1, p - low],
            ]
          : cubicTaps(low, p - low);
    if (padding === "zeros") return found;
    return found.map(([i, w]) => [Math.min(Math.max(Math.trunc(padded(i, length)), 0), length - 1), w]);
  };
  const value = (lists: readonly (readonly Tap[])[], at: readonly number[]): number => {
    const [first, ...rest] = lists;
    if (!first) return Number(read(at) ?? 0);
    return first.reduce((sum, [i, w]) => sum + (w === 0 ? 0 : w * value(rest, [...at, i])), 0);
  };
  const Y = tabulate(X.dtype, [X.dims[0]!, X.dims[1]!, ...grid.dims.slice(1, -1)], ([n, c, ...o]) => {
    const lists = space.map((length, d) => taps(Number(place([n!, ...o, space.length - 1 - d])), length));
    const sum = value(lists, [n!, c!]);
    return isFloat(X.dtype) ? sum : Math.trunc(sum);
  });
  return { Y };
};

const of = (
  x: readonly number[],
  out: readonly number[],
  attributes: Attributes,
  dtype: "f32" | "f16" | "f64" | "i32" = "f32",
): OperatorCase => ({
  name: `${dtype} ${x.join("×")} ${Object.values(attributes).join(" ")}`,
  attributes,
  inputs: {
    X: { dtype, dims: x },
    // a third of the places lie outside
    grid: { dtype: dtype === "i32" ? "f32" : dtype, dims: [x[0]!, ...out, x.length - 2], range: [-1.6, 1.6] },
  },
});
export const gridSampleCases = (): readonly OperatorCase[] => [
  ...["linear", "nearest", "cubic"].flatMap(mode =>
    ["zeros", "border", "reflection"].flatMap(padding_mode =>
      [0, 1].map(align_corners => of([2, 3, 5, 7], [4, 3], { mode, padding_mode, align_corners })),
    ),
  ),
  ...(floats.slice(2) as "f64"[]).map(d => of([1, 2, 5, 4], [3, 5], { mode: "cubic" }, d)),
  of([1, 2, 3, 4, 5], [2, 3, 4], { mode: "linear" }),
  of([1, 2, 3, 4, 5], [2, 3, 4], { mode: "nearest", align_corners: 1 }),
  of([1, 2, 9], [17], { mode: "linear", padding_mode: "border" }),
  of([1, 2, 1, 1], [3, 3], { mode: "linear", padding_mode: "reflection", align_corners: 1 }),
  of([2, 1, 5, 7], [4, 3], { mode: "nearest", padding_mode: "border" }, "i32"),
  of([1, 2, 4, 4], [0, 3], {}),
];
