// LinearAttention: attention without a softmax: a state of keys×values is carried along the sequence, decayed, corrected and read.
import type { Dtype } from "../ir/dtypes.js";
import { Poly, Sym } from "../ir/poly.js";
import type { Kernel, Tensor } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../tile/index.js";
import { dimOf, dot, fold, recordKernel, zeros } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse, requireOneOf, requireRanks } from "./checks.js";
import { linearAttentionCases, linearAttentionReference } from "./linear-attention-reference.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";

const op = "LinearAttention";

export const operator: Operator = {
  name: op,
  inputs: ["query", "key", "value", "past_state?", "decay?", "beta?", "erase_gate?"],
  outputs: ["output", "present_state?"],
  attributes: {
    chunk_size: { type: "int" },
    kv_num_heads: { type: "int", required: true },
    q_num_heads: { type: "int", required: true },
    scale: { type: "float", default: 0 },
    update_rule: { type: "string", default: "gated_delta" },
  },
  dtypes: ({ dtypes }) => ({ output: dtypes.query!, present_state: dtypes.past_state ?? dtypes.query! }),
  shape: node => {
    checkRule(node);
    const { keys, values, groups, heads } = sizesOf(node);
    checkDims(node, { keys, values, groups, heads });
    const [batch, steps] = node.dims.query!;
    return {
      output: [batch!, steps!, Poly.int(heads * values)],
      present_state: [batch!, Poly.int(groups), Poly.int(keys), Poly.int(values)],
    };
  },
  kernels: node => [kernelOf(node)],
};

/** Gates go along with the sequence, one for each head or each of its keys; a state has no sequence. */
function checkDims(node: NodeInfo, { keys, values, groups }: Sizes): void {
  const gates = { decay: [3], beta: [3], erase_gate: [3] };
  requireRanks(op, node, { ...gates, past_state: [4] });
  const [batch, steps] = node.dims.query!;
  const last: Readonly<Record<string, readonly number[]>> = {
    decay: [groups, groups * keys],
    beta: [groups, 1],
    erase_gate: [groups * keys],
  };
  for (const name of ["key", "value", ...Object.keys(gates)]) {
    const dims = node.dims[name];
    if (!dims) continue;
    const sentence = `${name} is ${printDims(dims)} and query ${printDims(node.dims.query!)}; batch and sequence must agree`;
    requireEqual(op, node, batch!, dims[0]!, sentence);
    requireEqual(op, node, steps!, dims[1]!, sentence);
    const [width, widths] = [dims[2]!, last[name]];
    // which of them decides what is read
    if (widths && !widths.some(w => width.equals(w)))
      refuse(
        width.isConst ? "shape" : "operator-unsupported",
        op,
        node,
        `${name} of ${printDims(dims)} must have ${widths.join(" or ")} as its last dim`,
      );
  }
  const state = node.dims.past_state;
  [batch!, Poly.int(groups), Poly.int(keys), Poly.int(values)].forEach((d, k) => {
    const sentence = `past_state is ${printDims(state ?? [])}; it must be batch×${groups}×${keys}×${values}`;
    if (state) requireEqual(op, node, d, state[k]!, sentence);
  });
}

interface Sizes {
  /** heads of the query, and those of key and value, of which each serves a group */
  readonly heads: number;
  readonly groups: number;
  /** size of a head of keys and of values */
  readonly keys: number;
  readonly values: number;
}
function sizesOf(node: NodeInfo): Sizes {
  const { q_num_heads: heads, kv_num_heads: groups } = node.attributes;
  if (!(groups > 0) || heads % groups !== 0)
    refuse(
      "operator-attribute",
      op,
      node,
      `q_num_heads ${heads} is no multiple of kv_num_heads ${groups}; each head of keys serves as many of the query`,
    );
  const [keys, shared, values] = [
    headSize(node, "query", heads),
    headSize(node, "key", groups),
    headSize(node, "value", groups),
  ];
  if (keys === 0 || values === 0)
    refuse(
      "shape",
      op,
      node,
      `heads of key have ${keys} elements and heads of value ${values}; give tensors whose heads have one at least`,
    );
  if (keys !== shared)
    refuse("shape", op, node, `heads of query have ${keys} elements and heads of key ${shared}; they must agree`);
  return { heads, groups, keys, values };
}
function headSize(node: NodeInfo, name: string, heads: number): number {
  const dims = node.dims[name]!;
  const hidden = dims[2];
  if (dims.length !== 3 || !hidden?.isConst || hidden.constant % heads !== 0)
    refuse(
      dims.length === 3 && !hidden!.isConst ? "operator-unsupported" : "shape",
      op,
      node,
      `${name} of ${printDims(dims)} must be batch×sequence×(heads·size) with ${heads} heads and its last dim in numbers`,
    );
  return hidden.constant / heads;
}

