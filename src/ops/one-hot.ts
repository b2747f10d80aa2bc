// OneHot: a new axis that is "on" at the position an index names and "off" elsewhere.
import { Poly } from "../ir/poly.js";
import { where } from "../tile/index.js";
import { requireEntries } from "./broadcast.js";
import { normalizeAxis, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { requiredPolys } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, numbersOf, tabulate } from "./reference-tensors.js";

/** The axis is counted in the result, which has one dim more. */
const axisOf = (node: NodeInfo): number =>
  normalizeAxis("OneHot", node, node.attributes.axis, node.dims.indices!.length + 1);

function depthOf(node: NodeInfo): Poly {
  const [depth, ...more] = requiredPolys("OneHot", node, "depth");
  if (!depth || more.length > 0) refuse("shape", "OneHot", node, "depth must have one element");
  return depth;
}

export const operator: Operator = {
  name: "OneHot",
  inputs: ["indices", "depth", "values"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: -1 } },
  content: ["depth"],
  dtypes: node => ({ output: node.dtypes.values! }),
  shape: node => {
    requireEntries("OneHot", node, "values", { input: "every element", what: "states", count: Poly.int(2) });
    return { output: node.dims.indices!.toSpliced(axisOf(node), 0, depthOf(node)) };
  },
  at: context => {
    const { indices, values } = context.inputs;
    const axis = axisOf(context);
    const depth = depthOf(context);
    return {
      output: (...index) => {
        const named = indices!.at(...index.toSpliced(axis, 1)).cast("i32");
        // positions from −depth on count from the end; what is outside is off everywhere
        const position = where(named.lt(0), named.add(indexTile(depth)), named);
        return where(position.eq(index[axis]!), values!.at(1), values!.at(0));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ indices, depth, values }, { axis = -1 }) => {
  const rank = indices!.dims.length + 1;
  const along = (axis + rank) % rank;
  const size = numbersOf(depth!)[0]!;
  const read = elements(indices!);
  const [off, on] = [values!.data[0]!, values!.data[1]!];
  const output = tabulate(values!.dtype, indices!.dims.toSpliced(along, 0, size), i => {
    const named = Math.trunc(Number(read(i.toSpliced(along, 1))));
    return (named < 0 ? named + size : named) === i[along] ? on : off;
  });
  return { output };
};

const values = { dtype: "f32", dims: [2], data: [-1, 3] } as const;
const depth = { dtype: "i64", dims: [], data: [5] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "last axis", inputs: { indices: { dtype: "i64", dims: [3], data: [0, 4, 2] }, depth, values } },
  {
    name: "first axis, from the end and outside",
    attributes: { axis: 0 },
    inputs: { indices: { dtype: "i32", dims: [2, 2], data: [-1, 5, -6, 1] }, depth, values },
  },
  {
    name: "integers",
    attributes: { axis: 1 },
    inputs: {
      indices: { dtype: "f32", dims: [2, 3], data: [0, 1, 2, 3, 4, 0] },
      depth,
      values: { dtype: "i64", dims: [2], data: [0, 1] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A new axis that is on where an index says and off elsewhere",
  dtypes: "number",
  opsets: [9, 28],
  limits: "depth must be known at compile time, up to dims of other tensors",
};
