// Weights into a machine's memory: as they come, or packed into another layout by kernels of the program. Originals pass through a
// small part of the arena, which no run uses yet, a few rows at a time where both layouts have rows outermost; files are read straight
// into memory where this thread sees it. So neither JavaScript nor the machine ever holds weights twice.
import type { CompileOptions } from "../../runtime/target.js";
import { throwIfAborted } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { alignUp } from "./alignment.js";
import type { CompiledProgram } from "./compiled-program.js";
import type { PlacedConstant } from "./constants.js";
import type { Instruction, Machine, Transfer } from "./machine.js";
import type { ResidentProgram } from "./resident-program.js";

/** Originals wait here together before they are packed, in one half while the other is being packed; rows that are longer go alone. */
const HALF_BYTES = 2 << 20;
/** kernels may read a vector over the end */
const SLACK = 256;

interface WeightPlaces {
  readonly machine: Machine;
  /** the first free address behind all constants */
  readonly arenaStart: number;
  readonly addressOf: (c: PlacedConstant) => number;
  readonly poolAddress: (kernel: NonNullable<PlacedConstant["pack"]>["kernel"]) => number;
}

/** A part of an original, on its way through the staging memory. */
interface Slice {
  readonly constant: PlacedConstant;
  /** bytes of the original before it */
  readonly offset: number;
  readonly byteLength: number;
  /** how many of the first dim's rows it has, where it is not the whole */
  readonly rows?: number;
  /** bytes of the packed copy before it */
  readonly packedOffset: number;
}

/** Brings every constant to its place. */
export async function loadWeights(
  compiled: CompiledProgram,
  resident: ResidentProgram,
  machine: Machine,
  options: Pick<CompileOptions, "onProgress" | "signal">,
): Promise<void> {
  const { pools } = compiled.heap();
  const places: WeightPlaces = {
    machine,
    arenaStart: resident.arenaStart,
    addressOf: c => resident.constants.address + c.offset,
    poolAddress: kernel => machine.heapBase + pools.get(kernel.code)!,
  };
  const constants = compiled.constants.all;
  const reads = new Reads();
  const staging = new Staging(places, reads, resident.short);
  const total = constants.reduce((sum, c) => sum + c.data.byteLength, 0);
  let done = 0;
  try {
    for (const constant of constants) {
      throwIfAborted(options.signal, "Loading the model");
      if (constant.pack) for (const slice of slicesOf(constant)) await staging.add(slice);
      else await reads.begin(() => store(constant, places));
      done += constant.data.byteLength;
      options.onProgress?.({ phase: "weights", fraction: total ? done / total : 1 });
    }
    await staging.finish();
  } finally {
    await reads.settled();
  }
}

