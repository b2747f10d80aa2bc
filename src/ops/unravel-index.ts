// UnravelIndex: positions in row-major order as indices of each dim. An operator of this project: NonZero expands to it.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { type AnyTile, literal, where } from "../tile/index.js";
import { refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { polyOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, numbersOf, tabulate } from "./reference-tensors.js";

/** the dims that positions are in; a scalar is a list of one */
function sizesOf(node: NodeInfo): Dims {
  const sizes = node.known.shape?.data.map(x => (x === undefined ? undefined : polyOf(x)));
  if (!sizes?.every(d => d !== undefined))
    return refuse("operator-unsupported", "UnravelIndex", node, "shape must be known at compile time");
  return sizes.length === 0 ? [Poly.one] : (sizes as Dims);
}

export const operator: Operator = {
  name: "UnravelIndex",
  domain: "azulejo",
  inputs: ["indices", "shape"],
  outputs: ["Y"],
  content: ["shape"],
  dtypes: () => ({ Y: "i64" }),
  shape: node => ({ Y: [Poly.int(sizesOf(node).length), node.dims.indices![0]!] }),
  at: context => ({
    Y: (d, i) => {
      const sizes = sizesOf(context);
      const position = context.inputs.indices!.at(i!).cast("i64");
      return sizes.reduceRight((rest, size, axis): AnyTile => {
        const inner = indexTile(Poly.product(sizes.slice(axis + 1))).cast("i64");
        const along = position.div(inner).rem(indexTile(size).cast("i64"));
        return where(d!.eq(axis), along, rest);
      }, literal("i64", 0) as AnyTile);
    },
  }),
};

export const reference: Reference = ({ indices, shape }) => {
  const sizes = numbersOf(shape!);
  const positions = numbersOf(indices!);
  const all = sizes.length === 0 ? [1] : sizes;
  return {
    Y: tabulate("i64", [all.length, positions.length], ([d, i]) => {
      const inner = all.slice(d! + 1).reduce((a, b) => a * b, 1);
      return BigInt(Math.floor(positions[i!]! / inner) % all[d!]!);
    }),
  };
};
const of = (name: string, shape: readonly number[], indices: readonly number[]): OperatorCase => ({
  name,
  inputs: {
    indices: { dtype: "i32", dims: [indices.length], data: indices },
    shape: { dtype: "i64", dims: [shape.length], data: shape },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("three dims", [3, 5, 7], [0, 1, 6, 7, 34, 35, 71, 104]),
  of("one dim", [9], [8, 0, 3]),
  of("a scalar", [], [0]),
  of("no index", [4, 4], []),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Positions in row-major order as indices of each dim: a part of NonZero",
  dtypes: "i32",
  opsets: [1, 1],
  limits: "shape must be known at compile time, up to dims of other tensors",
};
