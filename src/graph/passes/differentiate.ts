// Gradient nodes become the derivatives that they ask for: backwards from the value, each operator says how its inputs matter.
import type { Builder } from "../../ops/operator.js";
import type { Registry } from "../../ops/registry.js";
import { AzulejoError } from "../../support/errors.js";
import { bindNode, describeNode } from "../bind.js";
import { constantDims } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { infer } from "../infer.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import { producersOf, valuesRead } from "../values.js";
import { NodeBuilder } from "./expand.js";

const isGradient = (n: GraphNode): boolean => n.op === "Gradient" && n.domain === "ai.onnx.preview.training";

export const differentiate = (registry: Registry): Pass => ({
  name: "differentiate",
  run: graph => (graph.nodes.some(isGradient) ? infer(withDerivatives(graph, registry), registry) : graph),
});

function withDerivatives(graph: Graph, registry: Registry): Graph {
  const nodes = graph.nodes.flatMap(n => (isGradient(n) ? derivativesOf(n, graph, registry) : [n]));
  // a value may be made after the node that asks for its derivatives
  return { ...graph, nodes: inOrder(nodes) };
}

function derivativesOf(node: GraphNode, graph: Graph, registry: Registry): GraphNode[] {
  const { info } = bindNode(node, registry);
  const { xs, y, zs = [] } = info.attributes as { xs: readonly string[]; y: string; zs?: readonly string[] };
  const named = new Map(
    [...graph.inputs, ...graph.nodes.flatMap(n => [...n.inputs, ...n.outputs])].map(v => [v?.name, v]),
  );
  const whole = named.get(y);
  if (!whole)
    throw new AzulejoError("graph-invalid", `${describeNode(node)}: no value is named "${y}"; export the model again`);
  [...xs, ...zs].forEach((name, k) => {
    if (named.get(name) !== node.inputs[k])
      throw new AzulejoError(
        "operator-unsupported",
        `${describeNode(node)}: input ${k} is not the value "${name}", and derivatives at other values are not supported; hand in "${name}" itself`,
      );
  });
  const path = pathFrom(node.inputs.slice(0, xs.length), graph);
  // what is computed there is known once the dims of a run are
  if ([whole, ...path.depends].some(v => v && !(v.dtype && v.dims))) return [node];
  const build = new NodeBuilder(node);
  const by = backwards(whole, path, registry, build, node);
  const results = node.outputs.flatMap((out, k) => {
    if (!out) return [];
    const x = node.inputs[k]!;
    const value = by.get(x) ?? filled(build, x, 0);
    return [makeNode(`${node.name}/${k}`, "Identity", [value], [out])];
  });
  return [...build.nodes, ...results];
}

/** Nodes that read certain values, or what comes of them, in order; and all those values. */
interface Path {
  readonly nodes: readonly GraphNode[];
  readonly depends: ReadonlySet<Value | undefined>;
}
function pathFrom(values: readonly (Value | undefined)[], graph: Graph): Path {
  const depends = new Set(values);
  const nodes = graph.nodes.filter(n => {
    const matters = !isGradient(n) && n.inputs.some(v => v && depends.has(v));
    if (matters) for (const o of n.outputs) depends.add(o);
    return matters;
  });
  return { nodes, depends };
}

/** Derivatives of `whole` by every value on the path. */
function backwards(
  whole: Value,
  { nodes, depends }: Path,
  registry: Registry,
  build: NodeBuilder,
  asking: GraphNode,
): Map<Value, Value> {
  const by = new Map<Value, Value>([[whole, filled(build, whole, 1)]]);
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(o => o && by.has(o))) continue;
    const bound = bindNode(node, registry);
    const { derivative } = bound.operator;
    if (!derivative)
      throw new AzulejoError(
        "operator-unsupported",
        `${describeNode(asking)}: ${describeNode(node)} lies on the way, and the derivative of ${node.op} is not known; give its operator one, or take the derivative of another value`,
      );
    const outputs = Object.fromEntries(Object.entries(bound.outputs).map(([name, v]) => [name, v.dims!]));
    const given = Object.fromEntries(Object.entries(bound.outputs).map(([name, v]) => [name, by.get(v)]));
    const { info, inputs } = bound;
    const found = derivative({ ...info, inputs, outputs, results: bound.outputs, by: given }, build);
    for (const [name, value] of Object.entries(found)) {
      const input = inputs[name];
      if (!value || !input || !depends.has(input)) continue;
      const old = by.get(input);
      by.set(input, old ? build.node("Add", [old, value]) : value);
    }
  }
  return by;
}

/** One number in the dims of a value. */
function filled(build: Builder, like: Value, x: number): Value {
  const one = build.constant(like.dtype!, [], [x]);
  return constantDims(like.dims)?.length === 0 ? one : build.node("Expand", [one, build.node("Shape", [like])]);
}

/** Producers before readers; in the given order where that is possible. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const producers = producersOf({ nodes } as Graph);
  const done = new Set<GraphNode>();
  for (const root of nodes) {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const missing = [...valuesRead(node)].flatMap(v => producers.get(v) ?? []).filter(p => !done.has(p));
      if (missing.length === 0) {
        done.add(node);
        stack.pop();
      } else if (stack.length > nodes.length)
        throw new AzulejoError(
          "graph-invalid",
          `${describeNode(node)} depends on its own output; export the model again`,
        );
      else stack.push(...missing);
    }
  }
  return [...done];
}
