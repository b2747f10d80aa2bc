// The axes that a reduction or a normalisation works over: attribute or input, negative, in old and new opsets.
import { normalizeAxis } from "./checks.js";
import { requiredNumbers } from "./known-values.js";
import type { NodeInfo } from "./operator.js";

/** Axes ascending, without duplicates: the input `axes` (newer opsets) or the attribute; undefined where neither is present. */
export function axesOf(op: string, node: NodeInfo, rank: number): readonly number[] | undefined {
  const axes = node.present.includes("axes")
    ? requiredNumbers(op, node, "axes")
    : (node.attributes.axes as readonly number[] | undefined);
  if (!axes) return undefined;
  return [...new Set(axes.map(a => normalizeAxis(op, node, a, rank)))].sort((a, b) => a - b);
}

/** All axes from `first` on. */
export const axesFrom = (first: number, rank: number): readonly number[] =>
  Array.from({ length: Math.max(rank - first, 0) }, (_, j) => first + j);
