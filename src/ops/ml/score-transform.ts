// What classifiers and regressors of ai.onnx.ml do with their scores in the end, as nodes and in numbers.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import type { Builder } from "../operator.js";

export const scoreTransforms = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"] as const;

/** Scores are rows of a matrix. */
export function transformScores(build: Builder, scores: Value, transform: string, dtype: Dtype): Value {
  if (transform === "LOGISTIC") return build.node("Sigmoid", [scores]);
  if (transform === "SOFTMAX") return build.node("Softmax", [scores], { axis: 1 });
  if (transform === "SOFTMAX_ZERO") return softmaxZero(build, scores, dtype);
  return transform === "PROBIT" ? probit(build, scores, dtype) : scores;
}

/** A softmax in which scores of 0 stay 0. */
function softmaxZero(build: Builder, scores: Value, dtype: Dtype): Value {
  const number = (x: number): Value => build.constant(dtype, [], [x]);
  const along = build.constant("i64", [1], [1]);
  const top = build.node("ReduceMax", [scores, along]);
  const e = build.node("Exp", [build.node("Sub", [scores, top])]);
  const counts = build.node("Greater", [build.node("Abs", [scores]), number(nearZero)]);
  const kept = build.node("Where", [counts, e, number(0)]);
  const sum = build.node("ReduceSum", [kept, along]);
  const divisor = build.node("Where", [build.node("Equal", [sum, number(0)]), number(1), sum]);
  return build.node("Div", [kept, divisor]);
}
const nearZero = 1e-7;

/** √2 · erf⁻¹(2x − 1) by the approximation of S. Winitzki (2008) with a = 0.147, as other implementations have it. */
function probit(build: Builder, x: Value, dtype: Dtype): Value {
  const number = (n: number): Value => build.constant(dtype, [], [n]);
  const op = (name: string, ...inputs: Value[]): Value => build.node(name, inputs);
  const y = op("Sub", op("Mul", x, number(2)), number(1));
  const log = op("Log", op("Mul", op("Sub", number(1), y), op("Add", number(1), y)));
  const v = op("Add", number(2 / (Math.PI * winitzki)), op("Mul", log, number(0.5)));
  const root = op("Sqrt", op("Sub", op("Mul", v, v), op("Mul", log, number(1 / winitzki))));
  return op("Mul", op("Mul", number(Math.SQRT2), op("Sign", y)), op("Sqrt", op("Sub", root, v)));
}
const winitzki = 0.147;

/** The same on a row of numbers. */
export function transformedRow(row: readonly number[], transform: string): readonly number[] {
  const shares = (e: readonly number[]): readonly number[] => {
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map(x => (sum === 0 ? 0 : x / sum));
  };
  const top = Math.max(...row);
  if (transform === "LOGISTIC") return row.map(x => 1 / (1 + Math.exp(-x)));
  if (transform === "SOFTMAX") return shares(row.map(x => Math.exp(x - top)));
  if (transform === "SOFTMAX_ZERO") return shares(row.map(x => (Math.abs(x) > nearZero ? Math.exp(x - top) : 0)));
  if (transform !== "PROBIT") return row;
  return row.map(x => {
    const y = 2 * x - 1;
    const log = Math.log((1 - y) * (1 + y));
    const v = 2 / (Math.PI * winitzki) + 0.5 * log;
    return Math.SQRT2 * Math.sign(y) * Math.sqrt(Math.sqrt(v * v - log / winitzki) - v);
  });
}
