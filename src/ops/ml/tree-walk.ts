// TreeWalk: which leaf of each tree a row falls into. An operator of this project: ensembles of trees expand to it.
// Nodes are rows of tables; leaves are nodes that lead to themselves, so that all rows walk equally many steps.
import type { Dtype } from "../../ir/dtypes.js";
import { Poly, Sym } from "../../ir/poly.js";
import type { Kernel, Tensor } from "../../ir/tile.js";
import { newAxis } from "../../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../../tile/index.js";
import { dimOf, fold, full, recordKernel, where } from "../../tile/index.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, numbersOf, tabulate } from "../reference-tensors.js";

/** In the order of ONNX's numbers for modes. */
const comparisons: readonly ((x: AnyTile, split: AnyTile) => AnyTile)[] = [
  (x, s) => x.le(s),
  (x, s) => x.lt(s),
  (x, s) => x.ge(s),
  (x, s) => x.gt(s),
  (x, s) => x.eq(s),
  (x, s) => x.ne(s),
];

export const operator: Operator = {
  name: "TreeWalk",
  domain: "azulejo",
  // by node: the feature that is compared, how, with what, where to go if it holds and if not, and where a NaN counts as true
  inputs: ["X", "features", "modes", "splits", "yes", "no", "missing", "roots"],
  outputs: ["leaf"],
  attributes: { depth: { type: "int", required: true } },
  dtypes: () => ({ leaf: "i32" }),
  shape: ({ dims }) => ({ leaf: [dims.X![0]!, dims.roots![0]!] }),
  kernels: node => [kernelOf(node)],
};

function kernelOf(node: NodeInfo): Kernel {
  const size = Object.fromEntries(["N", "F", "M", "T"].map(name => [name, Poly.sym(new Sym(name))]));
  const { N, F, M, T } = size as Record<"N" | "F" | "M" | "T", Poly>;
  const shapes: Readonly<Record<string, readonly Poly[]>> = { X: [N, F], roots: [T], leaf: [N, T] };
  const tensors = [...node.present, "leaf"].map(
    (name): Tensor => ({
      name,
      dtype: name === "leaf" ? "i32" : node.dtypes[name]!,
      dims: shapes[name] ?? [M],
      role: name === "leaf" ? "output" : "input",
    }),
  );
  const dims = Object.entries(size).map(([name, p]) => ({ name, size: p }));
  const grid = [newAxis("n", N), newAxis("t", T)];
  const depth = Poly.int(node.attributes.depth);
  return recordKernel({ name: "tree_walk", tensors, dims, grid }, (views, [n, t]) => walk(views, n!, t!, depth));
}

function walk(views: Readonly<Record<string, View<Dtype>>>, n: AnyIndex, t: AnyIndex, depth: Poly): void {
  const { X, features, modes, splits, yes, no, missing, roots, leaf } = views as Record<string, View<Dtype>>;
  // every row starts at the root, so the state varies over rows from the start
  const start = full("i32", 0, n, t).add(roots!.at(t).cast("i32"));
  const [last] = fold(dimOf("depth", depth).steps(), [start], (_, [node]): [AnyTile] => {
    const x: AnyTile = X!.at(n, features!.at(node));
    const [split, mode]: AnyTile[] = [splits!.at(node), modes!.at(node)];
    const holds = comparisons
      .map((compare, k): AnyTile => compare(x, split!).and(mode!.eq(k)))
      .reduce((a, b) => a.or(b));
    const counts = holds.or(x.ne(x).and(missing!.at(node).ne(0)));
    return [where(counts, yes!.at(node), no!.at(node))];
  });
  leaf!.at(n, t).set(last);
}

export const doc: OperatorDoc = {
  summary: "The leaf of each tree that a row falls into: a part of TreeEnsemble and its kin",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;

const holds: readonly ((x: number, split: number) => boolean)[] = [
  (x, s) => x <= s,
  (x, s) => x < s,
  (x, s) => x >= s,
  (x, s) => x > s,
  (x, s) => x === s,
  (x, s) => x !== s,
];

export const reference: Reference = (inputs, { depth }) => {
  const read = elements(inputs.X!);
  const [features, modes, splits, yes, no, missing, roots] = [
    "features",
    "modes",
    "splits",
    "yes",
    "no",
    "missing",
    "roots",
  ].map(name => numbersOf(inputs[name]!)) as number[][];
  const leaf = tabulate("i32", [inputs.X!.dims[0]!, roots!.length], ([n, t]) => {
    let node = roots![t!]!;
    for (let step = 0; step < depth; step++) {
      const x = Number(read([n!, features![node]!]));
      const goes = holds[modes![node]!]!(x, splits![node]!) || (Number.isNaN(x) && missing![node] !== 0);
      node = (goes ? yes : no)![node]!;
    }
    return node;
  });
  return { leaf };
};

const ints = (data: readonly number[]) => ({ dtype: "i32", dims: [data.length], data }) as const;
export const cases = (): readonly OperatorCase[] => [
  {
    name: "two trees, all comparisons, missing values",
    attributes: { depth: 3 },
    inputs: {
      X: {
        dtype: "f32",
        dims: [5, 3],
        data: [0, 1, 2, Number.NaN, 0.5, -1, 3, Number.NaN, 1, -2, 2, 0.5, 1, 1, Number.NaN],
      },
      features: ints([0, 1, 2, 0, 1, 2, 0, 0, 0, 0]),
      modes: ints([0, 1, 2, 3, 4, 5, 0, 0, 0, 0]),
      splits: { dtype: "f32", dims: [10], data: [0.5, 1, 0, 1, 1, 2, 0, 0, 0, 0] },
      yes: ints([1, 6, 7, 4, 8, 9, 6, 7, 8, 9]),
      no: ints([2, 7, 8, 5, 9, 6, 6, 7, 8, 9]),
      missing: ints([1, 0, 1, 0, 1, 0, 0, 0, 0, 0]),
      roots: ints([0, 3]),
    },
  },
];
