// Names of axes and values by which a schedule speaks of a kernel: the author's, numbered where they are not unique, in order of
// appearance. They depend on the kernel's structure alone, so that schedules survive recompilation.
import type { Axis, Fold, Kernel, Node, Store } from "../ir/tile.js";
import { axesOf, reach } from "../ir/tile.js";

export interface Names {
  axis(a: Axis): string;
  /** undefined for axes that the kernel does not have */
  axisNamed(name: string): Axis | undefined;
  value(n: Node): string;
  valueNamed(name: string): Node | undefined;
  /** all values of the kernel, those of folds included, operands first */
  readonly values: readonly Node[];
  readonly folds: readonly Fold[];
}

/** Every fold of the kernel, outer before inner. */
export const allFolds = (folds: readonly Fold[]): Fold[] => folds.flatMap(f => [f, ...allFolds(f.folds)]);

/** Values that a list of stores computes: what is stored, and gathered indices. */
export const rootsOf = (stores: readonly Store[]): Node[] =>
  stores.flatMap(s => [
    s.value,
    ...(s.when ? [s.when] : []),
    ...s.index.flatMap(p => [...p.syms].flatMap(x => (x.def?.op === "value" ? [x.def.node as Node] : []))),
  ]);

/** The order in which scratch memory holds a value: axes of the grid outside, what the block walks whole inside. */
export function storageOrder(grid: readonly Axis[], axes: readonly Axis[]): Axis[] {
  const rank = (a: Axis): number => (grid.includes(a) ? grid.indexOf(a) : grid.length);
  return [...axes].sort((a, b) => rank(a) - rank(b));
}

const known = new WeakMap<Kernel, Names>();
/** Made once: schedule, verification and lowering ask for the same. */
export function namesOf(kernel: Kernel): Names {
  let names = known.get(kernel);
  if (!names) {
    names = collectNames(kernel);
    known.set(kernel, names);
  }
  return names;
}

function collectNames(kernel: Kernel): Names {
  const folds = allFolds(kernel.folds);
  const roots = [...folds.flatMap(f => [...f.init, ...rootsOf(f.stores), ...f.next]), ...rootsOf(kernel.stores)];
  const values = reach(roots);
  const axes = new Set<Axis>(kernel.grid);
  if (kernel.segments) axes.add(kernel.segments.at);
  for (const f of folds) axes.add(f.axis);
  for (const n of values) {
    for (const a of n.axes) axes.add(a);
    if (n.kind === "reduce") for (const a of n.over) axes.add(a);
    if (n.kind === "load" && "axes" in n.tensor) for (const a of n.tensor.axes) axes.add(a);
  }
  for (const s of [...kernel.stores, ...folds.flatMap(f => f.stores)])
    for (const p of s.index) for (const a of axesOf(p)) axes.add(a);
  const byAxis = unique([...axes], a => a.name);
  const byValue = unique(values, n => (n.name === `${n.kind}${n.id}` ? n.kind : n.name));
  const axisByName = new Map([...byAxis].map(([a, n]) => [n, a]));
  const valueByName = new Map([...byValue].map(([v, n]) => [n, v]));
  return {
    axis: a => byAxis.get(a) ?? a.name,
    axisNamed: name => axisByName.get(name),
    value: n => byValue.get(n) ?? n.name,
    valueNamed: name => valueByName.get(name),
    values,
    folds,
  };
}

/** name, name#2, name#3 … */
function unique<T>(items: readonly T[], nameOf: (x: T) => string): Map<T, string> {
  const counts = new Map<string, number>();
  const out = new Map<T, string>();
  for (const x of items) {
    const name = nameOf(x);
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    out.set(x, n === 1 ? name : `${name}#${n}`);
  }
  return out;
}
