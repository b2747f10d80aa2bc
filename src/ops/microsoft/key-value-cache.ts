// KeyValueCache: new keys or values put behind those of the past, for each batch behind as many as it has. An operator of this project:
// GroupQueryAttention expands to it.
import type { Dims } from "../../graph/graph.js";
import { literal, where } from "../../tile/index.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { commonDtype } from "../elementwise.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "KeyValueCache",
  domain: "azulejo",
  inputs: ["past", "X", "starts"],
  outputs: ["Y"],
  dtypes: node => ({ Y: commonDtype("KeyValueCache", node, ["past", "X"]) }),
  shape: node => ({ Y: joinedDims(node) }),
  at: ({ inputs }) => ({
    Y: (b, h, j, d) => {
      const { past, X, starts } = inputs;
      const start = starts!.at(b!).cast("i32");
      const position = j!.sub(start);
      const own = X!.at(b!, h!, position.maximum(0).minimum(X!.dims[2]!.size.sub(1)), d!);
      const rest = where(position.lt(X!.dims[2]!.size), own, literal(own.dtype, 0));
      return where(position.lt(0), past!.at(b!, h!, j!, d!), rest);
    },
  }),
};

function joinedDims(node: NodeInfo): Dims {
  const [past, X] = [node.dims.past!, node.dims.X!];
  const agree = `past of ${printDims(past)} and X of ${printDims(X)} must be batch×heads×sequence×size and agree but in the sequence`;
  if (past.length !== 4 || X.length !== 4) refuse("shape", "KeyValueCache", node, agree);
  for (const d of [0, 1, 3]) requireEqual("KeyValueCache", node, past[d]!, X[d]!, agree);
  return [X[0]!, X[1]!, past[2]!.add(X[2]!), X[3]!];
}

export const doc: OperatorDoc = {
  summary: "New keys or values behind those of the past, by batch: a part of GroupQueryAttention",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ past, X, starts }) => {
  const [old, own] = [elements(past!), elements(X!)];
  const dims = X!.dims.with(2, past!.dims[2]! + X!.dims[2]!);
  return {
    Y: tabulate(X!.dtype, dims, i => {
      const start = Number(starts!.data[i[0]!]);
      return (i[2]! < start ? old(i) : own(i.with(2, i[2]! - start))) ?? 0;
    }),
  };
};

const of = (past: number, sequence: number, starts: readonly number[], dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${past} and ${sequence}, starting at ${starts.join(" and ")}`,
  inputs: {
    past: { dtype, dims: [2, 3, past, 8] },
    X: { dtype, dims: [2, 3, sequence, 8] },
    starts: { dtype: "i64", dims: [2], data: starts },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of(5, 3, [5, 5]),
  of(5, 3, [5, 2]),
  of(5, 1, [3, 0]),
  of(0, 4, [0, 0]),
  of(5, 3, [5, 4], "f16"),
];
