// TreeEnsemble: decision trees whose leaves each say something of one target.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { printDims, refuse } from "../checks.js";
import { numberOf } from "../known-values.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Expansion, NodeInfo, Operator, OperatorDoc } from "../operator.js";
import { scoreTransforms, transformScores } from "./score-transform.js";
import type { TreeTable } from "./tree-table.js";
import { absentWeight, treeScores } from "./tree-table.js";

const op = "TreeEnsemble";
const aggregates = ["AVERAGE", "SUM", "MIN", "MAX"] as const;
/** the mode of a branch that asks whether the feature is one of several values */
const member = 6;

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    aggregate_function: { type: "int", default: 1 },
    leaf_targetids: { type: "ints", required: true },
    leaf_weights: { type: "tensor", required: true },
    membership_values: { type: "tensor" },
    n_targets: { type: "int", required: true },
    nodes_falseleafs: { type: "ints", required: true },
    nodes_falsenodeids: { type: "ints", required: true },
    nodes_featureids: { type: "ints", required: true },
    nodes_hitrates: { type: "tensor" },
    nodes_missing_value_tracks_true: { type: "ints" },
    nodes_modes: { type: "tensor", required: true },
    nodes_splits: { type: "tensor", required: true },
    nodes_trueleafs: { type: "ints", required: true },
    nodes_truenodeids: { type: "ints", required: true },
    post_transform: { type: "int", default: 0 },
    tree_roots: { type: "ints", required: true },
  },
  shape: node => {
    const X = node.dims.X!;
    if (X.length !== 2) refuse("shape", op, node, `X of ${printDims(X)} must be rows×features; reshape it`);
    const { aggregate_function, post_transform } = node.attributes;
    if (!aggregates[aggregate_function] || !scoreTransforms[post_transform])
      refuse(
        "operator-attribute",
        op,
        node,
        `aggregate_function ${aggregate_function} or post_transform ${post_transform} is unknown; use 0..3 and 0..4`,
      );
    return { Y: [X[0]!, Poly.int(node.attributes.n_targets)] };
  },
  expand: (node, build) => {
    const { attributes } = node;
    const dtype = node.dtypes.X!;
    const aggregate = aggregates[attributes.aggregate_function as number]!;
    const targets = attributes.leaf_targetids as readonly number[];
    const count = attributes.n_targets as number;
    const mask = targets.flatMap(t => Array.from({ length: count }, (_, k) => (k === t ? 1 : 0)));
    const weights = build.node("Where", [
      build.constant("bool", [targets.length, count], mask),
      build.node("Reshape", [attributes.leaf_weights.tensor, build.constant("i64", [2], [-1, 1])]),
      build.constant(dtype, [], [absentWeight(aggregate)]),
    ]);
    const table = attributes.membership_values
      ? withMembers(node)
      : plainTable(node, build.node("Cast", [attributes.nodes_modes.tensor], { to: onnxCodeOf("i32") }));
    const scores = treeScores(op, node, build, { X: node.inputs.X!, weights, dtype }, table, aggregate);
    return { Y: transformScores(build, scores, scoreTransforms[attributes.post_transform as number]!, dtype) };
  },
};

/** A tree that is a leaf alone has a root whose two ways are that leaf. */
function plainTable({ attributes }: NodeInfo, modes: Value): TreeTable {
  const branches: number = attributes.nodes_featureids.length;
  const ways = (which: "true" | "false"): readonly number[] =>
    (attributes[`nodes_${which}nodeids`] as readonly number[]).map((to, k) =>
      attributes[`nodes_${which}leafs`][k] ? branches + to : to,
    );
  return {
    features: attributes.nodes_featureids,
    modes,
    splits: attributes.nodes_splits.tensor,
    yes: ways("true"),
    no: ways("false"),
    missing: attributes.nodes_missing_value_tracks_true ?? new Array<number>(branches).fill(0),
    roots: attributes.tree_roots,
    leaves: attributes.leaf_targetids.length,
  };
}

function contentOf(node: NodeInfo, name: string): readonly number[] {
  const { known } = node.attributes[name].tensor as Value;
  const numbers = known?.data.map(numberOf);
  if (numbers?.every(x => x !== undefined)) return numbers as readonly number[];
  refuse(
    "operator-unsupported",
    op,
    node,
    `attribute ${name} has more elements than are read with the graph, and trees with sets of members are rewritten by their content; split the ensemble`,
  );
}

/** A branch that asks for members of a set becomes a chain of branches that each ask for one; sets are listed in the order of a walk. */
function withMembers(node: Expansion): TreeTable {
  const modes = [...contentOf(node, "nodes_modes")];
  const splits = [...contentOf(node, "nodes_splits")];
  const sets = setsOf(contentOf(node, "membership_values"));
  const plain = plainTable(node, node.attributes.nodes_modes.tensor);
  const old = plain.yes.length;
  const chains = new Map<number, readonly number[]>();
  for (const branch of walkOrder(plain)) if (modes[branch] === member) chains.set(branch, sets[chains.size] ?? []);
  const extra = [...chains.values()].reduce((n, set) => n + Math.max(set.length - 1, 0), 0);
  const renumbered = (to: number): number => (to >= old ? to + extra : to);
  const [yes, no] = [plain.yes.map(renumbered), plain.no.map(renumbered)];
  const [features, missing] = [[...plain.features], [...plain.missing]];
  for (const [branch, set] of chains) {
    const otherwise = no[branch]!;
    // NaN is in no set, so an empty one never holds
    set.concat(set.length === 0 ? [Number.NaN] : []).forEach((value, k, all) => {
      const at = k === 0 ? branch : features.length;
      modes[at] = 4;
      splits[at] = value;
      features[at] = features[branch]!;
      missing[at] = missing[branch]!;
      yes[at] = yes[branch]!;
      no[at] = k === all.length - 1 ? otherwise : k === 0 ? features.length : at + 1;
    });
  }
  return { ...plain, features, modes, splits, yes, no, missing };
}

function setsOf(values: readonly number[]): readonly (readonly number[])[] {
  const sets: number[][] = [[]];
  for (const v of values) Number.isNaN(v) ? sets.push([]) : sets.at(-1)!.push(v);
  return sets;
}

/** Branches from the roots on, those behind "yes" first. */
function walkOrder({ yes, no, roots }: TreeTable): Set<number> {
  const seen = new Set<number>();
  const stack = roots.toReversed();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at >= yes.length || seen.has(at)) continue;
    seen.add(at);
    stack.push(no[at]!, yes[at]!);
  }
  return seen;
}

export const doc: OperatorDoc = {
  summary:
    "Decision trees whose leaves each say something of one target, summed, averaged, or the least or largest of all",
  dtypes: "float",
  opsets: [5, 5],
  limits: "trees with sets of members have at most as many nodes as small tensors have elements",
};
