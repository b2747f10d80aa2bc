// Random numbers without a seed of their own are drawn anew in every run: their operators read a seed that is an input of the graph, and
// that each run fills in. Where the file gives a seed, or this pass is left out, numbers are the same in every run.
import type { Registry } from "../../ops/registry.js";
import { Poly } from "../../ir/poly.js";
import { numbersOf } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { isIteration } from "../iteration.js";
import type { Pass } from "../pass.js";
import { runSeedName } from "../run-seed.js";
import { mapSubgraphs } from "../values.js";
import { roundSeedOf, seedRounds } from "./seed-rounds.js";

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
  const nodes = graph.nodes.flatMap(n => seedNode(n, seed, registry));
  const isSame = nodes.length === graph.nodes.length && nodes.every((n, i) => n === graph.nodes[i]);
  return isSame ? graph : { ...graph, nodes };
}

function seedNode(node: GraphNode, seed: Value, registry: Registry): readonly GraphNode[] {
  if (isIteration(node)) {
    const own = roundSeedOf(node);
    const seeded = mapSubgraphs(node, body => seedGraph(body, own, registry));
    return seeded === node ? [node] : seedRounds(seeded, seed, own);
  }
  const inner = mapSubgraphs(node, g => seedGraph(g, seed, registry));
  const names = registry.find(node.domain, node.op, node.opset)?.inputs ?? [];
  const at = names.indexOf(inputName);
  if (at < 0 || node.attributes.seed !== undefined || node.inputs[at] || !draws(node, names)) return [inner];
  const inputs = Array.from({ length: at }, (_, i) => inner.inputs[i]);
  return [{ ...inner, inputs: [...inputs, seed] }];
}
/** Dropout, and its kin, only in training. */
function draws({ inputs }: GraphNode, names: readonly string[]): boolean {
  const mode = names.indexOf("training_mode?");
  if (mode < 0) return true;
  const training = inputs[mode];
  return training !== undefined && numbersOf(training.known)?.[0] !== 0;
}
