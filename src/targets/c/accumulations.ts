// Sums of products where vector registers are few: which loaded vectors a multiply-add reads from memory each time instead of keeping
// them in registers, and in which order windows that overlap are summed up. A compiler that decides this itself spills sums. It looks at runs of
// statements without branches or stores.
import type { Expr, ExprOf, Func, Reg, Stmt, StmtOf } from "../../lower/cpu/loop.js";
import { op, read } from "../../lower/cpu/loop.js";
import type { OpName } from "../../lower/cpu/loop-ops.js";
import { blocksOf, exprsOf, partsOf } from "../../lower/cpu/loop-walk.js";

type Load = ExprOf<"load">;
/** Where a sum stands among the operands, and how many vectors its instructions need for themselves. */
const operations = {
  "f32x4.madd": { sum: 2, spare: 0 },
  "i32x4.dot_i16x8_add_s": { sum: 0, spare: 1 },
} as const satisfies Partial<Record<OpName, object>>;
type AccumulatingOp = keyof typeof operations;
const isAccumulating = (name: OpName): name is AccumulatingOp => name in operations;

/** sum = a · b + sum, of floats or of pairs of halves */
export interface Accumulation {
  readonly op: AccumulatingOp;
  readonly sum: Reg;
  readonly factors: readonly [Expr, Expr];
}

export function accumulationOf(s: Stmt): Accumulation | undefined {
  if (s.kind !== "set" || s.value.kind !== "op" || !isAccumulating(s.value.op)) return undefined;
  const { op: name, args } = s.value;
  const at = operations[name].sum;
  const c = args[at];
  const [a, b] = args.filter((_, i) => i !== at);
  return c?.kind === "reg" && c.reg === s.reg ? { op: name, sum: s.reg, factors: [a!, b!] } : undefined;
}
function statementOf({ op: name, sum, factors }: Accumulation): Stmt {
  const args = [...factors].toSpliced(operations[name].sum, 0, read(sum));
  return { kind: "set", reg: sum, value: op(name, ...args) };
}

/** A vector that a statement loads, until the register is written again or its run of statements ends. */
interface Range {
  readonly reg: Reg;
  readonly load: Load;
  readonly start: number;
  last: number;
  readonly uses: number[];
  /** the address is no longer what it was */
  stale: boolean;
  /** every use is a factor of an accumulation, and could read memory instead */
  rereadable: boolean;
}

/** The same block for a machine with so many registers for vectors; `reads` are those of the whole function. */
export function withOperands(block: readonly Stmt[], reads: ReadonlyMap<Reg, number>, registers: number): Stmt[] {
  const out: Stmt[] = [];
  for (const run of runsOf(block)) {
    const names = new Set(run.flatMap(s => accumulationOf(s)?.op ?? []));
    if (names.size === 0) {
      out.push(...run);
      continue;
    }
    const room = registers - Math.max(...[...names].map(name => operations[name].spare));
    const known = rangesOf(run, reads);
    const byWindow = known.pressure.some(p => p > room) ? windowOf(run, known.ranges, room) : undefined;
    out.push(...(byWindow ?? reread(run, chosen(known, room))));
  }
  return out;
}

/** Without these loads: accumulations read memory in their place. */
function reread(run: readonly Stmt[], ranges: readonly Range[]): Stmt[] {
  const changed: (Stmt | undefined)[] = [...run];
  for (const range of ranges) {
    changed[range.start] = undefined;
    for (const at of range.uses) changed[at] = withFactor(run[at]!, range);
  }
  return changed.filter(s => s !== undefined);
}

function withFactor(s: Stmt, { reg, load }: Range): Stmt {
  const accumulation = accumulationOf(s)!;
  const [a, b] = accumulation.factors.map(f => (isReg(f, reg) ? load : f)) as [Expr, Expr];
  return statementOf({ ...accumulation, factors: [a, b] });
}

const isReg = (e: Expr, reg: Reg): boolean => e.kind === "reg" && e.reg === reg;

function eachReg(e: Expr, visit: (reg: Reg) => void): void {
  if (e.kind === "reg") visit(e.reg);
  else for (const part of partsOf(e)) eachReg(part, visit);
}

/** How often each register is read in a function. */
export function countReads(body: readonly Stmt[], counts = new Map<Reg, number>()): Map<Reg, number> {
  const count = (reg: Reg): void => void counts.set(reg, (counts.get(reg) ?? 0) + 1);
  for (const s of body) {
    for (const e of exprsOf(s)) eachReg(e, count);
    if (s.kind === "call") s.args.forEach(count);
    for (const block of blocksOf(s)) countReads(block, counts);
  }
  return counts;
}

