// Where NaN and infinity are born, and which of them a tensor ends up with.
import type { Evaluator } from "../ir/evaluate/evaluator.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import type { Node, Store } from "../ir/tile.js";
import { children } from "../ir/tile.js";
import { nameOf } from "./name-of.js";
import { where } from "./where.js";

/** Why a tensor is not finite, and the line of it. */
export interface Birth {
  readonly why: string;
  readonly source: string | undefined;
}

export class Births {
  readonly #notFinite = new Set<Node>();
  readonly #births = new Set<Node | Store>();
  /** operands of a `where` of which it took elements that are not finite */
  readonly #taken = new Map<Node, Set<Node>>();

  value(n: Node, value: Value, e: Evaluator): void {
    if (!some(value, notFinite)) return;
    this.#notFinite.add(n);
    if (n.kind === "map" && n.op === "select") this.#take(n, n.args, e);
    else if (isBirth(n, value, e)) this.#births.add(n);
  }
  /** What a tensor's dtype does not hold, or a join with what was there makes. */
  element(s: Store, written: Scalar, x: Scalar, old?: Scalar): void {
    if (isBorn(x, old ?? x, written)) this.#births.add(s);
  }
  /** Why a tensor that these stores write is not finite; undefined: its author writes such constants. */
  blame(stores: readonly Store[]): Birth | undefined {
    for (const { value, source } of stores) {
      const birth = this.#birthOf(value, source);
      if (birth) return birth;
    }
    const store = stores.find(s => this.#births.has(s));
    return store && { why: `${store.tensor.dtype} does not hold what is written`, source: store.source };
  }
  #take(n: Node, [condition, ...branches]: readonly Node[], e: Evaluator): void {
    const taken = this.#taken.get(n) ?? new Set();
    this.#taken.set(n, taken);
    branches.forEach((b, i) => {
      const isTaken = (c: number, x: number): boolean => (c !== 0) === (i === 0) && notFinite(x);
      if (where(isTaken, e.evaluate(condition!), e.evaluate(b))) taken.add(b);
    });
  }
  /** `user`: the nearest line on the way from the store */
  #birthOf(n: Node, user: string | undefined, seen = new Set<Node>()): Birth | undefined {
    if (!this.#notFinite.has(n) || seen.has(n)) return undefined;
    seen.add(n);
    const source = n.source ?? user;
    if (this.#births.has(n)) return { why: `it begins with ${nameOf(n)}`, source };
    for (const operand of this.#taken.get(n) ?? operandsOf(n)) {
      const birth = this.#birthOf(operand, source, seen);
      if (birth) return birth;
    }
    return undefined;
  }
}
const notFinite = (x: Scalar): boolean => !Number.isFinite(Number(x));
const some = ({ data }: Value, f: (x: Scalar) => boolean): boolean => (data as Float64Array).some(f);
/** Of a fold's state: what a step makes of it, and what it starts with. */
const operandsOf = (n: Node): readonly Node[] =>
  n.kind === "state" || n.kind === "result" ? [n.fold.next[n.slot]!, n.fold.init[n.slot]!] : children(n);

/** Does the node make an element that is not finite? Constants and fills are the author's, and what is read was made elsewhere. */
function isBirth(n: Node, value: Value, e: Evaluator): boolean {
  if (n.kind === "reduce") {
    const bad = some(value, Number.isNaN) ? Number.isNaN : notFinite;
    return !n.args.some(a => some(e.evaluate(a), bad));
  }
  if (n.kind !== "map" && (n.kind !== "call" || n.meaning)) return false;
  const [a, b = a] = n.args;
  return where(isBorn, e.evaluate(a!), e.evaluate(b!), value) !== undefined;
}
/** Infinity of finite operands, or NaN of none. */
function isBorn(a: Scalar, b: Scalar, made: Scalar): boolean {
  const bad = Number.isNaN(made) ? Number.isNaN : notFinite;
  return bad(made) && !bad(a) && !bad(b);
}
