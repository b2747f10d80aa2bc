// What values vary with: what must be known before one can be computed, and no more.
import { type Axis, axesOf, type Fold, gathersIn, isTensor, type Node, type Tensor } from "../../ir/tile.js";

/** An axis; a fold whose state or result it is; a tensor that the kernel writes. */
export type Need = Axis | Fold | Tensor;

export class Needs {
  readonly #known = new Map<Node, ReadonlySet<Need>>();
  readonly #foldAxes: ReadonlySet<Axis>;
  readonly #written: ReadonlySet<Tensor>;
  constructor(foldAxes: ReadonlySet<Axis>, written: ReadonlySet<Tensor>) {
    this.#foldAxes = foldAxes;
    this.#written = written;
  }
  of(n: Node): ReadonlySet<Need> {
    let set = this.#known.get(n);
    if (!set) {
      const into = new Set<Need>(n.axes);
      this.#collect(n, into);
      set = into;
      this.#known.set(n, set);
    }
    return set;
  }
  #collect(n: Node, into: Set<Need>): void {
    const addAll = (nodes: readonly Node[]): void => {
      for (const m of nodes) for (const x of this.of(m)) into.add(x);
    };
    switch (n.kind) {
      case "full":
        // a number is the same everywhere
        into.clear();
        break;
      case "index":
        addAll(gathersIn(n.index));
        break;
      case "load":
        for (const a of n.index.flatMap(axesOf)) into.add(a);
        addAll(n.index.flatMap(gathersIn));
        if (isTensor(n.tensor)) {
          if (this.#written.has(n.tensor)) into.add(n.tensor);
        } else {
          const own = n.tensor.axes;
          for (const x of this.of(n.tensor.value)) if (!own.includes(x as Axis)) into.add(x);
        }
        break;
      case "map":
      case "call":
        addAll(n.args);
        break;
      case "reduce":
        addAll(n.args);
        for (const a of n.over) {
          // over the axis of a fold: over the block at hand, which is one index
          if (this.#foldAxes.has(a)) into.add(a);
          else into.delete(a);
        }
        break;
      case "state":
        into.add(n.fold);
        break;
      case "result":
        if (!n.fold.cells) {
          into.add(n.fold);
          into.delete(n.fold.axis);
        } else {
          addAll([...n.fold.init, ...n.fold.next]);
          into.delete(n.fold.axis);
          into.delete(n.fold);
        }
        break;
    }
  }
}
