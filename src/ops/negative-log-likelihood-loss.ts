// NegativeLogLikelihoodLoss: minus the log-probability of each target class, weighted by class; summed or averaged if wished.
import type { Dims } from "../graph/graph.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { computeDtype, countOf, wide } from "./accumulate.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse, requireOneOf } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type {
  AttributeSpec,
  Attributes,
  KernelContext,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";

export const lossAttributes = {
  ignore_index: { type: "int" },
  reduction: { type: "string", default: "mean" },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** Dims of a loss whose scores have the classes in dim 1 and whose targets lack that dim. */
export function lossDims(op: string, node: NodeInfo, scores: string, targets: string, weights: string): Dims {
  requireOneOf(op, node, "reduction", ["none", "mean", "sum"]);
  const [X, T, W] = [node.dims[scores]!, node.dims[targets]!, node.dims[weights]];
  const wanted = X.filter((_, d) => d !== 1);
  if (X.length < 2 || T.length !== wanted.length)
    refuse(
      "shape",
      op,
      node,
      `${scores} of ${printDims(X)} needs ${targets} of the same dims without the second, and has ${printDims(T)}; drop or add dims`,
    );
  const agree = `${scores} of ${printDims(X)} and ${targets} of ${printDims(T)} differ beside the dim of the classes; they must agree`;
  wanted.forEach((d, j) => {
    requireEqual(op, node, d, T[j]!, agree);
  });
  if (W && W.length !== 1)
    refuse("shape", op, node, `${weights} of ${printDims(W)} must have one dim, with a weight for each class`);
  if (W)
    requireEqual(
      op,
      node,
      X[1]!,
      W[0]!,
      `there are ${X[1]!.print()} classes and ${W[0]!.print()} weights; they must agree`,
    );
  return node.attributes.reduction === "none" ? T : [];
}

export const operator: Operator = {
  name: "NegativeLogLikelihoodLoss",
  inputs: ["input", "target", "weight?"],
  outputs: ["loss"],
  attributes: lossAttributes,
  shape: node => ({ loss: lossDims("NegativeLogLikelihoodLoss", node, "input", "target", "weight") }),
  at: context => ({
    loss: (...i) => {
      const { dtype, dims } = context.inputs.input!;
      const { reduction } = context.attributes;
      if (reduction === "none") return lossAt(context, i).loss.cast(dtype);
      const over = dims.filter((_, d) => d !== 1).map(d => d.all());
      const { loss, weight } = lossAt(context, over);
      const sum = loss.sum(...over);
      if (reduction === "sum") return sum.cast(dtype);
      return sum.div(weight ? weight.sum(...over) : countOf(over, sum.dtype)).cast(dtype);
    },
  }),
};

/** The loss of one target and its weight; absent: 1. A target to be ignored has both 0. */
function lossAt(
  { inputs, attributes }: KernelContext,
  index: readonly AnyTile[],
): { readonly loss: AnyTile; readonly weight: AnyTile | undefined } {
  const { input, target, weight } = inputs;
  const compute = computeDtype(input!.dtype);
  const [n, ...rest] = index;
  const named = target!.at(...index).cast("i32");
  const ignored = attributes.ignore_index === undefined ? undefined : named.eq(attributes.ignore_index);
  // an ignored target may be no class at all
  const position = ignored ? where(ignored, 0, named) : named;
  const given = weight ? wide(weight.at(position), weight.dtype) : undefined;
  const score = wide(input!.at(n!, position, ...rest), input!.dtype).neg();
  const loss = given ? score.mul(given) : score;
  if (!ignored) return { loss, weight: given };
  return { loss: where(ignored, 0, loss), weight: where(ignored, 0, given ?? literal(compute, 1)) };
}

export const doc: OperatorDoc = {
  summary: "Minus the log-probability of each target class, weighted by class; as it is, summed or averaged",
  dtypes: "float",
  opsets: [12, 22],
};
export const tolerance: Tolerance = { relative: 8, absolute: 2 };

export const reference: Reference = (inputs, attributes) => ({
  loss: lossReference(inputs.input!, inputs.target!, inputs.weight, attributes),
});

export function lossReference(
  X: ReferenceTensor,
  target: ReferenceTensor,
  weight: ReferenceTensor | undefined,
  { ignore_index: ignore, reduction = "mean" }: Attributes,
): ReferenceTensor {
  const classes = numbersOf(target);
  const inner = sizeOf(target.dims.slice(1));
  const weightOf = (c: number): number => (c === ignore ? 0 : weight ? Number(weight.data[c]) : 1);
  const losses = classes.map((c, at) => {
    if (c === ignore) return 0;
    const flat = (Math.floor(at / inner) * X.dims[1]! + c) * inner + (at % inner);
    return -Number(X.data[flat]) * weightOf(c);
  });
  if (reduction === "none") return { dtype: X.dtype, dims: target.dims, data: losses };
  const sum = losses.reduce((a, b) => a + b, 0);
  const total = classes.reduce((s, c) => s + weightOf(c), 0);
  return { dtype: X.dtype, dims: [], data: [reduction === "sum" ? sum : sum / total] };
}

export function lossCases(scores: string, targets: string, weights: string): readonly OperatorCase[] {
  const of = (
    name: string,
    dims: readonly number[],
    attributes: Attributes,
    more: { readonly weighted?: true; readonly dtype?: "f32" | "f16" | "f64"; readonly data?: readonly number[] } = {},
  ): OperatorCase => {
    const { dtype = "f32", weighted, data } = more;
    const count = dims.filter((_, d) => d !== 1);
    return {
      name: `${dtype} ${name}`,
      attributes,
      inputs: {
        [scores]: { dtype, dims, range: [-4, 0] },
        [targets]: { dtype: "i64", dims: count, ...(data ? { data } : { range: [0, dims[1]! - 1] }) },
        ...(weighted ? { [weights]: { dtype, dims: [dims[1]!], range: [0.2, 2] } } : {}),
      },
    };
  };
  return [
    ...(floats as readonly ("f32" | "f16" | "f64")[]).map(dtype => of("mean", [5, 7], {}, { dtype })),
    of("each", [3, 5, 2, 3], { reduction: "none" }),
    of("sum, weighted", [3, 5, 17], { reduction: "sum" }, { weighted: true }),
    of("mean, weighted", [3, 5, 2, 3], {}, { weighted: true }),
    of("ignoring one class", [7, 3], { ignore_index: 1 }, { weighted: true }),
    of("ignoring what is no class", [4, 3], { ignore_index: -5 }, { data: [0, -5, 2, -5] }),
    of("each, ignoring", [4, 3], { ignore_index: 10, reduction: "none" }, { data: [0, 10, 2, 1] }),
    of("one", [1, 1], {}),
    of("each of none", [0, 3], { reduction: "none" }),
  ];
}
export const cases = (): readonly OperatorCase[] => lossCases("input", "target", "weight");
