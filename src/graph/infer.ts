// Inference: dtypes, dims and known values of every value, from the inputs on. Pure: gives a new graph.
//
// Where the rank of something depends on dims that are still symbols (an If that squeezes or not), its dims stay undefined
// and so do those of all that follow: `needsConcreteDims` tells why, and `specialize` makes a graph that can be inferred.

import type { Dtype } from "../ir/dtypes.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { larger } from "../ops/bounds.js";
import { holdEqual } from "../ops/broadcast.js";
import type { NodeInfo, Operator } from "../ops/operator.js";
import type { Registry } from "../ops/registry.js";
import { AzulejoError } from "../support/errors.js";
import type { BoundNode } from "./bind.js";
import { bindNode, describeNode, printType } from "./bind.js";
import { constantDims, isExactInteger, knownLimit, numberOf, numbersOf } from "./constants.js";
import type { Dims, Equality, Graph, GraphNode, KnownValue, Value, ValueType } from "./graph.js";
import { textDtype } from "./graph.js";
import { hostTypes, isHostNode, takesText } from "./host-nodes.js";
import { inferIteration, isIteration } from "./iteration.js";
import { joinContainers, sameDims, sameValueType, typeOf, unknownDims, unknownType } from "./value-types.js";
import { mapSubgraphs, mapUnchanged, subgraphs, substituteValues } from "./values.js";

export interface InferOptions {
  /** things worth a line in the report: declared types that inference contradicts */
  readonly onNote?: (note: string) => void;
  /** told of each node that can't be inferred, whose outputs then are as declared or unknown; absent: the first error is thrown */
  readonly onError?: (node: GraphNode, error: AzulejoError) => void;
}

/** @throws AzulejoError operator-unknown, operator-unsupported, operator-attribute, shape, graph-invalid */
export function infer(graph: Graph, registry: Registry, options: InferOptions = {}): Graph {
  // what was undecided is asked for again, unless it is decided by now
  const equalities = (graph.equalities ?? []).filter(e => !e.undecided);
  const { onNote: note = () => {}, onError } = options;
  const symbols = new Set(graph.symbols);
  const run: Inference = { registry, note, onError, symbols, undecided: false, equalities, assumed: [] };
  return { ...inferGraph(graph, new Map(), run), equalities };
}

interface Inference {
  readonly registry: Registry;
  readonly note: (note: string) => void;
  readonly onError: InferOptions["onError"];
  /** those of the whole graph */
  readonly symbols: ReadonlySet<Sym>;
  /** inside a branch of which nobody knows whether it is taken: contradictions there may mean that it never is */
  readonly undecided: boolean;
  /** collected on the way, each once, after those of earlier inferences */
  readonly equalities: Equality[];
  /** those of this one as the nodes asked for them */
  readonly assumed: Equality[];
}
type NewValues = Map<Value, Value>;

function inferGraph(graph: Graph, values: NewValues, run: Inference): Graph {
  const inputs = mapUnchanged(graph.inputs, v => values.get(v) ?? v);
  const nodes = graph.nodes.map(n => inferNode(n, values, run));
  const outputs = graph.outputs.map(v => values.get(v) ?? v);
  return { ...graph, inputs, nodes, outputs };
}

/** Nodes that inference made, and what they rely on: most are as they were when a graph is inferred again after its passes. */
const inferred = new WeakMap<GraphNode, Pick<Inference, "registry" | "undecided" | "assumed">>();

function inferNode(node: GraphNode, values: NewValues, run: Inference): GraphNode {
  const inputs = mapUnchanged(node.inputs, v => v && (values.get(v) ?? v));
  const before = inputs === node.inputs ? inferred.get(node) : undefined;
  if (before?.registry === run.registry && before.undecided === run.undecided) {
    for (const equality of before.assumed) collect(equality, run);
    return node;
  }
  const from = run.assumed.length;
  const made = inferAnew(node, inputs, values, run);
  if (!run.onError && subgraphs(made).length === 0) {
    const { registry, undecided, assumed } = run;
    inferred.set(made, { registry, undecided, assumed: assumed.slice(from) });
  }
  return made;
}

