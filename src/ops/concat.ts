// Concat: tensors behind one another along an axis. The planner makes windows of one buffer, or copies; the body here is for
// consumers that are inlined.
import type { Dims, KnownValue } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { requireEqual } from "./broadcast.js";
import { normalizeAxis, printDims, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import type { KnownElement } from "./known-values.js";
import { forEachIndex, knownDims, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";

interface Piece {
  readonly input: string;
  readonly start: Poly;
  readonly end: Poly;
}

/** Before opset 4 the axis had a default. */
const axisOf = (node: NodeInfo): number =>
  normalizeAxis("Concat", node, node.attributes.axis ?? 1, node.dims[node.present[0]!]!.length);

function piecesOf(node: NodeInfo): readonly Piece[] {
  const axis = axisOf(node);
  let end = Poly.zero;
  return node.present.map(input => {
    const start = end;
    end = end.add(node.dims[input]![axis]!);
    return { input, start, end };
  });
}

function joinedDims(node: NodeInfo): Dims {
  const axis = axisOf(node);
  const first = node.dims[node.present[0]!]!;
  for (const input of node.present) {
    const dims = node.dims[input]!;
    const sentence = `${input} is ${printDims(dims)} and ${node.present[0]} is ${printDims(first)}; all dims but axis ${axis} must be equal`;
    if (dims.length !== first.length) refuse("shape", "Concat", node, sentence);
    dims.forEach((d, k) => {
      if (k !== axis) requireEqual("Concat", node, d, first[k]!, sentence);
    });
  }
  const pieces = piecesOf(node);
  // a dim that one input knows in numbers is known of the result
  return first.map((_, k) => {
    if (k === axis) return pieces.at(-1)!.end;
    const sizes = node.present.map(input => node.dims[input]![k]!);
    return sizes.find(d => d.isConst) ?? sizes[0]!;
  });
}

function joinedValues(node: NodeInfo): KnownValue | undefined {
  const dims = knownDims(joinedDims(node));
  if (!dims || !node.present.some(input => node.known[input])) return undefined;
  const axis = axisOf(node);
  const pieces = piecesOf(node);
  const data: KnownElement[] = [];
  forEachIndex(dims, index => {
    const piece = pieces.find(p => index[axis]! < p.end.constant)!;
    const known = node.known[piece.input];
    const strides = known ? stridesOf(known.dims) : [];
    const at = index.reduce((sum, i, d) => sum + (d === axis ? i - piece.start.constant : i) * strides[d]!, 0);
    data.push(known?.data[at]);
  });
  return { dims, data };
}

export const operator: Operator = {
  name: "Concat",
  inputs: ["X..."],
  outputs: ["concat_result"],
  attributes: { axis: { type: "int" } },
  concat: node => axisOf(node),
  shape: node => ({ concat_result: joinedDims(node) }),
  values: node => ({ concat_result: joinedValues(node) }),
  at: context => {
    const axis = axisOf(context);
    const pieces = piecesOf(context);
    const read = ({ input, start }: Piece, index: readonly AnyTile[]): AnyTile =>
      context.inputs[input]!.at(...index.map((i, d) => (d === axis ? i.sub(indexTile(start)) : i)));
    return {
      concat_result: (...index) =>
        pieces
          .slice(0, -1)
          .reduceRight(
            (rest, piece) => where(index[axis]!.lt(indexTile(piece.end)), read(piece, index), rest),
            read(pieces.at(-1)!, index),
          ),
    };
  },
  text: true,
};

export const reference: Reference = (inputs, { axis = 1 }, { present }) => {
  const tensors = present.map(name => inputs[name]!);
  const first = tensors[0]!;
  const along = axis < 0 ? axis + first.dims.length : axis;
  const dims = [...first.dims];
  dims[along] = tensors.reduce((n, t) => n + t.dims[along]!, 0);
  const concat_result = tabulate(first.dtype, dims, index => {
    const at = [...index];
    for (const t of tensors) {
      if (at[along]! < t.dims[along]!) return elements(t)(at)!;
      at[along]! -= t.dims[along]!;
    }
    return 0;
  });
  return { concat_result };
};

const piece = (...dims: number[]) => ({ dtype: "f32", dims }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "one", attributes: { axis: 0 }, inputs: { X0: piece(3, 4) } },
  { name: "rows", attributes: { axis: 0 }, inputs: { X0: piece(3, 4), X1: piece(1, 4), X2: piece(5, 4) } },
  { name: "channels", attributes: { axis: 1 }, inputs: { X0: piece(2, 3, 5), X1: piece(2, 17, 5) } },
  { name: "the last axis", attributes: { axis: -1 }, inputs: { X0: piece(4, 7), X1: piece(4, 1), X2: piece(4, 16) } },
  { name: "an empty piece", attributes: { axis: 0 }, inputs: { X0: piece(2, 3), X1: piece(0, 3), X2: piece(1, 3) } },
  {
    name: "shapes",
    attributes: { axis: 0 },
    inputs: { X0: { dtype: "i64", dims: [2] }, X1: { dtype: "i64", dims: [1] } },
  },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows of odd lengths`,
      attributes: { axis: 1 },
      inputs: { X0: { dtype, dims: [3, 17] }, X1: { dtype, dims: [3, 5] }, X2: { dtype, dims: [3, 1] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "Tensors behind one another along an axis", dtypes: "any", opsets: [1, 13] };
