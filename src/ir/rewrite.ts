// Rebuilding tile IR under a substitution of axes and tensors. Values that do not change are shared with the original.
import { Poly, type Sym } from "./poly.js";
import { type Axis, axesOf, gathered, isTensor, type Node, node, type Tensor, unionAxes } from "./tile.js";

/** The values with each axis of `renamed` replaced by another of the same extent. Folds are not entered: their axes stay. */
export const renameAxes = (roots: readonly Node[], renamed: ReadonlyMap<Axis, Axis>): Node[] =>
  rewrite(renamed).values(roots);

export interface Rewriter {
  readonly values: (roots: readonly Node[]) => Node[];
  readonly index: (p: Poly) => Poly;
}
/** The same, with other tensors and values too; one rewriter shares what its calls have in common. */
export function rewrite(
  renamed: ReadonlyMap<Axis, Axis>,
  tensors: ReadonlyMap<Tensor, Tensor> = new Map(),
  replaced: (n: Node) => Node | undefined = () => undefined,
): Rewriter {
  const memo = new Map<Node, Node>();
  const axisOf = (a: Axis): Axis => renamed.get(a) ?? a;
  const bySym = new Map<Sym, Poly>([...renamed].map(([a, b]) => [a.sym, Poly.sym(b.sym)]));
  const poly = (p: Poly): Poly =>
    p.subst(s => bySym.get(s) ?? (s.def?.op === "value" ? changedGather(s.def.node as Node) : undefined));
  const changedGather = (n: Node): Poly | undefined => {
    const m = visit(n);
    return m === n ? undefined : gathered(m);
  };
  const visit = (n: Node): Node => {
    let out = memo.get(n);
    if (!out) {
      out = replaced(n) ?? rebuild(n);
      memo.set(n, out);
    }
    return out;
  };
  const same = (xs: readonly unknown[], ys: readonly unknown[]): boolean => xs.every((x, i) => x === ys[i]);
  const rebuild = (n: Node): Node => {
    switch (n.kind) {
      case "index": {
        const index = poly(n.index);
        return index === n.index ? n : node<"index">({ ...n, index, axes: axesOf(index) });
      }
      case "load": {
        const index = n.index.map(poly);
        const value = isTensor(n.tensor) ? undefined : visit(n.tensor.value);
        const own = isTensor(n.tensor) ? (tensors.get(n.tensor) ?? n.tensor) : undefined;
        if (same(index, n.index) && (own ? own === n.tensor : value === (n.tensor as { value?: Node }).value)) return n;
        const tensor = isTensor(n.tensor) ? own! : { ...n.tensor, value: value!, axes: n.tensor.axes.map(axisOf) };
        return node<"load">({ ...n, tensor, index, axes: unionAxes(...index.map(axesOf)) });
      }
      case "map": {
        const args = n.args.map(visit);
        return same(args, n.args) ? n : node<"map">({ ...n, args, axes: unionAxes(...args.map(a => a.axes)) });
      }
      case "call": {
        const args = n.args.map(visit);
        if (same(args, n.args)) return n;
        const meaning = n.meaning && { meaning: visit(n.meaning) };
        return node<"call">({ ...n, args, axes: unionAxes(...args.map(a => a.axes)), ...meaning });
      }
      case "reduce": {
        const args = n.args.map(visit);
        const over = n.over.map(axisOf);
        if (same(args, n.args) && same(over, n.over)) return n;
        const axes = unionAxes(...args.map(a => a.axes)).filter(a => !over.includes(a));
        return node<"reduce">({ ...n, args, over, axes });
      }
      default:
        return n;
    }
  };
  return { values: roots => roots.map(visit), index: poly };
}
