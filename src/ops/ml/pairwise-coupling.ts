// azulejo.PairwiseCoupling: shares of classes out of shares of every pair of them. A part of SVMClassifier.
import { Poly } from "../../ir/poly.js";
import type { AnyTensor } from "../../runtime/host-value.js";
import { tensorType } from "../host-types.js";
import type { Operator, OperatorDoc } from "../operator.js";

export const operator: Operator = {
  name: "PairwiseCoupling",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { classes: { type: "int", required: true } },
  shape: () => ({}),
  host: {
    reason: "it goes on until each row agrees with itself",
    types: ({ types, attributes }) => {
      const { dims } = types.X!;
      return { Y: tensorType("f32", dims && [dims[0]!, Poly.int(attributes.classes)]) };
    },
    run: ({ X }, { attributes }) => {
      const { dims, data } = X as AnyTensor;
      const [rows = 0, pairs = 0] = dims;
      const shares = Array.from({ length: rows }, (_, r) =>
        coupled(Array.from(data.slice(r * pairs, (r + 1) * pairs), Number), attributes.classes),
      );
      return { Y: { dtype: "f32", dims: [rows, attributes.classes], data: Float32Array.from(shares.flat()) } };
    },
  },
};

const least = 1e-7;

/**
 * Wu, Lin and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004), their second method, with
 * libsvm's bounds: the shares p with the least Σ (r_ji·p_i − r_ij·p_j)².
 */
export function coupled(shares: readonly number[], classes: number): readonly number[] {
  const { Q, range } = system(shares, classes);
  const p = range.map(() => 1 / classes);
  for (let round = 0; round < Math.max(100, classes); round++) {
    const Qp = range.map(t => range.reduce((s, j) => s + Q[t]![j]! * p[j]!, 0));
    let pQp = range.reduce((s, t) => s + p[t]! * Qp[t]!, 0);
    if (Qp.every(x => Math.abs(x - pQp) < 0.005 / classes)) break;
    for (const t of range) {
      const step = (pQp - Qp[t]!) / Q[t]![t]!;
      p[t] = p[t]! + step;
      pQp = (pQp + step * (step * Q[t]![t]! + 2 * Qp[t]!)) / (1 + step) ** 2;
      for (const j of range) {
        Qp[j] = (Qp[j]! + step * Q[t]![j]!) / (1 + step);
        p[j] = p[j]! / (1 + step);
      }
    }
  }
  return p;
}

function system(shares: readonly number[], classes: number): { Q: number[][]; range: readonly number[] } {
  const range = Array.from({ length: classes }, (_, c) => c);
  const r = range.map(() => range.map(() => 0));
  let at = 0;
  for (const i of range)
    for (let j = i + 1; j < classes; j++) {
      r[i]![j] = Math.min(Math.max(shares[at++]!, least), 1 - least);
      r[j]![i] = 1 - r[i]![j]!;
    }
  const Q = range.map(t =>
    range.map(j => (t === j ? range.reduce((s, o) => s + (o === t ? 0 : r[o]![t]! ** 2), 0) : -r[j]![t]! * r[t]![j]!)),
  );
  return { Q, range };
}

export const doc: OperatorDoc = {
  summary: "Shares of classes out of shares of every pair of them: a part of SVMClassifier",
  dtypes: "f32",
  opsets: [1, 1],
};
