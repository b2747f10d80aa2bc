// WinogradInput: the 16 values that each 4×4 tile of an image becomes, Bᵀ d B. An operator of this project: the pass winograd makes it.
import { ceilDiv, Poly } from "../ir/poly.js";
import { type AnyTile, where } from "../tile/index.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { inputRows, POINTS } from "./winograd.js";

/** row i of Bᵀ by arithmetic: what inputRows says for 0, 1, 2, 3 */
const rowOf = (i: AnyTile) => ({
  first: i.sub(i.idiv(3).mul(2)),
  second: i.idiv(3).mul(2).sub(i.idiv(2)).add(2),
  join: (a: AnyTile, b: AnyTile): AnyTile => where(i.eq(1), a.add(b), a.sub(b)),
});

export const operator: Operator = {
  name: "WinogradInput",
  domain: "azulejo",
  // Y: values, batch, rows of tiles, columns of tiles, channels
  inputs: ["X"],
  outputs: ["Y"],
  prefers: "channels-last-input",
  // top, left, bottom, right
  attributes: { pads: { type: "ints", required: true } },
  shape: ({ dims: { X }, attributes: { pads } }) => {
    const [n, c, h, w] = X!;
    const tiles = [ceilDiv(h!.add(pads[0] + pads[2] - 2), 2), ceilDiv(w!.add(pads[1] + pads[3] - 2), 2)] as const;
    return { Y: [Poly.int(POINTS * POINTS), n!, ...tiles, c!] };
  },
  at: ({ inputs: { X }, dtypes, attributes: { pads } }) => ({
    Y: (p, n, ty, tx, c) => {
      const [row, column] = [rowOf(p!.idiv(POINTS)), rowOf(p!.mod(POINTS))];
      const at = (a: AnyTile, b: AnyTile) =>
        X!.at(n!, c!, ty!.mul(2).add(a).sub(pads[0]), tx!.mul(2).add(b).sub(pads[1]));
      const across = (a: AnyTile) => column.join(at(a, column.first), at(a, column.second));
      return row.join(across(row.first), across(row.second)).cast(dtypes.X!);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The 16 values of each 4×4 tile for Winograd's convolution: a part of Conv",
  dtypes: "float",
  opsets: [1, 1],
  limits: "made by the pass winograd",
};
/** three additions */
export const tolerance: Tolerance = { relative: 2, absolute: 4 };

export const reference: Reference = ({ X }, { pads }) => {
  const x = elements(X!);
  const [batch, channels, h, w] = X!.dims as [number, number, number, number];
  const tiles = (size: number, begin: number, end: number): number => Math.ceil((size + begin + end - 2) / 2);
  const dims = [16, batch, tiles(h, pads[0], pads[2]), tiles(w, pads[1], pads[3]), channels];
  const Y = tabulate(X!.dtype, dims, ([p, n, ty, tx, c]) => {
    const [i, j] = [inputRows[Math.floor(p! / POINTS)]!, inputRows[p! % POINTS]!];
    const at = (a: number, b: number): number => Number(x([n!, c!, 2 * ty! + a - pads[0], 2 * tx! + b - pads[1]]) ?? 0);
    const across = (a: number): number => at(a, j.first) + j.sign * at(a, j.second);
    return across(i.first) + i.sign * across(i.second);
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of("odd dims, uneven padding", [2, 3, 5, 7], [0, 1, 2, 0], dtype)),
  of("even dims", [1, 5, 6, 8], [1, 1, 1, 1]),
  of("nothing around", [1, 9, 4, 4], [0, 0, 0, 0]),
];
const of = (
  name: string,
  dims: readonly number[],
  pads: readonly number[],
  dtype: (typeof floats)[number] = "f32",
): OperatorCase => ({ name: `${dtype} ${name}`, attributes: { pads }, inputs: { X: { dtype, dims } } });
