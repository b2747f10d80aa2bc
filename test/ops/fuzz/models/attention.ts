// FlexAttention with random graphs on scores and probabilities; its judge goes from query to query. And Gradient, whose judge carries a
// derivative beside every number.
import { roundTo } from "../../../../src/ir/float-bits.js";
import type { NodeInit } from "../../../frontends/onnx-model.js";
import { float, graphAttribute, node, strings, text, value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import { drawExpression } from "./expressions.js";
import { fileOf } from "./graphs.js";
import type { DrawModel, PlainRun } from "./model-draw.js";
import { nodeDraw } from "./model-draw.js";
import type { Plain } from "./plain.js";
import { at, build, codeOf, drawPlain, indicesOf, plain } from "./plain.js";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const flexAttention: DrawModel = random => {
  const dtype = random.pick(["f32", "f32", "f16", "f64"] as const);
  const mod = (name: string) => {
    if (random.chance(0.35)) return undefined;
    const e = drawExpression(random, { dtype: "f32", reads: ["in"], prefix: name, like: "in" });
    const attribute = graphAttribute(name, {
      name,
      inputs: [value("in", codeOf("f32"))],
      outputs: [value(e.result, codeOf("f32"))],
      nodes: [...e.nodes],
    });
    return { e, attribute };
  };
  // f64 is computed in f64, for which these graphs are not written
  const [score, prob] = dtype === "f64" ? [undefined, undefined] : [mod("score_mod"), mod("prob_mod")];
  const scale = random.chance(0.5) ? undefined : Math.fround(random.unit());
  const [batch, heads] = [random.int(1, 2), random.int(1, 3)];
  return nodeDraw(random, {
    op: "FlexAttention",
    domain: "ai.onnx.preview",
    opset: 26,
    closeness: dtype === "f16" ? { rtol: 4e-3, atol: 4e-3 } : { rtol: 1e-4, atol: 1e-5 },
    attributes: [
      ...(scale === undefined ? [] : [float("scale", scale)]),
      ...(score ? [score.attribute] : []),
      ...(prob ? [prob.attribute] : []),
    ],
    outputs: { Y: dtype },
    run: () => {
      const [queries, keys, width, out] = [random.int(0, 7), random.int(1, 9), random.int(1, 8), random.int(1, 8)];
      const flavour = random.chance(0.2) ? "special" : "plain";
      const tensor = (length: number, size: number): Plain =>
        drawPlain(random, dtype, [batch, heads, length, size], { flavour });
      const [Q, K, drawn] = [tensor(queries, width), tensor(keys, width), tensor(keys, out)];
      // a weight that underflows in f32 makes NaN of an infinity, and in f64 it does not
      const V = plain(
        dtype,
        drawn.dims,
        drawn.data.map(x => (Number.isFinite(Number(x)) ? x : Number.NaN) as number),
      );
      const number = (t: Plain, ...index: number[]): number => Number(at(t, index));
      const factor = scale ?? 1 / Math.sqrt(width);
      const weights = (b: number, h: number, q: number): number[] => {
        const row = upTo(keys).map(k =>
          Math.fround(factor * upTo(width).reduce((s, d) => s + number(Q, b, h, q, d) * number(K, b, h, k, d), 0)),
        );
        const scores = changed(score?.e, row);
        const most = Math.max(...scores);
        const powers = scores.map(x => Math.exp(x - most));
        const sum = powers.reduce((a, x) => a + x, 0);
        return changed(
          prob?.e,
          powers.map(x => x / sum),
        );
      };
      const rows = new Map(indicesOf([batch, heads, queries]).map(i => [i.join(), weights(i[0]!, i[1]!, i[2]!)]));
      const Y = build(dtype, [batch, heads, queries, out], ([b, h, q, d]) => {
        const row = rows.get([b, h, q].join())!;
        return roundTo(
          dtype,
          row.reduce((s, w, k) => s + w * number(V, b!, h!, k, d!), 0),
        );
      });
      return { inputs: { Q, K, V }, outputs: { Y } };
    },
  });
};
const changed = (e: ReturnType<typeof drawExpression> | undefined, row: readonly number[]): number[] =>
  e ? (e.evaluate({ in: plain("f32", [row.length], row) }).data as number[]) : [...row];

/** A number and its derivative. */
type Dual = readonly [value: number, slope: number];
interface Duals {
  readonly dims: readonly number[];
  readonly data: readonly Dual[];
}
type Rule = readonly [op: string, f: (...x: Dual[]) => Dual];
const binary: readonly Rule[] = [
  ["Add", ([x, dx], [y, dy]) => [x + y, dx + dy]],
  ["Sub", ([x, dx], [y, dy]) => [x - y, dx - dy]],
  ["Mul", ([x, dx], [y, dy]) => [x * y, dx * y + x * dy]],
] as readonly (readonly [string, (a: Dual, b: Dual) => Dual])[] as readonly Rule[];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const unary: readonly Rule[] = [
  ["Neg", ([x, dx]) => [-x, -dx]],
  ["Tanh", ([x, dx]) => [Math.tanh(x), dx * (1 - Math.tanh(x) ** 2)]],
  ["Sigmoid", ([x, dx]) => [sigmoid(x), dx * sigmoid(x) * (1 - sigmoid(x))]],
  ["Relu", ([x, dx]) => (x > 0 ? [x, dx] : [0, 0])],
] as readonly (readonly [string, (a: Dual) => Dual])[] as readonly Rule[];
/** Of what lies between 0 and 1: then roots, logarithms and quotients have numbers. */
const positive: readonly Rule[] = [
  ["Exp", ([x, dx]) => [Math.exp(x), dx * Math.exp(x)]],
  ["Log", ([x, dx]) => [Math.log(x), dx / x]],
  ["Sqrt", ([x, dx]) => [Math.sqrt(x), dx / (2 * Math.sqrt(x))]],
] as readonly (readonly [string, (a: Dual) => Dual])[] as readonly Rule[];
const quotient: Rule = ["Div", (([x, dx]: Dual, [y, dy]: Dual) => [x / y, dx / y - (x * dy) / y ** 2]) as Rule[1]];

interface Operation {
  readonly op: string;
  readonly reads: readonly string[];
  readonly makes: string;
  readonly of: (...given: Duals[]) => Duals;
}
const mapped =
  (f: Rule[1]) =>
  (...given: Duals[]): Duals => {
    const rank = Math.max(...given.map(t => t.dims.length));
    const size = (t: Duals, d: number): number => t.dims[d - rank + t.dims.length] ?? 1;
    const dims = upTo(rank).map(d => given.map(t => size(t, d)).find(n => n !== 1) ?? 1);
    const of = (t: Duals, index: readonly number[]): Dual =>
      t.data[t.dims.reduce((sum, n, d) => sum * n + (n === 1 ? 0 : index[d + rank - t.dims.length]!), 0)]!;
    return { dims, data: indicesOf(dims).map(index => f(...given.map(t => of(t, index)))) };
  };
function product(a: Duals, b: Duals): Duals {
  const [rows, inner] = a.dims as [number, number];
  const columns = b.dims[1]!;
  const cell = (r: number, c: number): Dual =>
    upTo(inner).reduce<Dual>(
      ([s, ds], k) => {
        const [[x, dx], [y, dy]] = [a.data[r * inner + k]!, b.data[k * columns + c]!];
        return [s + x * y, ds + dx * y + x * dy];
      },
      [0, 0],
    );
  return { dims: [rows, columns], data: indicesOf([rows, columns]).map(([r, c]) => cell(r!, c!)) };
}

function drawOperations(random: Random, products: boolean): Operation[] {
  const out: Operation[] = [];
  const add = (op: string, reads: readonly string[], of: Operation["of"]): string => {
    out.push({ op, reads, makes: `p${out.length}`, of });
    return out.at(-1)!.makes;
  };
  let last = products ? add("MatMul", ["a", "w"], product) : "a";
  const others = products ? ["b"] : ["a", "b"];
  for (let k = random.int(1, 4); k > 0; k--)
    if (random.chance(0.5)) {
      const [op, f] = random.pick(binary);
      last = add(op, random.shuffled([last, random.pick(others)]), mapped(f));
    } else if (random.chance(0.6)) {
      const [op, f] = random.pick(unary);
      last = add(op, [last], mapped(f));
    } else {
      last = add("Sigmoid", [last], mapped(unary[2]![1]));
      const [op, f] = random.pick(positive);
      const divisor = last;
      last = add(op, [last], mapped(f));
      if (random.chance(0.5)) last = add(quotient[0], [last, divisor], mapped(quotient[1]));
    }
  return out;
}

export const gradient: DrawModel = random => {
  const products = random.chance(0.5);
  const dtype = random.pick(["f32", "f64"] as const);
  const operations = drawOperations(random, products);
  const y = operations.at(-1)!.makes;
  const read = new Set(operations.flatMap(o => o.reads));
  const names = ["a", "b", ...(products ? ["w"] : [])].filter(n => read.has(n));
  const xs = names.filter((_, i) => i === 0 || random.chance(0.7));
  const constants = names.filter(n => !xs.includes(n));
  const question: NodeInit = {
    ...node(
      "Gradient",
      [...xs, ...constants],
      xs.map(n => `by_${n}`),
      [strings("xs", xs), ...(constants.length > 0 ? [strings("zs", constants)] : []), text("y", y)],
    ),
    domain: "ai.onnx.preview.training",
  };
  const nodes = [...operations.map(o => node(o.op, [...o.reads], [o.makes])), question];
  const results = Object.fromEntries([y, ...xs.map(n => `by_${n}`)].map(n => [n, dtype]));
  let isNumber = true;
  const run = (): PlainRun => {
    const [rows, inner, columns] = sizes(random, 3, 60).map(n => Math.min(n, 6)) as [number, number, number];
    const dims = products
      ? { a: [rows, inner], w: [inner, columns], b: [columns] }
      : { a: [rows, columns], b: random.pick([[columns], [rows, 1], [rows, columns]]) };
    const inputs = Object.fromEntries(names.map(n => [n, drawPlain(random, dtype, dims[n as "a"])]));
    const valueWith = (by: string, place: number): Duals => {
      const duals = new Map<string, Duals>(
        names.map(n => [
          n,
          {
            dims: inputs[n]!.dims,
            data: inputs[n]!.data.map((x, i): Dual => [Number(x), n === by && i === place ? 1 : 0]),
          },
        ]),
      );
      for (const { reads, makes, of } of operations) duals.set(makes, of(...reads.map(n => duals.get(n)!)));
      return duals.get(y)!;
    };
    const values = valueWith("", 0);
    isNumber &&= values.data.every(([v]) => Number.isFinite(v));
    const by = (n: string): Plain =>
      plain(
        dtype,
        inputs[n]!.dims,
        inputs[n]!.data.map((_, i) => valueWith(n, i).data.reduce((s, [, slope]) => s + slope, 0)),
      );
    return {
      inputs,
      outputs: {
        [y]: plain(
          dtype,
          values.dims,
          values.data.map(([v]) => v),
        ),
        ...Object.fromEntries(xs.map(n => [`by_${n}`, by(n)])),
      },
    };
  };
  // of dims with names of their own, nobody knows what broadcasting stretches
  const drawn = fileOf(random, nodes, results, run, { how: random.pick(["numbers", "open"]) });
  // where y is no number, its slopes are NaN, also those by what it does not depend on
  if (!isNumber) return undefined;
  return {
    ...drawn,
    model: { ...drawn.model, domains: { "ai.onnx.preview.training": 1 } },
    closeness: { rtol: 1e-3, atol: 1e-4 },
  };
};