function inferAnew(node: GraphNode, inputs: GraphNode["inputs"], values: NewValues, run: Inference): GraphNode {
  const moved: GraphNode = inputs === node.inputs ? node : { ...node, inputs };
  const { attributes, types } = run.onError ? tried(moved, values, run) : resultOf(moved, values, run);
  const outputs = node.outputs.map((old, i) => {
    if (!old) return undefined;
    const value = typed(old, types[i]!, node, run);
    if (value !== old) values.set(old, value);
    return value;
  });
  return attributes === moved.attributes && outputs.every((v, i) => v === node.outputs[i])
    ? moved
    : { ...moved, attributes, outputs };
}

function resultOf(node: GraphNode, values: NewValues, run: Inference): NodeResult {
  if (isIf(node)) return inferIf(node, values, run);
  if (!isIteration(node)) return inferOperator(node, values, run);
  const { attributes } = bindNode(node, run.registry).info;
  return inferIteration(node, attributes, unknownDims(node), body => inferBody(body, values, run));
}

/** Where a node can't be inferred, its outputs are what the file declares, else unknown, and the others go on. */
function tried(node: GraphNode, values: NewValues, run: Inference): NodeResult {
  try {
    return resultOf(node, values, run);
  } catch (error) {
    if (!(error instanceof AzulejoError)) throw error;
    run.onError!(node, error);
    const { attributes } = mapSubgraphs(node, g => substituteValues(g, v => values.get(v) ?? v));
    const types = node.outputs.map(
      (o): Found => (o && isDeclared(o, run) ? typeOf(o) : { ...unknownType, reason: error.message }),
    );
    return { attributes, types };
  }
}
/** Dims that nothing else names say nothing about other values. */
const isDeclared = ({ dtype, dims }: Value, { symbols }: Inference): boolean =>
  dtype !== undefined && dims !== undefined && dims.every(d => [...d.syms].every(s => symbols.has(s)));

export const isIf = (node: GraphNode): boolean => node.op === "If" && node.domain === "";

/** A body of a loop with other types of its inputs; it may never run, so that contradictions in it are none. */
function inferBody(body: Graph, values: NewValues, run: Inference): Graph {
  const inner = new Map(values);
  for (const v of body.inputs) inner.delete(v);
  return inferGraph(body, inner, { ...run, undecided: true });
}

/** What inference finds of one output. */
export interface Found extends ValueType {
  readonly known?: KnownValue | undefined;
  /** why the dims are not known */
  readonly reason?: string | undefined;
}
export interface NodeResult {
  readonly attributes: GraphNode["attributes"];
  /** by position of the output */
  readonly types: readonly Found[];
}

const reasons = new WeakMap<Value, string>();

/** The new value of an output; the old one where nothing changed. */
function typed(old: Value, found: Found, node: GraphNode, run: Inference): Value {
  const contradiction =
    (old.dtype && found.dtype && old.dtype !== found.dtype) ||
    (old.dims && found.dims && !compatible(old.dims, found.dims));
  if (contradiction)
    run.note(
      `${describeNode(node)}: the file declares ${printType(old)} for "${old.name}", but it is ${printType(found)}`,
    );
  const known = found.dims && usableKnown(found.known, found.dims);
  const { dtype, dims, text, container } = found;
  if (sameValueType(old, found) && sameKnown(old.known, known) && (dims || container)) return old;
  const value: Value = {
    name: old.name,
    dtype,
    dims,
    ...(known ? { known } : {}),
    ...(text ? { text } : {}),
    ...(container ? { container } : {}),
  };
  if (!dims && found.reason) reasons.set(value, found.reason);
  return value;
}

const compatible = (a: Dims, b: Dims): boolean =>
  a.length === b.length && a.every((d, i) => !d.isConst || !b[i]!.isConst || d.equals(b[i]!));

export { sameDims };

const sameKnown = (a: KnownValue | undefined, b: KnownValue | undefined): boolean =>
  a === b || (!!a && !!b && (a.data === b.data || sameElements(a.data, b.data)));
