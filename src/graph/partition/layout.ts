// Storage orders: channels last for everything that is connected to spatial operators, row-major elsewhere. Layout is
// strides, so any choice is correct; a good one needs no transposes in the steady graph.
import { Poly } from "../../ir/poly.js";
import { type Layout } from "../../ir/tile.js";
import { type Dims, type Value } from "../graph.js";
import type { BoundNode } from "../bind.js";
import { type Pattern, type Read } from "./pattern.js";
import { Groups } from "./groups.js";

export const rowMajor = (rank: number): Layout => ({ order: Array.from({ length: rank }, (_, i) => i) });
const channelsLast = (rank: number): Layout => ({
  order: [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1],
});

/**
 * Values that are read elementwise at the same positions share an order; a group that a spatial operator reads or writes is
 * channels-last. `fixed` values (inputs, outputs, constants) are row-major and do not join.
 */
export function assignLayouts(
  nodes: readonly BoundNode[],
  patternOf: (bound: BoundNode, output: string) => Pattern | undefined,
  fixed: (v: Value) => boolean,
): (v: Value) => Layout {
  const groups = new Groups<Value>();
  const spatial = new Set<Value>();
  const free = (v: Value | undefined): v is Value => v !== undefined && !fixed(v) && (v.dims?.length ?? 0) >= 3;
  /** one channel lies as its neighbours in the graph do */
  const hasChannels = (v: Value | undefined): v is Value => free(v) && !v.dims![1]!.isOne;
  const join = (a: Value | undefined, b: Value): void => {
    if (free(a) && free(b) && a.dims!.length === b.dims!.length) groups.join(a, b);
  };
  for (const bound of nodes) {
    for (const [name, output] of Object.entries(bound.outputs)) {
      const { operator } = bound;
      if (operator.prefers) {
        const data = Object.values(bound.inputs)[0];
        if (operator.prefers !== "channels-last-output" && hasChannels(data)) spatial.add(data);
        if (operator.prefers !== "channels-last-input" && hasChannels(output)) spatial.add(output);
        if (operator.prefers === "channels-last") join(data, output);
      } else if (operator.joins) join(Object.values(bound.inputs)[0], output);
      else if (operator.concat) for (const v of Object.values(bound.inputs)) join(v, output);
      else
        for (const read of patternOf(bound, name)?.reads ?? [])
          if (
            read.position.every(
              (p, i) => p === i || p === "zero" || (p === "other" && read.position.length === output.dims!.length),
            )
          )
            join(read.value, output);
    }
  }
  const chosen = new Set([...spatial].map(v => groups.find(v)));
  return v => {
    const rank = v.dims?.length ?? 0;
    return free(v) && chosen.has(groups.find(v)) ? channelsLast(rank) : rowMajor(rank);
  };
}

/**
 * A copy reads dim d of its source at dim `position[d]` of its result: do both lay the same elements at the same places, so that
 * they can be one memory? Dims of size 1 may stand anywhere.
 */
export function sameStorage(
  position: Read["position"],
  source: Value,
  sourceOrder: readonly number[],
  result: Value,
  resultOrder: readonly number[],
): boolean {
  const isOne = (v: Value, d: number): boolean => v.dims![d]!.isOne;
  const from = sourceOrder.filter(d => !isOne(source, d)).map(d => position[d]);
  const to = resultOrder.filter(d => !isOne(result, d));
  return from.length === to.length && from.every((p, i) => p === to[i]);
}

/** Is an order row-major once dims of size 1 are left out? */
export function isRowMajor(v: { readonly dims: Dims | undefined }, layout: Layout): boolean {
  if (layout.strides || layout.block) return false;
  const order = layout.order.filter(d => !v.dims![d]!.isOne);
  return order.every((d, i) => i === 0 || order[i - 1]! < d);
}

/** Symbolic strides of the program's layout become polynomials over the kernel's `own` dims and one pitch, which `parameter` names. */
export function kernelLayout(dims: Dims, own: Dims, layout: Layout, parameter: (stride: Poly) => Poly): Layout {
  if (!layout.strides) return layout;
  // innermost first: a stride that equals the product of the dims inside is dense, the first that does not is a parameter
  const strides: Poly[] = own.map(() => Poly.one);
  let program = Poly.one;
  let inside = Poly.one;
  for (const d of [...layout.order].reverse()) {
    const stride = layout.strides[d]!;
    if (!stride.equals(program) && !dims[d]!.isOne) {
      inside = parameter(stride);
      program = stride;
    }
    strides[d] = inside;
    inside = inside.mul(own[d]!);
    program = program.mul(dims[d]!);
  }
  return { order: layout.order, strides };
}
