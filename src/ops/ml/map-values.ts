// Maps as operators of ai.onnx.ml read them. Users hand them in with keys of any kind of number, and with scalars or tensors of one element.
import type { ValueType } from "../../graph/graph.js";
import type { AnyTensor, HostMap, HostValue } from "../../runtime/host-value.js";
import { refuse } from "../checks.js";
import type { HostNode } from "../operator.js";

type MapType = Extract<NonNullable<ValueType["container"]>, { kind: "map" }>;
export type Scalar = string | number | bigint;

export function mapType(op: string, node: HostNode): MapType {
  const { container } = node.types.X!;
  if (container?.kind === "map") return container;
  refuse("operator-unsupported", op, node, "X must be a map; leave the operator out where it is a tensor");
}

/** Entries by key: texts, or integers as numbers. */
export function entriesOf(op: string, node: HostNode, X: HostValue): ReadonlyMap<string | number, Scalar> {
  if (!(X instanceof Map)) refuse("input", op, node, "X is no Map; give a Map from keys to numbers or texts");
  const entry = ([key, value]: readonly [Scalar, HostValue | Scalar]): readonly [string | number, Scalar] => [
    typeof key === "bigint" ? Number(key) : key,
    scalarOf(value),
  ];
  return new Map([...(X as HostMap)].map(entry));
}
const scalarOf = (value: HostValue | Scalar): Scalar =>
  Object(value) === value ? (value as AnyTensor).data[0]! : (value as Scalar);