const sameElements = (a: KnownValue["data"], b: KnownValue["data"]): boolean =>
  a.length === b.length && a.every((x, i) => sameElement(x, b[i]));
const sameElement = (a: Poly | number | undefined, b: Poly | number | undefined): boolean =>
  a instanceof Poly ? b instanceof Poly && a.equals(b) : Object.is(a, b);

/** Integers that float64 can't hold exactly are not known (but the ends of the 64-bit range are: they mean "to the end"). */
function usableKnown(known: KnownValue | undefined, dims: Dims): KnownValue | undefined {
  const sizes = constantDims(dims);
  if (!known || !sizes || sizes.length !== known.dims.length || known.data.length > knownLimit) return undefined;
  const data = known.data.every(isExactElement) ? known.data : known.data.map(x => (isExactElement(x) ? x : undefined));
  return data.some(x => x !== undefined) ? { dims: sizes, data } : undefined;
}
const isExactElement = (x: Poly | number | undefined): boolean =>
  !(x instanceof Poly) || x.terms.every(t => isExactInteger(t.c));

function inferOperator(node: GraphNode, values: NewValues, run: Inference): NodeResult {
  const bound = bindNode(node, run.registry);
  const { operator } = bound;
  const { attributes } = mapSubgraphs(node, g => substituteValues(g, v => values.get(v) ?? v));
  if (operator.measured || isHostNode(bound)) {
    const types = hostTypes(bound);
    return { attributes, types: node.outputs.map((_, i) => types[outputName(operator, i)] ?? unknownType) };
  }
  const types = inferOutputs(node, bound, run);
  for (const name of Object.keys(bound.outputs)) {
    const { dims, reason } = types(name);
    if (!dims && reason === undefined) throw notGiven(node, name);
    if (!dims?.some(d => d.isConst && d.constant < 0)) {
      requireDims(node, dims ?? [], run);
      continue;
    }
    const error = belowZero(node, name, dims);
    if (!run.undecided) throw error;
    const unknown = (output: string): Found => ({ dtype: types(output).dtype, dims: undefined, reason: error.message });
    return { attributes, types: node.outputs.map((_, i) => unknown(outputName(operator, i))) };
  }
  return { attributes, types: node.outputs.map((_, i) => types(outputName(operator, i))) };
}

/** Open dims that may be below 0 are taken not to be: what is computed of them in the end may not show it. */
function requireDims(node: GraphNode, dims: Dims, run: Inference): void {
  for (const d of dims) {
    const size = larger(d, 0);
    if (size !== d) holdEqual(askingOf(node, run), size, d);
  }
}

export const outputName = (operator: Operator, i: number): string => {
  const names = operator.outputs;
  const last = names.length - 1;
  const name = names[Math.min(i, last)] ?? "";
  return name.endsWith("...") ? `${name.slice(0, -3)}${i - last}` : name.replace("?", "");
};

function inferOutputs(node: GraphNode, bound: BoundNode, run: Inference): (name: string) => Found {
  const { operator, info, inputs } = bound;
  const container = Object.values(inputs).find(v => v.container || (v.text && !takesText(bound)));
  if (container)
    throw new AzulejoError(
      "operator-unsupported",
      `${describeNode(node)}: "${container.name}" is ${printType(container)}, which ${node.op} does not take; convert it first`,
    );
  const unknown = Object.values(inputs).find(v => !v.dims || !v.dtype);
  const dtype = unknown ? dtypesWithoutDims(bound) : dtypesOf(bound);
  // what it makes is named by its parts, of which one runs on the host
  const movesText = Object.values(inputs).some(v => v.text) || (operator.makesText?.(info) ?? false);
  const text = (name: string): Pick<Found, "text"> => (movesText && dtype(name) === textDtype ? { text: true } : {});
  if (unknown) {
    const reason = reasons.get(unknown) ?? `the rank of "${unknown.name}" is not known`;
    // handles of text are no numbers, also where nobody knows how many
    return name => ({ dtype: dtype(name), dims: undefined, reason, ...text(name) });
  }
  try {
    const asking = { ...info, ...askingOf(node, run) };
    const dims = operator.shape(asking);
    const known = operator.values?.(asking) ?? {};
    return name => ({ dtype: dtype(name), dims: givenDims(node, name, dims[name]), known: known[name], ...text(name) });
  } catch (error) {
    if (!mayWait(error, operator, info, run)) throw error;
    return name => ({ dtype: dtype(name), dims: undefined, reason: (error as AzulejoError).message, ...text(name) });
  }
}

