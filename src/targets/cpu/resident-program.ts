// A compiled program in a machine's memory: pools and weights written, weights packed, plans provided for.
import { encode } from "../../graph/constants.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { throwIfAborted } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { type CompiledProgram, FILL_ROW_BYTES, fillElementBytes, fillKey, type FillParam } from "./compiled-program.js";
import { alignUp, type PlacedConstant } from "./constants.js";
import type { Instruction, Machine, Transfer } from "./machine.js";
import { createPlanner, type Plan } from "./planner.js";

/** Originals of weights wait here together before they are packed; a larger one goes alone. */
const STAGING_BYTES = 16 << 20;

export class ResidentProgram {
  readonly plan: (values: SymbolValues) => Plan;
  readonly #compiled: CompiledProgram;
  readonly #machine: Machine;
  readonly #heap: ReturnType<CompiledProgram["heap"]>;
  readonly #constantsStart: number;
  readonly #arenaStart: number;
  /** bytes of each fill row that hold its value */
  #filledBytes = 0;

  constructor(compiled: CompiledProgram, machine: Machine) {
    this.#compiled = compiled;
    this.#machine = machine;
    this.#heap = compiled.heap();
    this.#constantsStart = machine.heapBase + this.#heap.end;
    this.#arenaStart = alignUp(this.#constantsStart + compiled.constants.byteLength);
    this.plan = createPlanner({
      source: compiled.source,
      kernels: compiled.kernels,
      threads: machine.threads,
      arenaStart: this.#arenaStart,
      constantAddress: (step, tensor) => this.#addressOf(compiled.constant(step, tensor)),
      plainConstantAddress: buffer => this.#addressOf(compiled.plainConstant(buffer)),
      poolAddress: bound => machine.heapBase + this.#heap.pools.get(bound.code)!,
      fillAddress: param => machine.heapBase + this.#heap.fills.get(fillKey(param))!.offset,
    });
  }
  #addressOf(c: PlacedConstant): number {
    return this.#constantsStart + c.offset;
  }

  /** Writes vector constants and weights; packs those that kernels want in another layout. */
  async load(options: Pick<CompileOptions, "onProgress" | "signal">): Promise<void> {
    await this.#machine.reserve(this.#arenaStart);
    const pools = [...this.#heap.pools].filter(([code]) => code.lowered.pool.length > 0);
    await this.#machine.write(
      pools.map(([code, offset]) => ({ address: this.#machine.heapBase + offset, bytes: code.lowered.pool })),
    );
    const all = this.#compiled.constants.all;
    const total = all.reduce((sum, c) => sum + c.data.byteLength, 0);
    let done = 0;
    let staged: { constant: PlacedConstant; bytes: Uint8Array }[] = [];
    let stagedBytes = 0;
    const pack = async (): Promise<void> => {
      if (staged.length) await this.#pack(staged);
      staged = [];
      stagedBytes = 0;
    };
    for (const constant of all) {
      throwIfAborted(options.signal, "Loading the model");
      const bytes = await constant.data.read();
      if (!constant.pack) await this.#machine.write([{ address: this.#addressOf(constant), bytes }]);
      else {
        if (stagedBytes + bytes.byteLength > STAGING_BYTES) await pack();
        staged.push({ constant, bytes });
        stagedBytes += alignUp(bytes.byteLength);
      }
      done += constant.data.byteLength;
      options.onProgress?.({ phase: "weights", fraction: total ? done / total : 1 });
    }
    await pack();
  }
  /** Originals go to the arena, which nobody uses yet, and from there through pack kernels to their places. */
  async #pack(staged: readonly { constant: PlacedConstant; bytes: Uint8Array }[]): Promise<void> {
    let top = this.#arenaStart;
    const transfers: Transfer[] = [];
    const instructions: Instruction[] = [];
    let scratch = 0;
    for (const { constant, bytes } of staged) {
      const { kernel, sizes } = constant.pack!;
      const { lowered, firstFunction } = kernel.code;
      const size = (s: Parameters<typeof kernel.symbol>[0]): number =>
        kernel.blockSize(s) ?? sizes.get(kernel.symbol(s))!;
      const from = top;
      const shared = alignUp(from + bytes.byteLength);
      top = alignUp(shared + lowered.sharedBytes.evaluate(size) + 256);
      transfers.push({ address: from, bytes });
      scratch = Math.max(scratch, lowered.scratchBytes.evaluate(size));
      const params = lowered.params.map(p => {
        if (p.kind === "tensor") return kernel.tensor(p.name) === "X" ? from : this.#addressOf(constant);
        if (p.kind === "symbol") return size(p.sym);
        if (p.kind === "pool") return this.#machine.heapBase + this.#heap.pools.get(kernel.code)!;
        if (p.kind === "shared") return shared;
        throw new AzulejoError("internal", "A pack kernel reads a border; this is a bug in Azulejo, please report it");
      });
      lowered.phases.forEach((phase, i) => {
        instructions.push({ op: "call", func: firstFunction + i, params, blocks: phase.blocks.evaluate(size) });
      });
    }
    const bytesPerThread = alignUp(scratch + 256);
    await this.#machine.reserve(top + bytesPerThread * this.#machine.threads);
    const prepared = this.#machine.prepare(instructions, { address: top, bytesPerThread });
    await this.#machine.run(prepared, transfers, []);
    this.#machine.release(prepared);
  }

  /** Memory for a plan, and fill rows as long as its borders read. */
  provide(plan: Plan): void | Promise<void> {
    const reserved = this.#machine.reserve(plan.end);
    return reserved ? reserved.then(() => this.#fillRows(plan.fillBytes)) : this.#fillRows(plan.fillBytes);
  }
  #fillRows(bytes: number): void | Promise<void> {
    if (bytes <= this.#filledBytes) return;
    if (bytes > FILL_ROW_BYTES)
      throw new AzulejoError(
        "memory",
        `A border row of ${bytes} bytes is longer than ${FILL_ROW_BYTES}; run smaller inputs`,
      );
    this.#filledBytes = Math.min(FILL_ROW_BYTES, Math.max(bytes, 2 * this.#filledBytes));
    // memory is zero to begin with
    const rows = [...this.#heap.fills.values()].filter(f => f.param.value !== 0 || Object.is(f.param.value, -0));
    const filled = this.#filledBytes;
    if (rows.length)
      return this.#machine.write(
        rows.map(f => ({ address: this.#machine.heapBase + f.offset, bytes: fillRow(f.param, filled) })),
      );
  }
}

const fillRow = (param: FillParam, byteLength: number): Uint8Array =>
  encode(param.dtype, [param.value], Math.ceil(byteLength / fillElementBytes(param)));
