// Symbols become numbers: a graph for one set of input dims, and where need be for the content of small inputs.
import { isFloat } from "../ir/dtypes.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { isExactInteger } from "./constants.js";
import type { Graph, GraphNode, KnownValue, Value } from "./graph.js";
import type { SymbolValues } from "./program-dims.js";
import { bindInputs } from "./program-dims.js";
import { mapSubgraphs } from "./values.js";

/** What the graph's symbols are when its inputs have these dims. @throws AzulejoError input */
export function bindSymbols(
  graph: Graph,
  inputDims: Readonly<Record<string, readonly number[]>>,
  given?: SymbolValues,
): ReadonlyMap<Sym, number> {
  const known = graph.inputs.flatMap(({ name, dims }) => (dims ? [{ name, dims }] : []));
  return bindInputs(known, name => (Object.hasOwn(inputDims, name) ? inputDims[name] : undefined), given);
}

/**
 * Are dims equal that inference took to be, as far as anything relies on it? Where a run breaks one, only the graph as it was read is right:
 * passes relied on them. Dims that only data tell are compared when they do, by the segment behind them.
 */
export const equalitiesHold = (graph: Graph, numbers: SymbolValues): boolean =>
  (graph.equalities ?? []).every(({ left, right, undecided }) => {
    if (undecided) return true;
    const [a, b] = [numeric(left, numbers), numeric(right, numbers)];
    return !a.isConst || !b.isConst || a.equals(b);
  });

/**
 * The graph for these dims of its inputs, ready to be inferred again; inputs of unknown rank get one. `contents` tells what some inputs
 * hold (see `decidingInputs`): the graph is then right for those contents only. @throws AzulejoError input
 */
export function specialize(
  graph: Graph,
  inputDims: Readonly<Record<string, readonly number[]>>,
  contents: Readonly<Record<string, readonly number[]>> = {},
  given?: SymbolValues,
): Graph {
  const numbers = bindSymbols(graph, inputDims, given);
  const renew = new Map<Value, Value>();
  const inputs = graph.inputs.map(v => {
    const dims = v.dims ?? inputDims[v.name]!.map(Poly.int);
    const content = contents[v.name];
    const known = content && knownContent(v, inputDims[v.name]!, content);
    const value: Value = { ...v, dims: dims.map(d => numeric(d, numbers)), ...(known ? { known } : {}) };
    renew.set(v, value);
    return value;
  });
  return { ...specializeGraph(graph, numbers, renew), inputs, symbols: [], equalities: [] };
}

const knownContent = (v: Value, dims: readonly number[], content: readonly number[]): KnownValue => ({
  dims,
  data: v.dtype && isFloat(v.dtype) ? content : content.map(n => (isExactInteger(n) ? Poly.int(n) : undefined)),
});

const numeric = (p: Poly, numbers: ReadonlyMap<Sym, number>): Poly =>
  p.subst(s => {
    const n = numbers.get(s);
    return n === undefined ? undefined : Poly.int(n);
  });

function specializeGraph(graph: Graph, numbers: ReadonlyMap<Sym, number>, renew: Map<Value, Value>): Graph {
  const use = (v: Value): Value => renew.get(v) ?? v;
  const nodes = graph.nodes.map((n): GraphNode => {
    const inner = mapSubgraphs(n, g => specializeGraph(g, numbers, renew));
    const outputs = n.outputs.map(o => o && define(o, numbers, renew));
    return { ...inner, inputs: n.inputs.map(v => v && use(v)), outputs };
  });
  return { ...graph, nodes, outputs: graph.outputs.map(use) };
}

function define(v: Value, numbers: ReadonlyMap<Sym, number>, renew: Map<Value, Value>): Value {
  const value: Value = {
    ...v,
    dims: v.dims?.map(d => numeric(d, numbers)),
    ...(v.known ? { known: numericKnown(v.known, numbers) } : {}),
  };
  renew.set(v, value);
  return value;
}
const numericKnown = (k: KnownValue, numbers: ReadonlyMap<Sym, number>): KnownValue => ({
  dims: k.dims,
  data: k.data.map(x => (x instanceof Poly ? numeric(x, numbers) : x)),
});
