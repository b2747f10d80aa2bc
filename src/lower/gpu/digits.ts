// Axes as digits of one number.
import type { Axis } from "../../ir/tile.js";
import type { Block, Emitter } from "./emitter.js";

/** Names of the digits of a number that is never negative, the last axis fastest; they are known in the current block. */
function digitsOf(e: Emitter, axes: readonly Axis[], number: string): readonly string[] {
  const names: string[] = [];
  let rest = number;
  for (let d = axes.length - 1; d > 0; d--) {
    const extent = e.size(axes[d]!.extent);
    const digit = e.name("x");
    e.line(`let ${digit} = i32(u32(${rest}) % u32(${extent}));`);
    const next = e.name("r");
    e.line(`let ${next} = i32(u32(${rest}) / u32(${extent}));`);
    names[d] = digit;
    rest = next;
  }
  if (axes.length > 0) names[0] = rest;
  return names;
}

/** Computes the digits here; what is given binds the axes to them for a body elsewhere, and what only they decide is computed here as well. */
export function knownDigits(e: Emitter, axes: readonly Axis[], number: string): (body: () => void) => void {
  const names = digitsOf(e, axes, number);
  const { block } = e;
  return body => bind(e, axes, names, block, body);
}
export const bindDigits = (e: Emitter, axes: readonly Axis[], number: string, body: () => void): void =>
  knownDigits(e, axes, number)(body);

function bind(e: Emitter, axes: readonly Axis[], names: readonly string[], block: Block, body: () => void): void {
  const next = (d: number): void => {
    const a = axes[d];
    if (a) e.withAxis(a, names[d]!, () => next(d + 1), block);
    else body();
  };
  next(0);
}
