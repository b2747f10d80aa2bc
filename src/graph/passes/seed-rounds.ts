// Rounds of Loop, Scan and SequenceMap draw different random numbers: each has a seed of its own, made of that around it and the round's
// number. A Loop has that number; the others get it as one more state, or one more sequence.
import { onnxCodeOf } from "../../ops/onnx-dtypes.js";
import { constantValue } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { bodyOf } from "../iteration.js";
import { makeNode } from "../make.js";

const open = (name: string): Value => ({ name, dtype: undefined, dims: undefined });

/** The value that draws in the body of this node read. */
export const roundSeedOf = (node: GraphNode): Value => open(`${node.name}/round_seed`);

/** The node, whose body reads `own`, with what makes `own` of `seed`; what it reads comes before it. */
export function seedRounds(node: GraphNode, seed: Value, own: Value): readonly GraphNode[] {
  if (node.op === "Loop") return [seedLoop(node, seed, own)];
  if (node.op === "SequenceMap") return seedMap(node, seed, own);
  return node.opset < 9 ? seedBatches(node, seed, own) : [seedScan(node, seed, own)];
}

/** odd, and without a pattern: the golden ratio and the silver one of 32 bits */
const factors = [0x9e3779b1, 0x6a09e667];

/** seed · factors + round: rounds of rounds differ too, where i XOR j of an outer and an inner one would not. */
function mix(node: GraphNode, seed: Value, round: Value, own: Value): GraphNode[] {
  const moved = open(`${node.name}/moved_seed`);
  const constant = constantValue(`${node.name}/seed_factors`, "u32", [2], factors);
  return [makeNode(moved.name, "Mul", [seed, constant], [moved]), makeNode(own.name, "Add", [moved, round], [own])];
}

const withBody = (node: GraphNode, body: Graph): GraphNode => ({
  ...node,
  attributes: { ...node.attributes, body: { graph: body } },
});

function seedLoop(node: GraphNode, seed: Value, own: Value): GraphNode {
  const body = bodyOf(node);
  const round = open(`${node.name}/round`);
  const cast = makeNode(round.name, "Cast", [body.inputs[0]], [round], { to: onnxCodeOf("u32") });
  return withBody(node, { ...body, nodes: [cast, ...mix(node, seed, round, own), ...body.nodes] });
}

/** The body with one more state, to which each round adds `step`. */
function counting(node: GraphNode, seed: Value, own: Value, step: Value): GraphNode {
  const body = bodyOf(node);
  const [round, next] = [open(`${node.name}/round`), open(`${node.name}/next_round`)];
  const counted = makeNode(next.name, "Add", [round, step], [next]);
  return withBody(node, {
    ...body,
    inputs: [round, ...body.inputs],
    outputs: [next, ...body.outputs],
    nodes: [...mix(node, seed, round, own), ...body.nodes, counted],
  });
}

function seedScan(node: GraphNode, seed: Value, own: Value): GraphNode {
  const number = (name: string, x: number): Value => constantValue(`${node.name}/${name}`, "u32", [], [x]);
  const counted = counting(node, seed, own, number("round_step", 1));
  const inputs = [number("first_round", 0), ...node.inputs];
  return { ...counted, inputs, outputs: [open(`${node.name}/rounds`), ...node.outputs] };
}

/** Until opset 8 a batch is around the rounds: its entries differ in the first word, rounds in the second. */
function seedBatches(node: GraphNode, seed: Value, own: Value): readonly GraphNode[] {
  const pair = (name: string, a: number, b: number): Value => constantValue(`${node.name}/${name}`, "u32", [2], [a, b]);
  const [lengths, ...values] = node.inputs;
  const [shape, batch, column, first] = ["shape", "batch", "entry_column", "first_round"].map(name =>
    open(`${node.name}/${name}`),
  ) as [Value, Value, Value, Value];
  const leading = constantValue(`${node.name}/leading`, "i64", [], [0]);
  const last = constantValue(`${node.name}/last`, "i64", [1], [-1]);
  const entries = numbersBelow(node, batch);
  const before = [
    makeNode(shape.name, "Shape", [values.at(-1)], [shape]),
    makeNode(batch.name, "Gather", [shape, leading], [batch]),
    ...entries.nodes,
    makeNode(column.name, "Unsqueeze", [entries.made, last], [column]),
    makeNode(first.name, "Mul", [column, pair("entry_step", 1, 0)], [first]),
  ];
  const counted = counting(node, seed, own, pair("round_step", 0, 1));
  const outputs = [open(`${node.name}/rounds`), ...node.outputs];
  return [...before, { ...counted, inputs: [lengths, first, ...values], outputs }];
}

/** One more sequence holds the numbers of the elements. */
function seedMap(node: GraphNode, seed: Value, own: Value): readonly GraphNode[] {
  const body = bodyOf(node);
  const [length, numbered, round] = ["length", "rounds", "round"].map(name => open(`${node.name}/${name}`)) as [
    Value,
    Value,
    Value,
  ];
  const numbers = numbersBelow(node, length);
  const inner = { ...body, inputs: [...body.inputs, round], nodes: [...mix(node, seed, round, own), ...body.nodes] };
  return [
    makeNode(length.name, "SequenceLength", [node.inputs[0]], [length]),
    ...numbers.nodes,
    makeNode(numbered.name, "SplitToSequence", [numbers.made], [numbered], { keepdims: 0 }),
    { ...withBody(node, inner), inputs: [...node.inputs, numbered] },
  ];
}

/** 0, 1, … below `limit`, as u32 */
function numbersBelow(node: GraphNode, limit: Value): { nodes: readonly GraphNode[]; made: Value } {
  const [wide, made] = [open(`${node.name}/wide_numbers`), open(`${node.name}/numbers`)];
  const number = (x: number): Value => constantValue(`${node.name}/number_${x}`, "i64", [], [x]);
  return {
    nodes: [
      makeNode(wide.name, "Range", [number(0), limit, number(1)], [wide]),
      makeNode(made.name, "Cast", [wide], [made], { to: onnxCodeOf("u32") }),
    ],
    made,
  };
}
