// Adagrad: a step along the gradient, shorter where gradients have been large (J. Duchi, E. Hazan and Y. Singer, 2011).

import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { optimizerCases, optimizerReference, optimizerStep } from "./optimizer-step.js";

export const operator: Operator = /* @__PURE__ */ optimizerStep({
  name: "Adagrad",
  attributes: {
    decay_factor: { type: "float", default: 0 },
    epsilon: { type: "float", default: 1e-6 },
    norm_coefficient: { type: "float", default: 0 },
  },
  states: 1,
  update: ({ rate, count, x, g, states }, { decay_factor, epsilon, norm_coefficient }) => {
    const gradient = x.mul(norm_coefficient).add(g);
    const squares = states[0]!.add(gradient.mul(gradient));
    const decayed = rate.div(count.mul(decay_factor).add(1));
    return [x.sub(decayed.mul(gradient).div(squares.sqrt().add(epsilon))), squares];
  },
});

export const doc: OperatorDoc = {
  summary:
    "Tensors after a step along their gradients, shorter where those have been large, and the new sums of squares",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 4 };
export const reference: Reference = /* @__PURE__ */ optimizerReference(
  1,
  ({ rate, count, x, g, states }, { decay_factor = 0, epsilon = 1e-6, norm_coefficient = 0 }) => {
    const gradient = norm_coefficient * x + g;
    const squares = states[0]! + gradient ** 2;
    return [x - ((rate / (1 + count * decay_factor)) * gradient) / (Math.sqrt(squares) + epsilon), squares];
  },
);
export const cases = (): readonly OperatorCase[] =>
  optimizerCases(1, [{}, { decay_factor: 0.1, epsilon: 0.001, norm_coefficient: 0.05 }]);
