// A linked program as JSON and back. Symbols and buffers go by position; polynomials are lists of terms, numbers where they are constant.
import type { Buffer } from "../../graph/program.js";
import { opaque, Poly, Sym, type SymOp } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import type { FillRow, LinkedProgram, LinkedStep, Word } from "./linked-program.js";

type SavedTerm = readonly [coefficient: number, ...symbols: number[]];
export type SavedPoly = number | readonly SavedTerm[];
/** a free symbol by its name, or what it stands for */
type SavedSymbol = string | readonly [op: SymOp, a: SavedPoly, b: SavedPoly];
type SavedBuffer = Omit<Buffer, "dims" | "constant" | "window" | "layout"> & {
  readonly dims: readonly SavedPoly[];
  readonly layout: Omit<Buffer["layout"], "strides">;
  readonly window?: { readonly of: number; readonly offset: SavedPoly };
};
/** "b": a buffer; "h": an address in the heap; "s": a size; "t": memory of the call */
type SavedWord = readonly ["b" | "h", number] | readonly ["s", SavedPoly] | readonly ["t"];
type SavedStep =
  | {
      readonly kernel: string;
      readonly nodes: readonly string[];
      readonly words: readonly SavedWord[];
      readonly phases: readonly (readonly [func: number, blocks: SavedPoly, once: 0 | 1])[];
      /** scratch, shared, fill */
      readonly bytes: readonly [SavedPoly, SavedPoly, SavedPoly];
    }
  | { readonly if: number; readonly then: readonly SavedStep[]; readonly else: readonly SavedStep[] }
  | { readonly loop: number; readonly body: readonly SavedStep[] };

export interface SavedProgram {
  readonly name: string;
  readonly symbols: readonly SavedSymbol[];
  readonly buffers: readonly SavedBuffer[];
  readonly free: readonly number[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly preconditions: readonly {
    left: SavedPoly;
    relation: "eq" | "le" | "lt";
    right: SavedPoly;
    message: string;
    code?: "bounds";
  }[];
  readonly steps: readonly SavedStep[];
  readonly lifetimes: {
    readonly of: readonly (readonly [buffer: number, first: number, last: number])[];
    readonly inPlace: readonly (readonly [output: number, input: number])[];
    readonly steps: number;
  };
  /** JSON has no infinities, no NaN and no −0: values are text */
  readonly fills: readonly (Omit<FillRow, "value"> & { readonly value: string })[];
  readonly constantsOffset: number;
  readonly constantBytes: number;
  readonly constants: readonly (readonly [buffer: number, offset: number])[];
  readonly kernels: LinkedProgram["kernels"];
  readonly short: boolean;
}

/** Everything but the bytes of `pools`. */
export function saveProgram(program: LinkedProgram): SavedProgram {
  const writer = new Writer();
  const { name, fills, constantsOffset, constantBytes, kernels, lifetimes, short } = program;
  const free = program.symbols.map(s => writer.symbol(s));
  const inputs = program.inputs.map(b => writer.buffer(b));
  const outputs = program.outputs.map(b => writer.buffer(b));
  const preconditions = program.preconditions.map(p => ({
    left: writer.poly(p.left),
    relation: p.relation,
    right: writer.poly(p.right),
    message: p.message,
    ...(p.code ? { code: p.code } : {}),
  }));
  const steps = program.steps.map(s => writer.step(s));
  return {
    name,
    free,
    inputs,
    outputs,
    preconditions,
    steps,
    lifetimes: {
      of: [...lifetimes.of].map(([b, { first, last }]) => [writer.buffer(b), first, last] as const),
      inPlace: [...lifetimes.inPlace].map(([output, input]) => [writer.buffer(output), writer.buffer(input)] as const),
      steps: lifetimes.steps,
    },
    fills: fills.map(row => ({ ...row, value: Object.is(row.value, -0) ? "-0" : String(row.value) })),
    constantsOffset,
    constantBytes,
    constants: [...program.constants].map(([b, offset]) => [writer.buffer(b), offset] as const),
    kernels,
    short,
    // complete only now
    symbols: writer.symbols,
    buffers: writer.buffers,
  };
}

class Writer {
  readonly symbols: SavedSymbol[] = [];
  readonly buffers: SavedBuffer[] = [];
  readonly #symbols = new Map<Sym, number>();
  readonly #buffers = new Map<Buffer, number>();

