// LabelEncoder (ai.onnx.ml): keys replaced by the values beside them in a list, all others by a default.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import type { AnyTensor } from "../../runtime/host-value.js";
import { refuse } from "../checks.js";
import { tensorType, textOf } from "../host-types.js";
import { numberOf } from "../known-values.js";
import type { NodeInfo, Operator, OperatorDoc } from "../operator.js";

type Item = string | number;

export const operator: Operator = {
  name: "LabelEncoder",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    classes_strings: { type: "strings" },
    keys_strings: { type: "strings" },
    keys_int64s: { type: "ints" },
    keys_floats: { type: "floats" },
    keys_tensor: { type: "tensor" },
    values_strings: { type: "strings" },
    values_int64s: { type: "ints" },
    values_floats: { type: "floats" },
    values_tensor: { type: "tensor" },
    default_string: { type: "string", default: "_Unused" },
    default_int64: { type: "int", default: -1 },
    default_float: { type: "float", default: 0 },
    default_tensor: { type: "tensor" },
  },
  shape: () => ({}),
  host: {
    reason: "it looks keys up, of texts too",
    types: node => {
      const { dtype } = valuesOf(node);
      const { dims } = node.types.X!;
      return { Y: dtype === "string" ? textOf(dims) : tensorType(dtype, dims) };
    },
    run: ({ X }, node) => ({ Y: encode(X as AnyTensor, node) }),
  },
};

interface Items {
  readonly dtype: Dtype | "string";
  readonly items: readonly Item[];
}

function itemsOf(node: NodeInfo, what: "keys" | "values"): Items | undefined {
  const { attributes } = node;
  const of = (name: string): readonly Item[] | undefined => attributes[`${what}_${name}`];
  const tensor = (attributes[`${what}_tensor`] as { tensor: Value } | undefined)?.tensor;
  if (tensor) return tensorItems(node, tensor);
  const [strings, int64s, floats] = [of("strings"), of("int64s"), of("floats")];
  if (strings) return { dtype: "string", items: strings };
  if (int64s) return { dtype: "i64", items: int64s };
  return floats && { dtype: "f32", items: floats };
}
function tensorItems(node: NodeInfo, { text, strings, dtype, known }: Value): Items {
  if (text) return { dtype: "string", items: strings! };
  const items = known?.data.map(x => numberOf(x)) ?? [];
  if (!known || items.some(x => x === undefined))
    refuse(
      "operator-unsupported",
      "LabelEncoder",
      node,
      "a tensor of keys or values has more than 128 elements; use lists of keys and values",
    );
  return { dtype: dtype!, items: items as number[] };
}

/** Until opset 1 classes were numbered in their order, and both directions were one operator. */
function keysOf(node: NodeInfo & { readonly types?: Readonly<Record<string, { text?: true }>> }): Items {
  const classes: readonly string[] | undefined = node.attributes.classes_strings;
  if (!classes) return itemsOf(node, "keys") ?? missing(node, "keys");
  const fromText = node.types?.X?.text;
  return fromText ? { dtype: "string", items: classes } : { dtype: "i64", items: classes.map((_, i) => i) };
}
function valuesOf(node: NodeInfo & { readonly types?: Readonly<Record<string, { text?: true }>> }): Items {
  const classes: readonly string[] | undefined = node.attributes.classes_strings;
  if (!classes) return itemsOf(node, "values") ?? missing(node, "values");
  const fromText = node.types?.X?.text;
  return fromText ? { dtype: "i64", items: classes.map((_, i) => i) } : { dtype: "string", items: classes };
}
function missing(node: NodeInfo, what: string): never {
  refuse(
    "operator-attribute",
    "LabelEncoder",
    node,
    `it has no ${what}; give them as strings, int64s, floats or a tensor`,
  );
}

function defaultOf(node: NodeInfo, dtype: Items["dtype"]): Item {
  const { default_string, default_int64, default_float, default_tensor } = node.attributes;
  if (default_tensor) return tensorItems(node, (default_tensor as { tensor: Value }).tensor).items[0]!;
  return dtype === "string" ? default_string : dtype === "i64" ? default_int64 : default_float;
}

function encode(X: AnyTensor, node: NodeInfo): AnyTensor {
  const keys = keysOf(node).items;
  const { dtype, items } = valuesOf(node);
  const byKey = new Map(keys.map((k, i) => [k, items[i]!]));
  const otherwise = defaultOf(node, dtype);
  // NaN is a key like any other
  const out = Array.from(
    X.data as ArrayLike<Item | bigint>,
    x => byKey.get(typeof x === "bigint" ? Number(x) : x) ?? otherwise,
  );
  if (dtype === "string") return { dtype, dims: X.dims, data: out as string[] };
  return numeric(dtype, X.dims, out as number[]);
}
function numeric(dtype: Dtype, dims: readonly number[], values: readonly number[]): AnyTensor {
  if (dtype === "i64") return { dtype, dims, data: BigInt64Array.from(values, BigInt) };
  const of = { f64: Float64Array, i32: Int32Array, i16: Int16Array }[dtype as "f64"] ?? Float32Array;
  return { dtype, dims, data: of.from(values) };
}

export const doc: OperatorDoc = {
  summary: "Keys replaced by the values beside them in a list",
  dtypes: "i64, i32, i16, f32, f64 or text",
  opsets: [1, 4],
};
