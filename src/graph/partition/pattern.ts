// How a node's body reads its inputs, found by tracing it alone: what fusion and layout decide by.
import { Poly } from "../../ir/poly.js";
import { isInside } from "../../ir/bounds.js";
import { type Axis, axesOf, axisOf, children, gathersIn, isTensor, newAxis, type Node } from "../../ir/tile.js";
import { type Value } from "../graph.js";
import type { BoundNode } from "../bind.js";
import { bodiesIn } from "./node-body.js";
import { indexTile } from "../../tile/tile.js";
import { Alike, askedIn, Likeness } from "./likeness.js";
import { type Assumptions, isWalkedBy, KernelScope, provablyInside } from "./scope.js";

export interface Read {
  readonly value: Value;
  /** per dim of the value: the position of the output dim whose bare axis indexes it, "zero", or "other" (windows, reduced axes, gathers) */
  readonly position: readonly (number | "zero" | "other")[];
  /** every index is a bare axis (an output's or a reduced one) or 0: each element is read under its own name */
  readonly bare: boolean;
  /** every index is an axis or none, plus what no axis changes (a slice): a loop walks it like a bare one */
  readonly direct: boolean;
  /** the place is the output's own, moved by these amounts, one a dim: the output is a part of the value */
  readonly starts: readonly number[] | undefined;
  /** some index is an element of a tensor (a gather), which kernels check */
  readonly picks: boolean;
  /** some index may lie beyond the value, where the body reads a fill: padding */
  readonly beyond: boolean;
  /** output dims that the reading place varies over and the index does not: the value is read again for each of them */
  readonly extraOutputs: readonly number[];
  /** the same for axes of reductions around the read */
  readonly extraReduced: boolean;
  /** below a reduction */
  readonly reduced: boolean;
}
export interface Pattern {
  readonly reads: readonly Read[];
  /** arithmetic per output element; 0: the node only moves data */
  readonly cost: number;
  readonly reduction: boolean;
  /** some reduction multiplies two operands of which one has an axis that the other lacks */
  readonly contraction: boolean;
  /** the body is nothing but one read */
  readonly copy: Read | undefined;
}

const CALL_COST = 12;

/** How an output is walked: an axis a dim, and an axis a dim that is walked in phases. */
export interface OutputIndex {
  readonly axes: readonly (Axis | undefined)[];
  readonly phases: readonly Axis[];
  readonly index: readonly Poly[];
}

/**
 * Fresh axes over an output's dims; a dim that is 1 gets the index 0. `phases` (Operator.phases) says by how much elements of one
 * phase are apart: a dim that is a multiple of it is walked phase by phase.
 */
export function outputIndex(scope: KernelScope, dims: readonly Poly[], phases: readonly number[] = []): OutputIndex {
  const inner: Axis[] = [];
  const index: Poly[] = [];
  const axes = dims.map((d, i) => {
    if (d.isConst && d.constant === 1) {
      index.push(Poly.zero);
      return undefined;
    }
    const by = phases[i] ?? 1;
    const split = isWalkedBy(d, by);
    const axis = newAxis(`i${i}`, split ? scope.multiple(d, by) : scope.dim(d));
    const phase = split ? newAxis(`r${i}`, Poly.int(by)) : undefined;
    if (phase) inner.push(phase);
    index.push(phase ? Poly.sym(axis.sym).mul(by).add(Poly.sym(phase.sym)) : Poly.sym(axis.sym));
    return axis;
  });
  return { axes, phases: inner, index };
}

/** Patterns of nodes that are alike (the blocks of a network repeat) are found once. */
export class Patterns {
  readonly #assumptions: Assumptions;
  readonly #alike: Alike<{ readonly pattern: Pattern; readonly values: readonly Value[] }>;

