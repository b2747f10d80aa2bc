// QMoE of com.microsoft: MoE whose weights are of 2, 4 or 8 bits, with a scale and a zero point for each row or block.
import type { Dims, Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { requireDims } from "../broadcast.js";
import { refuse } from "../checks.js";
import type {
  Attributes,
  Builder,
  Expansion,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "../operator.js";
import { requireMultiple } from "../required-sizes.js";
import { checkExperts, expertsAttributes, expertsReference, requireLayers, sendToExperts } from "./experts.js";

const op = "QMoE";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "input",
    "router_probs",
    "fc1_experts_weights",
    "fc1_scales",
    "fc1_experts_bias?",
    "fc2_experts_weights",
    "fc2_scales",
    "fc2_experts_bias?",
    "fc3_experts_weights?",
    "fc3_scales?",
    "fc3_experts_bias?",
    "fc1_zero_points?",
    "fc2_zero_points?",
    "fc3_zero_points?",
    "router_weights?",
  ],
  outputs: ["output"],
  attributes: {
    ...expertsAttributes,
    expert_weight_bits: { type: "int", default: 4 },
    block_size: { type: "int", default: 0 },
    quant_type: { type: "string", default: "int" },
    weights_prepacked: { type: "int", default: -1 },
    // how narrow a kernel may compute: this one is exact to the dtype of the input
    accuracy_level: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ output: dtypes.input! }),
  shape: node => {
    checkExperts(op, node);
    const { expert_weight_bits: bits, quant_type, weights_prepacked } = node.attributes;
    if (![2, 4, 8].includes(bits))
      refuse("operator-attribute", op, node, `expert_weight_bits ${bits} is unknown; use 2, 4 or 8`);
    if (quant_type !== "int" || weights_prepacked === 1)
      refuse(
        "operator-unsupported",
        op,
        node,
        `quant_type "${quant_type}" and prepacked weights are for GPUs; export integer weights as they are`,
      );
    requireQuantized(node);
    return { output: node.dims.input! };
  },
  expand: (node, build) => {
    const { expert_weight_bits: bits, block_size } = node.attributes;
    return {
      output: sendToExperts(node, build, (x, layer, experts) => {
        const [W, scales, zeros] = columnsLast(node, build, layer);
        return build.node("ExpertMatMul", [x, W, experts, scales, zeros], { bits, block_size }, "azulejo");
      }),
    };
  },
};

/**
 * Columns become neighbours in memory, so that lanes read them side by side; constants do as they are loaded. Blocks that end within a byte, or
 * behind the row, stay as they are.
 */
function columnsLast(node: Expansion, build: Builder, layer: string): readonly (Value | undefined)[] {
  const { expert_weight_bits: bits, block_size } = node.attributes;
  const [W, scales, zeros] = ["experts_weights", "scales", "zero_points"].map(n => node.inputs[`${layer}_${n}`]);
  const dims = node.dims[`${layer}_experts_weights`]!;
  const bytes = dims[2]!.isConst ? dims[2]!.constant : 0;
  const own = block_size === 0 ? bytes : (block_size * bits) / 8;
  if (bytes === 0 || !dims.every(d => d.isConst) || !Number.isInteger(bytes / own) || !Number.isInteger(own))
    return [W, scales, zeros];
  const [experts, rows, blocks] = [dims[0]!.constant, dims[1]!.constant, bytes / own];
  const moved = (x: Value, ...sizes: number[]): Value => {
    const shaped = build.node("Reshape", [x, build.constant("i64", [sizes.length], sizes)]);
    return build.node("Transpose", [shaped], { perm: sizes.length === 4 ? [0, 2, 3, 1] : [0, 2, 1] });
  };
  return [
    moved(W!, experts, rows, blocks, own),
    moved(scales!, experts, rows, blocks),
    zeros && block_size > 0 ? moved(zeros, experts, rows, Math.ceil((blocks * bits) / 8)) : zeros,
  ];
}

