// MatMulNBits of com.microsoft: A · Bᵀ with weights of 2, 4 or 8 bits in blocks along K, each with a scale and a zero point.
import type { Dtype } from "../../ir/dtypes.js";
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { unpackedNumber } from "./packed-bits.js";

const blocksOf = ({ K, block_size }: Attributes): number => Math.ceil(K / block_size);

/** Elements that zero points of one column have: whole bytes where they are packed. */
const zerosOf = ({ dtypes, attributes }: Pick<NodeInfo, "dtypes" | "attributes">): number => {
  const blocks = blocksOf(attributes);
  return dtypes.zero_points === "u8" ? Math.ceil((blocks * attributes.bits) / 8) : blocks;
};

export const operator: Operator = {
  name: "MatMulNBits",
  domain: "com.microsoft",
  inputs: ["A", "B", "scales", "zero_points?", "g_idx?", "bias?"],
  outputs: ["Y"],
  attributes: {
    K: { type: "int", required: true },
    N: { type: "int", required: true },
    bits: { type: "int", default: 4 },
    block_size: { type: "int", required: true },
    // how narrow a kernel may compute: this one is exact to the dtype of A
    accuracy_level: { type: "int", default: 0 },
    weight_prepacked: { type: "int", default: 0 },
  },
  shape: node => {
    checkWeights(node);
    return { Y: [...node.dims.A!.slice(0, -1), Poly.int(node.attributes.N)] };
  },
  // columns become neighbours in memory, which constants do when they are loaded
  expand: ({ inputs, dtypes, attributes }, build) => {
    const { N, bits, block_size } = attributes;
    const blocks = blocksOf(attributes);
    const columnsLast = (x: Value | undefined, ...dims: number[]): Value | undefined => {
      if (!x) return undefined;
      const shaped = build.node("Reshape", [x, build.constant("i64", [dims.length], dims)]);
      return build.node("Transpose", [shaped], { perm: [...dims.keys()].map(d => (d + 1) % dims.length) });
    };
    const parts = [
      inputs.A,
      columnsLast(inputs.B, N, blocks, (block_size * bits) / 8),
      columnsLast(inputs.scales, N, blocks),
      columnsLast(inputs.zero_points, N, zerosOf({ dtypes, attributes })),
      inputs.g_idx,
      inputs.bias,
    ];
    return { Y: build.node("BlockMatMul", parts, { bits, block_size }, "azulejo") };
  },
};

function checkWeights(node: NodeInfo): void {
  const { K, N, bits, block_size: size, weight_prepacked } = node.attributes;
  const [A, B] = [node.dims.A!, node.dims.B!];
  if (![2, 4, 8].includes(bits))
    refuse("operator-attribute", "MatMulNBits", node, `bits ${bits} is unknown; use 2, 4 or 8`);
  if (weight_prepacked)
    refuse(
      "operator-unsupported",
      "MatMulNBits",
      node,
      "weight_prepacked names the layout of a GPU; export plain weights",
    );
  requireRanks("MatMulNBits", node, { A: { least: 1 }, B: [3], scales: [1, 2], g_idx: [1], bias: [1] });
  requireEqual(
    "MatMulNBits",
    node,
    A.at(-1)!,
    Poly.int(K),
    `A of ${printDims(A)} has no rows of K = ${K}; they must agree`,
  );
  const blocks = blocksOf(node.attributes);
  const bytes = N * blocks * ((size * bits) / 8);
  requireEqual(
    "MatMulNBits",
    node,
    Poly.product(B),
    Poly.int(bytes),
    `B of ${printDims(B)} must hold ${bytes} bytes: N × blocks along K × bytes of a block`,
  );
  const sizes = { scales: N * blocks, zero_points: N * zerosOf(node), g_idx: K, bias: N };
  for (const [name, size] of Object.entries(sizes)) {
    const dims = node.dims[name];
    const sentence = `${name} of ${dims && printDims(dims)} must hold ${size} elements for N = ${N}, K = ${K} and ${blocks} blocks along K`;
    if (dims) requireEqual("MatMulNBits", node, Poly.product(dims), Poly.int(size), sentence);
  }
}

