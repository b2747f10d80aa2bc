// Lists of numbers that attributes give, one for each feature or one for all: constants in a kernel's expansion.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { isOther, refuse } from "../checks.js";
import type { Builder, NodeInfo } from "../operator.js";

/** The list as a constant that broadcasts along the last dim; undefined: not given. */
export function listed(build: Builder, dtype: Dtype, list: readonly number[] | undefined): Value | undefined {
  return list && list.length > 0 ? build.constant(dtype, [list.length], list) : undefined;
}

/** Refuses a list that is neither one number nor one for each feature. */
export function requireListed(op: string, node: NodeInfo, attribute: string, features: Poly | undefined): void {
  const list = node.attributes[attribute] as readonly number[] | undefined;
  if (!list || list.length <= 1 || !features) return;
  const sentence = `${attribute} has ${list.length} entries for ${features.print()} features; give one, or one for each`;
  if (isOther(features, list.length)) refuse("operator-attribute", op, node, sentence);
  requireEqual(op, node, features, Poly.int(list.length), sentence);
}
