// Kernels that become two: parts of a long fold, or of a contraction along its depth, are computed side by side and leave what they have in buffers
// between, which a second kernel joins, first to last. Into how many parts follows from sizes alone. Which dispatches these kernels are is not decided here.
import { opaque, Poly } from "../../ir/poly.js";
import { rewrite } from "../../ir/rewrite.js";
import { atIndex } from "../../ir/substitute.js";
import { bytesOf } from "../../ir/dtypes.js";
import {
  type Axis,
  type Fold,
  type Kernel,
  newAxis,
  nextId,
  type Node,
  node,
  type Store,
  type Tensor,
} from "../../ir/tile.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { FOLD_BLOCK, partSizes, whyWhole } from "../../schedule/parts.js";
import type { Range } from "./shader.js";
import { contractionOf, DEPTH, tilesOf, volume } from "./contraction.js";

export interface Parted {
  readonly walk: Kernel;
  readonly join: Kernel;
  /** what the one leaves for the other */
  readonly between: readonly Tensor[];
  /** the fold whose parts are walked, and which indices the part at hand has */
  readonly range?: Range;
}
/** invocations, or workgroups with tiles, that keep a device busy */
const INVOCATIONS = 2048;
const TILES = 32;
/** indices that a part of a contraction has at least */
const SHORTEST = 256;

export function partedFold(
  kernel: Kernel,
  { blocks: wanted = INVOCATIONS }: Pick<GpuChoice, "blocks"> = {},
): Parted | undefined {
  const fold = kernel.folds.find(f => !f.cells);
  if (!fold || whyWhole(kernel, fold) !== undefined || whyUncut(kernel, fold) !== undefined) return undefined;
  const name = fold.axis.name;
  const blocks = Poly.product(kernel.grid.map(a => a.extent));
  const { more, length } = partSizes(fold, name, scheduleOf(name, fold, wanted), blocks);
  if (more.isZero) return undefined;
  const between = fold.init.map((n, slot) => partOf(n, slot, more.add(1)));
  const part = newAxis("part", more.add(1));
  const at = Poly.sym(part.sym).mul(length);
  const stores = between.map(
    (tensor, slot): Store => ({
      tensor,
      index: indexOf(part, fold.init[slot]!),
      value: node<"result">({ kind: "result", fold, slot, axes: fold.init[slot]!.axes, dtype: tensor.dtype }),
    }),
  );
  const { debug: _, ...rest } = kernel;
  const inputs = kernel.tensors.filter(t => t.role !== "output");
  return {
    walk: { ...rest, tensors: [...inputs, ...between], grid: [part, ...kernel.grid], stores, folds: [fold] },
    join: joinParts(kernel, fold, between, more),
    between,
    range: { fold, from: at, to: opaque("min", at.add(length), fold.axis.extent) },
  };
}
/** Why a fold that may be cut into parts isn't here; undefined: it is. */
export function whyUncut(kernel: Kernel, fold: Fold): string | undefined {
  if (kernel.folds.filter(f => !f.cells).length > 1) return "is not the only one";
  if (kernel.segments) return "is walked in segments";
  if (fold.stores.length > 0) return "writes in its steps";
  if (fold.folds.length > 0) return "holds another";
  if (fold.init.some(n => bytesOf(n.dtype) < 4)) return "has states of fewer than 32 bits";
  return undefined;
}
const scheduleOf = (name: string, fold: Fold, wanted: number): Parameters<typeof partSizes>[2] => ({
  parts: { [name]: wanted },
  block: { [name]: fold.steps ? 1 : FOLD_BLOCK },
});

const partOf = (n: Pick<Node, "axes" | "dtype">, slot: number, count: Poly): Tensor => ({
  name: `part ${slot}`,
  dtype: n.dtype,
  dims: [count, ...n.axes.map(a => a.extent)],
  role: "output",
});
const indexOf = (part: Axis, n: Pick<Node, "axes">): readonly Poly[] => [part, ...n.axes].map(a => Poly.sym(a.sym));

