// Sums of products where vector registers are few: which loaded vectors a multiply-add reads from memory each time instead of keeping
// them in registers. A compiler that decides this itself spills sums instead. It looks at runs of statements without branches or stores.
import type { Expr, ExprOf, Func, Reg, Stmt, StmtOf } from "../../lower/cpu/loop.js";
import { blocksOf, exprsOf, partsOf } from "../../lower/cpu/loop-walk.js";

type Load = ExprOf<"load">;
/** sum = a · b + sum */
export interface Accumulation {
  readonly sum: Reg;
  readonly factors: readonly [Expr, Expr];
}
/** For the statements of one block, by their place. */
export interface OperandPlan {
  /** loads of which nothing is left, since every use reads memory */
  readonly dropped: ReadonlySet<number>;
  /** what a multiply-add reads in the place of a factor that was loaded before */
  readonly factors: ReadonlyMap<number, Accumulation["factors"]>;
}

export function accumulationOf(s: Stmt): Accumulation | undefined {
  if (s.kind !== "set" || s.value.kind !== "op" || s.value.op !== "f32x4.madd") return undefined;
  const [a, b, c] = s.value.args;
  return c?.kind === "reg" && c.reg === s.reg ? { sum: s.reg, factors: [a!, b!] } : undefined;
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

/** For a block, on a machine with so many registers for vectors; `reads` are those of the whole function. */
export function planOperands(block: readonly Stmt[], reads: ReadonlyMap<Reg, number>, registers: number): OperandPlan {
  const dropped = new Set<number>();
  const factors = new Map<number, Accumulation["factors"]>();
  for (const { start, run } of runsOf(block))
    for (const range of chosen(run, reads, registers)) {
      dropped.add(start + range.start);
      for (const at of range.uses) {
        const [a, b] = accumulationOf(run[at]!)!.factors;
        factors.set(start + at, isReg(a, range.reg) ? [range.load, b] : [a, range.load]);
      }
    }
  return { dropped, factors };
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

/** Longest pieces in which nothing is stored and every statement follows the one before it; those with accumulations. */
function runsOf(block: readonly Stmt[]): { readonly start: number; readonly run: readonly Stmt[] }[] {
  const runs: { start: number; run: Stmt[] }[] = [];
  let run: Stmt[] = [];
  for (const [i, s] of block.entries()) {
    if (s.kind !== "set" && s.kind !== "ahead") run = [];
    else if (run.push(s) === 1) runs.push({ start: i, run });
  }
  return runs.filter(r => r.run.some(accumulationOf));
}

/** Loads that are used once, and while registers are too few, those that are kept longest for the fewest uses. */
function chosen(run: readonly Stmt[], reads: ReadonlyMap<Reg, number>, registers: number): Range[] {
  const { ranges, pressure } = rangesOf(run, reads);
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

/** Loads that may be read again, and how many vectors are alive behind each statement. */
function rangesOf(
  run: readonly Stmt[],
  reads: ReadonlyMap<Reg, number>,
): { readonly ranges: Range[]; readonly pressure: number[] } {
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
