// Transpose: dims in another order. An index map; the planner may turn it into strides.

import { refuse } from "./checks.js";
import { knownDims, pick, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";

/** Output dim d is input dim perm[d]. */
function permutation(node: NodeInfo): readonly number[] {
  const rank = node.dims.data!.length;
  const perm = node.attributes.perm as readonly number[] | undefined;
  if (!perm) return Array.from({ length: rank }, (_, d) => rank - 1 - d);
  if (perm.length !== rank || [...perm].sort((a, b) => a - b).some((p, d) => p !== d))
    refuse(
      "operator-attribute",
      "Transpose",
      node,
      `perm [${perm.join(", ")}] is not an order of the ${rank} dims of data; name each of 0..${rank - 1} once`,
    );
  return perm;
}

export const operator: Operator = {
  name: "Transpose",
  inputs: ["data"],
  outputs: ["transposed"],
  attributes: { perm: { type: "ints" } },
  shape: node => ({ transposed: permutation(node).map(p => node.dims.data![p]!) }),
  values: node => {
    const known = node.known.data;
    const perm = permutation(node);
    const dims = knownDims(perm.map(p => node.dims.data![p]!));
    if (!known || !dims) return {};
    const strides = stridesOf(known.dims);
    return { transposed: pick(known, dims, i => perm.reduce((at, p, d) => at + i[d]! * strides[p]!, 0)) };
  },
  at: context => {
    const perm = permutation(context);
    return { transposed: (...i) => context.inputs.data!.at(...perm.map((_, d) => i[perm.indexOf(d)]!)) };
  },
  text: true,
};

export const reference: Reference = ({ data }, attributes) => {
  const perm: number[] = attributes.perm ?? data!.dims.map((_, d) => data!.dims.length - 1 - d);
  const read = elements(data!);
  const transposed = tabulate(
    data!.dtype,
    perm.map(p => data!.dims[p]!),
    i => {
      const from: number[] = [];
      perm.forEach((p, d) => {
        from[p] = i[d]!;
      });
      return read(from)!;
    },
  );
  return { transposed };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "reversed by default", inputs: { data: { dtype: "f32", dims: [2, 3, 4] } } },
  {
    name: "channels last",
    attributes: { perm: [0, 2, 3, 1] },
    inputs: { data: { dtype: "f32", dims: [1, 5, 9, 11] } },
  },
  { name: "a cycle of three", attributes: { perm: [2, 0, 1] }, inputs: { data: { dtype: "i64", dims: [3, 4, 5] } } },
  { name: "a scalar", inputs: { data: { dtype: "f64", dims: [] } } },
  { name: "bytes", attributes: { perm: [1, 0] }, inputs: { data: { dtype: "u8", dims: [17, 33] } } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, both last dims`,
      attributes: { perm: [0, 2, 1] },
      inputs: { data: { dtype, dims: [2, 7, 19] } },
    }),
  ),
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows stay whole`,
      attributes: { perm: [1, 0, 2] },
      inputs: { data: { dtype, dims: [3, 5, 33] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "Dims in another order", dtypes: "any", opsets: [1, 25] };