const rules: Readonly<Record<string, readonly string[]>> = {
  linear: [],
  gated: ["decay"],
  delta: ["beta"],
  gated_delta: ["decay", "beta"],
};
function checkRule(node: NodeInfo): void {
  requireOneOf(op, node, "update_rule", Object.keys(rules));
  const rule = node.attributes.update_rule as string;
  const wanted = rules[rule]!;
  for (const name of ["decay", "beta"])
    if (wanted.includes(name) !== (node.dims[name] !== undefined))
      refuse(
        "graph-invalid",
        op,
        node,
        `update_rule "${rule}" ${wanted.includes(name) ? "needs" : "takes no"} input ${name}; give another rule`,
      );
  if (node.dims.erase_gate && !wanted.includes("beta"))
    refuse("graph-invalid", op, node, `update_rule "${rule}" takes no input erase_gate; give another rule`);
}

/** Blocks of columns of the state walk the sequence: no column of a head looks at another. */
function kernelOf(node: NodeInfo): Kernel {
  const sizes = sizesOf(node);
  const [B, T] = [Poly.sym(new Sym("B")), Poly.sym(new Sym("T"))];
  const { groups, keys, values } = sizes;
  const state = [B, groups, keys, values].map(Poly.of);
  const tensors = [...node.present, ...node.wanted].map((name): Tensor => {
    const written = node.wanted.includes(name);
    const hidden = name === "output" ? Poly.int(sizes.heads * values) : node.dims[name]?.[2];
    const dims = name === "past_state" || name === "present_state" ? state : [B, T, hidden!];
    return { name, dtype: dtypeOf(node, name), dims, role: written ? "output" : "input" };
  });
  const grid = [newAxis("b", B), newAxis("h", Poly.int(groups)), newAxis("m", Poly.int(values))];
  const dims = [
    { name: "B", size: B },
    { name: "T", size: T },
  ];
  return recordKernel({ name: "linear_attention", tensors, dims, grid }, (views, [b, h, m]) =>
    walk(node, sizes, T, views, [b!, h!, m!]),
  );
}
const dtypeOf = (node: NodeInfo, name: string): Dtype => node.dtypes[name] ?? operator.dtypes!(node)[name]!;

function walk(
  node: NodeInfo,
  { heads, groups, keys, values }: Sizes,
  T: Poly,
  views: Readonly<Record<string, View<Dtype>>>,
  [b, h, m]: readonly [AnyIndex, AnyIndex, AnyIndex],
): void {
  const { query, key, value, past_state, decay, beta, erase_gate, output, present_state } = views;
  const dtype = node.dtypes.query!;
  const compute = computeDtype(dtype);
  const read = (v: View<Dtype>, ...i: AnyTile[]): AnyTile => v.at(...i).cast(compute);
  const d = dimOf("D", Poly.int(keys)).all("d");
  const g = dimOf("G", Poly.int(heads / groups)).all("g");
  const head = h.mul(heads / groups).add(g);
  const scale = node.attributes.scale || 1 / Math.sqrt(keys);
  const perHead = (name: string): boolean => node.dims[name]![2]!.equals(groups);
  const start = past_state ? read(past_state, b, h, d, m) : zeros(compute, b, h, d, m);
  const [last] = fold(dimOf("T", T).steps(), [start], (t, [held]): [AnyTile] => {
    const k = read(key!, b, t, h.mul(keys).add(d));
    const v = read(value!, b, t, h.mul(values).add(m));
    const gate = decay && read(decay, b, t, perHead("decay") ? h : h.mul(keys).add(d));
    const kept: AnyTile = gate ? held.mul(gate.exp()) : held;
    const erased = erase_gate ? read(erase_gate, b, t, h.mul(keys).add(d)).mul(k) : k;
    const written: AnyTile = beta
      ? v.sub(dot(kept, erased, d)).mul(beta.at(b, t, perHead("beta") ? h : 0).cast(compute))
      : v;
    const next = kept.add(k.mul(written));
    const q = read(query!, b, t, head.mul(keys).add(d));
    output?.at(b, t, head.mul(values).add(m)).set(dot(q, next, d).mul(scale).cast(dtype));
    return [next];
  });
  present_state?.at(b, h, d, m).set(last.cast(dtypeOf(node, "present_state")));
}

export const doc: OperatorDoc = {
  summary: "Attention as a recurrence: a state of keys×values is decayed, corrected and read at each step",
  dtypes: "float",
  opsets: [27, 27],
  limits: "heads and their sizes must be numbers at compile time",
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };
export const reference: Reference = linearAttentionReference;
export const cases = (): readonly OperatorCase[] => linearAttentionCases();
