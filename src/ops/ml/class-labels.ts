// Labels of classifiers, integers or text: the class with the largest score, or one class against none.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { refuse } from "../checks.js";
import type { Builder, NodeInfo } from "../operator.js";

export type ClassLabels = readonly number[] | readonly string[];

const isText = (labels: ClassLabels): labels is readonly string[] => typeof labels[0] === "string";
const integersIn = ({ attributes }: NodeInfo): readonly number[] =>
  attributes.classlabels_ints ?? attributes.classlabels_int64s ?? [];
const textsIn = ({ attributes }: NodeInfo): readonly string[] => attributes.classlabels_strings ?? [];

/** Operators name the list of integers in two ways. */
export function classLabels(op: string, node: NodeInfo): ClassLabels {
  const lists = [integersIn(node), textsIn(node)].filter(list => list.length > 0);
  if (lists.length === 1) return lists[0]!;
  const what = lists.length === 0 ? "it has no labels; give" : "it has labels as integers and as text; give only";
  refuse("operator-attribute", op, node, `${what} one list of them`);
}

export const hasTextLabels = (node: NodeInfo): boolean => integersIn(node).length === 0 && textsIn(node).length > 0;
/** Handles of text have 32 bits. */
export const labelDtype = (node: NodeInfo): Dtype => (hasTextLabels(node) ? "u32" : "i64");

/** The label of the largest score in each row. Of a row of NaN it is any: ArgMax gives a position outside then. */
export function largestLabel(build: Builder, scores: Value, labels: ClassLabels): Value {
  const best = build.node("ArgMax", [scores], { axis: 1, keepdims: 0 });
  const last = build.constant("i64", [], [labels.length - 1]);
  return labelsAt(build, build.node("Min", [best, last]), labels);
}

/** Labels at positions; text is looked up by the host. */
export function labelsAt(build: Builder, positions: Value, labels: ClassLabels): Value {
  if (!isText(labels))
    return build.node("Gather", [build.constant("i64", [labels.length], labels), positions], { axis: 0 });
  const attributes = { keys_int64s: labels.map((_, i) => i), values_strings: labels };
  return build.node("LabelEncoder", [positions], attributes, "ai.onnx.ml");
}

/** One label alone stands against 0, or against no text: as ONNX Runtime has it, of which the standard says nothing. */
export function labelWhere(build: Builder, holds: Value, labels: ClassLabels): Value {
  const flat = build.node("Reshape", [holds, build.constant("i64", [1], [-1])]);
  const number = (x: number): Value => build.constant("i64", [], [x]);
  if (!isText(labels)) return build.node("Where", [flat, number(labels[0]!), number(0)]);
  return labelsAt(build, build.node("Where", [flat, number(0), number(1)]), [labels[0]!, ""]);
}
