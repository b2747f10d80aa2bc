// What MoE and QMoE share: which experts a token is sent to, what lies between their two layers, and how results are joined.
import type { Dims, Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { requireDims, requireEqual } from "../broadcast.js";
import { printDims, refuse, requireOneOf, requireRanks } from "../checks.js";
import type { Attributes, Builder, Expansion, NodeInfo, Operator, ReferenceTensor } from "../operator.js";
import { reference as product } from "./expert-mat-mul.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";
import { requireAtMost, requireMultiple } from "../required-sizes.js";

export const expertsAttributes = {
  k: { type: "int", default: 1 },
  activation_type: { type: "string", default: "relu" },
  activation_alpha: { type: "float", default: 1 },
  activation_beta: { type: "float", default: 0 },
  normalize_routing_weights: { type: "int", default: 0 },
  swiglu_fusion: { type: "int", default: 0 },
  swiglu_limit: { type: "float" },
  use_sparse_mixer: { type: "int", default: 0 },
} as const satisfies Operator["attributes"];

export function checkExperts(op: string, node: NodeInfo): void {
  requireOneOf(op, node, "activation_type", ["relu", "gelu", "silu", "swiglu", "identity"]);
  requireRanks(op, node, {
    input: [2, 3],
    router_probs: [2],
    fc1_experts_weights: [3],
    fc1_experts_bias: [2],
    fc2_experts_weights: [3],
    fc2_experts_bias: [2],
    fc3_experts_weights: [3],
    fc3_experts_bias: [2],
  });
  const { activation_type, swiglu_fusion, use_sparse_mixer, k } = node.attributes;
  const { fc3_experts_weights: third, fc1_experts_weights: first, router_probs: router } = node.dims;
  if (use_sparse_mixer)
    refuse("operator-unsupported", op, node, "use_sparse_mixer is not supported; export with a softmax of the router");
  if (activation_type === "swiglu" && swiglu_fusion === 0 && !third)
    refuse(
      "graph-invalid",
      op,
      node,
      "swiglu with swiglu_fusion 0 needs fc3_experts_weights; give them, or a fused first layer",
    );
  requireEqual(
    op,
    node,
    router![1]!,
    first![0]!,
    `router_probs of ${printDims(router!)} and fc1_experts_weights of ${printDims(first!)} differ in experts; they must agree`,
  );
  const tokens = Poly.product(node.dims.input!.slice(0, -1));
  const rows = `router_probs of ${printDims(router!)} must have a row for each of the ${tokens.print()} tokens of input; change either`;
  requireEqual(op, node, router![0]!, tokens, rows);
  const some = `k ${k} is no number of experts; use 1..${router![1]!.print()}`;
  if (k < 1) refuse("operator-attribute", op, node, some);
  requireAtMost(op, node, k, router![1]!, some);
}

/** The layers of a node, their rows and their columns: rows of weights are outputs. */
export interface LayerSizes {
  readonly layer: "fc1" | "fc2" | "fc3";
  readonly experts: Poly;
  readonly rows: Poly;
  readonly columns: Poly;
}
/** The second layer takes what the activation leaves of the first, and gives rows of the input's width. */
function layersOf(op: string, node: NodeInfo): readonly LayerSizes[] {
  const { input, fc1_experts_weights: first, fc3_experts_weights: third } = node.dims;
  const { activation_type, swiglu_fusion } = node.attributes;
  const [experts, inner, width] = [first![0]!, first![1]!, input!.at(-1)!];
  const isFused = activation_type === "swiglu" && swiglu_fusion !== 0 && !third;
  const halves = `fc1_experts_weights of ${printDims(first!)} has no halves for swiglu; make dim 1 even`;
  if (isFused) requireMultiple(op, node, inner, 2, halves);
  const left = isFused ? opaque("div", inner, Poly.int(2)) : inner;
  return [
    { layer: "fc1", experts, rows: inner, columns: width },
    { layer: "fc2", experts, rows: width, columns: left },
    { layer: "fc3", experts, rows: inner, columns: width },
  ];
}

/** Weights and biases of all layers fit; `stored` says in which dims weights of so many rows and columns lie. */
export function requireLayers(
  op: string,
  node: NodeInfo,
  stored: (experts: Poly, rows: Poly, columns: Poly) => Dims,
  more?: (sizes: LayerSizes) => void,
): void {
  for (const sizes of layersOf(op, node)) {
    const { layer, experts, rows, columns } = sizes;
    const weights = `experts×${rowsOf[layer]}`;
    requireDims(op, node, `${layer}_experts_weights`, stored(experts, rows, columns), weights);
    requireDims(op, node, `${layer}_experts_bias`, [experts, rows], weights.slice(0, weights.lastIndexOf("×")));
    more?.(sizes);
  }
}
const rowsOf = { fc1: "inner×hidden", fc2: "hidden×inner", fc3: "inner×hidden" } as const;

/** A layer of the chosen experts: tokens×choices×size, the bias not yet added. */
type Layer = (x: Value, layer: "fc1" | "fc2" | "fc3", experts: Value) => Value;

export function sendToExperts(node: Expansion, build: Builder, layer: Layer): Value {
  const { input, router_probs, router_weights } = node.inputs;
  const { k, normalize_routing_weights } = node.attributes;
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const scores = router_weights ? router_probs! : build.node("Softmax", [router_probs], { axis: -1 });
  const [best, experts] = build.several("TopK", 2, [scores, vector(k)], { axis: -1 });
  const chosen = router_weights ? build.node("GatherElements", [router_weights, experts], { axis: 1 }) : best!;
  const weights = normalize_routing_weights
    ? build.node("Div", [chosen, build.node("ReduceSum", [chosen, vector(1)])])
    : chosen;
  const tokens = node.dims.input!.length === 2 ? input! : build.node("Flatten", [input], { axis: -1 });
  const biased = (x: Value, name: "fc1" | "fc2" | "fc3"): Value => {
    const y = layer(x, name, experts!);
    const bias = node.inputs[`${name}_experts_bias`];
    return bias ? build.node("Add", [y, build.node("Gather", [bias, experts], { axis: 0 })]) : y;
  };
  const first = biased(tokens, "fc1");
  const third = node.inputs.fc3_experts_weights ? biased(tokens, "fc3") : undefined;
  const outputs = biased(activated(node, build, first, third), "fc2");
  const weighed = build.node("Mul", [outputs, build.node("Unsqueeze", [weights, vector(2)])]);
  const sum = build.node("ReduceSum", [weighed, vector(1)], { keepdims: 0 });
  return node.dims.input!.length === 2 ? sum : build.node("Reshape", [sum, build.node("Shape", [input])]);
}
function activated({ attributes, dtypes }: Expansion, build: Builder, first: Value, third: Value | undefined): Value {
  const { activation_type: type } = attributes;
  if (type === "swiglu") return swiGlu(attributes, build, first, third, dtypes.input!);
  const y =
    type === "relu"
      ? build.node("Relu", [first])
      : type === "gelu"
        ? build.node("Gelu", [first], { approximate: "tanh" })
        : type === "silu"
          ? build.node("Swish", [first])
          : first;
  return third ? build.node("Mul", [y, third]) : y;
}

/** G · sigmoid(alpha · G) · (L + beta), G and L clamped. */
function swiGlu(
  { activation_alpha: alpha, activation_beta: beta, swiglu_limit: limit, swiglu_fusion }: Attributes,
  build: Builder,
  first: Value,
  third: Value | undefined,
  dtype: Value["dtype"] & string,
): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const scalar = (x: number): Value => build.constant(dtype, [], [x]);
  const part = (which: 0 | 1): Value => {
    if (swiglu_fusion !== 1) return build.several("Split", 2, [first], { axis: -1, num_outputs: 2 })[which]!;
    const end = Number.MAX_SAFE_INTEGER;
    return build.node("Slice", [first, vector(which), vector(end), vector(2), vector(2)]);
  };
  const [g, l] = third ? [first, third] : [part(0), part(1)];
  const bounded = (x: Value, low: boolean): Value =>
    limit === undefined ? x : build.node("Clip", [x, low ? scalar(-limit) : undefined, scalar(limit)]);
  const G = bounded(g, false);
  const shifted = beta === 0 ? bounded(l, true) : build.node("Add", [bounded(l, true), scalar(beta)]);
  return build.node("Mul", [build.node("Swish", [G], { alpha }), shifted]);
}

