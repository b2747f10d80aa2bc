// Recurrent layers over sequences: what each step multiplies of its input by weights hangs on no other step, so it is one matrix product for all of them. The
// steps then read half as many weights (or fewer), each gate's beside each other in memory.
import { Poly } from "../../ir/poly.js";
import { constantDims, constantValue } from "../constants.js";
import type { Dims, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";

const gatesOf: Readonly<Record<string, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

const multiplyFirst: Rule = node => {
  const gates = node.domain === "" ? gatesOf[node.op] : undefined;
  const [X, W, R, B, ...others] = node.inputs;
  // sums of narrower floats would be rounded on their way
  if (!gates || !X?.dims || !W?.dims || !R?.dims || X.dtype !== "f32") return undefined;
  const steps = X.dims[node.attributes.layout === 1 ? 1 : 0]!;
  const sizes = constantDims(W.dims);
  if (!sizes || (steps.isConst && steps.constant <= 1)) return undefined;
  const [directions, rows, features] = sizes as [number, number, number];
  const units = rows / gates;
  const nodes: GraphNode[] = [];
  const made = (
    op: string,
    name: string,
    inputs: readonly Value[],
    dims: Dims,
    attributes: GraphNode["attributes"] = {},
  ): Value => {
    const value: Value = { name: `${node.name}/${name}`, dtype: "f32", dims };
    nodes.push(makeNode(value.name, op, inputs, [value], attributes));
    return value;
  };
  /** `first`: dims that stay as they are, before those in numbers */
  const reshaped = (v: Value, name: string, first: Dims, dims: readonly number[]): Value => {
    const wanted = [...first.map(() => 0), ...dims];
    const shape = constantValue(`${node.name}/${name} dims`, "i64", [wanted.length], wanted);
    return made("Reshape", name, [v, shape], [...first, ...dims.map(Poly.int)]);
  };
  const all = directions * rows;
  const weights = reshaped(W, "rows", [], [all, features]);
  const table = made("Transpose", "table", [weights], [Poly.int(features), Poly.int(all)], { perm: [1, 0] });
  const sequence = X.dims.slice(0, 2);
  const products = made("MatMul", "products", [X, table], [...sequence, Poly.int(all)]);
  const inputs = [
    reshaped(products, "gates", sequence, [directions, gates, units]),
    reshaped(R, "R", [], [directions, gates, units, units]),
    B && reshaped(B, "B", [], [directions, 2 * gates, units]),
    ...others,
  ];
  const attributes = { ...node.attributes, cell: node.op };
  nodes.push({ ...node, domain: "azulejo", op: "RecurrentSteps", opset: 1, inputs, attributes });
  return { nodes };
};

export const recurrentProducts: Pass = {
  name: "recurrent-products",
  run: graph => rewriteEverywhere(graph, multiplyFirst),
};
