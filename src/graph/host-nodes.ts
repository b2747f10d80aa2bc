// Which nodes run on the host, and what their outputs are. A host step runs between compiled parts of a model.
import type { HostNode, Operator } from "../ops/operator.js";
import { AzulejoError } from "../support/errors.js";
import type { BoundNode } from "./bind.js";
import { describeNode, printType } from "./bind.js";
import type { Value, ValueType } from "./graph.js";
import { unknownDims } from "./value-types.js";

const hasBody = (o: Operator): boolean => o.at !== undefined || o.kernels !== undefined || o.expand !== undefined;

/** Does the body take text, as handles that it moves? */
export const takesText = ({ operator: { text }, info }: BoundNode): boolean =>
  typeof text === "function" ? text(info.attributes) : text === true;

/** A container is the host's; so is text, unless the body only moves its handles. */
const needsHost = (v: Value | undefined, bound: BoundNode): boolean =>
  !!v && (v.container !== undefined || (v.text === true && !takesText(bound)));

export function isHostNode(bound: BoundNode): boolean {
  const { operator, inputs, info } = bound;
  if (!operator.host) return false;
  if (!hasBody(operator)) return true;
  if (operator.measured && Object.values(inputs).some(v => !v.dims || !v.dtype)) return true;
  return Object.values(inputs).some(v => needsHost(v, bound)) || (operator.makesText?.(info) ?? false);
}

export function hostNode(bound: BoundNode): HostNode {
  const unknown = unknownDims(bound.node);
  return { ...bound.info, types: bound.inputs, unknownDim: (name, axis) => unknown(bound.outputs[name], axis) };
}

/** @throws AzulejoError operator-unsupported where the operator has no body for such values */
export function hostTypes(bound: BoundNode): Readonly<Record<string, ValueType>> {
  const { operator, node, inputs } = bound;
  const { host } = operator;
  if (host?.types) return host.types(hostNode(bound));
  const reason = host?.reason ?? `it does not take ${Object.values(inputs).map(printType).join(", ")}`;
  throw new AzulejoError("operator-unsupported", `${describeNode(node)}: ${reason}`);
}
