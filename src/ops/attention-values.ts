// AttentionValues: values averaged by attention weights, a head of values for each group of heads of weights. An operator of this
// project: Attention and its kin expand to it.
import type { Dims } from "../graph/graph.js";
import { opaque } from "../ir/poly.js";
import { dot } from "../tile/index.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { floats } from "./elementwise-references.js";
import { indexTile } from "./index-tiles.js";
import type {
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "AttentionValues",
  domain: "azulejo",
  inputs: ["P", "V"],
  outputs: ["Y"],
  dtypes: node => ({ Y: commonDtype("AttentionValues", node, ["P", "V"]) }),
  shape: node => ({ Y: outputDims(node) }),
  at: ({ inputs }) => ({
    Y: (b, h, i, e) => {
      const { P, V } = inputs;
      const [heads, groups] = [P!.dims[1]!.poly, V!.dims[1]!.poly];
      const group = heads.equals(groups) ? h! : h!.idiv(indexTile(opaque("div", heads, groups)));
      const j = P!.dims[3]!.all("j");
      return dot(P!.at(b!, h!, i!, j), V!.at(b!, group, j, e!), j).cast(V!.dtype);
    },
  }),
};

function outputDims(node: NodeInfo): Dims {
  const [P, V] = [node.dims.P!, node.dims.V!];
  const agree = `there are weights of ${printDims(P)} for V of ${printDims(V)}; batch and length of the sequence must agree`;
  if (P.length !== 4 || V.length !== 4) refuse("shape", "AttentionValues", node, agree);
  requireEqual("AttentionValues", node, P[0]!, V[0]!, agree);
  requireEqual("AttentionValues", node, P[3]!, V[2]!, agree);
  return [P[0]!, P[1]!, P[2]!, V[3]!];
}

export const doc: OperatorDoc = {
  summary: "Values averaged by attention weights: a part of Attention and its kin",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = ({ P, V }) => ({ Y: valuesReference(P!, V!) });

export function valuesReference(P: ReferenceTensor, V: ReferenceTensor): ReferenceTensor {
  const [B, H, S, T] = P.dims as [number, number, number, number];
  const [groups, E] = [V.dims[1]!, V.dims[3]!];
  const [p, v] = [elements(P), elements(V)];
  return tabulate(V.dtype, [B, H, S, E], ([b, h, i, e]) => {
    let sum = 0;
    for (let j = 0; j < T; j++)
      sum += Number(p([b!, h!, i!, j])) * Number(v([b!, Math.floor((h! * groups) / H), j, e!]));
    return sum;
  });
}

const of = (
  p: readonly number[],
  v: readonly number[],
  dtype: OperatorCase["inputs"][string]["dtype"] = "f32",
): OperatorCase => ({
  name: `${dtype} ${p.join("×")} of ${v.join("×")}`,
  inputs: { P: { dtype, dims: p, range: [0, 1] }, V: { dtype, dims: v } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 5, 7], [2, 3, 7, 4], d)),
  of([1, 6, 3, 5], [1, 2, 5, 17]),
  of([2, 4, 1, 1], [2, 1, 1, 8]),
  of([1, 2, 3, 0], [1, 2, 0, 4]),
];
