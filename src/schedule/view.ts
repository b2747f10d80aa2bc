// A kernel as the cost model sees it: sizes that are known or guessed, what is computed where, and how memory is walked.
import { isInside } from "../ir/bounds.js";
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf } from "../ir/dtypes.js";
import { layoutOf } from "../ir/layout.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { isNarrowFloat } from "../ir/float-bits.js";
import type { Axis, Fold, Kernel, Node, NodeOf, Store, Tensor } from "../ir/tile.js";
import { gathersIn, isTensor, reach } from "../ir/tile.js";
import { axesOfStore } from "../ir/walk.js";
import type { Names } from "./names.js";
import { namesOf, storageOrder } from "./names.js";
import type { Place, Schedule } from "./schedule.js";

/** a dim that nobody knows anything of */
export const UNKNOWN_SIZE = 128;

/** Something that a stage computes: a store, the next state of a fold, or a placed value. */
export interface SinkView {
  readonly id: string;
  readonly value: Node;
  readonly axes: readonly Axis[];
  readonly dtype: Dtype;
  readonly store?: Store;
  readonly fold?: Fold;
}
/** How an address moves along an axis. */
export type Step = "none" | "contiguous" | "strided" | "irregular";

/** of the kernel alone, so that schedules for other sizes find them again */
const checked = new WeakMap<Node, readonly Poly[]>();
const costs = new WeakMap<Node, number>();
const reached = new WeakMap<Node, readonly Node[]>();
/** all that a value needs, itself last */
function allBelow(root: Node): readonly Node[] {
  let all = reached.get(root);
  if (!all) {
    all = reach([root]);
    reached.set(root, all);
  }
  return all;
}
/** the same, by the indices of a read or a write, then by what is fused */
const addresses = new WeakMap<readonly Poly[], Map<string, Poly>>();

export class KernelView {
  readonly kernel: Kernel;
  readonly names: Names;
  readonly places: Record<string, Place> = {};
  readonly substitution = new Map<Sym, Poly>();
  readonly fusedInto = new Map<Axis, Axis>();
  private readonly hints: (s: Sym) => number | undefined;
  private readonly guesses: (s: Sym) => number | undefined;
  private readonly twins: (s: Sym) => Sym;
  private readonly extents = new Map<Axis, number>();
  private readonly inlined = new Map<Node, readonly Node[]>();
  private readonly rowsOf = new Map<SinkView, readonly Axis[]>();
  private isAnyPlaced = false;
  /** which axes are fused, as a key */
  private fusion = "";

  /** 32-bit elements in a vector of the machine */
  readonly lanes: number;

  /** `guesses` are what sizes mostly are; a schedule must be good for others too. `twins`: see DeriveOptions.dimTwins */
  constructor(
    kernel: Kernel,
    hints: (s: Sym) => number | undefined,
    lanes = 4,
    guesses: (s: Sym) => number | undefined = () => undefined,
    twins: (s: Sym) => Sym = s => s,
  ) {
    this.kernel = kernel;
    this.lanes = lanes;
    this.names = namesOf(kernel);
    this.hints = hints;
    this.guesses = guesses;
    this.twins = twins;
  }

