// TreeEnsemble and the shares of SVMClassifier: judges walk trees of objects, and solve for shares at once.
import { roundTo } from "../../../../src/ir/float-bits.js";
import { floats, int, ints, tensorAttribute, text } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { size } from "../random.js";
import type { DrawModel } from "./model-draw.js";
import { nodeDraw, withDeparture } from "./model-draw.js";
import { at, build, plain, tensorInit } from "./plain.js";

type Tree = Leaf | Branch;
interface Leaf {
  readonly target: number;
  readonly weight: number;
}
interface Branch {
  readonly feature: number;
  readonly mode: number;
  readonly split: number;
  /** of a branch that asks for members */
  readonly set: readonly number[];
  readonly missing: number;
  readonly yes: Tree;
  readonly no: Tree;
}
const isLeaf = (t: Tree): t is Leaf => "weight" in t;
/** in the order of ONNX's numbers: ≤, <, ≥, >, =, ≠, one of */
const holds: readonly ((x: number, branch: Branch) => boolean)[] = [
  (x, { split }) => x <= split,
  (x, { split }) => x < split,
  (x, { split }) => x >= split,
  (x, { split }) => x > split,
  (x, { split }) => x === split,
  (x, { split }) => x !== split,
  (x, { set }) => set.includes(x),
];
const leafOf = (t: Tree, row: readonly number[]): Leaf => {
  if (isLeaf(t)) return t;
  const x = row[t.feature]!;
  return leafOf((Number.isNaN(x) && t.missing) || holds[t.mode]!(x, t) ? t.yes : t.no, row);
};

interface Listed {
  readonly branches: Branch[];
  readonly leaves: Leaf[];
  /** where a branch leads: [is it a leaf, number] */
  readonly ways: Map<Branch, readonly [yes: readonly [number, number], no: readonly [number, number]]>;
}
/** Branches before those below them, the way of "yes" first. */
function list(t: Tree, into: Listed): readonly [leaf: number, place: number] {
  if (isLeaf(t)) return [1, into.leaves.push(t) - 1];
  const place = into.branches.push(t) - 1;
  const yes = list(t.yes, into);
  into.ways.set(t, [yes, list(t.no, into)]);
  return [0, place];
}

export const treeEnsemble: DrawModel = random => {
  const dtype = random.pick(["f32", "f32", "f64"] as const);
  const [features, targets] = [random.int(1, 4), random.int(1, 3)];
  const modes = random.chance(0.3) ? [0, 6] : random.chance(0.5) ? [0] : [0, 1, 2, 3, 4, 5];
  const half = (): number => random.int(-4, 4) / 2;
  const grow = (depth: number): Tree =>
    depth === 0 || random.chance(0.2)
      ? { target: random.int(0, targets - 1), weight: roundTo(dtype, random.unit() * 4 - 2) }
      : {
          feature: random.int(0, features - 1),
          mode: random.pick(modes),
          split: half(),
          set: random.list(random.int(1, 3), half),
          missing: random.int(0, 1),
          yes: grow(depth - 1),
          no: grow(depth - 1),
        };
  const trees = random.list(random.int(1, 4), () => grow(random.int(1, 4)));
  // the root of a tree is a branch
  const grown = trees.map(t => (isLeaf(t) ? leafTree(random, t) : t));
  const listed: Listed = { branches: [], leaves: [], ways: new Map() };
  const roots = grown.map(t => list(t, listed)[1]);
  const { branches, leaves, ways } = listed;
  const way = (which: 0 | 1, part: 0 | 1): number[] => branches.map(b => ways.get(b)![which][part]);
  const aggregate = random.int(0, 3);
  const numbers = (name: string, values: readonly number[], type: "f32" | "f64" | "u8" = dtype) =>
    tensorAttribute(name, tensorInit(name, plain(type, [values.length], values)));
  const sets = branches.filter(b => b.mode === 6).map(b => b.set);
  const drawn = nodeDraw(random, {
    op: "TreeEnsemble",
    domain: "ai.onnx.ml",
    version: 5,
    closeness: { rtol: 1e-5, atol: 1e-6 },
    attributes: [
      int("aggregate_function", aggregate),
      int("n_targets", targets),
      ints(
        "leaf_targetids",
        leaves.map(l => l.target),
      ),
      numbers(
        "leaf_weights",
        leaves.map(l => l.weight),
      ),
      ints(
        "nodes_featureids",
        branches.map(b => b.feature),
      ),
      numbers(
        "nodes_modes",
        branches.map(b => b.mode),
        "u8",
      ),
      numbers(
        "nodes_splits",
        branches.map(b => (b.mode === 6 ? 0 : b.split)),
      ),
      ints(
        "nodes_missing_value_tracks_true",
        branches.map(b => b.missing),
      ),
      ints("nodes_trueleafs", way(0, 0)),
      ints("nodes_truenodeids", way(0, 1)),
      ints("nodes_falseleafs", way(1, 0)),
      ints("nodes_falsenodeids", way(1, 1)),
      ints("tree_roots", roots),
      ...(sets.length > 0
        ? [
            numbers(
              "membership_values",
              sets.flatMap(s => [...s, NaN]),
            ),
          ]
        : []),
    ],
    outputs: { Y: dtype },
    run: () => {
      const rows = size(random);
      const X = build(dtype, [rows, features], () =>
        random.chance(0.08) ? random.pick([NaN, Infinity, -Infinity]) : half(),
      );
      const Y = build(dtype, [rows, targets], ([r, target]) => {
        const row = Array.from({ length: features }, (_, f) => Number(at(X, [r!, f])));
        const weights = grown
          .map(t => leafOf(t, row))
          .filter(l => l.target === target)
          .map(l => l.weight);
        return aggregated(aggregate, weights, grown.length);
      });
      return { inputs: { X }, outputs: { Y } };
    },
  });
  // measured: of −1, or of 1 and −1, −1.5 is one there, and of 1 alone 1.5 is none
  const truncated = sets.some(s => s.some(x => x < 0));
  return withDeparture(
    drawn,
    truncated ? "it cuts features off before it looks for them in a set with numbers below 0" : undefined,
  );
};
const leafTree = (random: Random, leaf: Leaf): Branch => ({
  feature: 0,
  mode: 0,
  split: random.int(-2, 2),
  set: [],
  missing: 0,
  yes: leaf,
  no: leaf,
});
/** mean over all trees, sum, least, most; of a target that no leaf names 0 */
const aggregated = (how: number, weights: readonly number[], trees: number): number => {
  if (weights.length === 0) return 0;
  const sum = weights.reduce((a, b) => a + b, 0);
  return how === 0 ? sum / trees : how === 1 ? sum : how === 2 ? Math.min(...weights) : Math.max(...weights);
};

