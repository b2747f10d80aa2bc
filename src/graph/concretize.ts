// A graph for one run, for models that can't be compiled for symbols: first the dims become numbers; where that is not enough, so
// does the content of the small inputs that shapes or branches depend on.
import { isFloat } from "../ir/dtypes.js";
import type { Registry } from "../ops/registry.js";
import { AzulejoError } from "../support/errors.js";
import { bindNode } from "./bind.js";
import { constantDims, isExactInteger, numbersOf } from "./constants.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { isIf, needsConcreteDims } from "./infer.js";
import type { SymbolValues } from "./program-dims.js";
import { specialize } from "./specialize.js";
import { subgraphs } from "./values.js";

export interface ConcreteGraph {
  /** without symbols, inferred and through the passes */
  readonly graph: Graph;
  /** inputs whose content the graph relies on, beside all dims: another content needs another graph */
  readonly deciding: readonly string[];
  /** why something is still open that neither dims nor inputs decide, but what the graph computes */
  readonly open?: string;
}

export interface ConcretizeOptions {
  readonly registry: Registry;
  /** infers and runs the passes */
  readonly prepare: (graph: Graph) => Promise<Graph>;
  /** the numbers of an input; asked only where dims don't suffice */
  readonly contentOf: (input: string) => readonly number[];
  /** symbols that something beside the inputs has told already */
  readonly symbols?: SymbolValues | undefined;
}

/** @throws AzulejoError input, operator-unsupported, shape */
export async function concretize(
  graph: Graph,
  inputDims: Readonly<Record<string, readonly number[]>>,
  { registry, prepare, contentOf, symbols }: ConcretizeOptions,
): Promise<ConcreteGraph> {
  const contents: Record<string, readonly number[]> = {};
  // each round knows more, so the rounds are at most as many as the inputs
  for (;;) {
    const done = await prepare(specialize(graph, inputDims, contents, symbols));
    const reason = needsConcreteDims(done);
    if (reason === undefined) return { graph: done, deciding: Object.keys(contents) };
    const deciding = decidingInputs(done, registry);
    const more = deciding.filter(name => !Object.hasOwn(contents, name));
    for (const name of more) contents[name] = contentOf(name);
    if (more.length > 0) continue;
    for (const v of graph.inputs)
      if (deciding.includes(v.name) && !isFloat(v.dtype!)) refuseInexact(v.name, contents[v.name]!);
    return { graph: done, deciding: Object.keys(contents), open: reason };
  }
}

/** What decides dims but can't be known exactly would be asked for again. */
function refuseInexact(input: string, content: readonly number[]): void {
  const at = content.findIndex(n => !isExactInteger(n));
  if (at >= 0)
    throw new AzulejoError(
      "input",
      `Input "${input}" decides dims, and its element ${at} is ${content[at]}; give whole numbers below 2^53`,
    );
}

/** inputs larger than this decide nothing: they are data */
const decidingLimit = 64;

/**
 * Inputs whose content decides types that inference did not find although all dims are numbers: a shape or a list of axes that the
 * caller gives, or the condition of an If of which one branch does not fit the dims (a model for two sample rates, given a frame of
 * one). Small ones only, and floats only where they are read as they are; empty where the content of no input would help.
 */
export function decidingInputs(graph: Graph, registry: Registry): string[] {
  const producers = new Map<Value, GraphNode>();
  const wanted: Value[] = [];
  const visit = (g: Graph): void => {
    for (const n of g.nodes) {
      for (const o of n.outputs) if (o) producers.set(o, n);
      if (n.outputs.some(o => o && !o.dims)) wanted.push(...contentRead(n, registry));
      for (const inner of subgraphs(n)) visit(inner);
    }
  };
  visit(graph);
  const direct = new Set(wanted);
  const seen = new Set<Value>();
  for (let v = wanted.pop(); v; v = wanted.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    for (const i of producers.get(v)?.inputs ?? []) if (i) wanted.push(i);
  }
  return graph.inputs.filter(v => seen.has(v) && isSmall(v) && (direct.has(v) || !isFloat(v.dtype!))).map(v => v.name);
}

/** Inputs of a node whose content its types depend on. */
function contentRead(node: GraphNode, registry: Registry): Value[] {
  if (isIf(node)) return node.inputs[0] ? [node.inputs[0]] : [];
  const { operator, inputs } = bindNode(node, registry);
  return (operator.content ?? []).flatMap(name => inputs[name] ?? []);
}

const isSmall = (v: Value): boolean => {
  const dims = constantDims(v.dims);
  return !!v.dtype && !!dims && !numbersOf(v.known) && dims.reduce((a, b) => a * b, 1) <= decidingLimit;
};