/** Two reads at a time: while one's numbers are computed here, the file gives the next one's. */
class Reads {
  #pending: Promise<void>[] = [];
  async begin(read: () => Promise<void>): Promise<void> {
    if (this.#pending.length > 1) await this.#pending.shift();
    const pending = read();
    // whoever waits for it hears of a failure
    pending.catch(() => {});
    this.#pending.push(pending);
  }
  async finish(): Promise<void> {
    await Promise.all(this.#pending);
    this.#pending = [];
  }
  /** Nobody writes any more: after a failure the memory may go. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }
}

async function store(constant: PlacedConstant, { machine, addressOf }: WeightPlaces): Promise<void> {
  const { data } = constant;
  const address = addressOf(constant);
  if (isDirect(machine, constant)) await data.readInto!(machine.view!({ address, byteLength: data.byteLength }), 0);
  else await machine.write([{ address, bytes: await data.read() }]);
}
const isDirect = (machine: Machine, { data }: PlacedConstant): boolean =>
  machine.view !== undefined && data.readInto !== undefined;

function slicesOf(constant: PlacedConstant): Slice[] {
  const { byteLength } = constant.data;
  const { rows } = constant.pack!;
  if (!rows || byteLength <= HALF_BYTES) return [{ constant, offset: 0, byteLength, packedOffset: 0 }];
  const rowBytes = byteLength / rows.count;
  const step = Math.max(1, Math.floor(HALF_BYTES / rowBytes / rows.unit)) * rows.unit;
  return Array.from({ length: Math.ceil(rows.count / step) }, (_, i): Slice => {
    const first = i * step;
    const own = Math.min(step, rows.count - first);
    const bytes = { offset: first * rowBytes, byteLength: own * rowBytes };
    return { constant, ...bytes, rows: own, packedOffset: first * rows.packedBytes };
  });
}

class Staging {
  readonly #places: WeightPlaces;
  readonly #reads: Reads;
  /** no other thread is there, and what is packed is little */
  readonly #short: boolean;
  /** where what waits begins, and the first free address behind it */
  #start: number;
  #top: number;
  #scratchBytes = 0;
  #transfers: Transfer[] = [];
  #instructions: Instruction[] = [];
  /** the last original that was read as a whole: its slices come one after another */
  #whole: { readonly constant: PlacedConstant; readonly bytes: Uint8Array } | undefined;
  /** the memory that is being packed */
  #packing: { readonly start: number; readonly end: number; readonly done: Promise<unknown> } | undefined;

  constructor(places: WeightPlaces, reads: Reads, short: boolean) {
    this.#short = short;
    this.#places = places;
    this.#reads = reads;
    this.#start = this.#top = places.arenaStart;
  }

  async add(slice: Slice): Promise<void> {
    const { machine } = this.#places;
    const isFull = this.#top + slice.byteLength > this.#start + HALF_BYTES;
    if (isFull && this.#instructions.length > 0) await this.#pack();
    await this.#unlessBusy(this.#top + slice.byteLength);
    const from = this.#top;
    this.#call(slice, from);
    const { constant, offset, byteLength } = slice;
    if (isDirect(machine, constant)) {
      await machine.reserve(from + byteLength);
      const view = machine.view!({ address: from, byteLength });
      return this.#reads.begin(() => constant.data.readInto!(view, offset));
    }
    if (this.#whole?.constant !== constant) this.#whole = { constant, bytes: await constant.data.read() };
    this.#transfers.push({ address: from, bytes: this.#whole.bytes.subarray(offset, offset + byteLength) });
  }

  /** The pack kernel's call for a slice that lies at `from`. */
  #call({ constant, byteLength, rows, packedOffset }: Slice, from: number): void {
    const { kernel, sizes, rows: outer } = constant.pack!;
    const { lowered, firstFunction } = kernel.code;
    const size = (s: Parameters<typeof kernel.symbol>[0]): number => {
      const own = kernel.symbol(s);
      return kernel.blockSize(s) ?? (rows !== undefined && own === outer!.sym ? rows : sizes.get(own)!);
    };
    const shared = alignUp(from + byteLength + SLACK);
    this.#top = alignUp(shared + lowered.sharedBytes.evaluate(size) + SLACK);
    this.#scratchBytes = Math.max(this.#scratchBytes, lowered.scratchBytes.evaluate(size));
    const target = this.#places.addressOf(constant) + packedOffset;
    const params = lowered.params.map(p => {
      if (p.kind === "tensor") return kernel.tensor(p.name) === "X" ? from : target;
      if (p.kind === "symbol") return size(p.sym);
      if (p.kind === "pool") return this.#places.poolAddress(kernel);
      if (p.kind === "shared") return shared;
      throw new AzulejoError("internal", "A pack kernel reads a border; this is a bug in Azulejo, please report it");
    });
    lowered.phases.forEach((phase, i) => {
      this.#instructions.push({ op: "call", func: firstFunction + i, params, blocks: phase.blocks.evaluate(size) });
    });
  }

  /** Memory below `end` may be written to: what is being packed lies elsewhere, or is over. */
  async #unlessBusy(end: number): Promise<void> {
    const packing = this.#packing;
    if (!packing || this.#top >= packing.end || end <= packing.start) return;
    await packing.done;
    this.#packing = undefined;
  }
  /** Begins to pack what waits; what comes next waits in other memory. */
  async #pack(): Promise<void> {
    const { machine, arenaStart } = this.#places;
    const bytesPerThread = alignUp(this.#scratchBytes + SLACK);
    const end = this.#top + bytesPerThread * machine.threads;
    await machine.reserve(end);
    await this.#reads.finish();
    // one at a time: its scratch memory may lie where the one before is
    await this.#packing?.done;
    const prepared = machine.prepare(this.#instructions, { address: this.#top, bytesPerThread }, this.#short);
    const done = machine.run(prepared, this.#transfers, []).then(() => machine.release(prepared));
    // whoever waits for it hears of a failure
    done.catch(() => {});
    this.#packing = { start: this.#start, end, done };
    this.#start = this.#top = this.#start === arenaStart ? end : arenaStart;
    this.#scratchBytes = 0;
    this.#transfers = [];
    this.#instructions = [];
  }
  /** Everything is packed; the memory is free again. */
  async finish(): Promise<void> {
    await this.#reads.finish();
    if (this.#instructions.length > 0) await this.#pack();
    await this.#packing?.done;
  }
}