/** Bytes of several weights, with a scale and a zero point for each row, or for each block of a row. */
function requireQuantized(node: NodeInfo): void {
  const { expert_weight_bits: bits, block_size } = node.attributes;
  if (block_size < 0)
    refuse("operator-attribute", op, node, `block_size ${block_size} is no size; use 0 for one scale a row, or more`);
  const bytesOf = (count: Poly): Poly => opaque("div", count.mul(bits).add(7), Poly.int(8));
  const require = (name: string, dims: Dims, layout: string): void => requireDims(op, node, name, dims, layout);
  requireLayers(
    op,
    node,
    (experts, rows, columns) => [experts, rows, bytesOf(columns)],
    ({ layer, experts, rows, columns }) => {
      const [weights, scales] = [`${layer}_experts_weights`, `${layer}_scales`];
      if (!node.dims[weights] !== !node.dims[scales])
        refuse("graph-invalid", op, node, `${weights} and ${scales} belong together; give both or neither`);
      const bytes = `${columns.print()} weights of ${bits} bits in a row of ${weights} are no whole bytes`;
      requireMultiple(op, node, columns.mul(bits), 8, bytes);
      if (block_size === 0) {
        require(scales, [experts, rows], "experts×rows");
        require(`${layer}_zero_points`, [experts, bytesOf(rows)], "experts×bytes of the rows");
        return;
      }
      const blocks = opaque("div", columns.add(block_size - 1), Poly.int(block_size));
      require(scales, [experts, rows, blocks], "experts×rows×blocks");
      require(`${layer}_zero_points`, [experts, rows, bytesOf(blocks)], "experts×rows×bytes of the blocks");
    },
  );
  require("router_weights", node.dims.router_probs!, "tokens×experts");
}

export const doc: OperatorDoc = {
  summary: "MoE with weights of 2, 4 or 8 bits, scales and zero points for rows or blocks",
  dtypes: "input float, weights u8",
  opsets: [1, 1],
  limits: "integer weights as they are; no use_sparse_mixer",
};
/** that of MoE */
export const tolerance: Tolerance = { relative: 64, absolute: 64 };
export const reference: Reference = (inputs, attributes) => {
  const { expert_weight_bits: bits = 4, block_size = 0 } = attributes;
  const output = expertsReference(inputs, attributes, layer => {
    const zero_points = inputs[`${layer}_zero_points`];
    return {
      attributes: { bits, block_size },
      inputs: { scales: inputs[`${layer}_scales`]!, ...(zero_points ? { zero_points } : {}) },
    };
  });
  return { output };
};

interface More {
  readonly bias?: boolean;
  readonly zeros?: boolean;
  readonly router?: boolean;
}
const [E, H, I] = [3, 32, 64];
const of = (attributes: Attributes, { bias, zeros, router }: More = {}): OperatorCase => {
  const { expert_weight_bits: bits = 4, block_size = 0 } = attributes;
  const fused = attributes.activation_type === "swiglu" ? 2 : 1;
  const bytes = (...dims: readonly number[]) => ({ dtype: "u8", dims, range: [0, 255] }) as const;
  const layer = (name: string, rows: number, columns: number): OperatorCase["inputs"] => ({
    [`${name}_experts_weights`]: bytes(E, rows, (columns * bits) / 8),
    [`${name}_scales`]: {
      dtype: "f32",
      dims: block_size ? [E, rows, columns / block_size] : [E, rows],
      range: [0.1 / 2 ** bits, 0.3 / 2 ** bits],
    },
    ...(bias ? { [`${name}_experts_bias`]: { dtype: "f32" as const, dims: [E, rows] } } : {}),
    ...(zeros
      ? {
          [`${name}_zero_points`]: block_size
            ? bytes(E, rows, (columns / block_size) * (bits / 8))
            : bytes(E, (rows * bits) / 8),
        }
      : {}),
  });
  return {
    name: `${JSON.stringify(attributes)}${bias ? ", biases" : ""}${zeros ? ", zero points" : ""}${router ? ", weights of their own" : ""}`,
    attributes,
    inputs: {
      input: { dtype: "f32", dims: [4, H] },
      router_probs: { dtype: "f32", dims: [4, E] },
      ...layer("fc1", fused * I, H),
      ...layer("fc2", H, I),
      ...(router ? { router_weights: { dtype: "f32" as const, dims: [4, E], range: [0.1, 1] as const } } : {}),
    },
  };
};
const swiglu = { activation_type: "swiglu", swiglu_fusion: 1, activation_alpha: 1.702, activation_beta: 1 };
export const cases = (): readonly OperatorCase[] => [
  of({ k: 2, normalize_routing_weights: 1 }),
  of({ k: 2, normalize_routing_weights: 1, ...swiglu, swiglu_limit: 7 }, { bias: true }),
  of({ k: 1, normalize_routing_weights: 1, expert_weight_bits: 8, activation_type: "silu" }),
  of({ k: 2, normalize_routing_weights: 1, block_size: 16, ...swiglu }, { zeros: true }),
  of({ k: 2, normalize_routing_weights: 1, activation_type: "gelu" }, { zeros: true, bias: true }),
  of({ k: 2, activation_type: "identity" }, { router: true }),
];
