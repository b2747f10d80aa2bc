// Constant: a tensor in the node itself. Front ends turn it into a constant value of the graph, so that nothing is left to run.

import type { Dims, KnownValue, Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { refuse } from "./checks.js";
import type { NodeInfo, Operator, OperatorDoc } from "./operator.js";

interface Content {
  readonly dtype: Dtype;
  readonly dims: Dims;
  readonly known: KnownValue | undefined;
}

const numbers = (dtype: Dtype, data: readonly number[], dims: readonly number[]): Content => ({
  dtype,
  dims: dims.map(n => Poly.int(n)),
  known: { dims, data: dtype === "i64" ? data.map(x => Poly.int(x)) : data },
});

function contentOf(node: NodeInfo): Content {
  const { value, value_float, value_floats, value_int, value_ints } = node.attributes;
  if (value) {
    const { dtype, dims, known } = (value as { tensor: Value }).tensor;
    return { dtype: dtype!, dims: dims!, known };
  }
  if (value_float !== undefined) return numbers("f32", [value_float], []);
  if (value_int !== undefined) return numbers("i64", [value_int], []);
  if (value_floats) return numbers("f32", value_floats, [value_floats.length]);
  if (value_ints) return numbers("i64", value_ints, [value_ints.length]);
  refuse(
    "operator-unsupported",
    "Constant",
    node,
    "it holds no dense tensor of numbers; strings and sparse tensors are not supported",
  );
}

export const operator: Operator = {
  name: "Constant",
  inputs: [],
  outputs: ["output"],
  attributes: {
    value: { type: "tensor" },
    value_float: { type: "float" },
    value_floats: { type: "floats" },
    value_int: { type: "int" },
    value_ints: { type: "ints" },
  },
  dtypes: node => ({ output: contentOf(node).dtype }),
  shape: node => ({ output: contentOf(node).dims }),
  values: node => ({ output: contentOf(node).known }),
  host: { reason: "front ends turn it into a constant value" },
};

export const doc: OperatorDoc = {
  summary: "A tensor in the node itself; it becomes a constant of the graph",
  dtypes: "any",
  opsets: [1, 25],
};
