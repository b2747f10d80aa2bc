// UnfoldTensor of com.microsoft: all slices of a size along a dim, `step` apart, in a new last dim.
import { opaque, Poly } from "../../ir/poly.js";
import { normalizeAxis, printDims, refuse } from "../checks.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, movedDtypes, tabulate } from "../reference-tensors.js";
import type { Dtype } from "../../ir/dtypes.js";
import { requireAtMost } from "../required-sizes.js";

const op = "UnfoldTensor";
const axisOf = (node: NodeInfo): number => normalizeAxis(op, node, node.attributes.dim, node.dims.input!.length);

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input"],
  outputs: ["output"],
  attributes: {
    dim: { type: "int", default: -1 },
    size: { type: "int", required: true },
    step: { type: "int", default: 1 },
  },
  shape: node => {
    const { size, step } = node.attributes;
    const dims = node.dims.input!;
    const axis = axisOf(node);
    const length = dims[axis]!;
    const sentence = `slices of ${size}, ${step} apart, do not fit dim ${axis} of ${printDims(dims)}; both must be positive and the dim at least ${size}`;
    if (size < 1 || step < 1) refuse("operator-attribute", op, node, sentence);
    requireAtMost(op, node, size, length, sentence);
    return { output: [...dims.with(axis, opaque("div", length.sub(size), Poly.int(step)).add(1)), Poly.int(size)] };
  },
  at: context => ({
    output: (...i) => {
      const axis = axisOf(context);
      const place = polyOfIndex(i[axis]!)
        .mul(context.attributes.step)
        .add(polyOfIndex(i.at(-1)!));
      return context.inputs.input!.at(...i.slice(0, -1).with(axis, indexTile(place)));
    },
  }),
  text: true,
};

export const doc: OperatorDoc = {
  summary: "All slices of a size along a dim, step apart, in a new last dim",
  dtypes: "any",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference: Reference = ({ input }, { dim = -1, size, step = 1 }) => {
  const axis = dim < 0 ? dim + input!.dims.length : dim;
  const read = elements(input!);
  const count = Math.floor((input!.dims[axis]! - size) / step) + 1;
  const output = tabulate(
    input!.dtype,
    [...input!.dims.with(axis, count), size],
    i => read(i.slice(0, -1).with(axis, i[axis]! * step + i.at(-1)!))!,
  );
  return { output };
};

const of = (dims: readonly number[], dim: number, size: number, step: number, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, ${size} of dim ${dim}, ${step} apart`,
  attributes: { dim, size, step },
  inputs: { input: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(d => of([3, 7], 1, 3, 2, d)),
  of([5, 3, 4], 0, 2, 1),
  of([2, 9, 2], -2, 4, 5),
  of([3, 4], -1, 4, 1),
];
