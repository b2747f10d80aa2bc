// CategoryMapper: texts become integers by a list of pairs, integers become texts by the same.
import type { AnyTensor } from "../../runtime/host-value.js";
import { refuse } from "../checks.js";
import { text } from "../host-tensors.js";
import { tensorType, textOf } from "../host-types.js";
import type { NodeInfo, Operator, OperatorDoc } from "../operator.js";

const op = "CategoryMapper";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    cats_int64s: { type: "ints" },
    cats_strings: { type: "strings" },
    default_int64: { type: "int", default: -1 },
    default_string: { type: "string", default: "_Unused" },
  },
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      categoriesOf(node);
      const { X } = node.types;
      return { Y: X!.text ? tensorType("i64", X!.dims) : textOf(X!.dims) };
    },
    run: ({ X }, node) => ({ Y: mapped(X as AnyTensor, node) }),
  },
};

type Categories = readonly (readonly [integer: number, word: string])[];

function categoriesOf(node: NodeInfo): Categories {
  const { cats_int64s: integers = [], cats_strings: texts = [] } = node.attributes;
  if (integers.length === 0 || integers.length !== texts.length)
    refuse(
      "operator-attribute",
      op,
      node,
      `cats_int64s has ${integers.length} entries and cats_strings ${texts.length}; give as many of the one as of the other`,
    );
  return integers.map((n: number, i: number) => [n, texts[i]]);
}

function mapped(X: AnyTensor, node: NodeInfo): AnyTensor {
  const { default_int64, default_string } = node.attributes;
  const pairs = categoriesOf(node);
  if (X.dtype === "string") {
    const byText = new Map(pairs.map(([n, s]) => [s, n]));
    const data = BigInt64Array.from(X.data, s => BigInt(byText.get(s) ?? default_int64));
    return { dtype: "i64", dims: X.dims, data };
  }
  const byInteger = new Map(pairs);
  const words = Array.from(X.data as ArrayLike<number | bigint>, n => byInteger.get(Number(n)) ?? default_string);
  return text(words, X.dims);
}

export const doc: OperatorDoc = {
  summary: "Texts as integers by a list of pairs, or integers as texts",
  dtypes: "i64 or text",
  opsets: [1, 1],
};
