// CastMap: the values of a map as a row, in the order of their keys, or at the columns that their keys are.
import { Poly } from "../../ir/poly.js";
import type { AnyTensor } from "../../runtime/host-value.js";
import { refuse, requireOneOf } from "../checks.js";
import { text } from "../host-tensors.js";
import { tensorType, textOf } from "../host-types.js";
import type { HostNode, Operator, OperatorDoc } from "../operator.js";
import type { Scalar } from "./map-values.js";
import { entriesOf, mapType } from "./map-values.js";

const op = "CastMap";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    cast_to: { type: "string", default: "TO_FLOAT" },
    map_form: { type: "string", default: "DENSE" },
    max_map: { type: "int", default: 1 },
  },
  shape: () => ({}),
  host: {
    reason: "it reads a map",
    types: node => {
      requireOneOf(op, node, "cast_to", ["TO_FLOAT", "TO_STRING", "TO_INT64"]);
      requireOneOf(op, node, "map_form", ["DENSE", "SPARSE"]);
      const { cast_to, map_form, max_map } = node.attributes;
      if (mapType(op, node).key.text) refuse("operator-unsupported", op, node, "keys of X are text; give integers");
      const dims = [Poly.one, map_form === "SPARSE" ? Poly.int(max_map) : node.unknownDim("Y", 1)];
      return { Y: cast_to === "TO_STRING" ? textOf(dims) : tensorType(cast_to === "TO_FLOAT" ? "f32" : "i64", dims) };
    },
    run: ({ X }, node) => {
      const entries = entriesOf(op, node, X) as ReadonlyMap<number, Scalar>;
      return { Y: cast(node, node.attributes.map_form === "SPARSE" ? sparse(node, entries) : dense(entries)) };
    },
  },
};

const dense = (entries: ReadonlyMap<number, Scalar>): readonly (Scalar | undefined)[] =>
  [...entries].sort(([a], [b]) => a - b).map(([, value]) => value);

function sparse(node: HostNode, entries: ReadonlyMap<number, Scalar>): readonly (Scalar | undefined)[] {
  const { max_map } = node.attributes;
  const outside = [...entries.keys()].find(key => !(key >= 0 && key < max_map));
  if (outside !== undefined)
    refuse("input", op, node, `the key ${outside} of X is no column of ${max_map}; use keys of 0..${max_map - 1}`);
  return Array.from({ length: max_map }, (_, key) => entries.get(key));
}

/** Columns without a key are 0, or the text "0". */
function cast(node: HostNode, values: readonly (Scalar | undefined)[]): AnyTensor {
  const { cast_to } = node.attributes;
  const dims = [1, values.length];
  if (cast_to === "TO_STRING")
    return text(
      values.map(x => String(x ?? 0)),
      dims,
    );
  const numbers = values.map(x => Number(x ?? 0));
  if (cast_to === "TO_FLOAT") return { dtype: "f32", dims, data: Float32Array.from(numbers) };
  const integers = numbers.map(Math.trunc);
  const odd = integers.findIndex(n => !Number.isSafeInteger(n));
  if (odd >= 0) refuse("input", op, node, `the value ${values[odd]} of X is no integer; give numbers`);
  return { dtype: "i64", dims, data: BigInt64Array.from(integers, BigInt) };
}

export const doc: OperatorDoc = {
  summary: "The values of a map as a row, in the order of their keys, or at the columns that their keys are",
  dtypes: "map of i64 to f32 or text",
  opsets: [1, 1],
};
