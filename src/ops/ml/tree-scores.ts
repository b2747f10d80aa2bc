// TreeScores: what the leaves of all trees say about each target, together. An operator of this project: ensembles of trees expand
// to it.
import { requireOneOf } from "../checks.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "TreeScores",
  domain: "azulejo",
  inputs: ["leaf", "weights"],
  outputs: ["Y"],
  attributes: {
    aggregate: { type: "string", default: "SUM" },
    /** the number of the first leaf among the nodes */
    first: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.weights! }),
  shape: node => {
    requireOneOf("TreeScores", node, "aggregate", ["SUM", "AVERAGE", "MIN", "MAX"]);
    return { Y: [node.dims.leaf![0]!, node.dims.weights![1]!] };
  },
  at: ({ inputs: { leaf, weights }, attributes: { aggregate, first } }) => ({
    Y: (n, target) => {
      const tree = leaf!.dims[1]!.all("tree");
      const w = weights!.at(leaf!.at(n!, tree).sub(first), target!);
      if (aggregate === "MIN") return w.min(tree);
      if (aggregate === "MAX") return w.max(tree);
      const sum = w.sum(tree);
      return aggregate === "SUM" ? sum : sum.div(leaf!.dims[1]!.size.cast(sum.dtype));
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "What the leaves of all trees say about each target: a part of TreeEnsemble and its kin",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 8 };

export const reference: Reference = ({ leaf, weights }, { aggregate = "SUM", first = 0 }) => {
  const [reach, weigh] = [elements(leaf!), elements(weights!)];
  const trees = leaf!.dims[1]!;
  const Y = tabulate(weights!.dtype, [leaf!.dims[0]!, weights!.dims[1]!], ([n, target]) => {
    const all = Array.from({ length: trees }, (_, t) => Number(weigh([Number(reach([n!, t])) - first, target!])));
    if (aggregate === "MIN") return Math.min(...all);
    if (aggregate === "MAX") return Math.max(...all);
    const sum = all.reduce((a, b) => a + b, 0);
    return aggregate === "SUM" ? sum : sum / trees;
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] =>
  ["SUM", "AVERAGE", "MIN", "MAX"].map(aggregate => ({
    name: aggregate,
    attributes: { aggregate, first: 3 },
    inputs: {
      leaf: { dtype: "i32", dims: [5, 7], range: [3, 9] },
      weights: { dtype: "f32", dims: [7, 2] },
    },
  }));
