// A part of a graph between host steps, as a graph of its own: what it reads are inputs, what others read are outputs.
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import type { Registry } from "../ops/registry.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { infer } from "./infer.js";
import { mapSubgraphs, subgraphs, valuesRead } from "./values.js";

export interface Segment {
  readonly graph: Graph;
  /** values of the whole graph, in the order of the segment's inputs and outputs */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** `wanted`: values that somebody else reads. */
export function segmentOf(
  name: string,
  nodes: readonly GraphNode[],
  wanted: ReadonlySet<Value>,
  registry: Registry,
): Segment {
  const made = new Set(nodes.flatMap(n => n.outputs.filter(o => o !== undefined)));
  const inputs = new Set<Value>();
  for (const n of nodes) for (const v of valuesRead(n)) if (!made.has(v) && !v.constant) inputs.add(v);
  const outputs = [...made].filter(v => wanted.has(v));
  const apart = new Apart();
  const own = {
    inputs: [...inputs].map(v => apart.value(v)),
    nodes: nodes.map(n => apart.node(n)),
    outputs: outputs.map(v => apart.value(v)),
  };
  const graph = infer({ name, symbols: symbolsOf(own), ...own }, registry);
  return { graph, inputs: [...inputs], outputs };
}

/** Copies of values under names that are unique in the segment; text becomes its handles. */
class Apart {
  readonly #made = new Map<Value, Value>();
  readonly #names = new Set<string>();

  value(v: Value): Value {
    const known = this.#made.get(v);
    if (known) return known;
    let name = v.name;
    for (let k = 2; this.#names.has(name); k++) name = `${v.name}#${k}`;
    this.#names.add(name);
    const { strings: _, text: __, ...rest } = v;
    const copy: Value = { ...rest, name };
    this.#made.set(v, copy);
    return copy;
  }
  node(n: GraphNode): GraphNode {
    return {
      ...mapSubgraphs(n, g => ({
        ...g,
        inputs: g.inputs.map(v => this.value(v)),
        nodes: g.nodes.map(inner => this.node(inner)),
        outputs: g.outputs.map(v => this.value(v)),
      })),
      inputs: n.inputs.map(v => v && this.value(v)),
      outputs: n.outputs.map(v => v && this.value(v)),
    };
  }
}

/** All symbols that its dims and known contents name. */
function symbolsOf(graph: Pick<Graph, "inputs" | "nodes">): Sym[] {
  const out = new Set<Sym>();
  const visit = (g: Pick<Graph, "inputs" | "nodes">): void => {
    const values = [...g.inputs, ...g.nodes.flatMap(n => [...n.inputs, ...n.outputs])];
    for (const v of values) {
      const polys = [...(v?.dims ?? []), ...(v?.known?.data ?? []).filter(x => x instanceof Poly)];
      for (const p of polys) for (const s of p.syms) if (!s.def) out.add(s);
    }
    for (const n of g.nodes) for (const inner of subgraphs(n)) visit(inner);
  };
  visit(graph);
  return [...out];
}
