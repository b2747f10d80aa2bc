// Random numbers without a seed of their own are drawn anew in every run: their operators read a seed that is an input of the graph, and
// that each run fills in. Where the file gives a seed, or this pass is left out, numbers are the same in every run.
import { onnxCodeOf } from "../../ops/onnx-dtypes.js";
import type { Registry } from "../../ops/registry.js";
import { Poly } from "../../ir/poly.js";
import { constantValue, numbersOf } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import { runSeedName } from "../run-seed.js";
import { mapSubgraphs, mapUnchanged } from "../values.js";

/** what operators that draw call theirs */
const inputName = "run_seed?";

export const seedDraws = (registry: Registry): Pass => ({
  name: "seed-draws",
  run: graph => {
    const given = graph.inputs.find(v => v.name === runSeedName);
    const seed: Value = given ?? { name: runSeedName, dtype: "u32", dims: [Poly.int(2)] };
    const seeded = seedGraph(graph, seed, registry);
    return seeded === graph || given ? seeded : { ...seeded, inputs: [...graph.inputs, seed] };
  },
});

function seedGraph(graph: Graph, seed: Value, registry: Registry): Graph {
  const nodes = mapUnchanged(graph.nodes, n => seedNode(n, seed, registry));
  return nodes === graph.nodes ? graph : { ...graph, nodes };
}

function seedNode(node: GraphNode, seed: Value, registry: Registry): GraphNode {
  if (node.op === "Scan" && node.domain === "" && node.opset >= 9) return seedScan(node, seed, registry);
  const isLoop = node.op === "Loop" && node.domain === "";
  const inner = mapSubgraphs(node, g => (isLoop ? seedRounds(g, seed, registry) : seedGraph(g, seed, registry)));
  const names = registry.find(node.domain, node.op, node.opset)?.inputs ?? [];
  const at = names.indexOf(inputName);
  if (at < 0 || node.attributes.seed !== undefined || node.inputs[at] || !draws(node, names)) return inner;
  const inputs = Array.from({ length: at }, (_, i) => inner.inputs[i]);
  return { ...inner, inputs: [...inputs, seed] };
}
/** Dropout, and its kin, only in training. */
function draws({ inputs }: GraphNode, names: readonly string[]): boolean {
  const mode = names.indexOf("training_mode?");
  if (mode < 0) return true;
  const training = inputs[mode];
  return training !== undefined && numbersOf(training.known)?.[0] !== 0;
}

const open = (name: string): Value => ({ name, dtype: undefined, dims: undefined });

/** The rounds of a loop differ by their number. */
function seedRounds(body: Graph, seed: Value, registry: Registry): Graph {
  const [round, own] = [open("azulejo.round"), open("azulejo.round_seed")];
  const seeded = seedGraph(body, own, registry);
  if (seeded === body) return body;
  const cast = makeNode(round.name, "Cast", [body.inputs[0]], [round], { to: onnxCodeOf("u32") });
  const joined = makeNode(own.name, "BitwiseXor", [seed, round], [own]);
  return { ...seeded, nodes: [cast, joined, ...seeded.nodes] };
}

/** Rounds of a Scan have no number: one more state counts them. */
function seedScan(node: GraphNode, seed: Value, registry: Registry): GraphNode {
  const [round, next, own] = [open("azulejo.round"), open("azulejo.next_round"), open("azulejo.round_seed")];
  const number = (x: number): Value => constantValue(`azulejo.round_${x}`, "u32", [], [x]);
  const seeded = mapSubgraphs(node, body => {
    const inner = seedGraph(body, own, registry);
    if (inner === body) return body;
    const joined = makeNode(own.name, "BitwiseXor", [seed, round], [own]);
    const counted = makeNode(next.name, "Add", [round, number(1)], [next]);
    const nodes = [joined, ...inner.nodes, counted];
    return { ...inner, inputs: [round, ...inner.inputs], outputs: [next, ...inner.outputs], nodes };
  });
  if (seeded === node) return node;
  const rounds = open(`${node.name}/rounds`);
  return { ...seeded, inputs: [number(0), ...seeded.inputs], outputs: [rounds, ...seeded.outputs] };
}
