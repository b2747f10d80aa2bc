// RelativePositionBias of com.microsoft: a bias of scores for each distance of query and key, distances in buckets as T5 has them
// (Raffel et al., 2020): near ones each in their own, far ones in buckets that grow with their logarithm.
import { Poly } from "../../ir/poly.js";
import { refuse, requireRanks } from "../checks.js";
import { requiredNumber } from "../known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, tabulate } from "../reference-tensors.js";
import { numberOfDim } from "./attention-parts.js";

const op = "RelativePositionBias";

interface Form {
  readonly buckets: number;
  readonly farthest: number;
  readonly both: boolean;
}
/** The bucket of a key that lies `distance` behind the query. */
function bucketOf(distance: number, { buckets, farthest, both }: Form): number {
  const side = both ? buckets / 2 : buckets;
  const first = both && distance > 0 ? side : 0;
  const near = both ? Math.abs(distance) : Math.max(-distance, 0);
  const exactOnes = side / 2;
  if (near < exactOnes) return first + near;
  // in f32, as T5's own code
  const share = Math.fround(Math.log(Math.fround(near / exactOnes))) / Math.fround(Math.log(farthest / exactOnes));
  return first + Math.min(exactOnes + Math.trunc(Math.fround(share) * (side - exactOnes)), side - 1);
}
const bucketsOf = (node: NodeInfo): number => numberOfDim(op, node, node.dims.bias_table![0]!, "the number of buckets");
const lengthsOf = (node: NodeInfo): readonly [number, number] => [
  requiredNumber(op, node, "query_length"),
  requiredNumber(op, node, "key_length"),
];

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["bias_table", "query_length", "key_length"],
  outputs: ["output"],
  content: ["query_length", "key_length"],
  attributes: { is_bidirectional: { type: "int", default: 0 }, max_distance: { type: "int", required: true } },
  shape: node => {
    requireRanks(op, node, { bias_table: [2] });
    const { is_bidirectional, max_distance } = node.attributes;
    const [buckets, sides] = [bucketsOf(node), is_bidirectional ? 2 : 1];
    // half of the buckets of each direction are for single distances
    if (buckets === 0 || buckets % (2 * sides) !== 0)
      refuse("shape", op, node, `bias_table has ${buckets} buckets; it must have a multiple of ${2 * sides}`);
    if (max_distance <= buckets / sides / 2)
      refuse(
        "operator-attribute",
        op,
        node,
        `max_distance ${max_distance} is among the ${buckets / sides / 2} distances with a bucket each; make it larger`,
      );
    const [queries, keys] = lengthsOf(node);
    return { output: [Poly.one, node.dims.bias_table![1]!, Poly.int(queries), Poly.int(keys)] };
  },
  expand: (node, build) => {
    const [queries, keys] = lengthsOf(node);
    const { is_bidirectional, max_distance: farthest } = node.attributes;
    const buckets = bucketsOf(node);
    const form = { buckets, farthest, both: is_bidirectional !== 0 };
    const of = Array.from({ length: queries * keys }, (_, at) => bucketOf((at % keys) - Math.floor(at / keys), form));
    // the table lies column by column: the buckets of a head are neighbours
    const heads = build.node("Reshape", [node.inputs.bias_table, build.constant("i64", [2], [-1, buckets])]);
    const biases = build.node("Gather", [heads, build.constant("i64", [queries, keys], of)], { axis: 1 });
    return { output: build.node("Unsqueeze", [biases, build.constant("i64", [1], [0])]) };
  },
};

export const doc: OperatorDoc = {
  summary: "Biases of scores by distance of query and key, in T5's buckets; the table lies column by column",
  dtypes: "float",
  opsets: [1, 1],
  limits: "lengths must be known at compile time",
};
export const tolerance = exact;

/** Buckets by the bounds between them, in float64. */
export const reference: Reference = ({ bias_table, query_length, key_length }, { is_bidirectional, max_distance }) => {
  const [buckets, heads] = bias_table!.dims as [number, number];
  const [Q, K] = [Number(query_length!.data[0]), Number(key_length!.data[0])];
  const side = is_bidirectional ? buckets / 2 : buckets;
  const half = side / 2;
  const output = tabulate(bias_table!.dtype, [1, heads, Q, K], ([, h, q, k]) => {
    const ahead = k! - q!;
    const distance = is_bidirectional ? Math.abs(ahead) : Math.max(-ahead, 0);
    let bucket = Math.min(distance, half);
    // bucket half + n begins where distance = half · (max_distance / half)^(n / (side − half))
    while (bucket >= half && bucket < side - 1) {
      const next = half * (max_distance / half) ** ((bucket + 1 - half) / (side - half));
      if (distance < next - 1e-6) break;
      bucket++;
    }
    return bias_table!.data[h! * buckets + bucket + (is_bidirectional && ahead > 0 ? side : 0)]!;
  });
  return { output };
};

const of = (queries: number, keys: number, both: 0 | 1, dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${queries} queries, ${keys} keys${both ? ", both directions" : ""}`,
  attributes: { max_distance: 128, is_bidirectional: both },
  inputs: {
    bias_table: { dtype, dims: [32, 3] },
    query_length: { dtype: "i64", dims: [], data: [queries] },
    key_length: { dtype: "i64", dims: [], data: [keys] },
  },
});
export const cases = (): readonly OperatorCase[] => [of(7, 7, 0), of(150, 150, 1), of(150, 150, 0, "f16"), of(1, 1, 1)];
