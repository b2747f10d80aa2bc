// Operators that are written in terms of others (attention, losses, transforms) become those, so that fusion, layouts and every
// target see nothing new. An operator says how in its `expand`; expansions may hold operators that expand again.

import type { Builder, Expansion } from "../../ops/operator.js";
import type { Registry } from "../../ops/registry.js";
import { AzulejoError } from "../../support/errors.js";
import type { BoundNode } from "../bind.js";
import { bindNode, describeNode } from "../bind.js";
import { constantValue } from "../constants.js";
import type { AttributeValue, Graph, GraphNode, Value } from "../graph.js";
import { isHostNode } from "../host-nodes.js";
import { infer } from "../infer.js";
import { newestOpset } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rewrite } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { mapSubgraphs, substituteValues } from "../values.js";

/** Expansions within expansions; more of them means that an operator expands to itself. */
const deepest = 8;

/** Nodes whose types are not known yet stay as they are: they are expanded when a graph for concrete dims is made. */
export const expandOperators = (registry: Registry): Pass => ({
  name: "expand",
  run: graph => {
    let current = graph;
    for (let depth = 0; depth < deepest; depth++) {
      const next = rewriteEverywhere(current, node => expandNode(node, registry));
      if (next === current) return current;
      current = infer(next, registry);
    }
    throw new AzulejoError(
      "operator-unsupported",
      `Operators expand to operators that expand, more than ${deepest} deep; let the expansion of an operator end in others`,
    );
  },
});

/** What takes the place of a node whose operator expands; undefined: nothing does. */
export function expandNode(node: GraphNode, registry: Registry): Rewrite | undefined {
  if (!registry.find(node.domain, node.op, node.opset)?.expand) return undefined;
  const values = [...node.inputs, ...node.outputs];
  if (values.some(v => v && !(v.dtype && v.dims))) return undefined;
  const bound = bindNode(node, registry);
  if (isHostNode(bound)) return undefined;
  const builder = new NodeBuilder(node);
  const made = bound.operator.expand!(expansionOf(bound), builder);
  const replaced = Object.entries(bound.outputs).map(([name, old]): [Value, Value] => {
    const value = made[name];
    if (value) return [old, value];
    throw new AzulejoError(
      "operator-unsupported",
      `${describeNode(node)}: the operator gives nothing for its output ${name}; leave the output out or use another operator`,
    );
  });
  return { nodes: builder.nodes, values: new Map(replaced) };
}

function expansionOf({ info, inputs, outputs }: BoundNode): Expansion {
  const outputDims = Object.fromEntries(Object.entries(outputs).map(([name, v]) => [name, v.dims!]));
  return { ...info, inputs, outputs: outputDims };
}

/** The builder of one node's expansion; names begin with the node's. */
export class NodeBuilder implements Builder {
  readonly nodes: GraphNode[] = [];
  readonly #node: GraphNode;
  constructor(node: GraphNode) {
    this.#node = node;
  }
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
    domain = "",
  ): Value {
    return this.several(op, 1, inputs, attributes, domain)[0]!;
  }
  several(
    op: string,
    count: number,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
    domain = "",
  ): readonly Value[] {
    const name = this.#name(op);
    const outputs = Array.from({ length: count }, (_, i) => made(count === 1 ? name : `${name}:${i}`));
    const given = Object.entries(attributes).filter((a): a is [string, AttributeValue] => a[1] !== undefined);
    const opset = domain === "" ? newestOpset : 1;
    this.nodes.push({ name, domain, op, opset, inputs, outputs, attributes: Object.fromEntries(given) });
    return outputs;
  }
  constant(dtype: Value["dtype"] & string, dims: readonly number[], data: readonly (number | bigint)[]): Value {
    return constantValue(this.#name("constant"), dtype, dims, data);
  }
  inline(graph: Graph, inputs: readonly Value[]): readonly Value[] {
    const values = new Map<Value, Value>(graph.inputs.map((v, i) => [v, inputs[i]!]));
    const use = (v: Value): Value => values.get(v) ?? v;
    for (const n of graph.nodes) {
      const name = `${this.#node.name}/${n.name}_${this.nodes.length}`;
      const outputs = n.outputs.map(o => {
        const own = o && made(`${this.#node.name}/${o.name}`);
        if (own) values.set(o, own);
        return own;
      });
      const inner = mapSubgraphs(n, g => substituteValues(g, use));
      this.nodes.push({ ...inner, name, inputs: n.inputs.map(v => v && use(v)), outputs });
    }
    return graph.outputs.map(use);
  }
  #name(op: string): string {
    return `${this.#node.name}/${op}_${this.nodes.length}`;
  }
}

const made = (name: string): Value => ({ name, dtype: undefined, dims: undefined });