  size(p: Poly): number {
    const n = p.evaluate(
      s => this.hints(s) ?? this.guesses(s) ?? UNKNOWN_SIZE,
      () => UNKNOWN_SIZE,
    );
    return Number.isFinite(n) ? Math.max(0, n) : UNKNOWN_SIZE;
  }
  /** an index lies in one segment, however many there are */
  extent(a: Axis): number {
    let n = this.extents.get(a);
    if (n === undefined) {
      n = a === this.kernel.segments?.at ? 1 : this.size(a.extent);
      this.extents.set(a, n);
    }
    return n;
  }
  isGuessed(a: Axis): boolean {
    return [...a.extent.syms].some(s => !s.def && this.hints(s) === undefined && this.guesses(s) !== undefined);
  }
  /** nothing is known of its extent, not even what it mostly is */
  isOpen(a: Axis): boolean {
    return [...a.extent.syms].some(s => !s.def && this.hints(s) === undefined && this.guesses(s) === undefined);
  }
  /** Are there more elements of the tensor where the axis is longer? */
  growsWith(t: Tensor, a: Axis): boolean {
    const own = new Set(t.dims.flatMap(d => [...d.syms].map(this.twins)));
    return [...a.extent.syms].some(s => own.has(this.twins(s)));
  }
  volume(axes: readonly Axis[]): number {
    const each = this.axes(axes);
    let n = 1;
    for (let i = 0; i < each.length; i++) n *= this.extent(each[i]!);
    return n;
  }
  /** each once, fused axes instead of their parts */
  axes(axes: readonly Axis[]): readonly Axis[] {
    const out: Axis[] = [];
    for (let i = 0; i < axes.length; i++) {
      const a = this.fusedInto.get(axes[i]!) ?? axes[i]!;
      if (!out.includes(a)) out.push(a);
    }
    return out;
  }
  /** is it among the axes, or a fused one of which a part is? */
  isAlong(axes: readonly Axis[], a: Axis): boolean {
    for (let i = 0; i < axes.length; i++) if ((this.fusedInto.get(axes[i]!) ?? axes[i]) === a) return true;
    return false;
  }
  fused(p: Poly): Poly {
    return this.substitution.size === 0 ? p : p.subst(s => this.substitution.get(s));
  }

  isPlaced(n: Node): boolean {
    if (!this.isAnyPlaced) return false;
    const place = this.places[this.names.value(n)];
    return place !== undefined && place.at !== "inline";
  }
  place(n: Node, place: Place): void {
    this.places[this.names.value(n)] ??= place;
    this.isAnyPlaced = true;
    this.inlined.clear();
    this.rowsOf.clear();
  }
  /** values computed in the loops of whoever needs `root` */
  inline(root: Node): readonly Node[] {
    if (!this.isAnyPlaced) return allBelow(root);
    let nodes = this.inlined.get(root);
    if (!nodes) {
      nodes = reach([root], n => n !== root && this.isPlaced(n));
      this.inlined.set(root, nodes);
    }
    return nodes;
  }
  /** the same without kept values that it only reads */
  own(root: Node): Node[] {
    return this.inline(root).filter(n => n === root || !this.isPlaced(n));
  }
  /** operations an element: what it costs to compute the value again */
  cost(n: Node): number {
    let c = costs.get(n);
    if (c === undefined) {
      c = 0;
      for (const m of reach([n], x => x.kind === "load" || x.kind === "reduce" || x.kind === "state"))
        c += operationCost(m);
      costs.set(n, c);
    }
    return c;
  }

  /** everything that a stage computes, stores first */
  sinks(): SinkView[] {
    // step by step: within one, its index is a number
    const steps = new Set(this.names.folds.filter(f => f.steps).map(f => f.axis));
    const free = (axes: readonly Axis[]): readonly Axis[] => this.axes(axes).filter(a => !steps.has(a));
    const stores = (list: readonly Store[], fold?: Fold): SinkView[] =>
      list.map(s => ({
        id: s.tensor.name,
        value: s.value,
        axes: free(axesOfStore(s)),
        dtype: s.tensor.dtype,
        store: s,
        ...(fold ? { fold } : {}),
      }));
    const states = (f: Fold): SinkView[] =>
      f.next.map((n, i) => ({
        id: this.names.value(n),
        value: n,
        axes: free(f.init[i]!.axes),
        dtype: n.dtype,
        fold: f,
      }));
    const placed = this.names.values
      .filter(n => this.isPlaced(n))
      .map(n => ({ id: this.names.value(n), value: n, axes: free(n.axes), dtype: n.dtype }));
    return [
      ...stores(this.kernel.stores),
      ...this.names.folds.flatMap(f => [...stores(f.stores, f), ...states(f)]),
      ...placed,
    ];
  }

  /** axes of a sink that none of its own reductions runs over */
  rows(s: SinkView): readonly Axis[] {
    let rows = this.rowsOf.get(s);
    if (!rows) {
      const over = new Set(this.inline(s.value).flatMap(n => (n.kind === "reduce" ? this.axes(n.over) : [])));
      rows = s.axes.filter(a => !over.has(a));
      this.rowsOf.set(s, rows);
    }
    return rows;
  }
  /** what a sink's own loops add up */
  reductions(s: SinkView): readonly NodeOf<"reduce">[] {
    return this.inline(s.value).filter((n): n is NodeOf<"reduce"> => n.kind === "reduce");
  }
  /** the row that a stage of the schedule has in lanes; undefined: none of the sink's own */
  laneOf(s: SinkView, stages: Schedule["stage"]): Axis | undefined {
    const lane = stages[s.id]?.lane;
    return this.rows(s).find(a => this.names.axis(a) === lane);
  }