  symbol(s: Sym): number {
    let at = this.#symbols.get(s);
    if (at === undefined) {
      const saved = this.#definition(s);
      at = this.symbols.push(saved) - 1;
      this.#symbols.set(s, at);
    }
    return at;
  }
  #definition({ name, def }: Sym): SavedSymbol {
    if (!def) return name;
    if (def.op === "value")
      throw new AzulejoError(
        "internal",
        "A size that data decide can't be kept; this is a bug in Azulejo, please report it",
      );
    return [def.op, this.poly(def.a), this.poly(def.b)];
  }
  poly(p: Poly): SavedPoly {
    if (p.isConst) return p.constant;
    return p.terms.map((t): SavedTerm => [t.c, ...t.s.map(s => this.symbol(s))]);
  }
  buffer(b: Buffer): number {
    let at = this.#buffers.get(b);
    if (at === undefined) {
      const { id, name, dtype, kind, layout, window } = b;
      const { strides: _, ...stored } = layout;
      const of = window && { of: this.buffer(window.of), offset: this.poly(window.offset) };
      const dims = b.dims.map(d => this.poly(d));
      at = this.buffers.push({ id, name, dtype, dims, kind, layout: stored, ...(of ? { window: of } : {}) }) - 1;
      this.#buffers.set(b, at);
    }
    return at;
  }
  step(step: LinkedStep): SavedStep {
    if (step.kind === "loop") return { loop: this.buffer(step.condition), body: step.body.map(s => this.step(s)) };
    if (step.kind === "if")
      return {
        if: this.buffer(step.condition),
        then: step.then.map(s => this.step(s)),
        else: step.else.map(s => this.step(s)),
      };
    return {
      kernel: step.kernel,
      nodes: step.nodes,
      words: step.words.map(w => this.#word(w)),
      phases: step.phases.map(p => [p.func, this.poly(p.blocks), p.once ? 1 : 0] as const),
      bytes: [this.poly(step.scratchBytes), this.poly(step.sharedBytes), this.poly(step.fillBytes)],
    };
  }
  #word(w: Word): SavedWord {
    switch (w.kind) {
      case "buffer":
        return ["b", this.buffer(w.buffer)];
      case "heap":
        return ["h", w.offset];
      case "size":
        return ["s", this.poly(w.size)];
      case "shared":
        return ["t"];
    }
  }
}

/** The program that saveProgram() was given, with symbols and buffers of its own. */
export const restoreProgram = (saved: SavedProgram, pools: Uint8Array): LinkedProgram =>
  new Reader(saved).program(pools);

class Reader {
  readonly #saved: SavedProgram;
  readonly #symbols: Poly[] = [];
  readonly #buffers: Buffer[] = [];

  constructor(saved: SavedProgram) {
    this.#saved = saved;
    // what a definition or a window refers to comes before it
    for (const s of saved.symbols)
      this.#symbols.push(
        typeof s === "string" ? Poly.sym(new Sym(s)) : opaque(s[0], this.#poly(s[1]), this.#poly(s[2])),
      );
    for (const { window, dims, ...b } of saved.buffers)
      this.#buffers.push({
        ...b,
        dims: dims.map(d => this.#poly(d)),
        ...(window ? { window: { of: this.#buffers[window.of]!, offset: this.#poly(window.offset) } } : {}),
      });
  }
  program(pools: Uint8Array): LinkedProgram {
    const { name, free, inputs, outputs, lifetimes, kernels, short, constantsOffset, constantBytes, ...saved } =
      this.#saved;
    const buffer = (at: number): Buffer => this.#buffers[at]!;
    return {
      name,
      symbols: free.map(at => [...this.#symbols[at]!.syms][0]!),
      inputs: inputs.map(buffer),
      outputs: outputs.map(buffer),
      preconditions: saved.preconditions.map(p => ({ ...p, left: this.#poly(p.left), right: this.#poly(p.right) })),
      steps: saved.steps.map(s => this.#step(s)),
      lifetimes: {
        of: new Map(lifetimes.of.map(([b, first, last]) => [buffer(b), { first, last }])),
        inPlace: new Map(lifetimes.inPlace.map(([output, input]) => [buffer(output), buffer(input)])),
        steps: lifetimes.steps,
      },
      pools,
      fills: saved.fills.map(row => ({ ...row, value: Number(row.value) })),
      constantsOffset,
      constantBytes,
      constants: new Map(saved.constants.map(([b, offset]) => [buffer(b), offset])),
      kernels,
      short,
    };
  }
  #poly(p: SavedPoly): Poly {
    if (typeof p === "number") return Poly.int(p);
    return p.reduce((sum, [c, ...syms]) => sum.add(Poly.product([c, ...syms.map(s => this.#symbols[s]!)])), Poly.zero);
  }
  #step(step: SavedStep): LinkedStep {
    const steps = (list: readonly SavedStep[]): LinkedStep[] => list.map(s => this.#step(s));
    if ("loop" in step) return { kind: "loop", condition: this.#buffers[step.loop]!, body: steps(step.body) };
    if ("if" in step)
      return { kind: "if", condition: this.#buffers[step.if]!, then: steps(step.then), else: steps(step.else) };
    const [scratch, shared, fill] = step.bytes;
    return {
      kind: "call",
      kernel: step.kernel,
      nodes: step.nodes,
      words: step.words.map(w => this.#word(w)),
      phases: step.phases.map(([func, blocks, once]) => ({
        func,
        blocks: this.#poly(blocks),
        ...(once ? { once: true } : {}),
      })),
      scratchBytes: this.#poly(scratch),
      sharedBytes: this.#poly(shared),
      fillBytes: this.#poly(fill),
    };
  }
  #word(w: SavedWord): Word {
    switch (w[0]) {
      case "b":
        return { kind: "buffer", buffer: this.#buffers[w[1]]! };
      case "h":
        return { kind: "heap", offset: w[1] };
      case "s":
        return { kind: "size", size: this.#poly(w[1]) };
      case "t":
        return { kind: "shared" };
    }
  }
}
