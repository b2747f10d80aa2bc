// What every graph must satisfy, between any two passes: definitions before uses, one definition a value, unique node names,
// constants as long as their dims say. Types are checked where they are known.
import { bytesOf } from "../ir/dtypes.js";
import { AzulejoError } from "../support/errors.js";
import { describeNode, printType } from "./bind.js";
import { constantDims } from "./constants.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { subgraphs } from "./values.js";

export interface VerifyOptions {
  /** every value must have dtype and dims: what partition needs */
  readonly typed?: boolean;
}

/** @throws AzulejoError graph-invalid with the first thing that is wrong */
export function verifyGraph(graph: Graph, options: VerifyOptions = {}): void {
  verifyScope(graph, new Set(), options);
  const names = new Set<string>();
  for (const v of [...graph.inputs, ...graph.outputs])
    if (names.has(v.name) && !graph.inputs.some(i => i.name === v.name && graph.outputs.some(o => o.name === v.name)))
      throw invalid(`two inputs or outputs are named "${v.name}"; give each a name of its own`);
    else names.add(v.name);
}

const invalid = (sentence: string): AzulejoError => new AzulejoError("graph-invalid", sentence);

function verifyScope(graph: Graph, outer: ReadonlySet<Value>, options: VerifyOptions): void {
  const defined = new Set(outer);
  const names = new Set<string>();
  // who it was is put into words only for an error: graphs are verified after every pass
  const define = (v: Value, where: () => string): void => {
    if (defined.has(v)) throw invalid(`${where()} defines "${v.name}" a second time; every value has one definition`);
    if (options.typed && (!v.dtype || !v.dims) && !v.container)
      throw invalid(`${where()}: the type of "${v.name}" is ${printType(v)}; infer the graph first`);
    defined.add(v);
  };
  for (const v of graph.inputs) define(v, () => `Graph "${graph.name}"`);
  for (const n of graph.nodes) {
    if (names.has(n.name)) throw invalid(`two nodes are named "${n.name}"; names are unique in a graph`);
    names.add(n.name);
    for (const v of n.inputs) if (v) use(v, defined, n);
    for (const g of subgraphs(n)) verifyScope(g, defined, options);
    for (const o of n.outputs) if (o) define(o, () => describeNode(n));
  }
  for (const o of graph.outputs) use(o, defined, undefined);
}

/** constants as long as their dims say: values never change, and graphs are verified after every pass */
const sound = new WeakSet<Value>();
function use(v: Value, defined: ReadonlySet<Value>, reader: GraphNode | undefined): void {
  const who = (): string => (reader ? describeNode(reader) : "The list of outputs");
  if (!v.constant && !v.strings) {
    if (!defined.has(v))
      throw invalid(`${who()} reads "${v.name}", which nothing before defines; put its producer first`);
    return;
  }
  if (!v.constant || sound.has(v)) return;
  const dims = constantDims(v.dims);
  const bytes = dims && v.dtype ? dims.reduce((a, b) => a * b, 1) * bytesOf(v.dtype) : undefined;
  if (bytes !== v.constant.byteLength)
    throw invalid(
      `${who()} reads the constant "${v.name}" of ${v.constant.byteLength} bytes, but ${printType(v)} takes ${bytes ?? "an unknown number"}; make the dims fit the data`,
    );
  sound.add(v);
}
