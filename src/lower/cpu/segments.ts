// Segments of an axis of the grid: a block takes the part of each segment that lies in it, one after the other.
import { Poly, Sym } from "../../ir/poly.js";
import type { Segments } from "../../ir/tile.js";
import type { Expr } from "./loop.js";
import { larger, lesser, op, read } from "./loop.js";
import { int } from "./loop.js";
import type { Lowering } from "./state.js";
import { origin } from "./state.js";

/** Runs `body` for each segment with its number bound and its axis restricted to what the block has of it; all bounds are looked at. */
export function eachSegment(l: Lowering, { axis, at, offsets }: Segments, body: () => void): void {
  const storage = l.storageOf(offsets);
  const bound = (index: Poly, name: string): Expr => {
    const form = l.form(storage, [index], storage.base);
    return read(l.b.set({ kind: "load", op: "i32", at: l.b.access(l.addressOf(form, origin)) }, name));
  };
  const trapUnless = (condition: Expr): void => l.b.push({ kind: "trap", condition: op("i32.eqz", condition) });
  const block = l.range(axis);
  const [lo, hi] = [l.keep(l.b.int(block.lo)), l.keep(l.b.int(block.hi))];
  const count = l.keep(l.b.int(at.extent));
  trapUnless(op("i32.eqz", bound(Poly.zero, "bound")));
  trapUnless(op("i32.eq", bound(at.extent, "bound"), l.keep(l.b.int(axis.extent))));
  l.b.loop(l.b.set(int(0), at.name), count, 1, segment => {
    l.bind(at, Poly.sym(segment));
    const first = bound(Poly.sym(segment), "first");
    const last = bound(Poly.sym(segment).add(1), "last");
    trapUnless(op("i32.le_s", first, last));
    const part = (value: Expr, name: string): readonly [Expr, Poly] => {
      const reg = l.b.set(value, name);
      return [read(reg), Poly.sym(l.b.bind(new Sym(name), reg))];
    };
    const [from, fromSize] = part(larger(first, lo), "from");
    const [to, toSize] = part(lesser(last, hi), "to");
    l.ranges.set(axis, { lo: fromSize, hi: toSize, size: block.size });
    l.b.branch(op("i32.lt_s", from, to), body);
  });
  l.ranges.set(axis, block);
  l.bindings.delete(at);
}
