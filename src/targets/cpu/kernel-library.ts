// The kernels of one program: shared by structure, scheduled, lowered. Dims and strides are parameters, so layers of a network
// that differ only in size share code.
import type { Canonical } from "../../ir/canonical.js";
import { canonical } from "../../ir/canonical.js";
import type { Poly, Sym } from "../../ir/poly.js";
import { withCodeOf } from "../../ir/rewrite-kernel.js";
import type { Kernel } from "../../ir/tile.js";
import type { Func } from "../../lower/cpu/loop.js";
import { lower } from "../../lower/cpu/lower.js";
import type { Lowered } from "../../lower/cpu/lowered.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { ScheduleChoices } from "../../schedule/choices.js";
import type { DeriveOptions } from "../../schedule/derive.js";
import { deriveSchedule } from "../../schedule/derive.js";
import type { Tuning } from "../../schedule/knowledge.js";
import { featuresText } from "../../schedule/knowledge.js";
import type { MachineProfile, ScheduleFeatures } from "../../schedule/machine-profile.js";
import { withHalfFloats } from "../../schedule/half-floats.js";
import { scheduleKey } from "../../schedule/run-time-blocks.js";
import type { Schedule } from "../../schedule/schedule.js";
import { AzulejoError } from "../../support/errors.js";

/** A kernel in the words of the caller, and the code that computes it. */
export interface KernelCode {
  readonly lowered: Lowered;
  readonly schedule: Schedule;
  /** positions of the phases among the program's functions */
  readonly firstFunction: number;
  /** the kernel that was lowered; callers with other names go by position */
  readonly representative: Kernel;
}
export interface BoundKernel {
  readonly code: KernelCode;
  /** its schedule comes from a knowledge base */
  readonly tuned: boolean;
  /** the caller's tensor for a tensor of the representative, by name */
  readonly tensor: (name: string) => string;
  /** the caller's symbol for one of the representative */
  readonly symbol: (s: Sym) => Sym;
  /** a block size that the code takes as a word, for this caller */
  readonly blockSize: (s: Sym) => number | undefined;
}

/** What schedules are made for. */
export interface MachineModel {
  /** whose code intrinsics bring along */
  readonly code: "wasm" | "c";
  readonly features: ScheduleFeatures;
  /** absent: 128-bit vectors, as every engine has them */
  readonly profile?: MachineProfile;
  readonly ahead?: DeriveOptions["ahead"];
  readonly ask?: Parameters<typeof lower>[3];
}

interface Representative {
  readonly kernel: Kernel;
  readonly own: Canonical;
  /** by sizes; pinned ones are not among them */
  readonly schedules: Map<string, Schedule>;
  /** by what code depends on */
  readonly codes: Map<string, KernelCode>;
}
/** A kernel in the words of its structure's first. */
interface Known {
  readonly first: Representative;
  readonly tensor: BoundKernel["tensor"];
  readonly symbol: BoundKernel["symbol"];
}

/** What is known of the sizes of a representative's symbols. */
interface Sizes {
  readonly hint: (s: Sym) => number | undefined;
  readonly guess: (s: Sym) => number | undefined;
  readonly twin: (s: Sym) => Sym;
}
/** For each symbol the first of those that stand for one open size. */
function twinsOf(symbols: readonly Sym[], sizeOf: (s: Sym) => Poly | undefined): (s: Sym) => Sym {
  const first = new Map<string, Sym>();
  const twins = new Map<Sym, Sym>();
  for (const s of symbols) {
    const size = sizeOf(s);
    if (!size || size.isConst) continue;
    const text = size.print();
    const twin = first.get(text);
    if (twin) twins.set(s, twin);
    else first.set(text, s);
  }
  return s => twins.get(s) ?? s;
}

export class KernelLibrary {
  readonly #machine: MachineModel;
  readonly #pins: Readonly<Record<string, Partial<Schedule>>>;
  readonly #codes: KernelCode[] = [];
  /** the first kernel of each structure */
  readonly #representatives = new Map<string, Representative>();
  /** nodes that are alike share one kernel */
  readonly #known = new Map<Kernel, Known>();
  readonly #tuning: Tuning | undefined;
  readonly #tuned = new WeakSet<Schedule>();
  readonly #emit: ((funcs: readonly Func[]) => void) | undefined;
  #functions = 0;

  /** `emit` takes functions as they are made; their loop IR is let go then, so that a model's is never in memory as a whole. */
  constructor(
    machine: MachineModel,
    { schedules, tuning }: Pick<CompileOptions, "schedules" | "tuning"> = {},
    emit?: (funcs: readonly Func[]) => void,
  ) {
    this.#machine = machine;
    this.#pins = (schedules ?? {}) as Readonly<Record<string, Partial<Schedule>>>;
    this.#tuning = tuning;
    this.#emit = emit;
  }
  get codes(): readonly KernelCode[] {
    return this.#codes;
  }

