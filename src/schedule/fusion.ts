// Axes that are walked as one: pixels of a convolution (u, v → m), the run of a stem (q, c → r), whatever an elementwise kernel can
// treat as flat. Fusing needs addresses that stay linear, which polynomials show by themselves.
import type { Sym } from "../ir/poly.js";
import { opaque, Poly } from "../ir/poly.js";
import type { Axis, NodeOf, Tensor } from "../ir/tile.js";
import { axesOf, isTensor, newAxis } from "../ir/tile.js";
import { storesOf } from "../ir/walk.js";
import { isContraction, reductionOrder } from "./contraction.js";
import type { KernelView } from "./view.js";

export type Fusion = readonly [outer: string, inner: string, as: string];
/** a run of taps and channels shorter than this is worth fusing (a stem has 3 channels) */
const SHORT_CHANNELS = 16;

/** Decides all fusions and tells the view of them. Returns what the schedule has to say. */
export function fuseAxes(view: KernelView): { fuse: Fusion[]; split: string[] } {
  // writes that meet follow each other in the order of their axes; segments are parts of one axis
  if (storesOf(view.kernel).some(s => s.combine) || view.kernel.segments) return { fuse: [], split: [] };
  const apart = planarImage(view) ?? fuseRun(view);
  if (apart) return apart;
  const reductions = view.names.values.some(n => n.kind === "reduce");
  return { fuse: reductions ? fusePixels(view) : fuseFlat(view), split: [] };
}

const loadsOf = (view: KernelView): NodeOf<"load">[] =>
  view.names.values.filter((n): n is NodeOf<"load"> => n.kind === "load");
const reducedAxes = (view: KernelView): Set<Axis> =>
  new Set(view.names.values.flatMap(n => (n.kind === "reduce" ? n.over : [])));

/** Tells the view of fusions that a schedule names. */
export function fuseNamed(view: KernelView, fusions: readonly Fusion[]): void {
  const made = new Map<string, Axis>();
  const named = (name: string): Axis | undefined => made.get(name) ?? view.names.axisNamed(name);
  for (const [outer, inner, as] of fusions) {
    const [a, b] = [named(outer), named(inner)];
    if (a && b) made.set(as, fuse(view, a, b).whole);
  }
}

interface Whole {
  readonly whole: Axis;
  /** outer and inner as polynomials over the whole */
  readonly parts: ReadonlyMap<Sym, Poly>;
}
/** by outer and inner axis: schedules of a kernel for other sizes speak of the same axes */
const wholes = new WeakMap<Axis, Map<Axis, Whole>>();
function wholeOf(outer: Axis, inner: Axis, name: string): Whole {
  const known = wholes.get(outer) ?? new Map<Axis, Whole>();
  wholes.set(outer, known);
  let both = known.get(inner);
  if (both?.whole.name !== name) {
    const whole = newAxis(name, outer.extent.mul(inner.extent));
    const parts = new Map([
      [outer.sym, opaque("div", Poly.sym(whole.sym), inner.extent)],
      [inner.sym, opaque("mod", Poly.sym(whole.sym), inner.extent)],
    ]);
    both = { whole, parts };
    known.set(inner, both);
  }
  return both;
}

/** Tells the view that two axes are one; undone by the function that it returns. */
function fuse(view: KernelView, outer: Axis, inner: Axis): { fusion: Fusion; whole: Axis; undo: () => void } {
  const as = `${view.names.axis(outer)}.${view.names.axis(inner)}`;
  const { whole, parts } = wholeOf(outer, inner, as);
  const before = { substitution: new Map(view.substitution), fusedInto: new Map(view.fusedInto) };
  for (const [s, p] of view.substitution)
    view.substitution.set(
      s,
      p.subst(x => parts.get(x)),
    );
  for (const [s, p] of parts) view.substitution.set(s, p);
  for (const [a, into] of view.fusedInto) if (into === outer || into === inner) view.fusedInto.set(a, whole);
  view.fusedInto.set(outer, whole);
  view.fusedInto.set(inner, whole);
  view.fusionChanged();
  const undo = () => {
    view.substitution.clear();
    view.fusedInto.clear();
    for (const [s, p] of before.substitution) view.substitution.set(s, p);
    for (const [a, w] of before.fusedInto) view.fusedInto.set(a, w);
    view.fusionChanged();
  };
  return { fusion: [view.names.axis(outer), view.names.axis(inner), as], whole, undo };
}

const uses = (n: NodeOf<"load">, a: Axis): boolean => n.axes.includes(a);
const storesStayLinear = (view: KernelView, whole: Axis): boolean =>
  view.kernel.stores.every(s => view.stepOf(s.tensor, s.index, whole) !== "irregular");

