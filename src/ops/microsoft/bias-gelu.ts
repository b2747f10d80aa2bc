// BiasGelu of com.microsoft: Gelu of A + B, B along the last dim.
import { broadcastDims, readBroadcast } from "../broadcast.js";
import { commonDtype } from "../elementwise.js";
import { binaryCases, binaryReference, floats } from "../elementwise-references.js";
import { gelu, reference as geluReference, tolerance as geluTolerance } from "../gelu.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";

export const operator: Operator = {
  name: "BiasGelu",
  domain: "com.microsoft",
  inputs: ["A", "B"],
  outputs: ["C"],
  shape: node => ({ C: broadcastDims("BiasGelu", node, ["A", "B"]) }),
  dtypes: node => ({ C: commonDtype("BiasGelu", node, ["A", "B"]) }),
  at: ({ inputs, outputs }) => ({
    C: (...i) => gelu(readBroadcast(inputs.A!, i, outputs.C!).add(readBroadcast(inputs.B!, i, outputs.C!))),
  }),
};

export const doc: OperatorDoc = { summary: "Gelu of A + B, with broadcasting", dtypes: "float", opsets: [1, 1] };
export const tolerance = geluTolerance;

const sum = /* @__PURE__ */ binaryReference((a, b) => a + b);
export const reference: Reference = (inputs, attributes, node) => {
  const { C } = sum(inputs, attributes, node);
  return { C: geluReference({ X: C! }, {}, node).Y! };
};
export const cases = (): readonly OperatorCase[] =>
  binaryCases(floats, [
    [-3, 3],
    [-2, 2],
  ]);
