// verifyGraph: every kind of broken graph, word for word.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesData } from "../../src/graph/constants.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import { makeNode } from "../../src/graph/make.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { Poly } from "../../src/ir/poly.js";

const v = (name: string): Value => ({ name, dtype: "f32", dims: [Poly.int(2)] });
const [x, a, y] = [v("x"), v("a"), v("y")];
const graph: Graph = {
  name: "g",
  inputs: [x],
  outputs: [y],
  nodes: [makeNode("n1", "Neg", [x], [a]), makeNode("n2", "Exp", [a], [y])],
  symbols: [],
};
const weight = (bytes: number): Value => ({ ...v("w"), constant: bytesData(new Uint8Array(bytes)) });

const broken: readonly [title: string, graph: Graph, message: string][] = [
  [
    "a value that is read before it is defined",
    { ...graph, nodes: graph.nodes.toReversed() },
    'Exp "n2" reads "a", which nothing before defines; put its producer first',
  ],
  [
    "an output that nothing defines",
    { ...graph, nodes: graph.nodes.slice(0, 1) },
    'The list of outputs reads "y", which nothing before defines; put its producer first',
  ],
  [
    "a value with two definitions",
    { ...graph, nodes: [...graph.nodes, makeNode("n3", "Abs", [x], [y])] },
    'Abs "n3" defines "y" a second time; every value has one definition',
  ],
  [
    "two nodes of one name",
    { ...graph, nodes: [graph.nodes[0]!, { ...graph.nodes[1]!, name: "n1" }] },
    'two nodes are named "n1"; names are unique in a graph',
  ],
  [
    "two outputs of one name",
    { ...graph, outputs: [y, y] },
    'two inputs or outputs are named "y"; give each a name of its own',
  ],
  [
    "a constant whose bytes do not fit its dims",
    { ...graph, nodes: [makeNode("n", "Add", [x, weight(4)], [y])] },
    'Add "n" reads the constant "w" of 4 bytes, but f32[2] takes 8; make the dims fit the data',
  ],
  [
    "a branch that reads what only the other defines",
    {
      ...graph,
      nodes: [
        makeNode("n", "If", [x], [y], {
          then_branch: { graph: { ...graph, inputs: [], outputs: [a], nodes: [makeNode("m", "Neg", [x], [a])] } },
          else_branch: { graph: { ...graph, inputs: [], outputs: [a], nodes: [] } },
        }),
      ],
    },
    'The list of outputs reads "a", which nothing before defines; put its producer first',
  ],
];

describe("verifyGraph", () => {
  it("accepts a sound graph, also with a constant", () => {
    verifyGraph(graph, { typed: true });
    verifyGraph({ ...graph, nodes: [makeNode("n", "Add", [x, weight(8)], [y])] });
  });
  for (const [title, g, message] of broken)
    it(`refuses ${title}`, () =>
      assert.throws(() => verifyGraph(g), { name: "AzulejoError", code: "graph-invalid", message }));
  it("wants types only where it is asked to", () => {
    const untyped = { name: "y", dtype: undefined, dims: undefined };
    const g = { ...graph, outputs: [untyped], nodes: [makeNode("n", "Neg", [x], [untyped])] };
    verifyGraph(g);
    assert.throws(() => verifyGraph(g, { typed: true }), {
      code: "graph-invalid",
      message: 'Neg "n": the type of "y" is ?[?]; infer the graph first',
    });
  });
});
