// A value at one index of an axis: the axis replaced by a polynomial, wherever it is free. Unlike renaming (rewrite.ts) this leaves
// alone what the value binds itself: axes that it reduces over, and those of materialised tiles.
import { Poly } from "./poly.js";
import { type Axis, axesOf, gathered, isTensor, type Node, node, unionAxes } from "./tile.js";

export function atIndex(root: Node, axis: Axis, index: Poly): Node {
  const memo = new Map<Node, Node>();
  const visit = (n: Node): Node => {
    let out = memo.get(n);
    if (!out) {
      out = n.axes.includes(axis) ? rebuild(n) : n;
      memo.set(n, out);
    }
    return out;
  };
  const poly = (p: Poly): Poly =>
    p.subst(s => {
      if (s === axis.sym) return index;
      if (s.def?.op !== "value") return undefined;
      const gather = s.def.node as Node;
      const moved = visit(gather);
      return moved === gather ? undefined : gathered(moved);
    });
  const read = (n: Node): Node => {
    const at = n.axes.map(a => (a === axis ? index : Poly.sym(a.sym)));
    const tensor = { name: n.name, value: n, axes: n.axes };
    return node<"load">({
      kind: "load",
      tensor,
      index: at,
      fill: 0,
      axes: unionAxes(...at.map(axesOf)),
      dtype: n.dtype,
    });
  };
  const rebuild = (n: Node): Node => {
    switch (n.kind) {
      case "full":
        return node<"full">({ ...n, axes: n.axes.filter(a => a !== axis) });
      case "index": {
        const p = poly(n.index);
        return node<"index">({ ...n, index: p, axes: axesOf(p) });
      }
      case "load": {
        const at = n.index.map(poly);
        const { tensor } = n;
        const own = isTensor(tensor) || tensor.axes.includes(axis);
        const from = own ? tensor : { ...tensor, value: visit(tensor.value) };
        return node<"load">({ ...n, tensor: from, index: at, axes: unionAxes(...at.map(axesOf)) });
      }
      case "map": {
        const args = n.args.map(visit);
        return node<"map">({ ...n, args, axes: unionAxes(...args.map(a => a.axes)) });
      }
      case "call": {
        const args = n.args.map(visit);
        const meaning = n.meaning && { meaning: visit(n.meaning) };
        return node<"call">({ ...n, args, axes: unionAxes(...args.map(a => a.axes)), ...meaning });
      }
      case "reduce": {
        const args = n.args.map(visit);
        const axes = unionAxes(...args.map(a => a.axes)).filter(a => !n.over.includes(a));
        return node<"reduce">({ ...n, args, axes });
      }
      case "state":
      case "result":
        return read(n);
    }
  };
  return visit(root);
}