/** Longest pieces in which nothing is stored and every statement follows the one before it, and the statements between them. */
function runsOf(block: readonly Stmt[]): (readonly Stmt[])[] {
  const runs: Stmt[][] = [];
  let plain = false;
  for (const s of block) {
    const continues = plain;
    plain = s.kind === "set" || s.kind === "ahead";
    if (plain && continues) runs.at(-1)!.push(s);
    else runs.push([s]);
  }
  return runs;
}

/** Loads that are used once, and while registers are too few, those that are kept longest for the fewest uses. */
function chosen({ ranges, pressure }: Ranges, registers: number): Range[] {
  const taken: Range[] = [];
  /** accumulations that already read memory: an instruction reads once */
  const reading = new Set<number>();
  const take = (range: Range): boolean => {
    if (range.uses.some(at => reading.has(at))) return false;
    for (const at of range.uses) reading.add(at);
    for (let i = range.start; i < range.last; i++) pressure[i]!--;
    return taken.push(range) > 0;
  };
  for (const range of ranges) if (range.uses.length === 1) take(range);
  const kept = ranges.filter(r => r.uses.length > 1);
  const cost = (r: Range): number => r.uses.length / (r.last - r.start);
  kept.sort((a, b) => cost(a) - cost(b));
  for (const range of kept) {
    const short = pressure.slice(range.start, range.last).some(p => p > registers);
    if (short) take(range);
  }
  return taken;
}

interface Ranges {
  /** loads that may be read again */
  readonly ranges: readonly Range[];
  /** how many vectors are alive behind each statement */
  readonly pressure: number[];
}
function rangesOf(run: readonly Stmt[], reads: ReadonlyMap<Reg, number>): Ranges {
  const open = new Map<Reg, Range>();
  const spans = new Map<Reg, { start: number; last: number }[]>();
  /** reads that see a value of this run */
  const inside = new Map<Reg, number>();
  const throughout = new Set<Reg>();
  const ranges: Range[] = [];
  for (const [i, s] of run.entries()) {
    const factors = accumulationOf(s)?.factors ?? [];
    const twice = factors.length === 2 && factors[0]!.kind === "reg" && isReg(factors[1]!, factors[0].reg);
    for (const e of exprsOf(s))
      eachReg(e, reg => {
        if (reg.type !== "v128") return;
        const span = spans.get(reg)?.at(-1);
        if (!span) return void throughout.add(reg);
        span.last = i;
        inside.set(reg, (inside.get(reg) ?? 0) + 1);
        const range = open.get(reg);
        if (!range) return;
        range.last = i;
        range.uses.push(i);
        if (range.stale || twice || !factors.some(f => isReg(f, reg))) range.rereadable = false;
      });
    if (s.kind !== "set") continue;
    for (const range of open.values())
      eachReg(range.load.at.pointer, r => {
        if (r === s.reg) range.stale = true;
      });
    if (s.reg.type !== "v128") continue;
    open.delete(s.reg);
    const own = spans.get(s.reg) ?? [];
    spans.set(s.reg, own);
    own.push({ start: i, last: i });
    const { reg, value } = s;
    if (value.kind !== "load" || value.op !== "v128") continue;
    const range: Range = { reg, load: value, start: i, last: i, uses: [], stale: false, rereadable: true };
    open.set(reg, range);
    ranges.push(range);
  }
  for (const reg of spans.keys()) if (inside.get(reg) !== reads.get(reg)) throughout.add(reg);
  const pressure = run.map(() => throughout.size);
  for (const [reg, own] of spans)
    if (!throughout.has(reg)) for (const { start, last } of own) for (let i = start; i < last; i++) pressure[i]!++;
  return { ranges: ranges.filter(r => r.rereadable && r.uses.length && !throughout.has(r.reg)), pressure };
}

/**
 * Windows that overlap (a depthwise convolution's tile) keep more vectors than there are registers. Each vector of the image is loaded once and goes to all
 * its sums at once; factors of a filter, which lie behind one pointer, are read where they are needed. The order within a sum stays.
 */
function windowOf(run: readonly Stmt[], ranges: readonly Range[], registers: number): Stmt[] | undefined {
  const start = Math.min(run.findIndex(accumulationOf), ...ranges.map(r => r.start));
  const end = run.findLastIndex(accumulationOf) + 1;
  const products = productsOf(run, ranges, start, end);
  if (!products) return undefined;
  const room = registers - new Set(products.map(p => p.sum)).size - 1;
  const order = pixelOrder(products, [...new Set(products.map(p => p.pixel))]);
  if (!order || room < 1) return undefined;
  const kept = new Set([...new Set(products.map(p => p.weight))].slice(0, room - 1));
  const out = [...kept].map(w => run[w.start]!);
  for (const pixel of order) {
    out.push(run[pixel.start]!);
    for (const { op: name, sum, weight } of products.filter(p => p.pixel === pixel)) {
      const y = kept.has(weight) ? read(weight.reg) : weight.load;
      out.push(statementOf({ op: name, sum, factors: [read(pixel.reg), y] }));
    }
  }
  return [...run.slice(0, start), ...out, ...run.slice(end)];
}