/** x of A·x = b, by elimination */
function solved(A: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = A.map((r, i) => [...r, b[i]!]);
  for (let c = 0; c < rows.length; c++) {
    const best = rows.slice(c).reduce((m, r, k) => (Math.abs(r[c]!) > Math.abs(rows[m]![c]!) ? c + k : m), c);
    [rows[c], rows[best]] = [rows[best]!, rows[c]!];
    for (let r = 0; r < rows.length; r++)
      if (r !== c) {
        const factor = rows[r]![c]! / rows[c]![c]!;
        rows[r] = rows[r]!.map((x, k) => x - factor * rows[c]![k]!);
      }
  }
  return rows.map((r, i) => r.at(-1)! / r[i]!);
}
/** The shares p that add up to 1 with the least Σ (r_ji·p_i − r_ij·p_j)²: of pairs, r_ij is that of the first. */
function coupled(r: (i: number, j: number) => number, classes: number): number[] {
  const range = Array.from({ length: classes }, (_, i) => i);
  const Q = range.map(i =>
    range.map(j => (i === j ? range.reduce((s, k) => s + (k === i ? 0 : r(k, i) ** 2), 0) : -r(j, i) * r(i, j))),
  );
  // with a multiplier for the sum
  const A = [...Q.map(row => [...row, 1]), [...range.map(() => 1), 0]];
  return solved(A, [...range.map(() => 0), 1]).slice(0, classes);
}

export const pairwiseCoupling: DrawModel = random => {
  const [classes, features] = [random.int(2, 5), random.int(1, 4)];
  const number = (): number => Math.fround(random.unit() * 2 - 1);
  const per = random.list(classes, () => random.int(1, 2));
  const owner = per.flatMap((n, c) => new Array<number>(n).fill(c));
  const vectors = owner.map(() => random.list(features, number));
  const coefficients = random.list(classes - 1, () => owner.map(number));
  const pairs = Array.from({ length: classes }, (_, i) => i).flatMap(i =>
    Array.from({ length: classes - 1 - i }, (_, k) => [i, i + 1 + k] as const),
  );
  const [rho, slope, shift] = [pairs.map(number), pairs.map(() => number() - 1.5), pairs.map(number)];
  const score = (x: readonly number[], p: number): number => {
    const [i, j] = pairs[p]!;
    const terms = owner.map((c, v) => {
      const weight = c === i ? coefficients[j - 1]![v]! : c === j ? coefficients[i]![v]! : 0;
      return weight * x.reduce((s, own, f) => s + own * vectors[v]![f]!, 0);
    });
    return terms.reduce((a, b) => a + b, rho[p]!);
  };
  return nodeDraw(random, {
    op: "SVMClassifier",
    domain: "ai.onnx.ml",
    // the rounds of Wu, Lin and Weng end a few thousandths before the solution
    closeness: { rtol: 0, atol: 0.02 },
    attributes: [
      ints(
        "classlabels_ints",
        Array.from({ length: classes }, (_, c) => c),
      ),
      ints("vectors_per_class", per),
      floats("support_vectors", vectors.flat()),
      floats("coefficients", coefficients.flat()),
      floats("rho", rho),
      floats("prob_a", slope),
      floats("prob_b", shift),
      text("kernel_type", "LINEAR"),
      floats("kernel_params", [0, 0, 0]),
    ],
    outputs: { Y: "i64", Z: "f32" },
    run: () => {
      const rows = size(random) % 20;
      const X = build("f32", [rows, features], number);
      const shares = Array.from({ length: rows }, (_, row) => {
        const x = Array.from({ length: features }, (_, f) => Number(at(X, [row, f])));
        const first = pairs.map((_, p) => 1 / (1 + Math.exp(slope[p]! * score(x, p) + shift[p]!)));
        const r = (i: number, j: number): number =>
          i < j
            ? first[pairs.findIndex(([a, b]) => a === i && b === j)]!
            : 1 - first[pairs.findIndex(([a, b]) => a === j && b === i)]!;
        return coupled(r, classes);
      });
      return { inputs: { X }, outputs: { Z: build("f32", [rows, classes], ([row, c]) => shares[row!]![c!]!) } };
    },
  });
};
