// Operators that carry graphs, with small random bodies that also read values from around them: If and SequenceMap. Their judge evaluates the
// same expressions.
import type { Dtype } from "../../../../src/ir/dtypes.js";
import { isFloat } from "../../../../src/ir/dtypes.js";
import type { NodeInit } from "../../../frontends/onnx-model.js";
import { graphAttribute, int, node, value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import { drawExpression } from "./expressions.js";
import type { Declared, DrawModel, ModelDraw, PlainRun } from "./model-draw.js";
import { declaredInputs, drawDeclared, hostRun } from "./model-draw.js";
import type { Plain } from "./plain.js";
import { codeOf, drawPlain, joined, plain } from "./plain.js";

export const bodyTypes: readonly Dtype[] = ["f32", "f32", "i64", "i32", "f64"];
/** Numbers that floats add up exactly: what a body computes does not hang on its order. Now and then NaN and infinities are among them. */
export const halves = (random: Random, dtype: Dtype, dims: readonly number[]): Plain => {
  const { data } = drawPlain(random, "i32", dims, { range: [-8, 8] });
  if (!isFloat(dtype)) return plain(dtype, dims, data);
  const wild = random.chance(0.15);
  const number = (x: unknown): number =>
    wild && random.chance(0.2) ? random.pick([Number.NaN, Infinity, -Infinity]) : Number(x) / 2;
  return plain(dtype, dims, Array.from(data, number));
};
/** tanh of both */
export const closeness = { rtol: 1e-5, atol: 1e-6 };

/** A file of these nodes; the inputs in the order of the runs. */
export function fileOf(
  random: Random,
  nodes: readonly NodeInit[],
  outputs: Readonly<Record<string, Dtype>>,
  run: () => PlainRun,
  { opset = 21, how = drawDeclared(random) }: { readonly opset?: number; readonly how?: Declared } = {},
): ModelDraw {
  const runs = [run(), ...(how === "numbers" ? [] : [run(), run()])];
  return {
    model: {
      opset,
      irVersion: 10,
      inputs: declaredInputs(runs, how),
      outputs: Object.entries(outputs).map(([name, dtype]) => value(name, codeOf(dtype))),
      nodes: [...nodes],
    },
    runs: runs.map(hostRun),
    closeness,
  };
}

/** Branches that may differ in size; a branch may be one of two again. */
export const ifDraw: DrawModel = random => {
  const dtype = random.pick(bodyTypes);
  const code = codeOf(dtype);
  const count = random.int(1, 2);
  const resizes = random.chance(0.4);
  const read = ["a", "b", "c"];
  const branch = (prefix: string) => {
    const results = Array.from({ length: count }, (_, k) =>
      drawExpression(random, { dtype, reads: read, prefix: `${prefix}${k}_`, resizes }),
    );
    const attribute = (name: string) =>
      graphAttribute(name, {
        name: prefix,
        outputs: results.map(r => value(r.result, code)),
        nodes: results.flatMap(r => r.nodes as NodeInit[]),
      });
    return { attribute, results };
  };
  const [yes, no, third] = [branch("t"), branch("e"), branch("u")];
  const nested = random.chance(0.3);
  const outputs = Array.from({ length: count }, (_, k) => `y${k}`);
  const inner = node(
    "If",
    ["other"],
    outputs.map(o => `inner_${o}`),
    [no.attribute("then_branch"), third.attribute("else_branch")],
  );
  const otherwise = nested
    ? graphAttribute("else_branch", {
        name: "nested",
        outputs: outputs.map(o => value(`inner_${o}`, code)),
        nodes: [inner],
      })
    : no.attribute("else_branch");
  const rank = random.int(1, 3);
  // what a branch gives is read by what follows
  const nodes = [
    node("Mul", ["a", "a"], ["c"]),
    node("If", ["cond"], outputs, [yes.attribute("then_branch"), otherwise]),
    ...outputs.map(o => node("Neg", [o], [`minus_${o}`])),
  ];
  return fileOf(
    random,
    nodes,
    Object.fromEntries(
      outputs.flatMap(o => [
        [o, dtype],
        [`minus_${o}`, dtype],
      ]),
    ),
    () => {
      const dims = sizes(random, rank, 60);
      const [a, b] = [halves(random, dtype, dims), halves(random, dtype, dims)];
      const [cond, other] = [random.int(0, 1), random.int(0, 1)];
      const c = plain(
        dtype,
        dims,
        a.data.map(x => (typeof x === "bigint" ? x * x : Number(x) * Number(x))),
      );
      const { results } = cond ? yes : !nested || other ? no : third;
      const given = results.map(r => r.evaluate({ a, b, c }));
      const want = given.flatMap((y, k) => [
        [outputs[k]!, y] as const,
        [
          `minus_${outputs[k]!}`,
          plain(
            dtype,
            y.dims,
            y.data.map(x => -(x as number)),
          ),
        ] as const,
      ]);
      const flag = (x: number): Plain => plain("bool", [], [x]);
      return {
        inputs: { cond: flag(cond), ...(nested ? { other: flag(other) } : {}), a, b },
        outputs: Object.fromEntries(want),
      };
    },
  );
};

/** Sequences of tensors of several sizes, of equal sizes pairwise; one tensor that every round reads, and one from around. */
export const sequenceMap: DrawModel = random => {
  const dtype = random.pick(bodyTypes);
  const code = codeOf(dtype);
  const length = random.int(1, 4);
  const rank = random.int(1, 2);
  const two = random.chance(0.5);
  const whole = random.chance(0.5);
  const outer = random.chance(0.5);
  const reads = ["x", ...(two ? ["z"] : []), ...(whole ? ["w"] : []), ...(outer ? ["o"] : [])];
  const result = drawExpression(random, { dtype, reads, prefix: "m", resizes: random.chance(0.3) });
  const second = drawExpression(random, { dtype, reads, prefix: "n" });
  const body = graphAttribute("body", {
    name: "body",
    inputs: ["x", ...(two ? ["z"] : []), ...(whole ? ["w"] : [])].map(n => value(n, code)),
    outputs: [value(result.result, code), value(second.result, code)],
    nodes: [...result.nodes, ...second.nodes],
  });
  const names = (what: string): string[] => Array.from({ length }, (_, k) => `${what}${k}`);
  const nodes = [
    node("SequenceConstruct", names("x"), ["xs"]),
    ...(two ? [node("SequenceConstruct", names("z"), ["zs"])] : []),
    node("SequenceMap", ["xs", ...(two ? ["zs"] : []), ...(whole ? ["whole"] : [])], ["rs", "ss"], [body]),
    node("ConcatFromSequence", ["rs"], ["joined"], [int("axis", 0)]),
    node("SequenceLength", ["rs"], ["length"]),
    node("SequenceAt", ["ss", "place"], ["element"]),
  ];
  return fileOf(random, nodes, { joined: dtype, length: "i64", element: dtype }, () => {
    const rest = sizes(random, rank - 1, 20);
    const sets = names("").map(() => [random.int(0, 5), ...rest]);
    const [x, z] = [sets.map(d => halves(random, dtype, d)), sets.map(d => halves(random, dtype, d))];
    const [w, o] = [halves(random, dtype, [1]), halves(random, dtype, [1])];
    const place = random.int(0, length - 1);
    const given = (k: number) => ({ x: x[k]!, z: z[k]!, w, o });
    const rs = sets.map((_, k) => result.evaluate(given(k)));
    return {
      inputs: {
        ...Object.fromEntries(x.map((t, k) => [`x${k}`, t])),
        ...(two ? Object.fromEntries(z.map((t, k) => [`z${k}`, t])) : {}),
        ...(whole ? { whole: w } : {}),
        ...(outer ? { o } : {}),
        place: plain("i64", [], [place]),
      },
      outputs: {
        joined: joined(rs, 0),
        length: plain("i64", [], [length]),
        element: second.evaluate(given(place)),
      },
    };
  });
};