  constructor(assumptions: Assumptions, alike: Patterns["alike"] = new Alike()) {
    this.#assumptions = assumptions;
    this.#alike = alike;
  }
  get alike(): Alike<{ readonly pattern: Pattern; readonly values: readonly Value[] }> {
    return this.#alike;
  }
  of(bound: BoundNode, outputName: string): Pattern {
    const like = new Likeness(this.#assumptions.sameDim, () => undefined);
    like.text = outputName;
    like.node(bound);
    const same = this.#alike.find(like);
    if (same) return moved(same.pattern, v => like.values[same.values.indexOf(v)]!);
    const { pattern, scope } = patternOf(bound, outputName, this.#assumptions);
    if (!scope.isParticular) this.#alike.keep(like, askedIn(scope, like), { pattern, values: like.values });
    return pattern;
  }
}

function moved(pattern: Pattern, valueOf: (v: Value) => Value): Pattern {
  const reads = pattern.reads.map(r => ({ ...r, value: valueOf(r.value) }));
  return { ...pattern, reads, copy: pattern.copy && reads[0] };
}

function patternOf(
  bound: BoundNode,
  outputName: string,
  assumptions: Assumptions,
): { readonly pattern: Pattern; readonly scope: KernelScope } {
  const value = bound.outputs[outputName]!;
  const scope = new KernelScope(
    v => ({ layout: { order: (v.dims ?? []).map((_, i) => i) }, constant: v.constant !== undefined }),
    () => undefined,
    assumptions,
  );
  const { axes, index } = outputIndex(scope, value.dims!);
  const root = bodiesIn(scope, bound)[outputName]!(...index.map(p => indexTile(p))).node;
  const valueOf = new Map([...scope.tensors].map(([v, t]) => [t, v]));
  const reads: Read[] = [];
  const seen = new Set<string>();
  let cost = 0;
  let reduction = false;
  let contraction = false;
  const visit = (n: Node, outer: ReadonlySet<Axis>, over: ReadonlySet<Axis>): void => {
    const key = `${n.id}/${[...over].map(a => a.id).join()}/${[...outer].map(a => a.id).join()}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (n.kind === "map") cost++;
    if (n.kind === "call") cost += CALL_COST;
    if (n.kind === "load" && isTensor(n.tensor))
      reads.push(readOf(valueOf.get(n.tensor)!, n.tensor.dims, n.index, axes, outer, over));
    if (n.kind === "reduce") {
      reduction = true;
      contraction ||= isContraction(n.args);
      const inside = new Set([...over, ...n.over]);
      const around = new Set(n.args.flatMap(a => a.axes).filter(a => !inside.has(a)));
      for (const a of n.args) visit(a, around, inside);
      return;
    }
    for (const c of children(n)) visit(c, outer, over);
  };
  visit(root, new Set(axes.filter(a => a !== undefined)), new Set());
  const copy = root.kind === "load" && reads.length === 1 ? reads[0] : undefined;
  return { pattern: { reads, cost, reduction, contraction, copy }, scope };
}

/** Operands with different axes are reused across outputs: matrix products, convolutions, matrix × vector; Σ d·d is not one. */
const isContraction = ([a, b]: readonly Node[]): boolean =>
  a !== undefined &&
  b !== undefined &&
  (a.axes.some(x => !b.axes.includes(x)) || b.axes.some(x => !a.axes.includes(x)));

function readOf(
  value: Value,
  dims: readonly Poly[],
  index: readonly Poly[],
  outputs: readonly (Axis | undefined)[],
  outer: ReadonlySet<Axis>,
  over: ReadonlySet<Axis>,
): Read {
  const used = new Set(index.flatMap(axesOf));
  const position = index.map(p => {
    if (p.isZero) return "zero" as const;
    const at = outputs.findIndex(a => a && p.equals(Poly.sym(a.sym)));
    return at >= 0 ? at : ("other" as const);
  });
  const bare =
    index.every((p, d) => p.isZero || coversDim(p, dims[d]!)) &&
    new Set(index.filter(p => !p.isZero).map(p => p.key)).size === index.filter(p => !p.isZero).length;
  const extraOutputs = outputs.flatMap((a, i) => (a && outer.has(a) && !used.has(a) ? [i] : []));
  return {
    value,
    position,
    bare,
    direct: index.every(movesByOne),
    starts: startsOf(index, outputs),
    picks: index.some(p => gathersIn(p).length > 0),
    beyond: index.some((p, d) => gathersIn(p).length === 0 && !provablyInside(p, dims[d]!) && !isInside(p, dims[d]!)),
    extraOutputs,
    extraReduced: [...over].some(a => !used.has(a)),
    reduced: over.size > 0,
  };
}

function startsOf(index: readonly Poly[], outputs: readonly (Axis | undefined)[]): readonly number[] | undefined {
  const moved = index.map((p, d) => (outputs[d] ? p.sub(Poly.sym(outputs[d].sym)) : p));
  const isPart = index.length === outputs.length && moved.every(p => p.isConst && p.constant >= 0);
  return isPart ? moved.map(p => p.constant) : undefined;
}

/** Is the index a bare axis over the whole dim? */
function coversDim(p: Poly, dim: Poly): boolean {
  if (p.terms.length !== 1 || p.terms[0]!.c !== 1 || p.terms[0]!.s.length !== 1) return false;
  return axisOf(p.terms[0]!.s[0]!)?.extent.equals(dim) ?? false;
}

const movesByOne = (p: Poly): boolean => {
  const moving = p.terms.filter(t => axesOf(Poly.term(t.c, t.s)).length > 0);
  const [only] = moving;
  return !only || (moving.length === 1 && only.c === 1 && only.s.length === 1 && axisOf(only.s[0]!) !== undefined);
};
