// New nodes and values for passes.
import type { GraphNode, Value } from "./graph.js";

/** newest version of the standard operators that this project knows; nodes made by passes are of this version */
export const newestOpset = 28;

export function makeNode(
  name: string,
  op: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly (Value | undefined)[],
  attributes: GraphNode["attributes"] = {},
): GraphNode {
  return { name, domain: "", op, opset: newestOpset, inputs, outputs, attributes };
}

/** A value of the same type under another name; what is known of the content stays. */
export function renamed(v: Value, name: string): Value {
  return v.name === name ? v : { ...v, name };
}

/** A value of the same type, made anew: for a node that takes the place of another. */
export const sameType = (v: Value, name: string): Value => ({
  name,
  dtype: v.dtype,
  dims: v.dims,
  ...(v.known ? { known: v.known } : {}),
});
