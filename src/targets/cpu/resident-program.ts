// A linked program in a machine's memory: its vector constants and fill rows written, plans provided for. Weights come from
// whoever has them: packed by kernels (weights.ts), or as they were kept (saved-program.ts).
import type { SymbolValues } from "../../graph/program-dims.js";
import { AzulejoError } from "../../support/errors.js";
import { FILL_ROW_BYTES, fillRow, isZero } from "./fill-rows.js";
import { arenaOffset, type LinkedProgram } from "./linked-program.js";
import type { Machine, Range } from "./machine.js";
import { createPlanner, type Plan } from "./planner.js";

export class ResidentProgram {
  readonly plan: (values: SymbolValues) => Plan;
  readonly arenaStart: number;
  readonly #program: LinkedProgram;
  readonly #machine: Machine;
  /** bytes of each fill row that hold its value */
  #filledBytes = 0;

  private constructor(program: LinkedProgram, machine: Machine) {
    this.#program = program;
    this.#machine = machine;
    this.arenaStart = machine.heapBase + arenaOffset(program);
    this.plan = createPlanner(program, machine);
  }
  static async create(program: LinkedProgram, machine: Machine): Promise<ResidentProgram> {
    const made = new ResidentProgram(program, machine);
    await machine.reserve(made.arenaStart);
    await machine.write([{ address: machine.heapBase, bytes: program.pools }]);
    return made;
  }
  get short(): boolean {
    return this.#program.short;
  }
  /** where the constants lie */
  get constants(): Range {
    const { constantsOffset, constantBytes } = this.#program;
    return { address: this.#machine.heapBase + constantsOffset, byteLength: constantBytes };
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
    const rows = this.#program.fills.filter(row => !isZero(row));
    const filled = this.#filledBytes;
    if (rows.length)
      return this.#machine.write(
        rows.map(row => ({ address: this.#machine.heapBase + row.offset, bytes: fillRow(row, filled) })),
      );
  }
}
