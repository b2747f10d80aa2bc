// LinearAttention of com.microsoft: that of ai.onnx, whose heads of the query may also be fewer than those of the values.
import type { Value } from "../../graph/graph.js";
import { refuse, requireRanks } from "../checks.js";
import { operator as standard, reference as standardReference } from "../linear-attention.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "LinearAttention";

/** how many heads of the values look at one of the query */
function sharesOf(node: NodeInfo): number {
  const { q_num_heads: heads, kv_num_heads: groups, state_window } = node.attributes;
  if (state_window !== 0)
    refuse("operator-unsupported", op, node, "a window of states is for speculative decoders; export without it");
  if (groups <= heads) return 1;
  if (!(heads > 0) || groups % heads !== 0)
    refuse(
      "operator-attribute",
      op,
      node,
      `kv_num_heads ${groups} is no multiple of q_num_heads ${heads}; each head of the query serves as many`,
    );
  requireRanks(op, node, { query: [3] });
  if (!node.dims.query![2]!.isConst)
    refuse("operator-unsupported", op, node, "the last dim of query must be a number; fix it");
  return groups / heads;
}

/** the node as one of ai.onnx, with a head of the query for each of the values at least */
function asStandard(node: NodeInfo): NodeInfo {
  const { state_window: _, ...attributes } = node.attributes;
  const shares = sharesOf(node);
  if (shares === 1) return { ...node, attributes };
  const query = node.dims.query!.with(2, node.dims.query![2]!.mul(shares));
  return {
    ...node,
    attributes: { ...attributes, q_num_heads: attributes.kv_num_heads },
    dims: { ...node.dims, query },
  };
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["query", "key", "value", "past_state?", "decay?", "beta?"],
  outputs: ["output", "present_state?"],
  attributes: { ...standard.attributes, state_window: { type: "int", default: 0 } },
  dtypes: standard.dtypes!,
  shape: node => standard.shape(asStandard(node)),
  expand: (node, build) => {
    const { query, key, value, past_state, decay, beta } = node.inputs;
    const { attributes } = asStandard(node);
    const shares = sharesOf(node);
    const heads = node.attributes.q_num_heads as number;
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const repeated = (): Value => {
      const size = node.dims.query!.at(-1)!.constant / heads;
      const apart = build.node("Reshape", [query, vector(0, 0, heads, 1, size)]);
      return build.node("Reshape", [build.node("Tile", [apart, vector(1, 1, 1, shares, 1)]), vector(0, 0, -1)]);
    };
    const q = shares === 1 ? query : repeated();
    const [output, present_state] = build.several(
      "LinearAttention",
      2,
      [q, key, value, past_state, decay, beta],
      attributes,
    );
    return { output: output!, present_state: present_state! };
  },
};

export const doc: OperatorDoc = {
  summary: "LinearAttention of ai.onnx, whose heads of the query may also be fewer than those of the values",
  dtypes: "f32, f16 or bf16",
  opsets: [1, 1],
  limits: "no window of states; heads and their sizes must be numbers at compile time",
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };
export const reference: Reference = (inputs, attributes, node) => {
  const { q_num_heads: heads, kv_num_heads: groups } = attributes;
  if (groups <= heads) return standardReference(inputs, attributes, node);
  const read = elements(inputs.query!);
  const [B, T, hidden] = inputs.query!.dims as [number, number, number];
  const [size, shares] = [hidden / heads, groups / heads];
  const query = tabulate(
    inputs.query!.dtype,
    [B, T, groups * size],
    ([b, t, i]) => read([b!, t!, Math.floor(i! / (size * shares)) * size + (i! % size)])!,
  );
  return standardReference({ ...inputs, query }, { ...attributes, q_num_heads: groups }, node);
};

const of = (
  name: string,
  [heads, groups, T]: readonly [number, number, number],
  more: Readonly<Record<string, number>>,
  attributes: Attributes = {},
  dtype: "f32" | "f16" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes: { q_num_heads: heads, kv_num_heads: groups, ...attributes },
  outputCount: 2,
  inputs: {
    query: { dtype, dims: [2, T, heads * 4] },
    key: { dtype, dims: [2, T, groups * 4], range: [-0.5, 0.5] },
    value: { dtype, dims: [2, T, groups * 3] },
    ...(more.past ? { past_state: { dtype, dims: [2, groups, 4, 3] } } : {}),
    ...(more.decay ? { decay: { dtype, dims: [2, T, more.decay], range: [-1, 0] as const } } : {}),
    ...(more.beta ? { beta: { dtype, dims: [2, T, more.beta], range: [0, 1] as const } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("linear", [2, 2, 5], {}, { update_rule: "linear" }),
  of("gated delta, as many heads", [2, 2, 6], { decay: 2, beta: 2, past: 1 }),
  of("gated delta, more heads of values", [2, 6, 5], { decay: 6, beta: 6, past: 1 }),
  of("gated delta, more heads of values in f16", [1, 2, 3], { decay: 2, beta: 2 }, {}, "f16"),
  of("fewer heads of values, one step", [4, 2, 1], { decay: 2, beta: 2, past: 1 }, { scale: 0.5 }),
];
