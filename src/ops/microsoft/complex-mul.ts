// ComplexMul of com.microsoft: products of complex numbers, whose parts lie in the last dim, with broadcasting.
import { Poly } from "../../ir/poly.js";
import { where } from "../../tile/index.js";
import { computeDtype } from "../accumulate.js";
import { broadcastDims, readBroadcast, requireEqual } from "../broadcast.js";
import { printDims, requireRanks } from "../checks.js";
import { commonDtype } from "../elementwise.js";
import { broadcastNumbers, broadcastReader, floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { tabulate } from "../reference-tensors.js";

export const complexProduct = (name: string, conjugate: boolean): Operator => ({
  name,
  domain: "com.microsoft",
  inputs: ["A", "B"],
  outputs: ["C"],
  dtypes: node => ({ C: commonDtype(name, node, ["A", "B"]) }),
  shape: node => {
    requireRanks(name, node, { A: { least: 1 }, B: { least: 1 } });
    for (const n of ["A", "B"]) {
      const dims = node.dims[n]!;
      requireEqual(
        name,
        node,
        dims.at(-1)!,
        Poly.int(2),
        `${n} is ${printDims(dims)}; its last dim must be 2, real and imaginary part`,
      );
    }
    return { C: broadcastDims(name, node, ["A", "B"]) };
  },
  at: ({ inputs, outputs, dtypes }) => ({
    C: (...i) => {
      const compute = computeDtype(dtypes.A!);
      const part = (n: "A" | "B", p: 0 | 1) =>
        readBroadcast(inputs[n]!, [...i.slice(0, -1), i.at(-1)!.mul(0).add(p)], outputs.C!).cast(compute);
      const [re, im, re2, own] = [part("A", 0), part("A", 1), part("B", 0), part("B", 1)];
      const im2 = conjugate ? own.neg() : own;
      const real = re.mul(re2).sub(im.mul(im2));
      return where(i.at(-1)!.eq(0), real, re.mul(im2).add(im.mul(re2))).cast(dtypes.A!);
    },
  }),
});

export const operator: Operator = /* @__PURE__ */ complexProduct("ComplexMul", false);

export const doc: OperatorDoc = {
  summary: "A · B of complex numbers, whose parts lie in the last dim, with broadcasting",
  dtypes: "float",
  opsets: [1, 1],
};
/** two products and a sum, which may cancel */
export const tolerance: Tolerance = { relative: 2, absolute: 8 };

export const complexReference =
  (conjugate: boolean): Reference =>
  ({ A, B }) => {
    const [a, b] = [broadcastReader(A!), broadcastReader(B!)];
    const part = (read: typeof a, i: readonly number[], p: number): number => Number(read(i.with(-1, p)));
    const C = tabulate(A!.dtype, broadcastNumbers([A!.dims, B!.dims]), i => {
      const [re, im, re2] = [part(a, i, 0), part(a, i, 1), part(b, i, 0)];
      const im2 = part(b, i, 1) * (conjugate ? -1 : 1);
      return i.at(-1) === 0 ? re * re2 - im * im2 : re * im2 + im * re2;
    });
    return { C };
  };
export const reference = /* @__PURE__ */ complexReference(false);

const of = (A: readonly number[], B: readonly number[], dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${A.join("×")} by ${B.join("×")}`,
  inputs: { A: { dtype, dims: A }, B: { dtype, dims: B } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17, 2], [3, 17, 2], d as "f32")),
  of([2, 3, 5, 2], [3, 1, 2]),
  of([0, 2], [1, 2]),
];
