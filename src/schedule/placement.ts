// Which values are kept in scratch memory instead of being computed again where they are used. A value is placed in its region (the
// grid block or the turn of a fold) or for one row.
import { bitsOf, isFloat } from "../ir/dtypes.js";
import type { Fold, Node, NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { isContraction } from "./contraction.js";
import { rootsOf } from "./names.js";
import type { KernelView } from "./view.js";

/** cheaper than this, a value is computed again rather than stored and loaded */
const DEAR = 4;

export function placeValues(view: KernelView): void {
  for (const roots of regions(view)) {
    const all = reach(roots);
    for (const n of all) if (n.kind === "reduce") placeOperands(view, n, roots);
    for (const root of roots) placeInEpilogue(view, root);
    placeSharedByLoops(view, roots, all);
  }
  for (const f of view.names.folds) placeStates(view, f);
}

/** A next state that sums up a row, and that another kept value of the turn needs: the row is walked once (the largest score, in attention). */
function placeStates(view: KernelView, { next }: Fold): void {
  const kept = reach(next).filter(n => view.isPlaced(n));
  for (const state of next) {
    const isReduced = view.inline(state).some(n => n.kind === "reduce" && !isContraction(n));
    if (isReduced && kept.some(n => n !== state && view.inline(n).includes(state))) view.place(state, { at: "region" });
  }
}

/** the grid's body and each fold's body, as lists of values */
const regions = (view: KernelView): Node[][] => [
  rootsOf(view.kernel.stores),
  ...view.names.folds.map(f => [...f.next, ...rootsOf(f.stores)]),
];
const contractsBelow = (n: Node): boolean => reach([n]).some(isContraction);

function placeOperands(view: KernelView, n: NodeOf<"reduce">, roots: readonly Node[]): void {
  for (const a of n.args) {
    if (a.axes.length === 0 || roots.includes(a)) continue;
    const computed = a.kind === "map" || a.kind === "call" || a.kind === "reduce";
    if (!computed || widens(view, a, n) || isSeldomUsed(view, a, n)) continue;
    if (isContraction(n) ? staysSmall(view, a, n) : contractsBelow(a)) view.place(a, { at: "region" });
  }
}
/** Rows that a register tile has on every machine; of operands that are cheap to compute, so many that computing them for each tile again costs no more than scratch. */
const [ROWS_OF_TILE, FEW_ROWS] = [4, 16];
/**
 * Few rows times weights that are computed: scratch would only be a detour (4-bit weights, 4096 × 4096 by one row: by way of it 2.8 ms in WebAssembly and 1.5 natively, without 1.0
 * both; 8-bit ones, 2048 × 2048 by 8 rows: 3.3 and 1.0, without 2.7 and 0.8; by 32 rows in WebAssembly 7.1, without 11.2).
 */
function isSeldomUsed(view: KernelView, operand: Node, n: NodeOf<"reduce">): boolean {
  if (!isContraction(n) || contractsBelow(operand)) return false;
  const uses = view.volume(view.axes([...n.axes, ...n.over]).filter(a => !operand.axes.includes(a)));
  return uses <= (view.cost(operand) <= 2 * DEAR ? FEW_ROWS : ROWS_OF_TILE);
}
/**
 * 8-bit integers made wide, perhaps less a zero point: where they are read this costs no more than reading them from scratch, where each
 * block would have to write them, four times as large (100 × 512 × 512 by MatMulInteger: 1.2 and 16 · 10⁹ products a second).
 */
function widens(view: KernelView, operand: Node, n: NodeOf<"reduce">): boolean {
  if (!isContraction(n) || view.cost(operand) > DEAR) return false;
  const all = reach([operand]);
  const loads = all.filter(x => x.kind === "load");
  const [elements, ...more] = loads.filter(x => x.axes.some(axis => n.over.includes(axis)));
  return (
    more.length === 0 &&
    elements?.kind === "load" &&
    isTensor(elements.tensor) &&
    bitsOf(elements.dtype) === 8 &&
    !isFloat(elements.dtype) &&
    all.every(x => x.kind === "load" || x.kind === "map" || x.kind === "full")
  );
}
/**
 * An operand of a contraction is used once for every index of the other operand that it lacks. A window over a computed image
 * would be stored several times as large as the image: it is computed again instead, unless that is dear.
 */
function staysSmall(view: KernelView, a: Node, n: NodeOf<"reduce">): boolean {
  const loads = reach([a]).filter((x): x is NodeOf<"load"> => x.kind === "load" && isTensor(x.tensor));
  const windows = loads.some(x =>
    x.index.some(
      p =>
        [...p.syms].filter(s => n.over.some(o => o.sym === s)).length > 0 &&
        p.terms.length > 1 &&
        view.checks(x).length > 0,
    ),
  );
  return !windows || view.cost(a) > 2 * DEAR || contractsBelow(a);
}

/** In the epilogue of a contraction: what has fewer axes than the tile and is dear is computed once, not once per register. */
function placeInEpilogue(view: KernelView, root: Node): void {
  if (!contractsBelow(root)) return;
  const visit = (n: Node): void => {
    if (n.kind !== "map" && n.kind !== "call") return;
    const holdsTile = reach([n], c => c !== n && view.isPlaced(c)).some(c => isContraction(c) && !view.isPlaced(c));
    if (n !== root && n.axes.length > 0 && n.axes.length < root.axes.length && view.cost(n) > DEAR && !holdsTile)
      view.place(n, { at: "region" });
    else for (const a of n.args) visit(a);
  };
  visit(root);
}

/**
 * A dear value that two loops over the same row need is kept for the row. What is kept is computed in one loop, so that what it is computed from counts once
 * there, and may be kept as well where others need it: of two softmaxes in a row both rows of exponentials.
 */
function placeSharedByLoops(view: KernelView, roots: readonly Node[], all: readonly Node[]): void {
  // loops that compute a value: reductions, results, and values that are kept
  const loops = new Map<Node, Set<Node>>();
  const mark = (args: readonly Node[], users: Iterable<Node>): void => {
    for (const a of args) {
      const known = loops.get(a) ?? new Set();
      for (const u of users) known.add(u);
      loops.set(a, known);
    }
  };
  for (const r of roots) mark([r], [r]);
  // users come before what they use
  for (const n of [...all].reverse()) {
    if (n.kind === "reduce") mark(n.args, [n]);
    if (n.kind !== "map" && n.kind !== "call") continue;
    const users = loops.get(n) ?? new Set();
    if (!view.isPlaced(n) && !roots.includes(n) && isSharedRow(view, n, users) && !contractsBelow(n))
      view.place(n, { at: hasOneRow(n, all) ? "row" : "region" });
    mark(n.args, view.isPlaced(n) ? [n] : users);
  }
}
function isSharedRow(view: KernelView, n: NodeOf<"map" | "call">, loops: ReadonlySet<Node>): boolean {
  if (loops.size < 2 || view.cost(n) <= DEAR) return false;
  // a cheap operation on one dear value: that one is kept
  const [dear, ...more] = n.args.filter(a => a.axes.length === n.axes.length && view.cost(a) > DEAR);
  const own = view.cost(n) - n.args.reduce((sum, a) => sum + view.cost(a), 0);
  if (dear && more.length === 0 && own <= DEAR) return false;
  return [...loops].some(u => u.kind === "reduce" && u.args.includes(n) && u.over.some(a => n.axes.includes(a)));
}

/** Do all reductions above the value run along the same of its axes? The other axes are then rows, of which nobody needs two at a time. */
function hasOneRow(n: Node, all: readonly Node[]): boolean {
  const along = all.flatMap(u => {
    if (u.kind !== "reduce" || !reach(u.args).includes(n)) return [];
    const axes = u.over.filter(a => n.axes.includes(a)).map(a => a.id);
    return axes.length > 0 ? [axes.sort((a, b) => a - b).join()] : [];
  });
  return new Set(along).size <= 1;
}