function joinParts(kernel: Kernel, fold: Fold, between: readonly Tensor[], more: Poly): Kernel {
  const axis = newAxis("part", more);
  const sources = read(between);
  const stateOf = (slot: number, part: Poly, axes: readonly Axis[]): Node => {
    const own = fold.init[slot]!.axes;
    const index = [part, ...own.map(a => Poly.sym(a.sym))];
    const tensor = sources[slot]!;
    return node<"load">({ kind: "load", tensor, index, fill: 0, axes: [...axes, ...own], dtype: tensor.dtype });
  };
  const init = fold.init.map((_, slot) => stateOf(slot, Poly.zero, []));
  const joining: Fold = { id: nextId(), axis, steps: true, init, next: [], stores: [], folds: [] };
  const right = fold.init.map((_, slot) => stateOf(slot, Poly.sym(axis.sym).add(1), [axis]));
  const left = fold.init.map((n, slot) =>
    node<"state">({ kind: "state", fold: joining, slot, axes: n.axes, dtype: n.dtype }),
  );
  const results = fold.init.map((n, slot) =>
    node<"result">({ kind: "result", fold: joining, slot, axes: n.axes, dtype: n.dtype }),
  );
  const inFold = (n: Node): Node | undefined =>
    n.kind === "state" && n.fold === fold ? (n.part === "left" ? left : right)[n.slot] : undefined;
  joining.next = rewrite(new Map(), new Map(), inFold).values(fold.merge!);
  const joined = (n: Node): Node | undefined => (n.kind === "result" && n.fold === fold ? results[n.slot] : undefined);
  const { debug: _, ...rest } = kernel;
  return { ...rest, ...storesWith(kernel, joined), tensors: [...kernel.tensors, ...sources], folds: [joining] };
}
const read = (tensors: readonly Tensor[]): readonly Tensor[] => tensors.map(t => ({ ...t, role: "input" }));

function storesWith(kernel: Kernel, replaced: (n: Node) => Node | undefined): Pick<Kernel, "stores"> {
  const { values, index } = rewrite(new Map(), new Map(), replaced);
  const one = (n: Node): Node => values([n])[0]!;
  return {
    stores: kernel.stores.map(s => ({
      ...s,
      index: s.index.map(index),
      value: one(s.value),
      ...(s.when ? { when: one(s.when) } : {}),
    })),
  };
}

/** A contraction of few tiles and great depth. Sizes have to be known: parts have no remainder. */
export function partedContraction(kernel: Kernel, choice: Pick<GpuChoice, "tile"> = {}): Parted | undefined {
  const c = contractionOf(kernel, kernel.stores, choice);
  if (!c || !tilesOf(c).isConst || tilesOf(c).isZero || !volume(c.dot.over).isConst) return undefined;
  const others = (a: Axis): number => volume(c.dot.over).constant / a.extent.constant;
  const options = c.dot.over.map(axis => {
    const isPart = (n: number): boolean =>
      axis.extent.constant % (n * 4) === 0 &&
      (axis.extent.constant / n) * others(axis) >= SHORTEST &&
      ((axis.extent.constant / n) * others(axis)) % DEPTH === 0 &&
      tilesOf(c).constant * n <= TILES;
    return { axis, parts: Math.max(1, ...[2, 4, 8, 16].filter(isPart)) };
  });
  const { axis, parts } = options.reduce((a, b) => (b.parts > a.parts ? b : a));
  if (parts === 1) return undefined;
  const { dot } = c;
  const part = newAxis("part", Poly.int(parts));
  const inPart = newAxis(axis.name, Poly.int(axis.extent.constant / parts));
  const at = Poly.sym(part.sym).mul(inPart.extent).add(Poly.sym(inPart.sym));
  const own = kernel.grid.filter(a => dot.axes.includes(a));
  const axes = [...own, ...dot.axes.filter(a => !own.includes(a))];
  const tensor = partOf({ axes, dtype: dot.dtype }, 0, part.extent);
  const value = node<"reduce">({
    ...dot,
    args: dot.args.map(x => atIndex(x, axis, at)),
    over: dot.over.map(a => (a === axis ? inPart : a)),
    axes: [part, ...axes],
  });
  const again = newAxis("part", part.extent);
  const [source] = read([tensor]);
  const load = node<"load">({
    kind: "load",
    tensor: source!,
    index: indexOf(again, { axes }),
    fill: 0,
    axes: [again, ...axes],
    dtype: dot.dtype,
  });
  const sum = node<"reduce">({ ...dot, op: "sum", args: [load], over: [again], axes });
  const inputs = kernel.tensors.filter(t => t.role !== "output");
  const { debug: _, ...rest } = kernel;
  const stores = [{ tensor, index: indexOf(part, { axes }), value }];
  return {
    walk: { ...rest, tensors: [...inputs, tensor], grid: [part, ...axes], stores },
    join: { ...rest, ...storesWith(kernel, n => (n === dot ? sum : undefined)), tensors: [...kernel.tensors, source!] },
    between: [tensor],
  };
}
