// Scan: a body over slices of its inputs. Inference, the cut and the executors look into it.
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Scan",
  inputs: ["initial_state_and_scan_inputs..."],
  outputs: ["final_state_and_scan_outputs..."],
  attributes: {
    body: { type: "graph", required: true },
    num_scan_inputs: { type: "int", required: true },
    directions: { type: "ints" },
    scan_input_axes: { type: "ints" },
    scan_input_directions: { type: "ints" },
    scan_output_axes: { type: "ints" },
    scan_output_directions: { type: "ints" },
  },
  shape: () => ({}),
  host: { reason: "rounds whose results change size need the host" },
};

export const doc: OperatorDoc = {
  summary: "Runs a body over the slices of tensors",
  dtypes: "any",
  opsets: [8, 25],
};
