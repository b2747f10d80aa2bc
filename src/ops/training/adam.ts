// Adam: a step along a mean of gradients, by the root of a mean of their squares (D. Kingma and J. Ba, 2015).
import { where } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { optimizerCases, optimizerReference, optimizerStep } from "./optimizer-step.js";

export const operator: Operator = /* @__PURE__ */ optimizerStep({
  name: "Adam",
  attributes: {
    alpha: { type: "float", default: 0.9 },
    beta: { type: "float", default: 0.999 },
    epsilon: { type: "float", default: 1e-6 },
    norm_coefficient: { type: "float", default: 0 },
    norm_coefficient_post: { type: "float", default: 0 },
  },
  states: 2,
  update: ({ rate, count, x, g, states }, { alpha, beta, epsilon, norm_coefficient, norm_coefficient_post }) => {
    const gradient = x.mul(norm_coefficient).add(g);
    const mean = states[0]!.mul(alpha).add(gradient.mul(1 - alpha));
    const squares = states[1]!.mul(beta).add(gradient.mul(gradient).mul(1 - beta));
    // alpha and beta to the power of the count, for counts above 0: means that started at 0 are too small
    const left = (base: number) => count.mul(Math.log2(base)).exp2().neg().add(1);
    const corrected = where(count.gt(0), rate.mul(left(beta).sqrt()).div(left(alpha)), rate);
    const next = x.sub(corrected.mul(mean.div(squares.sqrt().add(epsilon))));
    return [next.mul(1 - norm_coefficient_post), mean, squares];
  },
});

export const doc: OperatorDoc = {
  summary: "Tensors after a step along a mean of gradients by the root of a mean of their squares, and the new means",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 8, absolute: 32 };
export const reference: Reference = /* @__PURE__ */ optimizerReference(
  2,
  (
    { rate, count, x, g, states },
    { alpha = 0.9, beta = 0.999, epsilon = 1e-6, norm_coefficient = 0, norm_coefficient_post = 0 },
  ) => {
    const gradient = norm_coefficient * x + g;
    const mean = alpha * states[0]! + (1 - alpha) * gradient;
    const squares = beta * states[1]! + (1 - beta) * gradient ** 2;
    const corrected = count > 0 ? (rate * Math.sqrt(1 - beta ** count)) / (1 - alpha ** count) : rate;
    const next = x - corrected * (mean / (Math.sqrt(squares) + epsilon));
    return [(1 - norm_coefficient_post) * next, mean, squares];
  },
);
export const cases = (): readonly OperatorCase[] =>
  optimizerCases(2, [
    {},
    { alpha: 0.95, beta: 0.85, epsilon: 0.01, norm_coefficient: 0.05, norm_coefficient_post: 0.1 },
  ]);