export const doc: OperatorDoc = {
  summary:
    "A · Bᵀ, B in blocks of 2, 4 or 8 bits with scales and zero points (packed, or floats), plus bias; g_idx assigns columns to blocks",
  dtypes: "float",
  opsets: [1, 1],
  limits: "weight_prepacked is refused",
};
/** that of MatMul */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = ({ A, B, scales, zero_points, g_idx, bias }, { K, N, bits = 4, block_size }) => {
  const blocks = Math.ceil(K / block_size);
  const blob = (block_size * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const weight = (n: number, k: number): number => {
    const own = Math.floor(k / block_size);
    const q = unpackedNumber(B!, bits, (n * blocks + own) * blob, k % block_size);
    const block = g_idx ? Number(g_idx.data[k]) : own;
    const zero = !zero_points
      ? 2 ** (bits - 1)
      : zero_points.dtype === "u8"
        ? unpackedNumber(zero_points, bits, n * zeroBytes, block)
        : Number(zero_points.data[n * blocks + block]);
    return (q - zero) * Number(scales!.data[n * blocks + block]);
  };
  const W = Array.from({ length: N }, (_, n) => Array.from({ length: K }, (_, k) => weight(n, k)));
  const a = elements(A!);
  return {
    Y: tabulate(A!.dtype, A!.dims.with(-1, N), i => {
      const [row, n] = [i.slice(0, -1), i.at(-1)!];
      let sum = bias ? Number(bias.data[n]) : 0;
      for (let k = 0; k < K; k++) sum += Number(a([...row, k])) * W[n]![k]!;
      return sum;
    }),
  };
};

interface More {
  readonly bits?: number;
  readonly zero?: "packed" | "float" | "flat";
  readonly g?: readonly number[];
  readonly bias?: boolean;
  readonly dtype?: Dtype;
}
function of(
  lead: readonly number[],
  K: number,
  N: number,
  block_size: number,
  { bits = 4, zero, g, bias, dtype = "f32" }: More = {},
): OperatorCase {
  const blocks = Math.ceil(K / block_size);
  const bytes = { dtype: "u8", range: [0, 255] } as const;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const zeros =
    zero === "float"
      ? { dtype, dims: [N, blocks], range: [0, 15] as const }
      : { ...bytes, dims: zero === "flat" ? [N * zeroBytes] : [N, zeroBytes] };
  return {
    name: `${dtype} ${lead.join("×")}×${K} to ${N}, ${bits} bits, blocks of ${block_size}, zeros ${zero ?? "absent"}${g ? ", g_idx" : ""}${bias ? ", bias" : ""}`,
    attributes: { K, N, bits, block_size },
    inputs: {
      A: { dtype, dims: [...lead, K] },
      B: { ...bytes, dims: [N, blocks, (block_size * bits) / 8] },
      scales: { dtype, dims: zero === "flat" ? [N * blocks] : [N, blocks], range: [0.01, 0.2] },
      ...(zero ? { zero_points: zeros } : {}),
      ...(g ? { g_idx: { dtype: "i32", dims: [K], data: g } } : {}),
      ...(bias ? { bias: { dtype, dims: [N] } } : {}),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of([3], 32, 5, 16, { dtype })),
  of([2, 3], 48, 7, 16, { zero: "packed", bias: true }),
  of([1], 80, 8, 16, { zero: "flat" }),
  of([3], 40, 5, 32, { zero: "packed" }),
  of([2], 64, 17, 32, { zero: "float" }),
  of([3], 32, 5, 16, { bits: 8, zero: "packed" }),
  of([3], 32, 5, 16, { bits: 2, zero: "packed" }),
  of([2], 32, 4, 16, { zero: "packed", g: Array.from({ length: 32 }, (_, k) => (k * 7) % 2) }),
  of([2], 32, 4, 16, { g: Array.from({ length: 32 }, (_, k) => (k * 7) % 2) }),
  of([0], 32, 4, 16),
];
