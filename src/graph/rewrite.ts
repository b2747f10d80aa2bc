// Rewriting a graph node by node, in order: what passes are made of. A rule sees a node with its inputs already rewritten and
// says what takes its place; the machinery hands the new values to all later readers, subgraphs included, and keeps the
// names of the graph's outputs.
import type { Graph, GraphNode, Value } from "./graph.js";
import { makeNode, renamed } from "./make.js";
import { everywhere, producersOf, readersOf, substituteInputs, valuesRead } from "./values.js";

/** What takes the place of a node: other nodes (none: it vanishes), and values in the place of its outputs. */
export interface Rewrite {
  readonly nodes: readonly GraphNode[];
  /** old output → value that its readers read instead; outputs that `nodes` define themselves need no entry */
  readonly values?: ReadonlyMap<Value, Value>;
}
export type Rule = (node: GraphNode, view: RewriteView) => Rewrite | undefined;

export interface RewriteView {
  /** the node that makes a value, in this graph and as rewritten so far */
  producer(v: Value | undefined): GraphNode | undefined;
  /** how many nodes read the value; being an output of the graph counts as one more */
  readers(v: Value): number;
}

/** One sweep of the rules over the graph and all subgraphs. Rules are tried in order until none applies to the node. */
export const rewriteEverywhere = (graph: Graph, ...rules: readonly Rule[]): Graph =>
  everywhere(graph, (g, outermost) => rewriteGraph(g, outermost, rules));

/** The same for one graph alone. Only the outermost graph has outputs whose names matter. */
export const rewriteGraph = (graph: Graph, outermost: boolean, rules: readonly Rule[]): Graph =>
  new Rewriter(graph, outermost).run(rules);

/** Is the node one of these operators of ai.onnx? */
export const isStandard = (node: GraphNode | undefined, ...ops: readonly string[]): node is GraphNode =>
  node?.domain === "" && ops.includes(node.op);
const isIdentity = (n: GraphNode): boolean => isStandard(n, "Identity");

interface Known {
  readonly producers: Map<Value, GraphNode>;
  readonly readers: Map<Value, number>;
}

class Rewriter implements RewriteView {
  readonly #graph: Graph;
  /** made when a rule asks or rewrites, which in most sweeps none does: up to then nothing has changed */
  #known: Known | undefined;
  readonly #replaced = new Map<Value, Value>();
  /** names that outputs of the graph must keep: value → name */
  readonly #pinned = new Map<Value, string>();

  constructor(graph: Graph, keepNames: boolean) {
    this.#graph = graph;
    if (keepNames) for (const o of graph.outputs) this.#pinned.set(o, o.name);
  }
  #view(): Known {
    if (!this.#known) {
      const readers = new Map<Value, number>();
      for (const [v, nodes] of readersOf(this.#graph)) readers.set(v, nodes.length);
      for (const o of this.#graph.outputs) readers.set(o, (readers.get(o) ?? 0) + 1);
      this.#known = { producers: producersOf(this.#graph), readers };
    }
    return this.#known;
  }
  producer(v: Value | undefined): GraphNode | undefined {
    return v && this.#view().producers.get(v);
  }
  readers(v: Value): number {
    return this.#view().readers.get(v) ?? 0;
  }
  readonly #use = (v: Value): Value => {
    let out = v;
    for (let next = this.#replaced.get(out); next; next = this.#replaced.get(out)) out = next;
    return out;
  };

  run(rules: readonly Rule[]): Graph {
    const done: GraphNode[] = [];
    let changed = false;
    for (const original of this.#graph.nodes) {
      const node = this.#replaced.size > 0 ? substituteInputs(original, this.#use) : original;
      if (node !== original) for (const o of node.outputs) if (o) this.#view().producers.set(o, node);
      const out = this.#apply(node, rules);
      changed ||= out.length !== 1 || out[0] !== original;
      done.push(...out);
    }
    if (!changed) return this.#graph;
    return this.#finish({ ...this.#graph, nodes: done, outputs: this.#graph.outputs.map(this.#use) });
  }
  #apply(node: GraphNode, rules: readonly Rule[]): GraphNode[] {
    for (const rule of rules) {
      const wish = rule(node, this);
      const rewrite = wish && this.#keepingNames(node, wish);
      if (!rewrite) continue;
      const { producers } = this.#view();
      this.#count(node, -1);
      for (const o of node.outputs) if (o) producers.delete(o);
      for (const n of rewrite.nodes) {
        this.#count(n, 1);
        for (const o of n.outputs) if (o) producers.set(o, n);
      }
      for (const [from, to] of rewrite.values ?? []) this.#replace(from, this.#use(to));
      return rewrite.nodes.flatMap(n => this.#apply(substituteInputs(n, this.#use), rules));
    }
    return [node];
  }
  #count(node: GraphNode, by: number): void {
    const { readers } = this.#view();
    for (const v of valuesRead(node)) readers.set(v, (readers.get(v) ?? 0) + by);
  }
  #replace(from: Value, to: Value): void {
    this.#replaced.set(from, to);
    const { readers } = this.#view();
    readers.set(to, this.readers(to) + this.readers(from));
    readers.delete(from);
    const name = this.#pinned.get(from);
    if (name !== undefined) this.#pinned.set(to, name);
  }
  /**
   * An output of the graph keeps its name, so an input, a constant or another output can't simply stand in for it: an Identity
   * copies it. Where the node is that Identity already, nothing is to be done.
   */
  #keepingNames(node: GraphNode, rewrite: Rewrite): Rewrite | undefined {
    const made = new Set(rewrite.nodes.flatMap(n => n.outputs));
    const nodes = [...rewrite.nodes];
    const values = new Map(rewrite.values);
    for (const [from, to] of values) {
      const target = this.#use(to);
      const free = (this.#view().producers.has(target) || made.has(target)) && !this.#pinned.has(target);
      if (!this.#pinned.has(from) || free) continue;
      if (isIdentity(node)) return undefined;
      values.delete(from);
      const name = nodes.some(n => n.name === node.name) ? `${node.name}/copy` : node.name;
      nodes.push(makeNode(name, "Identity", [target], [from]));
    }
    return { nodes, values };
  }
  #finish(graph: Graph): Graph {
    const names = new Map<Value, Value>();
    for (const o of graph.outputs) {
      const name = this.#pinned.get(o);
      if (name !== undefined && name !== o.name) names.set(o, renamed(o, name));
    }
    if (names.size === 0) return graph;
    const use = (v: Value): Value => names.get(v) ?? v;
    const nodes = graph.nodes.map(n => ({ ...substituteInputs(n, use), outputs: n.outputs.map(o => o && use(o)) }));
    return { ...graph, nodes, outputs: graph.outputs.map(use) };
  }
}