function dtypesOf({ operator, info }: BoundNode): (output: string) => Dtype | undefined {
  const dtypes = operator.dtypes?.(info);
  const first = info.present[0];
  return name => (dtypes ? dtypes[name] : first === undefined ? undefined : info.dtypes[first]);
}
/** Some operators can't tell before the types of their inputs are known. */
function dtypesWithoutDims(bound: BoundNode): ReturnType<typeof dtypesOf> {
  try {
    return dtypesOf(bound);
  } catch {
    return () => undefined;
  }
}

/** Operators of users may come without types: whole numbers are dims, anything else is refused. */
function givenDims(node: GraphNode, output: string, dims: readonly (Poly | number)[] | undefined): Dims | undefined {
  if (!dims || dims.every(d => d instanceof Poly)) return dims as Dims | undefined;
  return dims.map(d => {
    if (d instanceof Poly) return d;
    if (Number.isSafeInteger(d) && d >= 0) return Poly.int(d);
    throw new AzulejoError(
      "shape",
      `${describeNode(node)}: the operator gives ${String(d)} as a dim of its output ${output}; give sums and products of the inputs' dims, or whole numbers`,
    );
  });
}

/** What a node may ask of dims: to rely on it, or where nobody knows whether it runs to have runs held to it. */
const askingOf = (node: GraphNode, run: Inference): Pick<NodeInfo, "assumeEqual" | "expectEqual"> =>
  run.undecided ? { expectEqual: expect(node, run) } : { assumeEqual: assume(node, run) };
/** Equal dims are what exporters lose most: height of a skip connection against that of an upsampled one. */
const assume =
  (node: GraphNode, run: Inference) =>
  (left: Poly, right: Poly): boolean => {
    keep({ left, right, node: describeNode(node) }, run);
    return true;
  };
/** Where they differ, the run gets a graph of its own, which knows by then whether it goes there. Dims that only a body has can't be compared before. */
const expect =
  (node: GraphNode, run: Inference) =>
  (left: Poly, right: Poly): void => {
    const isKnown = (p: Poly): boolean => [...p.syms].every(s => s.def || run.symbols.has(s));
    if (isKnown(left) && isKnown(right)) keep({ left, right, node: describeNode(node), undecided: true }, run);
  };
function keep(equality: Equality, run: Inference): void {
  run.assumed.push(equality);
  collect(equality, run);
}
function collect(equality: Equality, { equalities }: Inference): void {
  const { left, right } = equality;
  const isSame = (e: Equality): boolean =>
    e.left.equals(left) && e.right.equals(right) && (!e.undecided || equality.undecided === true);
  if (!equalities.some(isSame)) equalities.push(equality);
}

const notGiven = (node: GraphNode, output: string): AzulejoError =>
  new AzulejoError(
    "operator-unsupported",
    `${describeNode(node)}: the operator gives no shape for its output ${output}; leave the output out or use another operator`,
  );

const belowZero = (node: GraphNode, output: string, dims: Dims): AzulejoError =>
  new AzulejoError(
    "shape",
    `${describeNode(node)}: its output ${output} would have dims [${dims.map(d => d.print()).join(", ")}], and none can be below 0; correct the inputs or attributes that decide them`,
  );

