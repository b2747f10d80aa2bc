// What derivatives of operators are written with: arithmetic on values, and sums over what broadcasting has stretched.
import type { Dims, Value } from "../graph/graph.js";
import { printDims, refuse } from "./checks.js";
import type { Builder, Differentiation, NodeInfo, Operator } from "./operator.js";

/** Arithmetic of the derivatives of elementwise operators. */
export interface Arithmetic {
  op(name: string, ...inputs: readonly Value[]): Value;
  /** a scalar of the operands' dtype */
  number(x: number): Value;
}
const arithmetic = (node: NodeInfo, build: Builder): Arithmetic => ({
  op: (name, ...inputs) => build.node(name, inputs),
  number: x => build.constant(node.dtypes[node.present[0]!]!, [], [x]),
});

/** Y = f(X): the derivative by X from that by Y. */
export const unaryDerivative =
  (
    [X, Y]: readonly [string, string],
    f: (at: { readonly x: Value; readonly y: Value; readonly by: Value }, a: Arithmetic) => Value,
  ): Operator["derivative"] =>
  (node, build) => ({
    [X]: f({ x: node.inputs[X]!, y: node.results[Y]!, by: node.by[Y]! }, arithmetic(node, build)),
  });

/** C = f(A, B) with broadcasting. */
export const binaryDerivative =
  (
    f: (
      at: { readonly a: Value; readonly b: Value; readonly y: Value; readonly by: Value },
      c: Arithmetic,
    ) => readonly [a: Value, b: Value],
  ): Operator["derivative"] =>
  (node, build) => {
    const { A, B } = node.inputs as Readonly<Record<"A" | "B", Value>>;
    const [a, b] = f({ a: A, b: B, y: node.results.C!, by: node.by.C! }, arithmetic(node, build));
    const out = node.outputs.C!;
    return { A: sumTo(node, build, a, out, A.dims!), B: sumTo(node, build, b, out, B.dims!) };
  };

/** A derivative in the dims of a result, summed over what was stretched to them. */
export function sumTo(node: Differentiation, build: Builder, x: Value, from: Dims, to: Dims): Value {
  const lead = from.length - to.length;
  const stretched = to.flatMap((d, j) => {
    const wide = from[lead + j]!;
    if (d.equals(wide)) return [];
    if (d.equals(1)) return [j];
    refuse(
      "operator-unsupported",
      "Gradient",
      node,
      `whether ${printDims(to)} was stretched to ${printDims(from)} must be known when the model is compiled; fix the dims with the option dims`,
    );
  });
  const axes = (list: readonly number[]): Value => build.constant("i64", [list.length], list);
  const all = Array.from({ length: lead }, (_, d) => d);
  const flat = lead > 0 ? build.node("ReduceSum", [x, axes(all)], { keepdims: 0 }) : x;
  return stretched.length > 0 ? build.node("ReduceSum", [flat, axes(stretched)]) : flat;
}
