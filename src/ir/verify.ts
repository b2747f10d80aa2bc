// Checks a kernel independently of how it was made: axes, dtypes, scopes, indices, stores, folds. What depends on sizes and cannot be
// proved comes back as conditions to be checked at call time.
import { AzulejoError } from "../support/errors.js";
import { boundOf, isNonNegative } from "./bounds.js";
import { Poly } from "./poly.js";
import { refusedDomain } from "./domains.js";
import type { Axis, Combine, Fold, Kernel, Node, NodeOf, Store, Tensor } from "./tile.js";
import { axesOf, gathersIn, isTensor, reach, segmentCount } from "./tile.js";
import { checkNode, quoted } from "./verify-node.js";
import type { Body } from "./walk.js";
import {
  axesOfStore,
  foldsOf,
  indicesOf,
  isSeparate,
  mergeNodes,
  nodesOf,
  rootsOfStore,
  scopesOf,
  storesOf,
} from "./walk.js";

/** A relation between sizes that a call must keep. */
export interface SizeCondition {
  readonly left: Poly;
  readonly relation: "le" | "lt";
  readonly right: Poly;
  /** what to say when it does not hold */
  readonly message: string;
  /** line of the write that asks for it */
  readonly source?: string | undefined;
}
/** What a kernel that is in order still asks of the sizes of a call. */
export interface Verified {
  readonly conditions: readonly SizeCondition[];
}
type Fail = (what: string, at?: { readonly source?: string }) => never;

/** Throws AzulejoError("kernel") at the first mistake. */
export function verify(kernel: Kernel): Verified {
  const fail: Fail = (what, at) => {
    throw new AzulejoError("kernel", `kernel "${kernel.name}": ${what}${at?.source ? ` (${at.source})` : ""}`);
  };
  const declared = new Set<Tensor>(kernel.tensors);
  for (const n of new Set([...nodesOf(kernel), ...mergeNodes(kernel)])) {
    checkNode(n, fail);
    if (n.kind === "load" && isTensor(n.tensor) && !declared.has(n.tensor))
      fail(`"${n.name}" reads "${n.tensor.name}", which the kernel does not declare; add it to the signature`, n);
  }
  const loose = nodesOf(kernel).find(n => n.kind === "state" && n.part);
  if (loose)
    fail(`"${loose.name}" is the state of a part, which only the merge of its fold knows; use the fold's state`, loose);
  checkScopes(kernel, fail);
  foldsOf(kernel).forEach(f => checkFold(f, kernel, fail));
  foldsOf(kernel).forEach(f => checkMerge(f, kernel, fail));
  checkCells(kernel, fail);
  const conditions: SizeCondition[] = checkSegments(kernel, fail);
  checkReductions(kernel, fail);
  checkStores(kernel, kernel, aroundOf(kernel), conditions, fail);
  checkRoles(kernel, fail);
  checkInPlace(kernel, fail);
  return { conditions: unique(conditions) };
}

/** A value that depends on a fold's index or state exists only inside of that fold. */
function checkScopes(kernel: Kernel, fail: Fail): void {
  const scopes = scopesOf(kernel);
  const check = (roots: readonly Node[], inside: ReadonlySet<Fold>): void => {
    for (const n of reach(roots)) {
      const scope = scopes.get(n);
      if (scope && !inside.has(scope))
        fail(
          `"${n.name}" belongs to the fold over "${scope.axis.name}" and is used outside of it; carry it in the fold's state`,
          n,
        );
    }
  };
  const body = (b: Body, inside: ReadonlySet<Fold>): void => {
    for (const f of b.folds) {
      check(f.init, inside);
      const within = new Set([...inside, f]);
      body(f, within);
      check(f.next, within);
    }
    for (const s of b.stores) check(rootsOfStore(s), inside);
  };
  body(kernel, new Set());
}

/** axes of folds over steps, and the number of a segment: one index at a time */
const pointsOf = (kernel: Kernel): ReadonlySet<Axis> =>
  new Set([
    ...foldsOf(kernel).flatMap(f => (f.steps ? [f.axis] : [])),
    ...(kernel.segments ? [kernel.segments.at] : []),
  ]);
