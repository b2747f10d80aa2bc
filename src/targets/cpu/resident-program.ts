// A compiled program in a machine's memory: pools and weights written, weights packed, plans provided for.
import { encode } from "../../graph/constants.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { AzulejoError } from "../../support/errors.js";
import { type CompiledProgram, FILL_ROW_BYTES, fillElementBytes, fillKey, type FillParam } from "./compiled-program.js";
import { alignUp, type PlacedConstant } from "./constants.js";
import type { BoundKernel } from "./kernel-library.js";
import type { Machine } from "./machine.js";
import { createPlanner, type Plan } from "./planner.js";
import { loadWeights } from "./weights.js";

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
    const places = {
      machine: this.#machine,
      arenaStart: this.#arenaStart,
      addressOf: (c: PlacedConstant) => this.#addressOf(c),
      poolAddress: (kernel: BoundKernel) => this.#machine.heapBase + this.#heap.pools.get(kernel.code)!,
    };
    await loadWeights(this.#compiled.constants.all, places, options);
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
