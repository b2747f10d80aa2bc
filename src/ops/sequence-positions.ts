// Positions in sequences, counted from either end.
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { refuse } from "./checks.js";
import type { HostNode } from "./operator.js";

/** A position from 0 to `last`, or from the end by a negative number; absent: `otherwise`. */
export function positionOf(
  op: string,
  node: HostNode,
  position: HostValue,
  length: number,
  last: number,
  otherwise: number,
): number {
  if (position === undefined) return otherwise;
  const given = Number((position as AnyTensor).data[0]);
  const at = given < 0 ? given + length : given;
  if (at >= 0 && at <= last) return at;
  refuse("bounds", op, node, `position ${given} is outside a sequence of ${length}; use ${-length}..${last}`);
}
