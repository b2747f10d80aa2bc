// DictVectorizer: the values of a map as a row, with one column for each key of a vocabulary.
import { Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import { text } from "../host-tensors.js";
import { tensorType, textOf } from "../host-types.js";
import type { HostNode, Operator, OperatorDoc } from "../operator.js";
import { entriesOf, mapType } from "./map-values.js";

const op = "DictVectorizer";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { int64_vocabulary: { type: "ints" }, string_vocabulary: { type: "strings" } },
  shape: () => ({}),
  host: {
    reason: "it reads a map",
    types: node => {
      const { of } = mapType(op, node);
      const dims = [Poly.one, Poly.int(vocabularyOf(node).length)];
      return { Y: of.text ? textOf(dims) : tensorType(of.dtype, dims) };
    },
    run: ({ X }, node) => {
      const entries = entriesOf(op, node, X);
      const values = vocabularyOf(node).map(key => entries.get(key));
      const dims = [1, values.length];
      const { of } = mapType(op, node);
      if (of.text)
        return {
          Y: text(
            values.map(x => String(x ?? "")),
            dims,
          ),
        };
      if (of.dtype === "i64")
        return { Y: { dtype: "i64", dims, data: BigInt64Array.from(values.map(x => BigInt(x ?? 0))) } };
      const data = (of.dtype === "f64" ? Float64Array : Float32Array).from(values.map(x => Number(x ?? 0)));
      return { Y: { dtype: of.dtype === "f64" ? "f64" : "f32", dims, data } };
    },
  },
};

function vocabularyOf(node: HostNode): readonly (string | number)[] {
  const { int64_vocabulary: integers = [], string_vocabulary: texts = [] } = node.attributes;
  if ((integers.length === 0) === (texts.length === 0))
    refuse(
      "operator-attribute",
      op,
      node,
      "one of int64_vocabulary and string_vocabulary must be given, and only one; change the vocabulary",
    );
  return texts.length > 0 ? texts : integers;
}

export const doc: OperatorDoc = {
  summary:
    "The values of a map as a row, with one column for each key of a vocabulary; 0, or no text, where it lacks a key",
  dtypes: "map of i64 or text to i64, f32, f64 or text",
  opsets: [1, 1],
};
