// The rate of multiply-adds that a CPU target can reach on this machine: twelve independent accumulators in vectors of its width, nothing else, as a
// function in loop IR, on the target's own engine and threads. Not here: what real kernels reach.
import type { Expr, Func, Reg, Stmt } from "../../lower/cpu/loop.js";
import { int, newReg, op, read } from "../../lower/cpu/loop.js";
import { now } from "../../runtime/platform.js";
import type { Machine } from "./machine.js";

const TURNS = 40_000;
const ACCUMULATORS = 12;
const PER_TURN = 4;
/** floating-point operations of one block */
export const peakFlop = (lanes: number): number => TURNS * ACCUMULATORS * PER_TURN * 2 * lanes;

/** (params, block, scratch): reads and writes scratch memory alone. */
export function peakFunction(lanes: number): Func {
  const [params, block, scratch] = ["params", "block", "scratch"].map(name => newReg("i32", name)) as [Reg, Reg, Reg];
  const [x, y] = [newReg("v128", "x"), newReg("v128", "y")];
  const counter = newReg("i32", "i");
  const accumulators = Array.from({ length: ACCUMULATORS }, (_, i) => newReg("v128", `a${i}`));
  const at = (offset: number) => ({ pointer: read(scratch), offset });
  const load = (reg: Reg, offset: number): Stmt => ({
    kind: "set",
    reg,
    value: { kind: "load", op: "v128", at: at(offset) },
  });
  // each product hangs on the one before: no compiler can do two turns in one
  const madd = (a: Reg): Expr => op("f32x4.madd", read(a), read(x), read(y));
  const turn = accumulators.map((a): Stmt => ({ kind: "set", reg: a, value: madd(a) }));
  return {
    name: "peak",
    params: [params, block, scratch],
    body: [
      ...[x, y, ...accumulators].map((reg, i) => load(reg, 4 * lanes * i)),
      { kind: "set", reg: counter, value: int(0) },
      {
        kind: "for",
        counter,
        limit: int(TURNS),
        step: 1,
        body: Array.from({ length: PER_TURN }, () => turn).flat(),
      },
      ...accumulators.map((a, i): Stmt => ({ kind: "store", op: "v128", at: at(4 * lanes * (i + 2)), value: read(a) })),
    ],
  };
}

/** A machine whose only function is the one above. */
export class Peak {
  readonly #machine: Machine;
  readonly #prepared: ReturnType<Machine["prepare"]>;
  readonly #flop: number;

  private constructor(machine: Machine, lanes: number, bytesPerThread: number) {
    this.#machine = machine;
    this.#flop = peakFlop(lanes) * machine.threads;
    const scratch = { address: machine.heapBase, bytesPerThread };
    this.#prepared = machine.prepare([{ op: "call", func: 0, params: [], blocks: machine.threads }], scratch);
  }
  static async of(machine: Machine, lanes: number): Promise<Peak> {
    const bytesPerThread = 4096;
    await machine.reserve(machine.heapBase + bytesPerThread * machine.threads);
    await machine.ready;
    return new Peak(machine, lanes, bytesPerThread);
  }
  /** GFLOP/s of all threads, once; undefined where the calling thread can't wait */
  measure(): number | undefined {
    if (!this.#machine.runSync) return undefined;
    const start = now();
    this.#machine.runSync(this.#prepared, [], []);
    return this.#flop / (now() - start) / 1e6;
  }
  dispose(): void {
    this.#machine.dispose();
  }
}
