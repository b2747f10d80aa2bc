// Momentum: a step along a decaying mean of gradients, Nesterov's too.
import { where } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { optimizerCases, optimizerReference, optimizerStep } from "./optimizer-step.js";

export const operator: Operator = /* @__PURE__ */ optimizerStep({
  name: "Momentum",
  attributes: {
    alpha: { type: "float", required: true },
    beta: { type: "float", required: true },
    mode: { type: "string", required: true },
    norm_coefficient: { type: "float", required: true },
  },
  states: 1,
  update: ({ rate, count, x, g, states }, { alpha, beta, mode, norm_coefficient }) => {
    const gradient = x.mul(norm_coefficient).add(g);
    // the first step takes the whole gradient
    const share = where(count.gt(0), gradient.mul(beta), gradient);
    const velocity = states[0]!.mul(alpha).add(share);
    const along = mode === "nesterov" ? gradient.add(velocity.mul(alpha)) : velocity;
    return [x.sub(rate.mul(along)), velocity];
  },
});

export const doc: OperatorDoc = {
  summary: "Tensors after a step along a decaying mean of their gradients, and the new means; Nesterov's method too",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 4 };
export const reference: Reference = /* @__PURE__ */ optimizerReference(
  1,
  ({ rate, count, x, g, states }, { alpha, beta, mode, norm_coefficient }) => {
    const gradient = norm_coefficient * x + g;
    const velocity = alpha * states[0]! + (count > 0 ? beta : 1) * gradient;
    return [x - rate * (mode === "nesterov" ? gradient + alpha * velocity : velocity), velocity];
  },
);
const of = (mode: string) => ({ alpha: 0.95, beta: 0.85, mode, norm_coefficient: 0.01 });
export const cases = (): readonly OperatorCase[] => optimizerCases(1, [of("standard"), of("nesterov")]);
