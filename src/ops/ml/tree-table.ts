// Trees as tables: what ensembles of all versions are turned into. Branches come first, then leaves, which lead to themselves.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { refuse } from "../checks.js";
import type { Builder } from "../operator.js";

export interface TreeTable {
  /** by branch: the feature that is compared */
  readonly features: readonly number[];
  /** how, by ONNX's numbers for comparisons (≤ < ≥ > = ≠), and with what: numbers, or tensors of which only the model's file knows */
  readonly modes: readonly number[] | Value;
  readonly splits: readonly number[] | Value;
  /** the next node by its row: branches, then leaves */
  readonly yes: readonly number[];
  readonly no: readonly number[];
  readonly missing: readonly number[];
  readonly roots: readonly number[];
  readonly leaves: number;
}

/** The longest way from a root to a leaf. */
function depthOf(op: string, node: { readonly name: string }, { yes, no, roots }: TreeTable): number {
  const branches = yes.length;
  const depth = new Map<number, number>();
  const open = new Set<number>();
  const stack = [...roots];
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    if (at >= branches || depth.has(at)) {
      stack.pop();
      continue;
    }
    const next = [yes[at]!, no[at]!].filter(c => c < branches && !depth.has(c));
    if (next.length === 0) {
      depth.set(at, 1 + Math.max(...[yes[at]!, no[at]!].map(c => depth.get(c) ?? 0)));
      open.delete(at);
      stack.pop();
      continue;
    }
    if (open.has(at) || next.some(c => open.has(c)))
      refuse("graph-invalid", op, node, `branch ${at} leads back to itself, so it is no tree; export the model again`);
    open.add(at);
    stack.push(...next);
  }
  return Math.max(0, ...roots.map(r => depth.get(r) ?? 0));
}

/** The scores of all targets; `weights` has a row for each leaf. */
export function treeScores(
  op: string,
  node: { readonly name: string },
  build: Builder,
  { X, weights, dtype }: { readonly X: Value; readonly weights: Value; readonly dtype: Dtype },
  table: TreeTable,
  aggregate: string,
): Value {
  const branches = table.yes.length;
  const rows = branches + table.leaves;
  const own = Array.from({ length: table.leaves }, (_, k) => branches + k);
  const outside = [...table.yes, ...table.no, ...table.roots].find(k => !(k >= 0 && k < rows));
  if (outside !== undefined)
    refuse("graph-invalid", op, node, `a tree names node ${outside} of ${rows}; export the model again`);
  const ints = (list: readonly number[], rest: readonly number[] = own.map(() => 0)): Value =>
    build.constant("i32", [list.length + rest.length], [...list, ...rest]);
  // what leaves compare does not matter
  const behind = (list: readonly number[] | Value, of: Dtype): Value =>
    isList(list)
      ? build.constant(of, [rows], [...list, ...own.map(() => 0)])
      : build.node(
          "Concat",
          [
            list,
            build.constant(
              of,
              [own.length],
              own.map(() => 0),
            ),
          ],
          { axis: 0 },
        );
  const inputs = [
    X,
    ints(table.features),
    behind(table.modes, "i32"),
    behind(table.splits, dtype),
    ints(table.yes, own),
    ints(table.no, own),
    ints(table.missing),
    ints(table.roots, []),
  ];
  const leaf = build.node("TreeWalk", inputs, { depth: depthOf(op, node, table) }, "azulejo");
  const scores = build.node("TreeScores", [leaf, weights], { aggregate, first: branches }, "azulejo");
  if (aggregate !== "MIN" && aggregate !== "MAX") return scores;
  // a target of which no leaf that was reached says anything is 0, as in ONNX Runtime
  const silent = build.node("Equal", [scores, build.constant(dtype, [], [absentWeight(aggregate)])]);
  return build.node("Where", [silent, build.constant(dtype, [], [0]), scores]);
}

const isList = (x: readonly number[] | Value): x is readonly number[] => Array.isArray(x);

/** What a leaf says that says nothing of a target. */
export const absentWeight = (aggregate: string): number =>
  aggregate === "MIN" ? largest : aggregate === "MAX" ? -largest : 0;
/** of f32 */
const largest = (2 - 2 ** -23) * 2 ** 127;

/** Weights by leaf and target; `absent` stands where a leaf says nothing of a target. */
export function leafWeights(
  leaves: number,
  targets: number,
  entries: Iterable<readonly [leaf: number, target: number, weight: number]>,
  aggregate: string,
): number[] {
  const absent = absentWeight(aggregate);
  const join = { MIN: Math.min, MAX: Math.max }[aggregate] ?? ((a: number, b: number) => a + b);
  const data = new Array<number>(leaves * targets).fill(absent);
  for (const [leaf, target, weight] of entries) {
    const at = leaf * targets + target;
    data[at] = data[at] === absent ? weight : join(data[at]!, weight);
  }
  return data;
}
