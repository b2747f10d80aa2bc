// Schedules of one kernel against each other: all in one program, over the same tensors, timed in turn, so that a slow phase of the machine hits all of
// them. Not here: which schedules, and who is out.
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { arrayTypes } from "../../ir/arrays.js";
import { canonical } from "../../ir/canonical.js";
import { isFloat } from "../../ir/dtypes.js";
import { Poly, type Sym } from "../../ir/poly.js";
import type { Kernel, Tensor } from "../../ir/tile.js";
import { newAxis } from "../../ir/tile.js";
import { targetOf } from "../targets.js";
import type { CompileOptions, Executable } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import type { Schedule } from "../../schedule/schedule.js";
import { full, recordKernel } from "../../tile/index.js";
import type { CpuTarget } from "./roofs.js";

export type KernelStep = Extract<Step, { kind: "kernel" }>;

/** A kernel to be tuned, with everything that its sizes depend on. */
export interface Subject {
  readonly step: KernelStep;
  /** of the program's symbols */
  readonly values: SymbolValues;
  /** content of inputs that must fit each other, by tensor; others are drawn */
  readonly tensors: Readonly<Record<string, TensorData>>;
}

/** Size of the kernel's own symbol. */
export const sizesOf = ({ step, values }: Subject) => {
  const known = new Map<Sym, number>();
  for (const [s, p] of step.symbols)
    known.set(
      s,
      p.evaluate(x => values.get(x)!),
    );
  return (s: Sym): number | undefined => known.get(s);
};

export class Contest {
  readonly #executable: Executable;
  readonly #inputs: ReadonlyMap<string, TensorData>;
  /** fills of tensors come first */
  readonly #first: number;

  private constructor(executable: Executable, inputs: ReadonlyMap<string, TensorData>, first: number) {
    this.#executable = executable;
    this.#inputs = inputs;
    this.#first = first;
  }
  static async of(
    subject: Subject,
    schedules: readonly Schedule[],
    target: CpuTarget,
    options: CompileOptions,
  ): Promise<Contest> {
    const { program, first, inputs, nameOf } = repeated(subject, schedules.length);
    const pins = Object.fromEntries(schedules.map((s, i) => [nameOf(i), s]));
    const executable = await (await targetOf({ target })).compile(program, { ...options, schedules: pins });
    // tensors get their content, code its first run
    await executable.run(inputs, { onStep: () => {} });
    return new Contest(executable, inputs, first);
  }
  /** Milliseconds of each of the chosen ones, which are in ascending order, one after the other. */
  async time(chosen: readonly number[]): Promise<number[]> {
    const times: number[] = [];
    const onlySteps = new Set(chosen.map(i => i + this.#first));
    await this.#executable.run(this.#inputs, { onStep: ({ timeMs }) => void times.push(timeMs), onlySteps });
    return times;
  }
  dispose(): void {
    this.#executable.dispose();
  }
}

const entrant = ({ step }: Subject, i: number): string => `${step.kernel.name} #${i}`;

/** A program that runs the kernel, under this name, `count` times, and what it is fed. */
export function repeated(subject: Subject, count: number) {
  const made = new Making(subject);
  const { program, first } = made.program(count);
  return { program, first, inputs: made.inputs(), nameOf: (i: number) => entrant(subject, i) };
}

/** One program of the kernel many times: sizes are numbers, and what others would have computed is filled in. */
class Making {
  readonly #subject: Subject;
  readonly #buffers = new Map<Buffer, Buffer>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }
  program(count: number): { readonly program: KernelProgram; readonly first: number } {
    const { step } = this.#subject;
    const { kernel, nodes } = step;
    const buffers = Object.fromEntries(Object.entries(step.buffers).map(([name, b]) => [name, this.#buffer(b)]));
    const symbols = new Map([...step.symbols].map(([s, p]) => [s, this.#sized(p)]));
    const read = kernel.tensors.filter(t => t.role !== "output").map(t => buffers[t.name]!);
    const fills = [...new Set(read)].filter(b => b.kind === "arena").map(fillStep);
    const runs = Array.from({ length: count }, (_, i): KernelStep => {
      const named: Kernel = { ...kernel, name: entrant(this.#subject, i) };
      return { kind: "kernel", kernel: named, buffers, symbols, nodes };
    });
    const inputs = [...new Set(read)].filter(b => b.kind === "input");
    const program = {
      name: kernel.name,
      inputs,
      outputs: [],
      symbols: [],
      preconditions: [],
      steps: [...fills, ...runs],
    };
    return { program, first: fills.length };
  }
  inputs(): Map<string, TensorData> {
    const list = [...this.#buffers.values()].filter(b => b.kind === "input");
    return new Map(list.map(b => [b.name, this.#content(b)]));
  }
  #content(b: Buffer): TensorData {
    const given = Object.entries(this.#subject.step.buffers).find(([, x]) => this.#buffers.get(x) === b)?.[0];
    const own = given === undefined ? undefined : this.#subject.tensors[given];
    if (own) return own;
    const dims = b.dims.map(d => d.constant);
    const data = new arrayTypes[b.dtype](dims.reduce((p, d) => p * d, 1));
    // neither zero nor subnormal: what arithmetic is used to
    if (b.dtype === "f32" || b.dtype === "f64")
      for (let i = 0; i < data.length; i++) data[i] = 0.25 + ((i * 37) % 64) / 128;
    return { dtype: b.dtype, dims, data } as TensorData;
  }
  #sized(p: Poly): Poly {
    const { values } = this.#subject;
    return Poly.int(p.evaluate(s => values.get(s)!));
  }
  #buffer(b: Buffer): Buffer {
    const known = this.#buffers.get(b);
    if (known) return known;
    const dims = b.dims.map(d => this.#sized(d));
    const { strides, ...layout } = b.layout;
    const kind = b.kind === "constant" ? b.kind : isDense(b) && this.#isOnlyRead(b) ? "input" : "arena";
    const made: Buffer = {
      ...b,
      id: this.#buffers.size,
      name: `${b.name}#${this.#buffers.size}`,
      dims,
      kind,
      layout: strides ? { ...layout, strides: strides.map(p => this.#sized(p)) } : layout,
      ...(b.window ? { window: { of: this.#buffer(b.window.of), offset: this.#sized(b.window.offset) } } : {}),
    };
    this.#buffers.set(b, made);
    return made;
  }
  #isOnlyRead(b: Buffer): boolean {
    const { kernel, buffers } = this.#subject.step;
    return kernel.tensors.every(t => buffers[t.name] !== b || t.role === "input");
  }
}

const isDense = ({ layout, window }: Buffer): boolean =>
  !window && !layout.block && !layout.strides && layout.order.every((d, i) => d === i);

/** A kernel that writes every element of a buffer, however it lies in memory. */
function fillStep(b: Buffer): KernelStep {
  const axes = b.dims.map((d, i) => newAxis(`i${i}`, d));
  const tensor: Tensor = { name: "Y", dtype: b.dtype, dims: b.dims, role: "output", layout: b.layout };
  const kernel = recordKernel({ name: `fill ${b.name}`, tensors: [tensor], dims: [], grid: axes }, ({ Y }, indices) =>
    Y!.at(...indices).set(full(b.dtype, b.dtype === "bool" ? false : isFloat(b.dtype) ? 0.5 : 0)),
  );
  const symbols = new Map(canonical(kernel).symbols.map(s => [s, Poly.sym(s)]));
  return { kind: "kernel", kernel, buffers: { Y: b }, symbols, nodes: [kernel.name] };
}