/** the loops around a kernel's own body */
const aroundOf = (kernel: Kernel): Axis[] => [...kernel.grid, ...(kernel.segments ? [kernel.segments.at] : [])];

function checkFold(f: Fold, kernel: Kernel, fail: Fail): void {
  if (f.next.length !== f.init.length)
    fail(
      `the fold over "${f.axis.name}" has ${f.init.length} states and ${f.next.length} next values; give one for each`,
    );
  checkStates(f, f.next, kernel, fail);
  if (f.until && !kernel.grid.includes(f.until))
    fail(
      `the fold over "${f.axis.name}" ends with "${f.until.name}", which is no axis of the grid; use an index that grid gave`,
    );
}

/** Values that become the state: dtypes and axes are those of its start. */
function checkStates(f: Fold, next: readonly Node[], kernel: Kernel, fail: Fail): void {
  const points = pointsOf(kernel);
  next.forEach((n, slot) => {
    const init = f.init[slot]!;
    if (n.dtype !== init.dtype)
      fail(
        `state ${slot} of the fold over "${f.axis.name}" starts as ${init.dtype} and becomes ${n.dtype}; cast one of them`,
        n,
      );
    const extra = n.axes.find(a => !init.axes.includes(a) && !points.has(a));
    if (extra)
      fail(
        `state ${slot} of the fold over "${f.axis.name}" gets the axis "${extra.name}" that its initial value lacks; reduce over it or start with it`,
        n,
      );
  });
}

/** A merge knows the states of two parts and what is around the fold, and parts may be walked in any order: nothing is written in them. */
function checkMerge(f: Fold, kernel: Kernel, fail: Fail): void {
  const inside = new Set([f, ...foldsOf(f)]);
  if (!f.merge) return;
  const name = `the fold over "${f.axis.name}" with a merge`;
  if (f.cells) fail(`${name} is one of cells, which are not cut; leave the merge out`);
  const [store] = storesOf({ folds: [f], stores: [] });
  if (store)
    fail(`${name} writes to "${store.tensor.name}", and its parts come in no order; write after the fold`, store);
  if (f.merge.length !== f.init.length)
    fail(`${name} has ${f.init.length} states and merges ${f.merge.length}; give one value for each`);
  checkStates(f, f.merge, kernel, fail);
  for (const n of reach(f.merge)) {
    const own = n.kind === "state" && n.fold === f && n.part !== undefined;
    const folds = n.kind === "state" || n.kind === "result" ? [n.fold] : [];
    const axes = [...indicesOf(n).flatMap(axesOf), ...(n.kind === "reduce" ? n.over : [])];
    if (!own && (folds.some(x => inside.has(x)) || axes.some(a => [...inside].some(x => x.axis === a))))
      fail(`"${n.name}" belongs to the steps of ${name}; a merge knows the states of two parts alone`, n);
  }
}

/** A loop of elements: steps with one value of each state for an element, and nothing in memory. */
function checkCells(kernel: Kernel, fail: Fail): void {
  const scopes = scopesOf(kernel);
  const points = pointsOf(kernel);
  const axesApart = (n: Node): readonly Axis[] => n.axes.filter(a => !points.has(a));
  for (const f of foldsOf(kernel)) {
    if (!f.cells) continue;
    const name = `the fold of cells over "${f.axis.name}"`;
    if (!f.steps || f.until) fail(`${name} walks tiles; use steps, and no \`until\``);
    if (f.init.length === 0) fail(`${name} has no state; start with one value at least`);
    if (f.stores.length > 0) fail(`${name} writes to "${f.stores[0]!.tensor.name}"; write after it`);
    const inner = f.folds.find(x => !x.cells);
    if (inner) fail(`${name} holds the fold over "${inner.axis.name}", which is none of cells; make it one`);
    const axes = axesApart(f.init[0]!);
    const other = f.init.find(n => axesApart(n).length !== axes.length || !axesApart(n).every(a => axes.includes(a)));
    if (other) fail(`the states of ${name} start with different axes; give all of them those of the cells`, other);
  }
  for (const n of nodesOf(kernel)) {
    const scope = scopes.get(n);
    if (!scope?.cells) continue;
    if (n.kind === "load" && !isTensor(n.tensor) && scopes.get(n.tensor.value)?.cells)
      fail(`"${n.tensor.name}" is materialised inside of cells; materialise before them`, n);
    const cells = axesApart(scope.init[0]!);
    const over = n.kind === "reduce" ? n.over.find(a => cells.includes(a)) : undefined;
    if (over)
      fail(`"${n.name}" reduces over "${over.name}", along which cells are apart; reduce what the cells give`, n);
  }
}

