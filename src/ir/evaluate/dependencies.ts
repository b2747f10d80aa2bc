// What a node's value depends on that changes while a kernel is evaluated: spans of axes, states of folds, contents of tensors.

import type { Poly } from "../poly.js";
import type { Fold, Node } from "../tile.js";
import { axesOf, gathersIn, isTensor } from "../tile.js";

/** An axis; a fold (its results); the array of a fold's initial nodes (its state); a tensor that the kernel writes. */
type Variable = object;

export class Dependencies {
  /** changes count up; a value is stale when something it depends on changed after it was computed */
  now = 0;
  readonly #changedAt = new Map<Variable, number>();
  readonly #of = new Map<Node, ReadonlySet<Variable>>();
  readonly #written: ReadonlySet<object>;
  readonly #states = new WeakSet<Variable>();
  constructor(written: ReadonlySet<object>) {
    this.#written = written;
  }
  touch(v: Variable): void {
    this.#changedAt.set(v, ++this.now);
  }
  changed(n: Node): number {
    let last = 0;
    for (const v of this.of(n)) last = Math.max(last, this.#changedAt.get(v) ?? 0);
    return last;
  }
  hasState(n: Node): boolean {
    for (const v of this.of(n)) if (this.#states.has(v)) return true;
    return false;
  }
  of(n: Node): ReadonlySet<Variable> {
    let set = this.#of.get(n);
    if (!set) {
      set = this.#collect(n);
      this.#of.set(n, set);
    }
    return set;
  }
  #collect(n: Node): ReadonlySet<Variable> {
    const into = new Set<Variable>();
    const add = (x: Node): void => {
      for (const v of this.of(x)) into.add(v);
    };
    const addIndex = (p: Poly): void => {
      for (const a of axesOf(p)) into.add(a);
      gathersIn(p).forEach(add);
    };
    switch (n.kind) {
      case "full":
        break;
      case "index":
        addIndex(n.index);
        break;
      case "load":
        n.index.forEach(addIndex);
        if (!isTensor(n.tensor)) add(n.tensor.value);
        else if (this.#written.has(n.tensor)) into.add(n.tensor);
        break;
      case "reduce":
        for (const a of n.over) into.add(a);
        n.args.forEach(add);
        break;
      case "map":
      case "call":
        n.args.forEach(add);
        break;
      case "state":
        this.#stateOf(n.fold, into);
        break;
      case "result":
        into.add(n.fold);
        break;
    }
    return into;
  }
  #stateOf(f: Fold, into: Set<Variable>): void {
    this.#states.add(f.init);
    into.add(f.init);
  }
}