/** Would numbers instead of symbols, or the content of an input, change anything? Then the error waits for them. */
function mayWait(error: unknown, operator: Operator, info: NodeInfo, run: Inference): boolean {
  if (!(error instanceof AzulejoError)) return false;
  if (run.undecided) return error.code !== "internal";
  return error.code === "operator-unsupported" && (hasSymbols(info) || lacksContent(operator, info));
}
const lacksContent = (operator: Operator, info: NodeInfo): boolean =>
  !!operator.content?.some(name => info.present.includes(name) && !numbersOf(info.known[name]));
const hasSymbols = (info: NodeInfo): boolean =>
  Object.values(info.dims).some(ds => ds.some(d => !d.isConst)) ||
  Object.values(info.known).some(k => k?.data.some(x => x instanceof Poly && !x.isConst));

/** Only the branch that is taken is looked at, where that is known: the other may not even fit the dims. */
function inferIf(node: GraphNode, values: NewValues, run: Inference): NodeResult {
  const condition = node.inputs[0];
  const names = ["then_branch", "else_branch"] as const;
  const branches = names.map(name => branchOf(node, name));
  const taken = knownCondition(condition);
  const inferred = branches.map((g, i) => {
    if (taken !== undefined && taken !== (i === 0)) return substituteValues(g, v => values.get(v) ?? v);
    return inferGraph(g, new Map(values), { ...run, undecided: run.undecided || taken === undefined });
  });
  const attributes = { ...node.attributes, then_branch: { graph: inferred[0]! }, else_branch: { graph: inferred[1]! } };
  const [first, second] = inferred as [Graph, Graph];
  const types = node.outputs.map((o, i): Found => {
    const [a, b] = [first.outputs[i]!, second.outputs[i]!];
    return taken === undefined ? join(node, o, a, b) : found(taken ? a : b);
  });
  return { attributes, types };
}

function branchOf(node: GraphNode, name: string): Graph {
  const a = node.attributes[name];
  const graph = typeof a === "object" && "graph" in a ? a.graph : undefined;
  if (!graph || graph.outputs.length < node.outputs.length)
    throw new AzulejoError(
      "graph-invalid",
      `${describeNode(node)}: ${name} ${graph ? `has ${graph.outputs.length} outputs, and the node has ${node.outputs.length}` : "is missing"}; export the model again`,
    );
  return graph;
}

/** The condition of an If, where it is known: a single element, zero or not. */
export function knownCondition(condition: Value | undefined): boolean | undefined {
  const x = numberOf(condition?.known?.data[0]);
  return condition?.known?.data.length === 1 && x !== undefined ? x !== 0 : undefined;
}

const found = (v: Value): Found => ({ ...v, reason: reasons.get(v) });

/** What is true of an output whichever branch runs. */
function join(node: GraphNode, output: Value | undefined, a: Value, b: Value): Found {
  if (a.dtype && b.dtype && a.dtype !== b.dtype)
    throw new AzulejoError(
      "graph-invalid",
      `${describeNode(node)}: output "${output?.name}" is ${a.dtype} in one branch and ${b.dtype} in the other; cast one of them`,
    );
  const dtype = a.dtype ?? b.dtype;
  const kind = { ...(a.text || b.text ? { text: true as const } : {}) };
  const container = a.container && b.container ? joinContainers(a.container, b.container) : undefined;
  if (container) return { dtype: undefined, dims: undefined, container };
  if (a.dims && b.dims && sameDims(a.dims, b.dims)) return { dtype, dims: a.dims, ...kind };
  const reason =
    reasons.get(a) ??
    reasons.get(b) ??
    `${describeNode(node)}: output "${output?.name}" is ${printType(a)} in one branch and ${printType(b)} in the other`;
  return { dtype, dims: undefined, reason, ...kind };
}

/** Why the graph can only be compiled for numbers instead of symbols, or undefined where it need not. */
export function needsConcreteDims(graph: Graph): string | undefined {
  for (const input of graph.inputs)
    if (!input.dims && !input.container) return `the rank of input "${input.name}" is not known`;
  for (const node of graph.nodes)
    for (const o of node.outputs)
      if (o && !o.dims && !o.container) return reasons.get(o) ?? `the rank of "${o.name}" is not known`;
  return undefined;
}