interface Product {
  readonly op: AccumulatingOp;
  readonly sum: Reg;
  readonly pixel: Range;
  readonly weight: Range;
}

/** undefined: there is something else between `start` and `end`, or no pointer to a filter. */
function productsOf(run: readonly Stmt[], ranges: readonly Range[], start: number, end: number): Product[] | undefined {
  const byReg = new Map(ranges.map(r => [r.reg, r]));
  const filter = filterOf(run, byReg);
  if (!filter || ranges.length !== byReg.size) return undefined;
  const products: Product[] = [];
  for (let i = start; i < end; i++) {
    const s = run[i]!;
    const accumulation = accumulationOf(s);
    if (!accumulation && s.kind === "set" && byReg.get(s.reg)?.start === i) continue;
    const [a, b] = accumulation?.factors.map(f => (f.kind === "reg" ? byReg.get(f.reg) : undefined)) ?? [];
    if (!accumulation || !a || !b) return undefined;
    const [pixel, weight] = pointerOf(a) === filter ? [b, a] : [a, b];
    if (pointerOf(pixel) === filter) return undefined;
    products.push({ op: accumulation.op, sum: accumulation.sum, pixel, weight });
  }
  return products;
}

const pointerOf = ({ load: { at } }: Range): Reg | undefined =>
  at.pointer.kind === "reg" ? at.pointer.reg : undefined;

/** The pointer behind which one factor of every product lies. */
function filterOf(run: readonly Stmt[], byReg: ReadonlyMap<Reg, Range>): Reg | undefined {
  let common: (Reg | undefined)[] | undefined;
  for (const s of run) {
    const factors = accumulationOf(s)?.factors;
    if (!factors) continue;
    const pointers = factors.map(f => (f.kind === "reg" ? byReg.get(f.reg) : undefined)).map(r => r && pointerOf(r));
    common = common ? common.filter(p => pointers.includes(p)) : pointers;
  }
  const known = common?.filter(p => p !== undefined);
  return known?.length === 1 ? known[0] : undefined;
}

/** Vectors of the image so that each sum has its products in the order that it had; undefined: there is none. */
function pixelOrder(products: readonly Product[], pixels: readonly Range[]): Range[] | undefined {
  const before = new Map(pixels.map(p => [p, new Set<Range>()]));
  const latest = new Map<Reg, Range>();
  for (const { sum, pixel } of products) {
    const previous = latest.get(sum);
    if (previous === pixel) return undefined;
    if (previous) before.get(pixel)!.add(previous);
    latest.set(sum, pixel);
  }
  const sumsBy = new Map(pixels.map(p => [p, products.filter(q => q.pixel === p).map(q => q.sum)]));
  const touched = new Map<Reg, number>();
  const order: Range[] = [];
  const waiting = new Set(pixels);
  while (waiting.size) {
    const ready = [...waiting].filter(p => [...before.get(p)!].every(q => !waiting.has(q)));
    if (!ready.length) return undefined;
    // whose sums have rested longest: a multiply-add waits four cycles for the one before it
    const age = (p: Range): number => Math.max(...sumsBy.get(p)!.map(s => touched.get(s) ?? -1));
    const next = ready.reduce((best, p) => (age(p) < age(best) ? p : best));
    for (const sum of sumsBy.get(next)!) touched.set(sum, order.length);
    waiting.delete(next);
    order.push(next);
  }
  return order;
}

/** What the accumulations of a function add to. */
export function sumsOf(body: readonly Stmt[], sums = new Set<Reg>()): ReadonlySet<Reg> {
  for (const s of body) {
    const sum = accumulationOf(s)?.sum;
    if (sum) sums.add(sum);
    for (const block of blocksOf(s)) sumsOf(block, sums);
  }
  return sums;
}

/** Pointers that loops with accumulations move on, which compilers would replace by sums of their own. No parameters, no counters. */
export function movedPointers({ params, body }: Func): ReadonlySet<Reg> {
  const moved = new Set<Reg>();
  const others = new Set(params);
  const visit = (block: readonly Stmt[]): void => {
    for (const s of block) {
      for (const inner of blocksOf(s)) visit(inner);
      if (s.kind !== "for") continue;
      others.add(s.counter);
      if (!s.body.some(accumulationOf)) continue;
      for (const t of s.body) if (t.kind === "set" && advanceOf(t)) moved.add(t.reg);
    }
  };
  visit(body);
  for (const reg of others) moved.delete(reg);
  return moved;
}

/** how far `p = p + x` moves p */
export function advanceOf(s: StmtOf<"set">): Expr | undefined {
  const { value } = s;
  if (value.kind !== "op" || value.op !== "i32.add" || !isReg(value.args[0]!, s.reg)) return undefined;
  return value.args[1];
}
