// RecurrentSteps: what remains of a recurrent layer when the products of its inputs and their weights are there for all steps, as one matrix product makes
// them. An operator of this project: the pass "recurrent-products" makes it.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { printDims, refuse } from "./checks.js";
import { gruCell, reference as gruReference } from "./gru.js";
import { lstmCell, reference as lstmReference } from "./lstm.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { directionsOf, layerDims, recurrentAttributes } from "./recurrent.js";
import type { Cell, CellOf } from "./recurrent-kernel.js";
import { recurrentKernels } from "./recurrent-kernel.js";
import { recurrentCase } from "./recurrent-references.js";
import { reference as rnnReference, rnnCell } from "./rnn.js";

const cells: Readonly<Record<string, CellOf>> = { LSTM: lstmCell, GRU: gruCell, RNN: rnnCell };
function cellOf(node: NodeInfo): Cell {
  const known = cells[node.attributes.cell as string];
  if (!known)
    refuse(
      "operator-attribute",
      "RecurrentSteps",
      node,
      `the cell ${node.attributes.cell} is unknown; use LSTM, GRU or RNN`,
    );
  return known(node);
}

export const operator: Operator = {
  name: "RecurrentSteps",
  domain: "azulejo",
  inputs: ["G", "R", "B?", "sequence_lens?", "initial_h?", "initial_c?", "P?"],
  outputs: ["Y?", "Y_h?", "Y_c?"],
  attributes: {
    ...recurrentAttributes,
    cell: { type: "string" },
    input_forget: { type: "int", default: 0 },
    linear_before_reset: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.G!, Y_h: dtypes.G!, Y_c: dtypes.G! }),
  shape: node => {
    const { gates } = cellOf(node);
    const directions = Poly.int(directionsOf("RecurrentSteps", node).length);
    const { G, R } = node.dims as { G: Dims; R: Dims };
    const sentence = `G of ${printDims(G)} and R of ${printDims(R)} are not steps×batch×directions×gates×units and directions×gates×units×units; change the shapes`;
    if (G.length !== 5 || R.length !== 4) refuse("shape", "RecurrentSteps", node, sentence);
    const units = G[4]!;
    const count = Poly.int(gates);
    const { Y, state } = layerDims("RecurrentSteps", node, [G[0]!, G[1]!], units, {
      G: [...G.slice(0, 2), directions, count, units],
      R: [directions, count, units, units],
      B: [directions, count.mul(2), units],
    });
    return { Y, Y_h: state, Y_c: state };
  },
  kernels: node => recurrentKernels(node, cellOf(node)),
};

const references: Readonly<Record<string, Reference>> = { LSTM: lstmReference, GRU: gruReference, RNN: rnnReference };
export const reference: Reference = (inputs, attributes, node) =>
  references[attributes.cell as string]!(inputs, attributes, node);

/** A case of a recurrent layer with products in the place of what they are made of. */
function ofProducts(cell: string, gates: number, { name, attributes, inputs }: OperatorCase): OperatorCase {
  const { X, R, B, W: _, ...others } = inputs as Readonly<Record<string, OperatorCase["inputs"][string]>>;
  const [D, , H] = R!.dims as readonly [number, number, number];
  return {
    name: `${cell} ${name}`,
    attributes: { ...attributes, cell },
    inputs: {
      G: { ...X!, dims: [...X!.dims.slice(0, 2), D, gates, H] },
      R: { ...R!, dims: [D, gates, H, H], constant: true },
      ...(B ? { B: { ...B, dims: [D, 2 * gates, H] } } : {}),
      ...others,
    },
  };
}
const both: Attributes = { direction: "bidirectional" };
export const cases = (): readonly OperatorCase[] => [
  ofProducts(
    "LSTM",
    4,
    recurrentCase("bidirectional", 4, undefined, both, ["B", "sequence_lens", "initial_h", "initial_c", "P"]),
  ),
  ofProducts("LSTM", 4, recurrentCase("batch first", 4, { S: 4, N: 3, I: 2, H: 21 }, { layout: 1 })),
  ofProducts("GRU", 3, recurrentCase("reverse", 3, { S: 4, N: 1, I: 2, H: 37 }, { direction: "reverse" })),
  ofProducts("GRU", 3, recurrentCase("linear before reset", 3, undefined, { linear_before_reset: 1 })),
  ofProducts("RNN", 1, recurrentCase("without bias", 1, undefined, both, [])),
  ofProducts("RNN", 1, recurrentCase("f64", 1, undefined, {}, ["B"], "f64")),
];

export const tolerance: Tolerance = { relative: 32, absolute: 32 };

export const doc: OperatorDoc = {
  summary: "The steps of an LSTM, GRU or RNN whose inputs were multiplied by their weights for all steps",
  dtypes: "float",
  opsets: [1, 1],
  limits: "made of LSTM, GRU and RNN that walk a sequence",
};
