// A node and its operator together: named inputs and outputs, attributes checked and brought to the newest opset.
// The graph keeps attributes as the file has them; this is computed where it is needed.

import type { Dtype } from "../ir/dtypes.js";
import type { AttributeSpec, Attributes, NodeInfo, Operator } from "../ops/operator.js";
import type { Registry } from "../ops/registry.js";
import { AzulejoError } from "../support/errors.js";
import type { AttributeValue, Dims, GraphNode, KnownValue, Value, ValueType } from "./graph.js";

export interface BoundNode {
  readonly node: GraphNode;
  readonly operator: Operator;
  readonly info: NodeInfo;
  /** present inputs by the operator's names */
  readonly inputs: Readonly<Record<string, Value>>;
  /** wanted outputs by the operator's names */
  readonly outputs: Readonly<Record<string, Value>>;
}

/** `Conv "conv1"`, as all messages name a node */
export const describeNode = (n: GraphNode): string => `${n.op} "${n.name}"`;

/** nodes never change, and inference, passes and partition ask for the same ones */
const boundNodes = new WeakMap<GraphNode, { readonly registry: Registry; readonly bound: BoundNode }>();

/** @throws AzulejoError operator-unknown, operator-attribute, graph-invalid; what the operator's `adapt` throws */
export function bindNode(node: GraphNode, registry: Registry): BoundNode {
  const known = boundNodes.get(node);
  if (known?.registry === registry) return known.bound;
  const bound = bind(node, registry);
  boundNodes.set(node, { registry, bound });
  return bound;
}

function bind(node: GraphNode, registry: Registry): BoundNode {
  const operator = findOperator(node, registry);
  const inputs = byName(node, operator.inputs, node.inputs, "input");
  const outputs = byName(node, operator.outputs, node.outputs, "output");
  const dims: Record<string, Dims> = {};
  const dtypes: Record<string, Dtype> = {};
  const known: Record<string, KnownValue | undefined> = {};
  for (const [name, v] of Object.entries(inputs)) {
    if (v.dims) dims[name] = v.dims;
    if (v.dtype) dtypes[name] = v.dtype;
    known[name] = v.known;
  }
  const raw: NodeInfo = {
    name: node.name,
    opset: node.opset,
    attributes: node.attributes,
    dims,
    dtypes,
    known,
    present: Object.keys(inputs),
    wanted: Object.keys(outputs),
    outputCount: node.outputs.length,
  };
  const attributes = operator.adapt ? operator.adapt(raw) : raw.attributes;
  return {
    node,
    operator,
    info: { ...raw, attributes: checkedAttributes(node, operator, attributes) },
    inputs,
    outputs,
  };
}

function findOperator(node: GraphNode, registry: Registry): Operator {
  const found = registry.find(node.domain, node.op, node.opset);
  if (found) return found;
  const domain = node.domain === "" ? "ai.onnx" : node.domain;
  throw new AzulejoError(
    "operator-unknown",
    `${describeNode(node)}: there is no operator "${node.op}" in the domain "${domain}"; pass one to load(model, { operators: [...] })`,
  );
}

/** Values under the names that the operator gives them; `X...` becomes X0, X1, … */
function byName(
  node: GraphNode,
  names: readonly string[],
  values: readonly (Value | undefined)[],
  what: "input" | "output",
): Record<string, Value> {
  const last = names.at(-1);
  const variadic = last?.endsWith("...") ? last.slice(0, -3) : undefined;
  const fixed = variadic === undefined ? names.length : names.length - 1;
  const extra = values.findIndex((v, i) => i >= fixed && v !== undefined);
  if (variadic === undefined && extra >= 0)
    throw new AzulejoError(
      "graph-invalid",
      `${describeNode(node)}: has ${values.length} ${what}s, and ${node.op} has at most ${fixed} (${names.join(", ")}); export the model again`,
    );
  const out: Record<string, Value> = {};
  for (let i = 0; i < Math.max(values.length, fixed); i++) {
    const value = values[i];
    const name = i < fixed ? names[i]! : `${variadic}${i - fixed}`;
    if (value) out[name.replace("?", "")] = value;
    else if (what === "input" && i < fixed && !name.endsWith("?"))
      throw new AzulejoError(
        "graph-invalid",
        `${describeNode(node)}: input ${name} is missing; ${node.op} takes ${names.join(", ")}: export the model again`,
      );
  }
  return out;
}

function checkedAttributes(node: GraphNode, operator: Operator, given: Attributes): Attributes {
  const specs = operator.attributes ?? {};
  const out: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec) {
      if (value === undefined) continue;
      const known = Object.keys(specs);
      throw new AzulejoError(
        "operator-attribute",
        `${describeNode(node)}: there is no attribute "${name}" in opset ${node.opset}; ${known.length ? `known are ${known.join(", ")}` : "the operator has none"}`,
      );
    }
    if (value !== undefined) out[name] = checked(node, name, spec, value);
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (out[name] !== undefined) continue;
    if (spec.required)
      throw new AzulejoError(
        "operator-attribute",
        `${describeNode(node)}: attribute "${name}" (${spec.type}) is missing; ${node.op} can't do without it`,
      );
    if (spec.default !== undefined) out[name] = spec.default;
  }
  return out;
}

const isList = (v: unknown, of: (x: unknown) => boolean): boolean => Array.isArray(v) && v.every(of);
// integers beyond 2^53 arrive as bigint; no operator has a use for them
const isWhole = (x: unknown): boolean => Number.isInteger(x);
const isNumber = (x: unknown): boolean => typeof x === "number";
const isText = (x: unknown): boolean => typeof x === "string";
const hasType: Readonly<Record<AttributeSpec["type"], (v: AttributeValue) => boolean>> = {
  int: isWhole,
  float: isNumber,
  string: isText,
  ints: v => isList(v, isWhole),
  floats: v => isList(v, isNumber),
  strings: v => isList(v, isText),
  tensor: v => typeof v === "object" && "tensor" in v,
  graph: v => typeof v === "object" && "graph" in v,
  type: v => typeof v === "object" && "type" in v,
};

function checked(node: GraphNode, name: string, spec: AttributeSpec, value: AttributeValue): AttributeValue {
  if (hasType[spec.type](value)) return value;
  throw new AzulejoError(
    "operator-attribute",
    `${describeNode(node)}: attribute "${name}" is ${printAttribute(value)}; ${node.op} takes ${spec.type} there`,
  );
}

/** An attribute in a message or a printed graph. */
export function printAttribute(value: AttributeValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(x => (typeof x === "string" ? JSON.stringify(x) : x)).join(", ")}]`;
  if (typeof value === "object" && "tensor" in value) return `tensor ${printType(value.tensor)}`;
  if (typeof value === "object" && "graph" in value) return "a graph";
  if (typeof value === "object" && "type" in value) return printType(value.type);
  return String(value);
}

/** `f32[N, 3, 224, 224]`; `?` for what is unknown */
export function printType(v: ValueType): string {
  const { container } = v;
  if (container?.kind === "map") return `map of ${printType(container.key)} to ${printType(container.of)}`;
  if (container) return `${container.kind} of ${printType(container.of)}`;
  return `${v.text ? "string" : (v.dtype ?? "?")}${v.dims ? `[${v.dims.map(d => d.print()).join(", ")}]` : "[?]"}`;
}
