// Which operators a graph uses, in which versions and dtypes, and how each of them would run. Not here: what is wrong with numbers.
import { bindNode } from "../../graph/bind.js";
import { isHostWork } from "../../graph/cut.js";
import type { Graph, GraphNode, ValueType } from "../../graph/graph.js";
import { isIf } from "../../graph/infer.js";
import { isIteration } from "../../graph/iteration.js";
import { everyNode, subgraphs } from "../../graph/values.js";
import type { AttributeSpec } from "../../ops/operator.js";
import type { Registry } from "../../ops/registry.js";
import type { AzulejoError } from "../../support/errors.js";

/**
 * "tile": a body in the language of tiles, compiled and fused; "decomposed": other operators take its place; "host": JavaScript, between
 * compiled parts; "program": control flow inside the program; "unsupported": the operator is there, this use of it is not; "missing": nobody
 * knows the operator.
 */
export type Support = "tile" | "decomposed" | "host" | "program" | "unsupported" | "missing";

/** Nodes that are alike in operator, version, dtypes and support. */
export interface OperatorUse {
  readonly domain: string;
  readonly operator: string;
  /** version of the domain's operators in the file */
  readonly opset: number;
  /** of the present inputs, in order; "?" where inference does not get there */
  readonly dtypes: readonly string[];
  readonly support: Support;
  readonly nodes: readonly string[];
}

/** An operator that nobody knows, as its nodes show it: what a file that defines it begins with. */
export interface MissingOperator {
  readonly domain: string;
  readonly name: string;
  /** the largest number that a node has, and the smallest: further ones are optional */
  readonly inputs: number;
  readonly requiredInputs: number;
  readonly outputs: number;
  readonly attributes: Readonly<Record<string, AttributeSpec["type"]>>;
  readonly nodes: readonly string[];
}

/** by `keyOf` the node */
export type Errors = ReadonlyMap<string, AzulejoError>;
/** Names of nodes are unique in a graph, those of values in all of a file. */
export const keyOf = ({ name, outputs }: GraphNode): string => outputs.find(o => o)?.name ?? name;

/** Rows in the order in which operators occur first; the graph is inferred. */
export function operatorUses(graph: Graph, registry: Registry, errors: Errors): readonly OperatorUse[] {
  const rows = new Map<string, OperatorUse & { nodes: string[] }>();
  for (const node of everyNode(graph)) {
    const use = {
      domain: domainName(node),
      operator: node.op,
      opset: node.opset,
      dtypes: node.inputs.flatMap(v => (v ? [typeName(v)] : [])),
      support: supportOf(node, registry, errors),
    };
    const key = JSON.stringify(variadicOnce(use));
    const row = rows.get(key) ?? { ...variadicOnce(use), nodes: [] };
    rows.set(key, row);
    row.nodes.push(node.name);
  }
  return [...rows.values()];
}

/** A Concat of three and one of four are alike. */
const variadicOnce = (use: Omit<OperatorUse, "nodes">): Omit<OperatorUse, "nodes"> =>
  use.dtypes.length > 1 && new Set(use.dtypes).size === 1 ? { ...use, dtypes: [use.dtypes[0]!] } : use;

export function missingOperators(graph: Graph, errors: Errors): readonly MissingOperator[] {
  const missing = new Map<string, MissingOperator>();
  for (const node of everyNode(graph)) {
    if (errors.get(keyOf(node))?.code !== "operator-unknown") continue;
    const domain = domainName(node);
    const known = missing.get(`${domain}:${node.op}`);
    const attributes = Object.fromEntries(Object.entries(node.attributes).map(([name, a]) => [name, attributeType(a)]));
    missing.set(`${domain}:${node.op}`, {
      domain,
      name: node.op,
      inputs: Math.max(known?.inputs ?? 0, node.inputs.length),
      requiredInputs: Math.min(known?.requiredInputs ?? Infinity, presentFirst(node)),
      outputs: Math.max(known?.outputs ?? 0, node.outputs.length),
      attributes: { ...known?.attributes, ...attributes },
      nodes: [...(known?.nodes ?? []), node.name],
    });
  }
  return [...missing.values()];
}

/** inputs before the first that is left out */
function presentFirst({ inputs }: GraphNode): number {
  const absent = inputs.indexOf(undefined);
  return absent < 0 ? inputs.length : absent;
}

export const domainName = ({ domain }: GraphNode): string => (domain === "" ? "ai.onnx" : domain);

function typeName({ dtype, text, container }: ValueType): string {
  if (container) return container.kind === "map" ? "map" : `${container.kind} of ${typeName(container.of)}`;
  return text ? "string" : (dtype ?? "?");
}

function supportOf(node: GraphNode, registry: Registry, errors: Errors): Support {
  const error = errors.get(keyOf(node));
  if (error) return error.code === "operator-unknown" ? "missing" : "unsupported";
  if (isIf(node) || isIteration(node)) return needsHost(node, registry, errors) ? "host" : "program";
  const { operator } = bindNode(node, registry);
  // kernels find it, and the host cuts it to its size
  if (operator.measured || isHostWork(node, registry)) return "host";
  return operator.expand ? "decomposed" : "tile";
}

/** Nodes that can't run say nothing about the control flow around them. */
const needsHost = (node: GraphNode, registry: Registry, errors: Errors): boolean =>
  !subgraphs(node).some(g => [...everyNode(g)].some(n => errors.has(keyOf(n)))) && isHostWork(node, registry);

function attributeType(a: GraphNode["attributes"][string]): AttributeSpec["type"] {
  if (typeof a === "string") return "string";
  if (typeof a === "bigint") return "int";
  // "float" takes whole numbers as well: a graph does not tell 1.0 from 1
  if (typeof a === "number") return "float";
  if (Array.isArray(a)) return a.some(x => typeof x === "string") ? "strings" : "floats";
  return "tensor" in a ? "tensor" : "graph" in a ? "graph" : "type";
}
