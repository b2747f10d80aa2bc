// Instructions → the words that the driver reads, and the memory where prepared programs live. Knows addresses, not threads.
import { AzulejoError } from "../../support/errors.js";
import type { Instruction, Prepared } from "./machine.js";
import { HEADER, HEAP_BASE, OP, PAIR_BYTES, PROGRAMS_BASE, STEP, STEP_BYTES } from "./program-layout.js";

export interface Scratch {
  readonly address: number;
  readonly bytesPerThread: number;
}
export interface Program extends Prepared {
  readonly address: number;
  readonly byteLength: number;
  /** step lines behind the header; their counters are zeroed before a run */
  readonly steps: number;
  /** data decide how long it runs */
  readonly loops: boolean;
  /** see Machine.prepare */
  readonly short: boolean;
}

type Call = Extract<Instruction, { op: "call" }>;
/** A step before addresses are known; targets are numbers of steps. */
type Step =
  | { readonly op: "call"; readonly call: Call }
  | { readonly op: "series"; readonly calls: Call[] }
  | { readonly op: "if"; readonly condition: number; elseStep: number }
  | { readonly op: "jump"; target: number }
  | { readonly op: "alone"; target: number }
  | { readonly op: "end" };

/** Lists steps in order. Neighbouring calls of one block become one series: a thread runs them without handing over between. */
function flatten(instructions: readonly Instruction[], steps: Step[], alone = false): void {
  // a series never reaches over the start of a branch, where a jump may arrive
  let series: Call[] | undefined;
  for (const instruction of instructions) {
    if (instruction.op === "if") {
      series = undefined;
      flattenIf(instruction, steps, alone);
    } else if (instruction.op === "loop") {
      series = undefined;
      flattenLoop(instruction, steps, alone);
    } else if (instruction.blocks > 1) {
      series = undefined;
      steps.push({ op: "call", call: instruction });
    } else if (instruction.blocks === 1) {
      if (!series) {
        series = [];
        steps.push({ op: "series", calls: series });
      }
      series.push(instruction);
    }
  }
}

/**
 * A branch that jumps back. Counters of steps are good for one pass, so one thread runs the outermost loop alone: those of its
 * steps are never touched.
 */
function flattenLoop(
  { conditionAddress, body }: Extract<Instruction, { op: "loop" }>,
  steps: Step[],
  alone: boolean,
): void {
  const whole = { op: "alone" as const, target: 0 };
  if (!alone) steps.push(whole);
  const start = steps.length;
  const branch = { op: "if" as const, condition: conditionAddress, elseStep: 0 };
  steps.push(branch);
  flatten(body, steps, true);
  steps.push({ op: "jump", target: start });
  branch.elseStep = steps.length;
  if (!alone) steps.push({ op: "end" });
  whole.target = steps.length;
}

function flattenIf(instruction: Extract<Instruction, { op: "if" }>, steps: Step[], alone: boolean): void {
  const branch = { op: "if" as const, condition: instruction.conditionAddress, elseStep: 0 };
  steps.push(branch);
  flatten(instruction.then, steps, alone);
  if (instruction.else.length === 0) {
    branch.elseStep = steps.length;
    return;
  }
  const over = { op: "jump" as const, target: 0 };
  steps.push(over);
  branch.elseStep = steps.length;
  flatten(instruction.else, steps, alone);
  over.target = steps.length;
}

export interface Layout {
  readonly steps: readonly Step[];
  readonly byteLength: number;
}
/** Everything about a program but its address. */
export function layOut(instructions: readonly Instruction[]): Layout {
  const steps: Step[] = [];
  flatten(instructions, steps);
  steps.push({ op: "end" });
  let bytes = STEP_BYTES * (1 + steps.length);
  for (const step of steps) {
    if (step.op === "call") bytes += step.call.params.length * 4;
    if (step.op === "series") for (const call of step.calls) bytes += PAIR_BYTES + call.params.length * 4;
  }
  return { steps, byteLength: Math.ceil(bytes / STEP_BYTES) * STEP_BYTES };
}