/** Segments of one axis of the grid, bounded by a tensor of i32, with one bound at least; what they contain is seen by whoever runs the kernel. */
function checkSegments(kernel: Kernel, fail: Fail): SizeCondition[] {
  const { segments } = kernel;
  if (!segments) return [];
  const { axis, at, offsets } = segments;
  const name = `the segments of "${axis.name}"`;
  if (!kernel.grid.includes(axis)) fail(`${name} are no axis of the grid; use .segments() in grid alone`);
  if (!kernel.tensors.includes(offsets))
    fail(`${name} are bounded by "${offsets.name}", which the kernel does not declare; add it to the signature`);
  if (offsets.dtype !== "i32" || offsets.dims.length !== 1)
    fail(
      `${name} are bounded by "${offsets.name}", ${offsets.dtype} with ${offsets.dims.length} dims; it must be i32 with one`,
    );
  if (offsets.role !== "input")
    fail(`${name} are bounded by "${offsets.name}", which the kernel writes; bounds must stand before it runs`);
  const others = [...kernel.grid, ...foldsOf(kernel).map(f => f.axis)];
  if (others.includes(at) || !at.extent.equals(segmentCount(offsets)))
    fail(`${name} are numbered by "${at.name}", which must be an axis of its own, one shorter than "${offsets.name}"`);
  for (const n of nodesOf(kernel)) {
    if (n.kind !== "load" || isTensor(n.tensor)) continue;
    const d = n.tensor.axes.indexOf(axis);
    if (d >= 0 && !n.index[d]!.equals(Poly.sym(axis.sym)))
      fail(
        `"${n.tensor.name}" is read along "${axis.name}" across segments; read it at "${axis.name}" itself, or make it in another kernel`,
        n,
      );
  }
  const message = `kernel "${kernel.name}": "${offsets.name}" is empty, and segments have one bound more than there are of them`;
  return [{ left: Poly.one, relation: "le", right: offsets.dims[0]!, message }];
}

/** The grid's axes come in blocks, and steps of folds are points: neither can be reduced over. */
function checkReductions(kernel: Kernel, fail: Fail): void {
  const points = pointsOf(kernel);
  for (const n of nodesOf(kernel)) {
    if (n.kind !== "reduce") continue;
    const blocked = n.over.find(a => kernel.grid.includes(a));
    if (blocked)
      fail(
        `"${n.name}" reduces over "${blocked.name}", an axis of the grid, whose blocks run apart; reduce over .all() or fold over .tile()`,
        n,
      );
    const point = n.over.find(a => points.has(a));
    if (point)
      fail(
        point === kernel.segments?.at
          ? `"${n.name}" reduces over "${point.name}", the number of a segment, which is one in each block; reduce over .all()`
          : `"${n.name}" reduces over "${point.name}", which is a point of a fold over .steps(); add the values up in the state of the fold`,
        n,
      );
  }
}

