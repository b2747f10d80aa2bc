// GatedRelativePositionBias of com.microsoft: relative positions' biases of scores, scaled by gates that each query computes from itself.
import type { Value } from "../../graph/graph.js";
import { requireDims, requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { splitHeads } from "../attention-core.js";
import { floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { numberOfDim } from "./attention-parts.js";
import { Poly } from "../../ir/poly.js";

const op = "GatedRelativePositionBias";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["query_layer", "query_bias", "rel_pos", "weight", "bias", "eco_a", "token_offset?"],
  outputs: ["output"],
  attributes: { num_heads: { type: "int", required: true } },
  shape: node => {
    if (node.dims.token_offset)
      refuse("operator-unsupported", op, node, "token_offset is for packed tokens on GPUs; export without it");
    requireRanks(op, node, { query_layer: [3], query_bias: [1], rel_pos: [4], weight: [2], bias: [1], eco_a: [4] });
    const gates = numberOfDim(op, node, node.dims.weight![1]!, "the last dim of weight");
    if (gates % 2 !== 0)
      refuse("shape", op, node, `weight of ${printDims(node.dims.weight!)} must have an even number of columns`);
    const [batch, sequence, hidden] = node.dims.query_layer as readonly [Poly, Poly, Poly];
    const heads = Poly.int(node.attributes.num_heads);
    const size = node.dims.weight![0]!;
    const split = `query_layer of ${printDims(node.dims.query_layer!)} is not ${heads.print()} heads of ${size.print()} columns, which weight takes; set num_heads`;
    requireEqual(op, node, hidden, heads.mul(size), split);
    requireDims(op, node, "query_bias", [hidden], "hidden");
    requireDims(op, node, "rel_pos", [Poly.one, heads, sequence, sequence], "1×heads×sequence×sequence");
    requireDims(op, node, "bias", [Poly.int(gates)], "a number for each column of weight");
    requireDims(op, node, "eco_a", [Poly.one, heads, Poly.one, Poly.one], "1×heads×1×1");
    return { output: [batch, heads, sequence, sequence] };
  },
  expand: ({ inputs, attributes }, build) => {
    const { query_layer, query_bias, rel_pos, weight, bias, eco_a } = inputs;
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const query = splitHeads(build, build.node("Add", [query_layer, query_bias]), attributes.num_heads);
    const gates = build.node("Add", [build.node("MatMul", [query, weight]), bias]);
    const halves = build.node("Reshape", [gates, vector(0, 0, 0, 2, -1)]);
    const both = build.node("Sigmoid", [build.node("ReduceSum", [halves, vector(4)], { keepdims: 0 })]);
    const [u, r] = build.several("Split", 2, [both], { axis: 3, num_outputs: 2 });
    const one = (x: number): Value => build.node("CastLike", [build.constant("f32", [], [x]), query_layer]);
    const inner = build.node("Sub", [build.node("Mul", [r, eco_a]), one(1)]);
    const gate = build.node("Add", [build.node("Mul", [u, inner]), one(2)]);
    return { output: build.node("Mul", [gate, rel_pos]) };
  },
};

export const doc: OperatorDoc = {
  summary:
    "(u · (r · eco_a − 1) + 2) · rel_pos, gates u and r being sigmoids of sums over (query + query_bias) · weight + bias",
  dtypes: "float",
  opsets: [1, 1],
  limits: "no token_offset",
};
/** a contraction, a sum and a sigmoid */
export const tolerance: Tolerance = { relative: 16, absolute: 16 };

export const reference: Reference = ({ query_layer, query_bias, rel_pos, weight, bias, eco_a }, { num_heads: H }) => {
  const [B, S, hidden] = query_layer!.dims as [number, number, number];
  const D = weight!.dims[1]!;
  const size = hidden / H;
  const [q, w, p] = [elements(query_layer!), elements(weight!), elements(rel_pos!)];
  const number = (t: typeof bias, i: number): number => Number(t!.data[i]);
  const gate = (b: number, h: number, s: number, first: number): number => {
    let sum = 0;
    for (let c = first; c < first + D / 2; c++) {
      sum += number(bias, c);
      for (let d = 0; d < size; d++)
        sum += (Number(q([b, s, h * size + d])) + number(query_bias, h * size + d)) * Number(w([d, c]));
    }
    return 1 / (1 + Math.exp(-sum));
  };
  const output = tabulate(query_layer!.dtype, [B, H, S, S], ([b, h, i, j]) => {
    const factor = gate(b!, h!, i!, 0) * (gate(b!, h!, i!, D / 2) * number(eco_a, h!) - 1) + 2;
    return factor * Number(p([0, h!, i!, j!]));
  });
  return { output };
};

const of = (dtype: "f32" | "f16", sequence: number): OperatorCase => ({
  name: `${dtype}, ${sequence} tokens`,
  attributes: { num_heads: 3 },
  inputs: {
    query_layer: { dtype, dims: [2, sequence, 12] },
    query_bias: { dtype, dims: [12] },
    rel_pos: { dtype, dims: [1, 3, sequence, sequence] },
    weight: { dtype, dims: [4, 8], range: [-0.5, 0.5] },
    bias: { dtype, dims: [8], range: [-0.5, 0.5] },
    eco_a: { dtype, dims: [1, 3, 1, 1] },
  },
});
export const cases = (): readonly OperatorCase[] => [...floats.map(d => of(d as "f32", 5)), of("f32", 1)];
