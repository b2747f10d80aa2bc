// Inputs of a model are row-major, and spatial operators run fastest with channels last: an image is copied once into the layout
// that its first operator wants, which costs less than reading planes with every tap.
import type { Registry } from "../../ops/registry.js";
import type { Graph, GraphNode, Value } from "../graph.js";

/** The graph with an Identity between each input and the spatial operators that read it as data; its result's layout is free. */
export function withFreeInputs(graph: Graph, registry: Registry): Graph {
  const copies = new Map<Value, Value>();
  const nodes = graph.nodes.map((n): GraphNode => {
    const [data, ...others] = n.inputs;
    const prefers = registry.find(n.domain, n.op, n.opset)?.prefers;
    if (!data || prefers !== "channels-last" || !graph.inputs.includes(data) || !hasChannels(data)) return n;
    let copy = copies.get(data);
    if (!copy) {
      copy = { ...data, name: `${data.name} (channels last)` };
      copies.set(data, copy);
    }
    return { ...n, inputs: [copy, ...others] };
  });
  const identities = [...copies].map(
    ([input, copy]): GraphNode => ({
      name: copy.name,
      domain: "",
      op: "Identity",
      opset: graph.nodes[0]?.opset ?? 1,
      inputs: [input],
      outputs: [copy],
      attributes: {},
    }),
  );
  return copies.size ? { ...graph, nodes: [...identities, ...nodes] } : graph;
}

/** With one channel, both layouts are one. */
const hasChannels = (v: Value): boolean =>
  (v.dims?.length ?? 0) > 2 && !(v.dims![1]!.isConst && v.dims![1]!.constant === 1);