/** Neighbours of the grid that a contraction's lane operand lacks: the pixels of a convolution, batch and rows of a product. */
function fusePixels(view: KernelView): Fusion[] {
  const grid = view.kernel.grid;
  const reduced = reducedAxes(view);
  const contraction = view.names.values.find((n): n is NodeOf<"reduce"> => isContraction(n));
  if (!contraction || view.kernel.folds.length > 0) return [];
  const out: Fusion[] = [];
  let inner = grid.length - 2;
  let whole = grid[inner];
  for (; inner > 0 && whole; inner--) {
    const outer = grid[inner - 1]!;
    if (reduced.has(outer) || reduced.has(whole) || (view.extent(whole) === 1 && view.extent(outer) === 1)) break;
    const both = [outer, whole];
    // each operand has both or neither of them
    const parts = (a: Axis) => [a, ...[...view.fusedInto].filter(([, w]) => w === a).map(([p]) => p)];
    const sides = contraction.args.map(x => both.filter(a => parts(a).some(p => x.axes.includes(p))).length);
    if (sides.some(n => n === 1)) break;
    const f = fuse(view, outer, whole);
    const batch = loadsOf(view).some(
      n => uses(n, outer) && isTensor(n.tensor) && view.checks(n).length > 0 && out.length > 0,
    );
    if (!storesStayLinear(view, f.whole) || batch) {
      f.undo();
      break;
    }
    out.push(f.fusion);
    whole = f.whole;
  }
  return out;
}

/** An elementwise kernel over memory that every tensor walks alike is one long loop. */
function fuseFlat(view: KernelView): Fusion[] {
  const grid = view.kernel.grid;
  const out: Fusion[] = [];
  if (view.kernel.folds.length > 0 || view.names.values.some(n => n.kind === "load" && !isTensor(n.tensor))) return out;
  let whole = grid.at(-1);
  for (let i = grid.length - 2; i >= 0 && whole; i--) {
    const f = fuse(view, grid[i]!, whole);
    const linear = loadsOf(view).every(
      n => view.loadStep(n, f.whole) !== "irregular" && view.checks(n).every(p => !view.fused(p).has(f.whole.sym)),
    );
    const indices = view.names.values.every(n => n.kind !== "index" || !axesOf(view.fused(n.index)).includes(f.whole));
    if (!linear || !indices || !storesStayLinear(view, f.whole)) {
      f.undo();
      break;
    }
    out.push(f.fusion);
    whole = f.whole;
  }
  return out;
}

/**
 * Pixels that are neighbours in memory (channels first) have constant distances inside the image: borders are cut off, and rows of
 * pixels stay what they are.
 */
function planarImage(view: KernelView): { fuse: Fusion[]; split: string[] } | undefined {
  for (const n of view.names.values) {
    if (n.kind !== "reduce" || !isContraction(n) || view.kernel.folds.length > 0) continue;
    const image = n.args.find((x): x is NodeOf<"load"> => x.kind === "load" && view.checks(x).length > 0);
    if (!image || !isTensor(image.tensor) || image.tensor.constant) continue;
    const last = (image.tensor.layout?.order ?? image.index.map((_, d) => d)).at(-1)!;
    if (!view.kernel.grid.some(a => image.index[last]!.has(a.sym))) continue;
    const rows = view.kernel.grid.filter(a => view.checks(image).some(p => p.has(a.sym)));
    return { fuse: [], split: rows.map(a => view.names.axis(a)) };
  }
  return undefined;
}

/**
 * At borders a pixel has one accumulator, whose additions wait for each other: 4 cycles each instead of 0.7. A check for each pixel and tap of
 * the whole image, which is the other way, costs 1.2 cycles, once for all channels.
 */
function bordersCost(view: KernelView, image: NodeOf<"load">, q: Axis, c: Axis): boolean {
  const dim = image.index.findIndex(p => p.has(q.sym));
  const share = (view.extent(q) - 1) / view.size((image.tensor as Tensor).dims[dim]!);
  return share * (4 - 0.7) > 1.2 / view.extent(c);
}
/**
 * Taps and channels of a thin input as one run. It crosses the edge of the image at borders, so rows are cut into borders, where the
 * axes are walked apart, and an interior.
 */
function fuseRun(view: KernelView): { fuse: Fusion[]; split: string[] } | undefined {
  for (const n of view.names.values) {
    if (!isContraction(n) || n.kind !== "reduce" || n.over.length < 2) continue;
    const [q, c] = reductionOrder(n).slice(-2) as [Axis, Axis];
    if (view.extent(c) >= SHORT_CHANNELS || view.extent(q) * view.extent(c) < 3) continue;
    const image = n.args.find((x): x is NodeOf<"load"> => x.kind === "load" && view.checks(x).length > 0);
    if (!image?.axes.includes(q) || !image.axes.includes(c)) continue;
    if (bordersCost(view, image, q, c)) continue;
    const f = fuse(view, q, c);
    const loads = n.args.filter((x): x is NodeOf<"load"> => x.kind === "load");
    const linear =
      loads.length === 2 &&
      loads.every(
        x => view.loadStep(x, f.whole) !== "irregular" || (isTensor(x.tensor) && x.tensor.constant && x !== image),
      );
    const rows = view.kernel.grid.filter(a => view.checks(image).some(p => p.has(a.sym)));
    if (linear && rows.length) return { fuse: [f.fusion], split: rows.map(a => view.names.axis(a)) };
    f.undo();
  }
  return undefined;
}