  // ---- memory

  /** axes of a placed value as scratch holds it */
  storedAxes(n: Node): readonly Axis[] {
    return storageOrder(this.axes(this.kernel.grid), this.axes(n.axes));
  }

  /** Axes were fused or parted. */
  fusionChanged(): void {
    this.fusion = [...this.fusedInto].map(([a, whole]) => `${a.id}>${whole.id}`).join();
    this.rowsOf.clear();
  }
  private address(tensor: Tensor, index: readonly Poly[]): Poly {
    let known = addresses.get(index);
    if (!known) {
      known = new Map();
      addresses.set(index, known);
    }
    let p = known.get(this.fusion);
    if (!p) {
      p = this.addressOf(tensor, index);
      known.set(this.fusion, p);
    }
    return p;
  }
  private addressOf(tensor: Tensor, index: readonly Poly[]): Poly {
    // panels only matter to who made them: the order of the dims decides
    const layout = tensor.layout && {
      order: tensor.layout.order,
      ...(tensor.layout.strides ? { strides: tensor.layout.strides } : {}),
    };
    const { strides } = layoutOf(tensor.dtype, tensor.dims, layout);
    return index
      .map((p, d) => this.fused(p).mul(strides[d]!))
      .reduce((a, b) => a.add(b), Poly.zero)
      .mergeDivMod();
  }
  stepOf(tensor: Tensor, index: readonly Poly[], a: Axis): Step {
    const p = this.address(tensor, index);
    if (!p.has(a.sym) && !gathersIn(p).some(n => n.axes.includes(a))) return "none";
    const step = p.coef(a.sym);
    if (!step) return "irregular";
    return step.isConst && step.constant === bytesOf(tensor.dtype) ? "contiguous" : "strided";
  }
  /** bytes between neighbours along the axis, where they are a number */
  strideOf(tensor: Tensor, index: readonly Poly[], a: Axis): number | undefined {
    const step = this.address(tensor, index).coef(a.sym);
    return step?.isConst ? step.constant : undefined;
  }
  loadStep(n: NodeOf<"load">, a: Axis): Step {
    if (!this.isAlong(n.axes, a)) return "none";
    if (isTensor(n.tensor)) return this.stepOf(n.tensor, n.index, a);
    const last = n.index.at(-1);
    const step = last && this.fused(last).coef(a.sym);
    if (step?.isConst && step.constant === 1) return "contiguous";
    return n.index.every(p => this.fused(p).coef(a.sym)) ? "strided" : "irregular";
  }
  /** dims of the load that may leave the tensor */
  checks(n: NodeOf<"load">): readonly Poly[] {
    let checks = checked.get(n);
    if (!checks) {
      const dims = isTensor(n.tensor) ? n.tensor.dims : n.tensor.axes.map(a => a.extent);
      checks = n.index.filter((p, d) => !isInside(p, dims[d]!));
      checked.set(n, checks);
    }
    return checks;
  }
}

const dear: Readonly<Record<string, number>> = {
  exp: 14,
  exp2: 10,
  log: 20,
  log2: 18,
  tanh: 20,
  erf: 25,
  sin: 25,
  cos: 25,
  sigmoid: 16,
  pow: 40,
};
/** a float of 16 bits or fewer as f32 where no instruction does it, so that a row that is walked twice is kept wide */
const WIDENING = 6;
function operationCost(n: Node): number {
  if (n.kind === "call") return dear[n.fn] ?? 20;
  if (n.kind !== "map") return 0;
  if (n.op === "cast" && isNarrowFloat(n.args[0]!.dtype) && n.args[0]!.dtype !== "bf16") return WIDENING;
  return n.op === "div" || n.op === "sqrt" || n.op === "mod" || n.op === "rem" ? 4 : 1;
}
