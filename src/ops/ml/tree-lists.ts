// Trees as the first versions of ai.onnx.ml list them: nodes by tree and number, leaves among them. What TreeEnsembleRegressor and
// TreeEnsembleClassifier share.
import type { Value } from "../../graph/graph.js";
import { refuse } from "../checks.js";
import { numberOf } from "../known-values.js";
import type { AttributeSpec, Attributes, NodeInfo } from "../operator.js";
import type { TreeTable } from "./tree-table.js";

export const treeListAttributes = {
  base_values: { type: "floats" },
  base_values_as_tensor: { type: "tensor" },
  nodes_falsenodeids: { type: "ints", required: true },
  nodes_featureids: { type: "ints", required: true },
  nodes_hitrates: { type: "floats" },
  nodes_hitrates_as_tensor: { type: "tensor" },
  nodes_missing_value_tracks_true: { type: "ints" },
  nodes_modes: { type: "strings", required: true },
  nodes_nodeids: { type: "ints", required: true },
  nodes_treeids: { type: "ints", required: true },
  nodes_truenodeids: { type: "ints", required: true },
  nodes_values: { type: "floats" },
  nodes_values_as_tensor: { type: "tensor" },
  post_transform: { type: "string", default: "NONE" },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

const modes: readonly string[] = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
const leafMode = "LEAF";

/** A list of floats, or the tensor of doubles that may stand for it. */
export function listOrTensor(op: string, node: NodeInfo, name: string): readonly number[] | undefined {
  const list = node.attributes[name] as readonly number[] | undefined;
  const tensor = (node.attributes[`${name}_as_tensor`] as { readonly tensor: Value } | undefined)?.tensor;
  if (list?.length || !tensor) return list?.length ? list : undefined;
  const numbers = tensor.known?.data.map(numberOf);
  if (numbers?.every(x => x !== undefined)) return numbers as readonly number[];
  refuse(
    "operator-unsupported",
    op,
    node,
    `attribute ${name}_as_tensor has more elements than are read with the graph; give ${name} instead`,
  );
}

/** What scores start from, where a node says so: one number for each column. */
export function baseValues(op: string, node: NodeInfo, columns: number): readonly number[] | undefined {
  const base = listOrTensor(op, node, "base_values");
  if (!base || base.length === columns) return base;
  refuse(
    "operator-attribute",
    op,
    node,
    `base_values has ${base.length} entries for ${columns} columns of scores; give it one for each`,
  );
}

export interface TreeLists {
  readonly table: TreeTable;
  /** what the leaves say: leaf, target, weight */
  readonly entries: readonly (readonly [leaf: number, target: number, weight: number])[];
}

/** `kind` is "target" or "class": the attributes that say what leaves stand for. */
export function treeLists(op: string, node: NodeInfo, kind: "target" | "class"): TreeLists {
  const { attributes } = node;
  const count: number = attributes.nodes_nodeids.length;
  const values = listOrTensor(op, node, "nodes_values") ?? new Array<number>(count).fill(0);
  const key = (tree: number, id: number): string => `${tree}/${id}`;
  const rowOf = new Map<string, number>();
  const kept = (leaf: boolean): number[] =>
    Array.from({ length: count }, (_, k) => k).filter(k => (attributes.nodes_modes[k] === leafMode) === leaf);
  const [branches, leaves] = [kept(false), kept(true)];
  for (const [row, k] of [...branches, ...leaves].entries())
    rowOf.set(key(attributes.nodes_treeids[k], attributes.nodes_nodeids[k]), row);
  const find = (tree: number, id: number): number => rowOf.get(key(tree, id)) ?? missingNode(op, node, tree, id);
  const way = (name: string): number[] => branches.map(k => find(attributes.nodes_treeids[k], attributes[name][k]));
  const trees = [...new Set(attributes.nodes_treeids as readonly number[])].sort((a, b) => a - b);
  const table: TreeTable = {
    features: branches.map(k => attributes.nodes_featureids[k]),
    modes: branches.map(k => modeOf(op, node, attributes.nodes_modes[k])),
    splits: branches.map(k => values[k]!),
    yes: way("nodes_truenodeids"),
    no: way("nodes_falsenodeids"),
    missing: branches.map(k => attributes.nodes_missing_value_tracks_true?.[k] ?? 0),
    roots: trees.map(t => find(t, attributes.nodes_nodeids[attributes.nodes_treeids.indexOf(t)])),
    leaves: leaves.length,
  };
  const weights = listOrTensor(op, node, `${kind}_weights`) ?? [];
  const entries = weights.map((w, k) => {
    const row = find(attributes[`${kind}_treeids`][k], attributes[`${kind}_nodeids`][k]);
    return [row - branches.length, attributes[`${kind}_ids`][k], w] as const;
  });
  return { table, entries: entries.filter(([leaf]) => leaf >= 0) };
}

function missingNode(op: string, node: NodeInfo, tree: number, id: number): never {
  refuse("graph-invalid", op, node, `tree ${tree} has no node ${id}, and another names it; export the model again`);
}
function modeOf(op: string, node: NodeInfo, mode: string): number {
  const at = modes.indexOf(mode);
  if (at >= 0) return at;
  refuse("operator-attribute", op, node, `nodes_modes has "${mode}"; use ${modes.join(", ")} or ${leafMode}`);
}

/** The sums that leaves give a row, by the loops of the specification; for references. */
export function scoresOfRow(
  row: readonly number[],
  attributes: Attributes,
  kind: "target" | "class",
  targets: number,
  aggregate: string,
): number[] {
  const { nodes_treeids, nodes_nodeids } = attributes;
  const index = (tree: number, id: number): number =>
    nodes_nodeids.findIndex((n: number, k: number) => n === id && nodes_treeids[k] === tree);
  const compare: Readonly<Record<string, (x: number, v: number) => boolean>> = {
    BRANCH_LEQ: (x, v) => x <= v,
    BRANCH_LT: (x, v) => x < v,
    BRANCH_GTE: (x, v) => x >= v,
    BRANCH_GT: (x, v) => x > v,
    BRANCH_EQ: (x, v) => x === v,
    BRANCH_NEQ: (x, v) => x !== v,
  };
  const found: number[][] = Array.from({ length: targets }, () => []);
  const trees = [...new Set(nodes_treeids as readonly number[])];
  for (const tree of trees) {
    let at: number = nodes_treeids.indexOf(tree);
    for (let steps = 0; attributes.nodes_modes[at] !== leafMode; steps++) {
      if (steps > nodes_nodeids.length) throw new RangeError(`Tree ${tree} leads back to itself`);
      const x = row[attributes.nodes_featureids[at]]!;
      const yes = Number.isNaN(x)
        ? attributes.nodes_missing_value_tracks_true?.[at] === 1
        : compare[attributes.nodes_modes[at]]!(x, attributes.nodes_values[at]);
      at = index(tree, attributes[yes ? "nodes_truenodeids" : "nodes_falsenodeids"][at]);
    }
    attributes[`${kind}_weights`].forEach((w: number, k: number) => {
      if (attributes[`${kind}_treeids`][k] === tree && attributes[`${kind}_nodeids`][k] === nodes_nodeids[at])
        found[attributes[`${kind}_ids`][k]]!.push(w);
    });
  }
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  const join: Readonly<Record<string, (list: readonly number[]) => number>> = {
    SUM: sum,
    AVERAGE: list => sum(list) / trees.length,
    MIN: list => Math.min(...list),
    MAX: list => Math.max(...list),
  };
  const base: readonly number[] = attributes.base_values ?? [];
  return found.map((list, t) => (list.length > 0 ? join[aggregate]!(list) : 0) + (base[t] ?? 0));
}

/** Two small trees for cases. */
export const exampleTrees: Attributes = {
  nodes_treeids: [0, 0, 0, 0, 0, 1, 1, 1],
  nodes_nodeids: [0, 1, 2, 3, 4, 0, 1, 2],
  nodes_featureids: [0, 1, 0, 0, 0, 2, 0, 0],
  nodes_modes: ["BRANCH_LEQ", "BRANCH_GT", "LEAF", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"],
  nodes_values: [0.5, -0.25, 0, 0, 0, 0.125, 0, 0],
  nodes_truenodeids: [1, 3, 0, 0, 0, 1, 0, 0],
  nodes_falsenodeids: [2, 4, 0, 0, 0, 2, 0, 0],
  nodes_missing_value_tracks_true: [1, 0, 0, 0, 0, 1, 0, 0],
};
export const exampleRows = {
  dtype: "f32",
  dims: [5, 3],
  data: [0, 1, 2, Number.NaN, 0.5, -1, 3, Number.NaN, 1, -2, -2, 0.125, 1, 1, Number.NaN],
} as const;