/** The program's bytes, to be copied to `address`. */
export function encode({ steps, byteLength }: Layout, scratch: Scratch, address: number): Int32Array {
  const words = new Int32Array(byteLength / 4);
  words[HEADER.scratch / 4] = scratch.address;
  words[HEADER.scratchBytesPerThread / 4] = scratch.bytesPerThread;
  const addressOf = (step: number) => address + STEP_BYTES * (1 + step);
  let free = addressOf(steps.length);
  const append = (values: readonly number[]): number => {
    const at = free;
    words.set(values, (at - address) / 4);
    free += values.length * 4;
    return at;
  };
  steps.forEach((step, index) => {
    const put = (field: keyof typeof STEP, value: number) => {
      words[(addressOf(index) - address + STEP[field]) / 4] = value;
    };
    put("op", OP[step.op]);
    switch (step.op) {
      case "call":
        put("func", step.call.func);
        put("params", append(step.call.params));
        put("count", step.call.blocks);
        break;
      case "series":
        put("count", step.calls.length);
        put("params", append(step.calls.flatMap(call => [call.func, append(call.params)])));
        break;
      case "if":
        put("condition", step.condition);
        put("target", addressOf(step.elseStep));
        break;
      case "jump":
      case "alone":
        put("target", addressOf(step.target));
    }
  });
  return words;
}

/** Zeroes what a run counts. */
export function resetCounters(words: Int32Array, program: Program): void {
  const stride = STEP_BYTES / 4;
  let line = program.address / 4;
  for (let step = 0; step < program.steps; step++) {
    line += stride;
    words[line + STEP.next / 4] = 0;
    words[line + STEP.done / 4] = 0;
    words[line + STEP.decision / 4] = 0;
  }
}

/**
 * Hands out the machine's part of program memory, first fit. Where threads share the work, one may still read the steps of a run whose
 * results are out: such a machine retires programs, and frees them when it knows that all threads have left.
 */
export class ProgramMemory {
  /** free ranges by address, never touching each other */
  #free: { address: number; byteLength: number }[] = [
    { address: PROGRAMS_BASE, byteLength: HEAP_BASE - PROGRAMS_BASE },
  ];
  #retired: Program[] = [];
  #nextId = 1;

  get largestFree(): number {
    return Math.max(0, ...this.#free.map(range => range.byteLength));
  }

  prepare(
    instructions: readonly Instruction[],
    scratch: Scratch,
    short = false,
  ): { program: Program; words: Int32Array } {
    const layout = layOut(instructions);
    const address = this.#allocate(layout.byteLength);
    const program = {
      id: this.#nextId++,
      address,
      byteLength: layout.byteLength,
      steps: layout.steps.length,
      loops: layout.steps.some(s => s.op === "alone"),
      short,
    };
    return { program, words: encode(layout, scratch, address) };
  }

  release({ address, byteLength }: Program): void {
    const at = this.#free.findIndex(range => range.address > address);
    const index = at < 0 ? this.#free.length : at;
    this.#free.splice(index, 0, { address, byteLength });
    this.#merge(index);
    this.#merge(index - 1);
  }

  /** Released by its user; a thread may still be in it. */
  retire(program: Program): void {
    this.#retired.push(program);
  }
  /** All threads have left the runs of what was retired. */
  freeRetired(): void {
    for (const program of this.#retired.splice(0)) this.release(program);
  }

  #allocate(byteLength: number): number {
    const range = this.#free.find(candidate => candidate.byteLength >= byteLength);
    if (!range) {
      throw new AzulejoError(
        "memory",
        `A program of ${byteLength} bytes does not fit: ${this.largestFree} bytes are free in one piece; release programs for dims that are no longer used`,
      );
    }
    const { address } = range;
    range.address += byteLength;
    range.byteLength -= byteLength;
    if (range.byteLength === 0) this.#free.splice(this.#free.indexOf(range), 1);
    return address;
  }

  #merge(index: number): void {
    const left = this.#free[index];
    const right = this.#free[index + 1];
    if (!left || !right || left.address + left.byteLength !== right.address) return;
    left.byteLength += right.byteLength;
    this.#free.splice(index + 1, 1);
  }
}