/** All of it in float64. `layer` gives tokens×choices×size for rows of tokens, or of tokens and choices. */
export function expertsReference(
  inputs: Readonly<Record<string, ReferenceTensor>>,
  attributes: Attributes,
  settings: (layer: "fc1" | "fc2" | "fc3") => {
    readonly attributes: Attributes;
    readonly inputs: Readonly<Record<string, ReferenceTensor>>;
  },
): ReferenceTensor {
  const { input, router_probs, router_weights } = inputs;
  const { k = 1, normalize_routing_weights = 0 } = attributes;
  const [T, E] = router_probs!.dims as [number, number];
  const H = input!.dims.at(-1)!;
  const tokens = { ...input!, dims: [T, H] };
  const rows = numbersOf(router_probs!);
  const given = router_weights && numbersOf(router_weights);
  const routes = Array.from({ length: T }, (_, t) => {
    const row = rows.slice(t * E, (t + 1) * E);
    const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
    const best = row
      .map((_, e) => e)
      .sort((a, b) => row[b]! - row[a]! || a - b)
      .slice(0, k as number);
    const weights = best.map(e => (given ? given[t * E + e]! : Math.exp(row[e]!) / total));
    const sum = normalize_routing_weights ? weights.reduce((a, b) => a + b, 0) : 1;
    return { best, weights: weights.map(w => w / sum) };
  });
  const experts: ReferenceTensor = { dtype: "i64", dims: [T, k], data: routes.flatMap(r => r.best.map(BigInt)) };
  const biased = (x: ReferenceTensor, name: "fc1" | "fc2" | "fc3"): ReferenceTensor => {
    const own = settings(name);
    const W = inputs[`${name}_experts_weights`]!;
    const node = { present: [], opset: 1, outputCount: 1 };
    const { Y } = product({ X: x, W, experts, ...own.inputs }, own.attributes, node);
    const bias = inputs[`${name}_experts_bias`];
    if (!bias) return Y!;
    const [read, b] = [elements(Y!), elements(bias)];
    return tabulate("f64", Y!.dims, i => Number(read(i)) + Number(b([routes[i[0]!]!.best[i[1]!]!, i[2]!])));
  };
  const real = { ...tokens, dtype: "f64" as const };
  const third = inputs.fc3_experts_weights && biased(real, "fc3");
  const outputs = elements(biased(activatedReference(attributes, biased(real, "fc1"), third), "fc2"));
  const width = inputs.fc2_experts_weights!.dims[1]!;
  const sums = tabulate(input!.dtype, [T, width], ([t, h]) =>
    routes[t!]!.weights.reduce((sum, w, j) => sum + w * Number(outputs([t!, j, h!])), 0),
  );
  return { ...sums, dims: input!.dims };
}

