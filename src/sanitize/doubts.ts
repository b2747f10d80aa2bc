// Elements that are wrong, on their way to where something takes them: a branch of `where` that is not taken leaves them out.
import type { Evaluator } from "../ir/evaluate/evaluator.js";
import type { Data, Value } from "../ir/evaluate/values.js";
import type { Node } from "../ir/tile.js";
import type { Mistakes } from "./mistakes.js";
import { where } from "./where.js";

/** A mistake of a node, in the elements of a value that are made of it. */
export interface Doubt extends Mistakes {
  /** the one that made the mistake */
  readonly node: Node;
  /** its line, or the nearest one on the way: what the library writes for its user has none */
  readonly source: string | undefined;
}

export class Doubts {
  /** by elements, which the state of a fold shares with what it was made by */
  readonly #known = new WeakMap<Data, readonly Doubt[]>();

  value(n: Node, value: Value, e: Evaluator, own: Mistakes | undefined): void {
    const doubts = [...this.#carried(n, value, e), ...(own ? [{ ...own, node: n, source: undefined }] : [])];
    if (doubts.length === 0) return;
    const source = n.source ?? (n.kind === "result" ? n.fold.source : undefined);
    this.#known.set(value.data, once(doubts.map(d => ({ ...d, source: d.source ?? source }))));
  }
  /** Of a value's elements, or of those that are taken where `when` holds. */
  of(value: Value, when?: Value): readonly Doubt[] {
    const doubts = this.#known.get(value.data) ?? none;
    return when ? taken(doubts, when, true) : doubts;
  }
  #carried(n: Node, value: Value, e: Evaluator): readonly Doubt[] {
    if (n.kind === "state" || n.kind === "result" || (n.kind === "call" && n.meaning)) return this.of(value);
    if (n.kind !== "map" && n.kind !== "call") return none;
    return n.args.flatMap((a, i) => {
      const doubts = this.of(e.evaluate(a));
      return n.kind === "map" && n.op === "select" && i > 0 ? taken(doubts, e.evaluate(n.args[0]!), i === 1) : doubts;
    });
  }
}
const none: readonly Doubt[] = [];

function taken(doubts: readonly Doubt[], condition: Value, holds: boolean): readonly Doubt[] {
  return doubts.flatMap(d => {
    const wrong = where((c: number, x: number) => x !== 0 && (c !== 0) === holds, condition, d.wrong);
    return wrong ? [{ ...d, wrong }] : [];
  });
}
/** A mistake that came on two ways is one. */
function once(doubts: readonly Doubt[]): readonly Doubt[] {
  const byNode = new Map<Node, Doubt>();
  for (const d of doubts) {
    const known = byNode.get(d.node);
    const wrong = known && where((x: number, y: number) => x + y > 0, known.wrong, d.wrong);
    byNode.set(d.node, wrong ? { ...known, wrong } : d);
  }
  return [...byNode.values()];
}
