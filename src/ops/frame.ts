// Frame: overlapping pieces of a signal, weighed by a window. An operator of this project: STFT expands to it.
import { opaque, Poly } from "../ir/poly.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Frame",
  domain: "azulejo",
  inputs: ["X", "window?"],
  outputs: ["Y"],
  attributes: { length: { type: "int", required: true }, step: { type: "int", required: true } },
  shape: ({ dims, attributes: { length, step } }) => {
    const [batch, size, parts] = dims.X!;
    return { Y: [batch!, opaque("div", size!.sub(length), Poly.int(step)).add(1), Poly.int(length), parts!] };
  },
  at: ({ inputs, attributes }) => ({
    Y: (b, frame, n, part) => {
      const x = inputs.X!.at(b!, frame!.mul(attributes.step).add(n!), part!);
      return inputs.window ? x.mul(inputs.window.at(n!)) : x;
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Overlapping pieces of a signal, weighed by a window: a part of STFT",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ X, window }, { length, step }) => {
  const read = elements(X!);
  const dims = [X!.dims[0]!, Math.floor((X!.dims[1]! - length) / step) + 1, length, X!.dims[2]!];
  const Y = tabulate(X!.dtype, dims, ([b, f, n, p]) => {
    const x = Number(read([b!, f! * step + n!, p!]));
    return window ? x * Number(window.data[n!]) : x;
  });
  return { Y };
};

const of = (dims: readonly number[], length: number, step: number, windowed = false): OperatorCase => ({
  name: `${dims.join("×")} by ${length}, ${step}${windowed ? ", windowed" : ""}`,
  attributes: { length, step },
  inputs: {
    X: { dtype: "f32", dims },
    ...(windowed ? { window: { dtype: "f32", dims: [length] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of([2, 17, 1], 5, 3),
  of([1, 16, 2], 4, 2, true),
  of([1, 7, 1], 7, 1),
];
