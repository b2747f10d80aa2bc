// How much arithmetic a kernel does, exactly, as a polynomial of its sizes. Not here: how long it takes.
import { isFloat } from "./dtypes.js";
import { Poly } from "./poly.js";
import type { Axis, Fold, Kernel, Node } from "./tile.js";
import { children, gathersIn, reach, unionAxes } from "./tile.js";

/**
 * Operations of one run of a kernel: a multiply-add counts two, any other arithmetic on floats, and a function such as exp, one.
 * Contractions of integers count alike; indices, comparisons and conversions don't count. In a fold that steps, what
 * hangs on its state is counted at each step.
 */
export function countOperations({ stores, folds, segments }: Kernel): Poly {
  const counted = new Set<Node>();
  const count = (roots: readonly Node[], turns: Turns): Poly => {
    // operands come first
    const repeated = new Set<Node>();
    let total = Poly.zero;
    for (const n of reach(roots)) {
      const again = isStateOf(n, turns.folds) || children(n).some(c => repeated.has(c));
      if (again) repeated.add(n);
      const each = operations(n);
      if (each === 0 || counted.has(n)) continue;
      counted.add(n);
      const axes = unionAxes(n.axes, n.kind === "reduce" ? n.over : [], again ? turns.axes : []);
      // an index lies in one segment
      const walked = axes.filter(a => a !== segments?.at);
      total = total.add(Poly.product(walked.map(a => a.extent)).mul(each));
    }
    return total;
  };
  const countFolds = (inner: readonly Fold[], turns: Turns): Poly =>
    inner.reduce((sum, fold) => {
      const within = { folds: [...turns.folds, fold], axes: fold.steps ? [...turns.axes, fold.axis] : turns.axes };
      const roots = [...fold.next, ...fold.stores.flatMap(storeRoots)];
      return sum.add(count(fold.init, turns)).add(count(roots, within)).add(countFolds(fold.folds, within));
    }, Poly.zero);
  return count(stores.flatMap(storeRoots), { folds: [], axes: [] }).add(countFolds(folds, { folds: [], axes: [] }));
}

/** The folds around a body, and the axes along which they step. */
interface Turns {
  readonly folds: readonly Fold[];
  readonly axes: readonly Axis[];
}

const storeRoots = ({ value, index, when }: Kernel["stores"][number]): Node[] => [
  value,
  ...index.flatMap(gathersIn),
  ...(when ? [when] : []),
];

const isStateOf = (n: Node, folds: readonly Fold[]): boolean => n.kind === "state" && folds.includes(n.fold);

const arithmetic: ReadonlySet<string> = new Set(
  "neg abs sqrt floor ceil round trunc add sub mul div mod rem min max".split(" "),
);
function operations(n: Node): number {
  // what an intrinsic means is counted by itself
  if (n.kind === "call") return n.meaning ? 0 : 1;
  if (n.kind === "map") return isFloat(n.dtype) && arithmetic.has(n.op) ? 1 : 0;
  if (n.kind !== "reduce") return 0;
  if (n.op === "dotPairs") return 4;
  if (n.op === "dotQuads") return 8;
  return n.args.length === 2 ? 2 : isFloat(n.dtype) ? 1 : 0;
}