  /** `sizeOf` gives the sizes that are known now, `guessOf` what others mostly are; they choose a schedule, never what is computed. */
  add(
    kernel: Kernel,
    sizeOf: (s: Sym) => Poly | undefined,
    guessOf: (s: Sym) => number | undefined = () => undefined,
  ): BoundKernel {
    const { first, tensor, symbol } = this.#knownOf(kernel);
    const hint = (s: Sym): number | undefined => {
      const p = sizeOf(symbol(s));
      return p?.isConst ? p.constant : undefined;
    };
    const guess = (s: Sym): number | undefined => guessOf(symbol(s));
    const twin = twinsOf(first.own.symbols, s => sizeOf(symbol(s)));
    const schedule = this.#scheduleOf(first, this.#pins[kernel.name], { hint, guess, twin });
    const code = this.#refusing(schedule, () => this.#codeOf(first, schedule));
    const sizes = new Map(code.lowered.blockSizes.map(b => [b.sym, schedule.block[b.axis]! / b.unit]));
    return { tuned: this.#tuned.has(schedule), code, tensor, symbol, blockSize: s => sizes.get(s) };
  }
  #knownOf(given: Kernel): Known {
    const known = this.#known.get(given);
    if (known) return known;
    const kernel = withHalfFloats(withCodeOf(given, this.#machine.code));
    const own = canonical(kernel);
    let first = this.#representatives.get(own.key);
    if (!first) {
      first = { kernel, own, schedules: new Map(), codes: new Map() };
      this.#representatives.set(own.key, first);
    }
    const symbols = new Map(first.own.symbols.map((s, i) => [s, own.symbols[i]!]));
    const names = new Map(first.own.tensors.map((t, i) => [t.name, own.tensors[i]!.name]));
    const made = { first, tensor: (name: string) => names.get(name)!, symbol: (s: Sym) => symbols.get(s) ?? s };
    this.#known.set(given, made);
    return made;
  }
  #scheduleOf(first: Representative, pins: Partial<Schedule> | undefined, { hint, guess, twin }: Sizes): Schedule {
    const derive = (): Schedule => {
      const choices = pins ? undefined : this.#choices(first, s => hint(s) ?? guess(s));
      const schedule = deriveSchedule(first.kernel, {
        ...this.#machine,
        dimHints: hint,
        dimGuesses: guess,
        dimTwins: twin,
        ...(choices ? { choices } : {}),
        pins: pins ?? {},
      });
      if (choices && Object.keys(choices).length > 0) this.#tuned.add(schedule);
      return schedule;
    };
    if (pins) return derive();
    // layers of one structure and one size are many: the blocks of a network repeat
    const { symbols } = first.own;
    const key = symbols.map(s => `${hint(s)} ${guess(s)} ${symbols.indexOf(twin(s))}`).join(";");
    const schedule = first.schedules.get(key) ?? derive();
    first.schedules.set(key, schedule);
    return schedule;
  }
  #codeOf(first: Representative, schedule: Schedule): KernelCode {
    const key = scheduleKey(first.kernel, schedule);
    let code = first.codes.get(key);
    if (!code) {
      const lowered = this.#emitted(lower(first.kernel, schedule, this.#machine.code, this.#machine.ask));
      code = { lowered, schedule, firstFunction: this.#functions, representative: first.kernel };
      this.#functions += lowered.phases.length;
      first.codes.set(key, code);
      this.#codes.push(code);
    }
    return code;
  }
  /** A schedule that does not fit is its author's fault; where a base says so, who reads the error has written none. */
  #refusing<T>(schedule: Schedule, make: () => T): T {
    try {
      return make();
    } catch (e) {
      if (!(e instanceof AzulejoError) || e.code !== "schedule" || !this.#tuned.has(schedule)) throw e;
      throw new AzulejoError(
        "schedule",
        `${e.message}; this is of a record of the tuner: remove its line, or leave the base out with { tuning: false }`,
        { cause: e },
      );
    }
  }
  /** Found by names of the representative: all kernels of its structure share its code. */
  #choices({ kernel, own }: Representative, sizeOf: (s: Sym) => number | undefined): ScheduleChoices | undefined {
    if (!this.#tuning) return undefined;
    const { features, profile } = this.#machine;
    return this.#tuning.choices(kernel, own, own.symbols.map(sizeOf), featuresText(features, profile));
  }
  #emitted(lowered: Lowered): Lowered {
    if (!this.#emit) return lowered;
    this.#emit(lowered.phases.map(p => p.func));
    return { ...lowered, phases: lowered.phases.map(p => ({ ...p, func: { ...p.func, body: [] } })) };
  }
}
