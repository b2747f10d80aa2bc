// Folds in parts: a phase in which every block walks one part of a fold and leaves its state in memory of the call, and in the main phase
// a fold over these states. They are merged from the first to the last, whoever made them, so that results are the same bits at any
// number of threads. Where sizes leave one part, the main phase folds as if there were none.
import { opaque, Poly } from "../../ir/poly.js";
import { rewrite } from "../../ir/rewrite.js";
import type { Axis, Fold, Node, NodeOf, Tensor } from "../../ir/tile.js";
import { isTensor, newAxis, nextId, node, reach } from "../../ir/tile.js";
import { layoutOf } from "../../ir/layout.js";
import { partSizes } from "../../schedule/parts.js";
import { scratchDtype } from "./convert.js";
import { lowerFold } from "./folds.js";
import { lowerStage } from "./stages.js";
import type { Lowering, Sink } from "./state.js";
import { origin } from "./state.js";
import type { Storage } from "./storage.js";

/** A fold that is cut, with the memory in which its parts leave their states. */
export interface PartedFold {
  readonly fold: Fold;
  /** numbers the parts beside the first */
  readonly axis: Axis;
  /** indices of a part */
  readonly length: Poly;
  /** 0 where there is only one */
  readonly count: Poly;
  readonly states: readonly { readonly tensor: Tensor; readonly storage: Storage }[];
}

/** `blocks`: those of the grid. */
export function partedFolds(l: Lowering, blocks: Poly): PartedFold[] {
  const cut = l.kernel.folds.flatMap(fold => {
    const name = l.names.axis(fold.axis);
    if (l.schedule.parts?.[name] === undefined) return [];
    const sizes = partSizes(fold, name, l.schedule, blocks);
    return sizes.more.isZero ? [] : [{ fold, name, ...sizes }];
  });
  // where one fold has several parts the states of all folds lie in memory
  const any = opaque(
    "min",
    cut.reduce((sum, c) => sum.add(c.more), Poly.zero),
    Poly.one,
  );
  return cut.map(({ fold, name, more, length }) => {
    const count = more.add(1).mul(any);
    const states = fold.init.map((n, slot) => {
      const extents = n.axes.map(a => a.extent);
      const layout = layoutOf(scratchDtype[n.dtype], [count, ...extents]);
      const tensor: Tensor = {
        name: `part of ${l.names.value(fold.next[slot]!)}`,
        dtype: n.dtype,
        dims: [more.add(1), ...extents],
        role: "input",
      };
      return { tensor, storage: { ...layout, base: l.allocateShared(layout.bytes) } };
    });
    return { fold, axis: newAxis(`${name}.part`, more), length, count, states };
  });
}

/** The part of `axis` is bound: walks it, and writes what comes of it. */
export function walkPart(l: Lowering, { fold, length, states }: PartedFold, at: Axis): void {
  const part = Poly.sym(at.sym);
  l.folded.set(fold, { lo: l.at(part, origin).mul(length), length });
  lowerFold(l, fold);
  l.folded.delete(fold);
  for (const [slot, { tensor, storage }] of states.entries()) {
    const from = fold.init[slot]!;
    const value = node<"result">({ kind: "result", fold, slot, axes: from.axes, dtype: from.dtype });
    const sink: Sink = {
      name: tensor.name,
      value,
      axes: l.axes(from),
      form: l.form(storage, [part, ...from.axes.map(a => Poly.sym(a.sym))], storage.base),
      dtype: storage.dtype,
      checks: [],
    };
    lowerStage(l, [sink]);
  }
}

/** Makes what all parts give the result of the fold. */
export function mergeParts(l: Lowering, { fold, axis, states }: PartedFold): void {
  for (const { tensor, storage } of states) l.copies.set(tensor.name, storage);
  const stateOf = (slot: number, part: Poly, axes: readonly Axis[]): NodeOf<"load"> => {
    const from = fold.init[slot]!;
    const { tensor } = states[slot]!;
    const index = [part, ...from.axes.map(a => Poly.sym(a.sym))];
    return node<"load">({ kind: "load", tensor, index, fill: 0, axes: [...axes, ...from.axes], dtype: from.dtype });
  };
  const merging: Fold = {
    id: nextId(),
    axis,
    steps: true,
    init: fold.init.map((_, slot) => stateOf(slot, Poly.zero, [])),
    next: [],
    stores: [],
    folds: [],
  };
  const next = Poly.sym(axis.sym).add(1);
  const known = new Map<string, Node>();
  const joined = (n: Node): Node | undefined => {
    if (n.kind !== "state" || n.fold !== fold) return undefined;
    const key = `${n.part} ${n.slot}`;
    const made =
      known.get(key) ?? (n.part === "left" ? node<"state">({ ...n, fold: merging }) : stateOf(n.slot, next, [axis]));
    known.set(key, made);
    return made;
  };
  merging.next = rewrite(new Map(), new Map(), joined).values(fold.merge!);
  // what a merge reads under other indices has to lie in memory
  for (const n of reach(merging.next)) if (n.kind === "load" && !isTensor(n.tensor)) l.materialized.add(n.tensor.value);
  lowerFold(l, merging);
  l.states.set(fold, l.states.get(merging)!);
}