function checkStores(kernel: Kernel, b: Body, around: readonly Axis[], conditions: SizeCondition[], fail: Fail): void {
  for (const f of b.folds) checkStores(kernel, f, [...around, f.axis], conditions, fail);
  for (const s of b.stores) {
    if (!kernel.tensors.includes(s.tensor))
      fail(`"${s.tensor.name}" is written and not declared; add it to the signature`, s);
    if (s.index.length !== s.tensor.dims.length)
      fail(
        `"${s.tensor.name}" has ${s.tensor.dims.length} dims and is written with ${s.index.length} indices; give one index a dim`,
        s,
      );
    if (s.value.dtype !== s.tensor.dtype)
      fail(`"${s.tensor.name}" holds ${s.tensor.dtype}, and "${s.value.name}" is ${s.value.dtype}; cast it`, s);
    if (s.when && s.when.dtype !== "bool")
      fail(
        `the condition "${s.when.name}" of a write to "${s.tensor.name}" is ${s.when.dtype}; compare it with something`,
        s,
      );
    if (s.combine) checkCombine(kernel, s, s.combine, fail);
    else checkOnce(kernel, s, around, fail);
    // what is written under a condition is inside where the condition holds: whoever runs the kernel checks it
    if (s.when) continue;
    s.index.forEach((p, d) => {
      conditions.push(...boundsConditions(kernel, s, p, d));
    });
  }
}
/** Each element is written once: every axis of the value, and every loop around, moves the place. */
function checkOnce(kernel: Kernel, s: Store, around: readonly Axis[], fail: Fail): void {
  const written = s.index.flatMap(axesOf);
  for (const n of [...(s.when ? [s.when] : []), s.value]) {
    const extra = n.axes.find(a => !written.includes(a) && !around.includes(a));
    if (extra)
      fail(
        `"${n.name}" has the axis "${extra.name}" that the indices of "${s.tensor.name}" lack; reduce over it or index with it`,
        s,
      );
  }
  // segments have no index in common
  const repeated = around.find(a => !written.includes(a) && !a.extent.equals(1) && a !== kernel.segments?.at);
  if (repeated)
    fail(
      `every index of "${repeated.name}" writes the same elements of "${s.tensor.name}"; index with "${repeated.name}", or write after its loop`,
      s,
    );
}
/**
 * Writes that join what is there follow each other in one block: blocks of the grid must not meet in an element, and nothing else may
 * touch the tensor, since a body's writes come in no order.
 */
function checkCombine(kernel: Kernel, s: Store, combine: Combine, fail: Fail): void {
  const { tensor } = s;
  if (combine !== "last") {
    const domain = refusedDomain(combine, tensor.dtype);
    if (domain)
      fail(`"${tensor.name}" is joined by ${combine}, which is for ${domain}, not ${tensor.dtype}; use "last"`, s);
  }
  const meeting = kernel.grid.find(a => !isSeparate(s, a) && !a.extent.equals(1));
  if (meeting)
    fail(
      `blocks of "${meeting.name}" may meet in an element of "${tensor.name}"; index with "${meeting.name}" itself, or walk it with .all()`,
      s,
    );
  const tiles = foldsOf(kernel).find(f => !f.steps && storesOf(f).includes(s));
  if (tiles)
    fail(
      `"${tensor.name}" is written by ${combine} in a fold over tiles of "${tiles.axis.name}", whose size must not count; fold over .steps()`,
      s,
    );
  if (storesOf(kernel).some(o => o !== s && o.tensor === tensor))
    fail(`"${tensor.name}" is written twice, once by ${combine}, and writes come in no order; use two kernels`, s);
  if (nodesOf(kernel).some(n => n.kind === "load" && n.tensor === tensor))
    fail(`"${tensor.name}" is read in the kernel that writes it by ${combine}; use two kernels`, s);
}
/** Nothing if the write is inside for all sizes; else what sizes must keep. Gathered indices are checked by whoever runs the kernel. */
function boundsConditions(kernel: Kernel, s: Store, p: Poly, d: number): SizeCondition[] {
  if (gathersIn(p).length > 0) return [];
  const size = s.tensor.dims[d]!;
  const [low, high] = [boundOf(p, "low"), boundOf(p, "high")];
  const where = `kernel "${kernel.name}": "${s.tensor.name}" is written along dim ${d}`;
  const out: SizeCondition[] = [];
  const add = (condition: SizeCondition): void => {
    // a line is found when somebody asks
    out.push(Object.defineProperty(condition, "source", { get: () => s.source }));
  };
  if (low && !isNonNegative(low))
    add({
      left: Poly.zero,
      relation: "le",
      right: low,
      message: `${where} from ${low.print()}, which must not be negative`,
    });
  if (high && !isNonNegative(size.sub(1).sub(high)))
    add({
      left: high,
      relation: "lt",
      right: size,
      message: `${where} up to ${high.print()}, which must be below its size ${size.print()}`,
    });
  return out;
}
const unique = (conditions: readonly SizeCondition[]): SizeCondition[] => [
  ...new Map(conditions.map(c => [`${c.left.key} ${c.relation} ${c.right.key}`, c])).values(),
];

