// Walks of whole kernels: all nodes, folds and views in one fixed order, and which fold a node belongs to.
import type { Dtype } from "./dtypes.js";
import type { Intrinsic } from "./intrinsic.js";
import type { Poly, Sym } from "./poly.js";
import type { Axis, Fold, Kernel, Materialized, Node, NodeOf, Store } from "./tile.js";
import { axesOf, axisOf, children, gathersIn, isTensor, reach } from "./tile.js";

/** The body of a kernel or of a fold. */
export interface Body {
  readonly stores: readonly Store[];
  readonly folds: readonly Fold[];
}

/** Nodes that a body's statements use directly. */
export const rootsOfStore = (s: Store): Node[] => [...s.index.flatMap(gathersIn), ...(s.when ? [s.when] : []), s.value];
/** Axes over which a write runs: those of its indices, of its condition, of its value. */
export const axesOfStore = (s: Store): Axis[] => [
  ...new Set([...s.index.flatMap(axesOf), ...(s.when?.axes ?? []), ...s.value.axes]),
];
/** Each of its indices writes elements of its own: the axis is an index of the tensor by itself. */
export const isSeparate = (s: Store, a: Axis): boolean => s.index.some(p => bareSymbol(p) === a.sym);

/**
 * All nodes of a kernel, operands first: of each body first its folds (initial values, body, next values), then its stores. The order
 * depends on structure alone.
 */
export function nodesOf(kernel: Body): Node[] {
  const seen = new Set<Node>();
  const visit = (n: Node): void => {
    if (seen.has(n)) return;
    for (const c of children(n)) visit(c);
    seen.add(n);
  };
  const body = (b: Body): void => {
    for (const f of b.folds) {
      f.init.forEach(visit);
      body(f);
      f.next.forEach(visit);
    }
    for (const s of b.stores) rootsOfStore(s).forEach(visit);
  };
  body(kernel);
  return [...seen];
}
/** What the merges of folds compute, operands first; no part of any body. */
export const mergeNodes = (kernel: Body): Node[] => reach(foldsOf(kernel).flatMap(f => f.merge ?? []));
export type IntrinsicCall = NodeOf<"call"> & { readonly intrinsic: Intrinsic };
export const intrinsicCalls = (kernel: Body): IntrinsicCall[] =>
  [...nodesOf(kernel), ...mergeNodes(kernel)].filter(
    (n): n is IntrinsicCall => n.kind === "call" && n.intrinsic !== undefined,
  );
/** of its result, then of its operands */
export const dtypesOfCall = (n: NodeOf<"call">): Dtype[] => [n.dtype, ...n.args.map(a => a.dtype)];
/** All folds, outer before inner. */
export function foldsOf(kernel: Body): Fold[] {
  return kernel.folds.flatMap(f => [f, ...foldsOf(f)]);
}
/** All stores, those inside of folds first. */
export function storesOf(kernel: Body): Store[] {
  return [...kernel.folds.flatMap(storesOf), ...kernel.stores];
}
export function viewsOf(nodes: readonly Node[]): Materialized[] {
  return [...new Set(nodes.flatMap(n => (n.kind === "load" && !isTensor(n.tensor) ? [n.tensor] : [])))];
}
/** Axes in the order in which they occur: the grid's, then those of folds and nodes. */
export function axesOfKernel(kernel: Kernel): Axis[] {
  const axes = new Set<Axis>(kernel.grid);
  if (kernel.segments) axes.add(kernel.segments.at);
  const add = (list: readonly Axis[]): void => {
    for (const a of list) axes.add(a);
  };
  for (const f of foldsOf(kernel)) add([f.axis, ...(f.until ? [f.until] : [])]);
  for (const n of [...nodesOf(kernel), ...mergeNodes(kernel)]) {
    for (const p of indicesOf(n)) add(axesOf(p));
    if (n.kind === "load" && !isTensor(n.tensor)) add(n.tensor.axes);
    if (n.kind === "reduce") add(n.over);
    add(n.axes);
  }
  for (const s of storesOf(kernel)) add(s.index.flatMap(axesOf));
  return [...axes];
}
export function indicesOf(n: Node): readonly Poly[] {
  return n.kind === "index" ? [n.index] : n.kind === "load" ? n.index : [];
}
/** The symbol that the whole polynomial is, if it is nothing else: a size, or an axis. */
export function bareSymbol(p: Poly): Sym | undefined {
  const t = p.terms[0];
  const s = p.terms.length === 1 && t!.c === 1 && t!.s.length === 1 ? t!.s[0] : undefined;
  return s?.def ? undefined : s;
}
/** Free symbols of a polynomial in the order in which they occur: neither axes nor definitions. */
export function freeSymbols(p: Poly): Sym[] {
  return [...p.syms].filter(s => !s.def && !axisOf(s));
}

/** For each node the innermost fold that it depends on; undefined: it belongs to the kernel's own body. */
export function scopesOf(kernel: Body): ReadonlyMap<Node, Fold | undefined> {
  const depth = new Map<Fold, number>();
  const byAxis = new Map<Axis, Fold>();
  const enter = (b: Body, d: number): void => {
    for (const f of b.folds) {
      depth.set(f, d);
      byAxis.set(f.axis, f);
      enter(f, d + 1);
    }
  };
  enter(kernel, 1);
  const scopes = new Map<Node, Fold | undefined>();
  const deeper = (a: Fold | undefined, b: Fold | undefined): Fold | undefined =>
    (b ? depth.get(b)! : 0) > (a ? depth.get(a)! : 0) ? b : a;
  const outer = outerFolds(kernel);
  for (const n of nodesOf(kernel)) {
    let scope: Fold | undefined;
    if (n.kind === "state") scope = n.fold;
    if (n.kind === "result") scope = outer.get(n.fold);
    const axes = [...indicesOf(n).flatMap(axesOf), ...(n.kind === "reduce" ? n.over : [])];
    for (const a of axes) scope = deeper(scope, byAxis.get(a));
    for (const c of children(n)) scope = deeper(scope, scopes.get(c));
    scopes.set(n, scope);
  }
  return scopes;
}
function outerFolds(kernel: Body): Map<Fold, Fold | undefined> {
  const outer = new Map<Fold, Fold | undefined>();
  const go = (b: Body, around: Fold | undefined): void => {
    for (const f of b.folds) {
      outer.set(f, around);
      go(f, f);
    }
  };
  go(kernel, undefined);
  return outer;
}
