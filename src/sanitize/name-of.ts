// How findings name a node.
import type { Node } from "../ir/tile.js";

export const nameOf = (n: Node): string =>
  n.kind === "map" || n.kind === "reduce"
    ? `"${n.name}" (${n.op})`
    : n.kind === "call"
      ? `"${n.name}" (${n.fn})`
      : `"${n.name}"`;