function checkRoles(kernel: Kernel, fail: Fail): void {
  for (const s of storesOf(kernel))
    if (s.tensor.role === "output" && (s.combine || s.when))
      fail(
        `"${s.tensor.name}" is an output, and a write of a part of it, or into what is there, needs its content; make it inout`,
        s,
      );
  const written = new Set(storesOf(kernel).map(s => s.tensor));
  for (const t of kernel.tensors) {
    if (t.role === "input" && written.has(t))
      fail(`"${t.name}" is an input and is written; make it an output or inout`);
    if (t.role === "output" && !written.has(t))
      fail(`"${t.name}" is an output and nothing writes it; add ${quoted(`${t.name}.at(…).set(…)`)} or remove it`);
  }
}

/**
 * A tensor that is read and written: blocks of the grid run in any order, so a block may read only what it writes itself. That is
 * evident where each axis of the grid is a bare index of the same dim in both. Nor is there an order among the elements of a block: what
 * a statement reads lies where it is written.
 */
function checkInPlace(kernel: Kernel, fail: Fail): void {
  const stores = storesOf(kernel).filter(s => s.tensor.role === "inout");
  if (stores.length === 0) return;
  const reads = (nodes: readonly Node[], s: Store) =>
    nodes.filter((n): n is NodeOf<"load"> => n.kind === "load" && n.tensor === s.tensor && !isSamePlace(n, s));
  const nodes = nodesOf(kernel);
  for (const s of stores)
    for (const n of reads(nodes, s)) {
      const shared = kernel.grid.find(a => !n.index.some((p, d) => p.equals(Poly.sym(a.sym)) && s.index[d]!.equals(p)));
      if (shared)
        fail(
          `"${s.tensor.name}" is read where other blocks of "${shared.name}" may write it; read and write it in two kernels`,
          n,
        );
    }
  const inBody = (body: Body & { readonly next?: readonly Node[] }, points: ReadonlySet<Axis>): void => {
    const all = reach([...body.stores.flatMap(rootsOfStore), ...(body.next ?? [])]);
    for (const s of body.stores) {
      const own = reach(rootsOfStore(s));
      const isOne = axesOfStore(s).every(a => points.has(a));
      for (const n of reads(all, s))
        if (!(isOne && own.includes(n)) && !isApart(n, s, points))
          fail(
            `"${s.tensor.name}" is read at other places than it is written, and elements are written in no order; write into a tensor of its own, or read it in another kernel`,
            n,
          );
    }
    for (const f of body.folds) inBody(f, f.steps ? new Set([...points, f.axis]) : points);
  };
  const { grid, segments } = kernel;
  inBody(kernel, new Set([...grid, ...(segments ? [segments.at] : [])]));
}
const isSamePlace = (n: NodeOf<"load">, s: Store): boolean => n.index.every((p, d) => p.equals(s.index[d]!));
/** Does an index that stays while the elements of a body are written differ by a number, as step t + 1 of a recurrence does from t? */
const isApart = (n: NodeOf<"load">, s: Store, points: ReadonlySet<Axis>): boolean =>
  n.index.some((p, d) => {
    const distance = p.sub(s.index[d]!);
    return distance.isConst && !distance.isZero && axesOf(p).every(a => points.has(a));
  });
