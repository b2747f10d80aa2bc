// The reference and the cases of DFT.
import type { Attributes, OperatorCase, Reference } from "./operator.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";

export const dftReference: Reference = (inputs, attributes, { opset }) => {
  const X = inputs.input!;
  const rank = X.dims.length;
  const { inverse = 0, onesided = 0 } = attributes;
  const given = inputs.axis ? numbersOf(inputs.axis)[0]! : (attributes.axis ?? (opset < 20 ? 1 : -2));
  const axis = (given + rank) % rank;
  const back = inverse === 1 && onesided === 1;
  const size = X.dims[axis]!;
  const length = inputs.dft_length ? numbersOf(inputs.dft_length)[0]! : back ? 2 * (size - 1) : size;
  const count = onesided === 1 && inverse !== 1 ? Math.floor(length / 2) + 1 : length;
  const read = elements(X);
  const half = Math.floor(length / 2) + 1;
  /** element n of the signal: of a one-sided spectrum, the upper half are the conjugates of the lower */
  const element = (i: readonly number[], n: number): readonly [number, number] => {
    const [from, sign] = back && n >= half ? [length - n, -1] : [n, 1];
    const at = (p: number): number => Number(read(i.with(axis, from).with(-1, p)) ?? 0);
    return [at(0), X.dims.at(-1) === 2 ? sign * at(1) : 0];
  };
  const dims = X.dims.with(axis, count).with(-1, back ? 1 : 2);
  const output = tabulate(X.dtype, dims, i => {
    let sum = 0;
    for (let n = 0; n < length; n++) {
      const angle = ((inverse === 1 ? 2 : -2) * Math.PI * ((n * i[axis]!) % length)) / length;
      const [real, imaginary] = element(i, n);
      sum +=
        i.at(-1) === 0
          ? real * Math.cos(angle) - imaginary * Math.sin(angle)
          : real * Math.sin(angle) + imaginary * Math.cos(angle);
    }
    return inverse === 1 ? sum / length : sum;
  });
  return { output };
};

const of = (
  name: string,
  dims: readonly number[],
  attributes: Attributes = {},
  more: { readonly length?: number; readonly axis?: number; readonly opset?: number; readonly dtype?: "f64" } = {},
): OperatorCase => ({
  name: `${more.dtype ?? "f32"} ${name}`,
  attributes,
  ...(more.opset ? { opset: more.opset } : {}),
  inputs: {
    input: { dtype: more.dtype ?? "f32", dims },
    ...(more.length === undefined ? {} : { dft_length: { dtype: "i64", dims: [], data: [more.length] } }),
    ...(more.axis === undefined ? {} : { axis: { dtype: "i64", dims: [], data: [more.axis] } }),
  },
});
export const dftCases = (): readonly OperatorCase[] => [
  of("real", [2, 10, 1]),
  of("complex", [3, 7, 2]),
  of("f64", [1, 9, 2], {}, { dtype: "f64" }),
  of("inverse", [2, 6, 2], { inverse: 1 }),
  of("one-sided, even", [2, 8, 1], { onesided: 1 }),
  of("one-sided, odd", [2, 9, 1], { onesided: 1 }),
  of("one-sided, back", [2, 5, 2], { onesided: 1, inverse: 1 }),
  of("one-sided, back to an odd length", [2, 5, 2], { onesided: 1, inverse: 1 }, { length: 9 }),
  of("another axis", [4, 5, 3, 2], {}, { axis: 0 }),
  of("axis as an attribute", [2, 5, 3, 1], { axis: 1 }, { opset: 19 }),
  of("padded", [2, 5, 2], {}, { length: 8 }),
  of("cut", [2, 9, 2], {}, { length: 4 }),
  of("split", [2, 300, 1]),
  of("split, complex, inverse", [1, 512, 2], { inverse: 1 }),
  of("split, one-sided", [1, 400, 1], { onesided: 1 }),
  of("one", [3, 1, 1]),
];
