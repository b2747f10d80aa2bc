// WinogradOutput: 2×2 pixels of each tile from its 16 products, Aᵀ m A. An operator of this project: the pass winograd makes it.
import { type AnyTile, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { outputRows, POINTS } from "./winograd.js";

export const operator: Operator = {
  name: "WinogradOutput",
  domain: "azulejo",
  // M: products, batch, rows of tiles, columns of tiles, channels
  inputs: ["M", "B?"],
  outputs: ["Y"],
  prefers: "channels-last-output",
  // how many rows and columns of the last tiles are beyond the image: 0 or 1
  attributes: { cut: { type: "ints", required: true } },
  shape: ({ dims: { M }, attributes: { cut } }) => {
    const [, n, rows, columns, channels] = M!;
    return { Y: [n!, channels!, rows!.mul(2).sub(cut[0]), columns!.mul(2).sub(cut[1])] };
  },
  phases: () => [1, 1, 2, 2],
  at: ({ inputs: { M, B }, dtypes }) => ({
    Y: (n, k, y, x) => {
      const at = (i: number, j: number): AnyTile =>
        wide(M!.at(POINTS * i + j, n!, y!.idiv(2), x!.idiv(2), k!), dtypes.M!);
      const across = [0, 1, 2, 3].map(i =>
        joined(
          [0, 1, 2, 3].map(j => at(i, j)),
          x!,
        ),
      );
      const sum = joined(across, y!);
      return (B ? sum.add(wide(B.at(k!), dtypes.M!)) : sum).cast(dtypes.M!);
    },
  }),
};

/** The combination of four for an even place, or for an odd one. */
const joined = ([a, b, c, d]: readonly AnyTile[], place: AnyTile): AnyTile =>
  where(place.mod(2).eq(0), a!.add(b!).add(c!), b!.sub(c!).sub(d!));

export const doc: OperatorDoc = {
  summary: "2×2 pixels of each tile from the 16 products of Winograd's convolution, and the bias: a part of Conv",
  dtypes: "float",
  opsets: [1, 1],
  limits: "made by the pass winograd",
};
/** eight additions */
export const tolerance: Tolerance = { relative: 4, absolute: 8 };

export const reference: Reference = ({ M, B }, { cut }) => {
  const m = elements(M!);
  const [, batch, rows, columns, channels] = M!.dims as [number, number, number, number, number];
  const Y = tabulate(M!.dtype, [batch, channels, 2 * rows - cut[0], 2 * columns - cut[1]], ([n, k, y, x]) => {
    let sum = B ? Number(B.data[k!]) : 0;
    for (let i = 0; i < POINTS; i++)
      for (let j = 0; j < POINTS; j++) {
        const factor = outputRows[y! % 2]![i]! * outputRows[x! % 2]![j]!;
        sum += factor * Number(m([POINTS * i + j, n!, Math.floor(y! / 2), Math.floor(x! / 2), k!]));
      }
    return sum;
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of("", [16, 1, 3, 2, 3], [0, 0], dtype)),
  of("cut, batch", [16, 2, 2, 3, 5], [1, 1]),
  of("cut to the right", [16, 1, 1, 5, 9], [0, 1]),
];
function of(
  name: string,
  dims: readonly number[],
  cut: readonly number[],
  dtype: (typeof floats)[number] = "f32",
): OperatorCase {
  const B = { dtype, dims: [dims[4]!] };
  return { name: `${dtype} ${dims.join("×")} ${name}`.trim(), attributes: { cut }, inputs: { M: { dtype, dims }, B } };
}