function activatedReference(
  attributes: Attributes,
  first: ReferenceTensor,
  third: ReferenceTensor | undefined,
): ReferenceTensor {
  const { activation_type: type = "relu", activation_alpha: alpha = 1, activation_beta: beta = 0 } = attributes;
  const { swiglu_limit: limit = Number.POSITIVE_INFINITY, swiglu_fusion = 0 } = attributes;
  const read = elements(first);
  const other = third && elements(third);
  if (type !== "swiglu") {
    const f: Readonly<Record<string, (x: number) => number>> = {
      relu: x => Math.max(x, 0),
      gelu: x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
      silu: x => x / (1 + Math.exp(-x)),
      identity: x => x,
    };
    return tabulate("f64", first.dims, i => f[type]!(Number(read(i))) * (other ? Number(other(i)) : 1));
  }
  const size = third ? first.dims[2]! : first.dims[2]! / 2;
  return tabulate("f64", first.dims.with(2, size), ([t, j, i]) => {
    const at = (which: 0 | 1): number =>
      Number(read([t!, j!, swiglu_fusion === 1 ? 2 * i! + which : which * size + i!]));
    const [g, l] = other ? [Number(read([t!, j!, i!])), Number(other([t!, j!, i!]))] : [at(0), at(1)];
    const G = Math.min(g, limit);
    return (G / (1 + Math.exp(-alpha * G))) * (Math.min(Math.max(l, -limit), limit) + beta);
  });
}
