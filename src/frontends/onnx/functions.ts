// Functions that a file defines itself: which one a node calls, and what its body is read with. The body is put in the place of the
// call by read-graph.ts.
import type { AttributeProto, FunctionProto, NodeProto } from "./proto.js";
import type { AttributeValue, Graph } from "../../graph/graph.js";
import { AzulejoError } from "../../support/errors.js";
import { readAttributes } from "./attributes.js";
import type { ReadContext } from "./context.js";
import { domainOf, readOpsets } from "./opsets.js";

/** More nodes than this from functions are no model: functions that call functions grow without limit. */
const mostNodes = 200_000;

export const functionOf = (proto: NodeProto, { functions }: ReadContext): FunctionProto | undefined =>
  functions.find(
    f => f.name === proto.opType && domainOf(f.domain) === domainOf(proto.domain) && f.overload === proto.overload,
  );

/** Nodes of a function with those of the functions that it calls; one that is being counted counts as none. */
function sizeOf(f: FunctionProto, context: ReadContext, known: Map<FunctionProto, number>): number {
  const size = known.get(f);
  if (size !== undefined) return size;
  known.set(f, 0);
  const total = nodesIn(f.node, context, known);
  known.set(f, total);
  return total;
}
function nodesIn(nodes: readonly NodeProto[], context: ReadContext, known: Map<FunctionProto, number>): number {
  let total = 0;
  for (const n of nodes) {
    const called = functionOf(n, context);
    total += 1 + (called ? sizeOf(called, context, known) : 0);
    for (const { g, graphs } of n.attribute)
      for (const inner of g ? [g, ...graphs] : graphs) total += nodesIn(inner.node, context, known);
  }
  return total;
}

/** What the body is read with: the function's own operator sets, and the attributes of the call or their defaults. */
export async function enterFunction(
  f: FunctionProto,
  given: Readonly<Record<string, AttributeValue>>,
  where: string,
  context: ReadContext,
  readGraph: (g: NonNullable<AttributeProto["g"]>, where: string) => Promise<Graph>,
): Promise<ReadContext> {
  const key = `${domainOf(f.domain)}:${f.name}:${f.overload}`;
  const chain = context.call?.chain ?? [];
  if (chain.includes(key))
    throw new AzulejoError(
      "graph-invalid",
      `${where} calls the function "${f.name}" inside of itself, and functions must not be recursive; export the model again`,
    );
  // said before anything is read: what a call inside of a function brings is counted with the function
  if (chain.length === 0) context.inlined.nodes += sizeOf(f, context, new Map());
  if (context.inlined.nodes > mostNodes)
    throw new AzulejoError(
      "operator-unsupported",
      `${where} brings the nodes that functions stand for to more than ${mostNodes}; inline the functions when you export the model, or split it`,
    );
  const opsets = new Map([...context.opsets, ...readOpsets(f.opsetImport, `The function "${f.name}"`)]);
  const own = { ...context, opsets };
  const defaults = await readAttributes(f.attributeProto, `Function "${f.name}"`, own, readGraph);
  const parameters = new Map(Object.entries({ ...defaults, ...given }));
  return { ...own, call: { parameters, chain: [...chain, key] } };
}
