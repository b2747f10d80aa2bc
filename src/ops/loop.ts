// Loop: a body that runs a number of times, or while a condition holds. Inference, the cut and the executors look into it.
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Loop",
  inputs: ["M?", "cond?", "v_initial..."],
  outputs: ["v_final_and_scan_outputs..."],
  attributes: { body: { type: "graph", required: true } },
  shape: () => ({}),
  host: { reason: "rounds whose results change size need the host" },
};

export const doc: OperatorDoc = {
  summary: "Runs a body a number of times, or while a condition holds",
  dtypes: "any",
  opsets: [1, 25],
};
