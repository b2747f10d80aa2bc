// Graphs as text: parseGraph reads what printGraph writes, for small graphs with everything in them and for real models.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { bytesData } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { infer } from "../../src/graph/infer.js";
import { parseGraph } from "../../src/graph/parse.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { printed, printGraph } from "../../src/graph/print.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { AzulejoError } from "../../src/support/errors.js";
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  tensorAttribute,
  text,
  value,
} from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";
import { bytesOf, ocrModels, sileroModels } from "./models.js";

const { f32, bool } = elementType;
const registry = fullRegistry();

const model = onnxModel({
  name: "all of it",
  domains: { "com.my-company": 2 },
  inputs: [value("c", bool, []), value("x", f32, ["n", 3, null, "h/2"]), value("end", f32), value("n", f32, [0])],
  outputs: [value("y", f32), value("x", f32)],
  initializers: [
    f32Tensor("small", [2], [Number.NaN, Number.NEGATIVE_INFINITY]),
    f32Tensor("large", [40], new Array(40).fill(1)),
    i64Tensor("ends", [4], [2n ** 63n - 1n, -(2n ** 63n), -5, 0]),
  ],
  nodes: [
    {
      ...node(
        "Made-up",
        ["x", "", "small", "large", "ends"],
        ["a", "", "b"],
        [
          int("i", -3),
          int("big", 2n ** 62n),
          float("f", -0),
          text("s", 'a "quoted" string // no comment'),
          ints("list", [1, -2]),
          { name: "texts", type: 8, strings: [Uint8Array.of(104, 105)] },
          tensorAttribute("t", f32Tensor("t", [2], [1, 2])),
          tensorAttribute("long", f32Tensor("t", [20], new Array(20).fill(3))),
        ],
      ),
      domain: "com.my-company",
    },
    node(
      "If",
      ["c"],
      ["y"],
      [
        graphAttribute("then_branch", { name: "", outputs: [value("p", f32)], nodes: [node("Neg", ["a"], ["p"])] }),
        graphAttribute("else_branch", { name: "else", outputs: [value("b", f32)] }),
      ],
    ),
  ],
});

const want = `graph "all of it"(c: bool[], x: f32[n, 3, x_2, h/2], "end": f32, n: f32[0]) -> (y, "x#2") {
  constant small: f32[2] = [nan, -inf]
  constant large: f32[40] // 160 bytes
  constant ends: i64[4] = [inf, -inf, -5, 0]
  a, _, b = "com.my-company":"Made-up"@2(x, _, small, large, ends) "Made-up_0" {i = -3, big = 4611686018427387904n, f = -0, s = "a \\"quoted\\" string // no comment", list = [1, -2], texts = ["hi"], t = tensor: f32[2] = [1, 2], long = tensor: f32[20] named t}
  y: f32 = If@17(c) If_1 with
  then_branch = graph ""() -> (p) {
    p: f32 = Neg@17(a) Neg_0
  }
  else_branch = graph else() -> (b) {
  }
  end
  "x#2": f32[n, 3, x_2, h/2] = Identity@28(x) Identity_3
}
`;

const withoutComments = (t: string): string => t.replace(/ \/\/ (= |\d+ bytes).*$/gm, "");
function roundTrip(graph: Graph): Graph {
  const { text: first, constants } = printed(graph);
  const back = parseGraph(first, constants);
  verifyGraph(back);
  assert.ok(withoutComments(printGraph(back)) === withoutComments(first), "the text changes");
  return back;
}

describe("graphs as text", () => {
  it("everything that a graph can hold", async () => {
    const graph = await readOnnx(model);
    assert.equal(printGraph(graph), want);
    const back = roundTrip(graph);
    assert.deepEqual(
      back.symbols.map(s => s.name),
      ["n", "x_2", "h/2"],
    );
    assert.deepEqual(back.nodes[0]!.attributes.list, [1, -2]);
    assert.equal(back.nodes[0]!.attributes.big, 2n ** 62n);
  });

  it("dims are polynomials, printed alike whatever the order in which symbols were made", () => {
    const dims = "f32[3, 1 + -2*a*b + a, ((1 + a) div 2), (a mod (b div 3)), max(-1*a, min(4, b)) + 5*a]";
    const line = `graph g(x: ${dims}) -> (x) {\n}\n`;
    const again = line.replace("x: f32[3", "y: f32[b, a], x: f32[3");
    assert.equal(printGraph(parseGraph(line)), printGraph(parseGraph(printGraph(parseGraph(line)))));
    const [first, second] = [line, again].map(t => printGraph(parseGraph(t)).match(/x: (f32\[.*\])\)/)![1]);
    assert.equal(first, second);
  });

  for (const m of [...ocrModels, ...sileroModels])
    it(m.name, { skip: m.path ? false : "not installed" }, async () => {
      const graph = await runPasses(await readOnnx(bytesOf(m)), defaultPasses(registry));
      const back = infer(roundTrip(graph), registry);
      assert.ok(printGraph(back) === printGraph(graph), "inference finds something else in the parsed graph");
    });

  const broken: readonly [title: string, text: string, message: string][] = [
    [
      "a value that nothing defines",
      "graph g(x: f32[2]) -> (y) {\n  y = Neg@13(z) n\n}",
      'line 2: nothing before defines "z"',
    ],
    [
      "a value that is defined twice",
      "graph g(x: f32[2]) -> (x) {\n  x = Neg@13(x) n\n}",
      'line 2: "x" is defined twice',
    ],
    ["an unknown dtype", "graph g(x: f31[2]) -> (x) {\n}", 'line 1: "f31" is not a dtype'],
    [
      "a constant without data",
      "graph g() -> (c) {\n  constant c: f32[2]\n}",
      'line 2: there is no data for constant "c"; hand the constants of the graph to parseGraph',
    ],
    [
      "a constant with too few numbers",
      "graph g() -> (c) {\n  constant c: f32[2] = [1]\n}",
      'line 2: constant "c" has 1 numbers, and its dims make another count',
    ],
    [
      "text after the graph",
      "graph g(x: f32[2]) -> (x) {\n}\ngraph",
      'line 2: the text goes on after the graph with "graph"',
    ],
    ["a missing bracket", "graph g(x: f32[2] -> (x) {\n}", 'line 1: "," is expected before "-"'],
  ];
  for (const [title, source, message] of broken)
    it(`refuses ${title}`, () =>
      assert.throws(() => parseGraph(source), { name: "AzulejoError", code: "parse", message }));

  it("damaged text is refused with a line, or is another graph", () => {
    const pieces = [
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      "=",
      "@",
      "-",
      "_",
      '"',
      '"\\q"',
      "graph",
      "constant",
      "with",
      "end",
      "tensor",
      "9e99",
      "-1",
      "f32",
      "min(",
      "div",
      "é",
      "\n",
    ];
    const { text: source, constants } = printed(
      parseGraph(
        want,
        new Map([
          ["large", bytesData(new Uint8Array(160))],
          ["t", bytesData(new Uint8Array(80))],
        ]),
      ),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(12), fc.constantFrom("", ...pieces), (at, drop, piece) => {
        try {
          parseGraph(source.slice(0, at) + piece + source.slice(at + drop), constants);
          read++;
        } catch (error) {
          assert.ok(error instanceof AzulejoError && error.code === "parse", String(error));
          assert.match(error.message, /^line \d+: /);
        }
      }),
      { numRuns: 500 },
    );
    assert.ok(read > 0);
  });
});
