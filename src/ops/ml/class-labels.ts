// Labels of classifiers: the class with the largest score, or one class against none.
import type { Value } from "../../graph/graph.js";
import { refuse } from "../checks.js";
import type { Builder, NodeInfo } from "../operator.js";

/** Labels as integers; text is the host's business, and these operators have none. */
export function integerLabels(op: string, node: NodeInfo, attribute: string): readonly number[] {
  const labels = node.attributes[attribute] as readonly number[] | undefined;
  if (labels && labels.length > 0) return labels;
  refuse(
    "operator-unsupported",
    op,
    node,
    `${attribute} is missing, and labels of text are not supported; export the classifier with integers for labels`,
  );
}

/** The label of the largest score in each row. */
export function largestLabel(build: Builder, scores: Value, labels: readonly number[]): Value {
  const best = build.node("ArgMax", [scores], { axis: 1, keepdims: 0 });
  return build.node("Gather", [build.constant("i64", [labels.length], labels), best], { axis: 0 });
}
