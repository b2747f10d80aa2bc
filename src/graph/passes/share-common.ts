// Common subexpressions: equal nodes on equal inputs are computed once; equal small constants are one value.

import { is64BitInteger } from "../../ir/dtypes.js";
import { attributeText } from "../attribute-text.js";
import { numberOf } from "../constants.js";
import type { AttributeValue, Graph, GraphNode, Value } from "../graph.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteGraph } from "../rewrite.js";
import { everywhere, isFunction, substituteValues } from "../values.js";

export const shareCommon: Pass = {
  name: "share-common",
  run: graph => everywhere(shareConstants(graph), (g, outermost) => rewriteGraph(g, outermost, [shareNodes()])),
};

/** Equal by dtype, dims and content; only small constants have a known content. */
function shareConstants(graph: Graph): Graph {
  const first = new Map<string, Value>();
  const shared = (v: Value): Value => {
    const key = contentOf(v);
    if (key === undefined) return v;
    const same = first.get(key);
    if (!same) first.set(key, v);
    return same ?? v;
  };
  return substituteValues(graph, v => (v.constant && v.known ? shared(v) : v));
}
/** the pass runs twice */
const contents = new WeakMap<Value, string | undefined>();
function contentOf(v: Value): string | undefined {
  if (!contents.has(v)) contents.set(v, writtenContent(v));
  return contents.get(v);
}
function writtenContent({ dtype, known }: Value): string | undefined {
  if (!known || known.data.length === 0) return undefined;
  let text = `${dtype}[${known.dims.join(",")}]`;
  for (const element of known.data) {
    const x = numberOf(element);
    // ±2⁶³ stands for more than one integer
    if (x === undefined || (is64BitInteger(dtype!) && !Number.isSafeInteger(x))) return undefined;
    text += Object.is(x, -0) ? "-0," : `${x},`;
  }
  return text;
}

/** A rule for one graph: what a subgraph computes exists only inside it. */
function shareNodes(): Rule {
  const ids = new Map<object, number>();
  const id = (x: object): number => {
    const known = ids.get(x) ?? ids.size;
    ids.set(x, known);
    return known;
  };
  const seen = new Map<string, GraphNode>();
  return node => {
    if (!isFunction(node)) return undefined;
    const key = keyOf(node, id);
    const same = seen.get(key);
    if (!same) {
      seen.set(key, node);
      return undefined;
    }
    if (same === node || !node.outputs.every((o, i) => !o || same.outputs[i])) return undefined;
    const values = new Map<Value, Value>();
    node.outputs.forEach((o, i) => {
      if (o) values.set(o, same.outputs[i]!);
    });
    return { nodes: [], values };
  };
}

function keyOf(node: GraphNode, id: (x: object) => number): string {
  const inputs = node.inputs.map(v => (v ? id(v) : "-")).join(",");
  const attributes = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, a]) => `${name}=${attributeKey(a, id)}`);
  return `${node.domain}.${node.op}.${node.opset}(${inputs}){${attributes.join(";")}}#${node.outputs.length}`;
}
const attributeKey = (a: AttributeValue, id: (x: object) => number): string => {
  if (typeof a === "object" && !Array.isArray(a))
    return `#${id("tensor" in a ? a.tensor : "graph" in a ? a.graph : a)}`;
  return `${typeof a}${attributeText(a)}`;
};
