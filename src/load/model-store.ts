// Compiled models between processes, or visits of a page: code, weights as they are packed, and what load() tells of the model. A second start
// reads a file instead of compiling. What is kept belongs to one content of the model's files, one set of options, one engine and one
// build of this library; anything else compiles anew. What was cut off or damaged counts as not there: all but the weights has a checksum, weights have their
// length, and were on the disk before the file had its name (a checksum of 100 MB takes 0.2 s, nearly as long as such a load).
import type { ContentSymbols } from "../graph/content-symbols.js";
import type { Sym } from "../ir/poly.js";
import type { LoadOptions, Report, TensorInfo } from "../runtime/api.js";
import { processorIdentity, hostVariable } from "../runtime/native-host.js";
import { canShareMemory, decodeText, encodeText, hasFiles, type OpenFile } from "../runtime/platform.js";
import type { CompileOptions, SavedExecutable, SavedPart } from "../runtime/target.js";
import type { ContentIdentity } from "../support/byte-source.js";
import { checksum } from "../support/checksum.js";
import { engine } from "../targets/wasm/machine-engine.js";
import { type Shelf, shelf } from "./shelves.js";
import type { OpenedModel } from "./source.js";
import { tuningIdentity } from "./tuning.js";

/** set by tools/bundle.ts: a hash of the library's code; modules that run unbundled change too often to be kept for */
declare const AZULEJO_BUILD: string | undefined;
export const build = (): string | undefined => (typeof AZULEJO_BUILD === "string" ? AZULEJO_BUILD : undefined);

/** What is kept of a model beside what its target made. */
export interface ModelHead {
  readonly info: ModelInfo;
  /** why there is no executable for all dims; those for one set of dims are kept apart */
  readonly waits?: string;
  /** inputs whose content decides what is compiled */
  readonly deciding: readonly string[];
  readonly contents: KeptContents;
}
/** input → positions among the program's symbols of what its elements are */
type KeptContents = readonly (readonly [input: string, symbols: readonly (number | null)[]])[];
type Contents = ContentSymbols["contents"];

export const keptContents = (contents: Contents, symbols: readonly Sym[]): KeptContents =>
  [...contents].map(([name, list]) => [name, list.map(s => (s ? symbols.indexOf(s) : null))] as const);
export const restoredContents = (kept: KeptContents, symbols: readonly Sym[]): Contents =>
  new Map(kept.map(([name, list]) => [name, list.map(i => (i === null ? undefined : symbols[i]))]));
export interface ModelInfo {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly fixedInputs?: readonly string[] | undefined;
  readonly outputs: readonly TensorInfo[];
  readonly passes: Report["passes"];
  readonly notes: readonly string[];
  /** each run hands a seed in beside its inputs */
  readonly draws?: true;
}
/** JSON leaves undefined out: tensors of unknown rank have their `dims` again. */
const restoredInfo = (info: ModelInfo): ModelInfo => ({
  ...info,
  inputs: info.inputs.map(t => ({ ...t, dims: t.dims })),
  outputs: info.outputs.map(t => ({ ...t, dims: t.dims })),
});
export interface KeptModel {
  readonly model: ModelHead;
  readonly executable: SavedExecutable | undefined;
  readonly path: string;
  close(): Promise<void>;
}

/** Targets whose programs are kept. */
export type KeptTarget = "wasm" | "native";
const isKept = (target: string): target is KeptTarget => target === "wasm" || (target === "native" && hasFiles());

/** What native code was made for; the compiler itself is not asked, so that a kept model needs none. */
const nativeConditions = async (): Promise<readonly unknown[]> => [
  await processorIdentity(),
  hostVariable("CC"),
  hostVariable("AZULEJO_LANES"),
];

interface StoreParts {
  readonly shelf: Shelf;
  readonly opened: OpenedModel;
  readonly options: string;
  readonly main: ContentIdentity;
}
/** JSON at the start of a file. */
interface Head {
  /** what the file's name is the checksum of */
  readonly key: string;
  readonly model: ModelHead;
  readonly executable?: unknown;
  readonly partBytes: readonly number[];
  /** files that the model names, with what they were */
  readonly external: readonly (readonly [name: string, identity: string])[];
}
/** checksum of what follows up to the last part, then two words: bytes of the head, and where the last part begins */
const CHECKSUM_BYTES = 16;
const START_BYTES = CHECKSUM_BYTES + 8;
const ALIGNMENT = 64;
/** File systems tell times of change no finer than this. */
const CLOCK_TICK_MS = 2500;

export class ModelStore {
  readonly target: KeptTarget;
  readonly #opened: OpenedModel;
  readonly #options: string;
  readonly #main: ContentIdentity;
  readonly #shelf: Shelf;
  readonly #openedMs = Date.now();
  /** why nothing is kept, for the report; known after find() */
  problem: string | undefined;

  private constructor(target: KeptTarget, parts: StoreParts) {
    this.target = target;
    this.#shelf = parts.shelf;
    this.#opened = parts.opened;
    this.#options = parts.options;
    this.#main = parts.main;
  }
  /** Undefined where nothing can be kept: functions as options, hosts without storage, sources whose content can't be told. */
  static async of(
    opened: OpenedModel,
    options: LoadOptions,
    { engineFlags }: CompileOptions,
  ): Promise<ModelStore | undefined> {
    const { target = "wasm", cache = true, operators, passes, editKernels, readExternal, dims, schedules } = options;
    const changed = operators ?? passes ?? editKernels ?? readExternal;
    if (!cache || !isKept(target) || changed !== undefined || build() === undefined) return undefined;
    const place = await shelf(build()!);
    const main = place && (await opened.source.identity?.());
    if (!main) return undefined;
    const runsOn = target === "wasm" ? [engine(engineFlags), canShareMemory()] : await nativeConditions();
    const conditions = [build(), target, ...runsOn, dims ?? {}, schedules ?? {}, await tuningIdentity(options)];
    return new ModelStore(target, { shelf: place, opened, options: JSON.stringify(conditions), main });
  }

  #key(run: string): { readonly key: string; readonly name: string } {
    const key = `${this.#options}\n${this.#main.key}\n${run}`;
    return { key, name: checksum(encodeText(key)) };
  }
  /** `run`: dims and contents of a run that a program was made for; empty: the model */
  async find(run = ""): Promise<KeptModel | undefined> {
    let file: Entry | undefined;
    try {
      this.problem = await this.#shelf.problem();
      if (this.problem !== undefined) return undefined;
      const { key, name } = this.#key(run);
      file = await this.#shelf.open(name);
      const kept = file && (await read(file));
      if (file && kept?.head.key === key && (await this.#isSame(kept.head.external))) {
        const { executable } = kept.head;
        const model = { ...kept.head.model, info: restoredInfo(kept.head.model.info) };
        const opened = file;
        const parts = executable === undefined ? undefined : { head: executable, parts: kept.parts };
        return { model, executable: parts, path: this.#shelf.place(name), close: () => opened.close() };
      }
    } catch {
      // another process took it away, or the disk fails: it is compiled anew
    }
    await file?.close();
    return undefined;
  }
  async #isSame(external: Head["external"]): Promise<boolean> {
    for (const [name, identity] of external) {
      const source = await this.#opened.openExternal?.(name);
      if ((await source?.identity?.())?.key !== identity) return false;
    }
    return true;
  }

  /** Writes what was compiled; where that is not possible or not safe, nothing. */
  async keep(model: ModelHead, executable: SavedExecutable | undefined, run = ""): Promise<void> {
    const parts = executable?.parts ?? [];
    const total = parts.reduce((sum, p) => sum + p.byteLength, 0);
    if (total > this.#shelf.mostBytes) return;
    const external = await this.#unchanged();
    if (!external) return;
    const partBytes = parts.map(p => p.byteLength);
    const { key, name } = this.#key(run);
    const head: Head = { key, model, ...(executable ? { executable: executable.head } : {}), partBytes, external };
    try {
      await this.#shelf.write(name, await prefixOf(head, parts), parts.at(-1));
    } catch {
      // a full disk, a folder of others: the next process compiles as this one did
    }
  }
  /** What the model's other files are; undefined where any file changed since it was opened, or too shortly before. */
  async #unchanged(): Promise<Head["external"] | undefined> {
    const isSettled = ({ changedMs }: ContentIdentity): boolean => changedMs < this.#openedMs - CLOCK_TICK_MS;
    const main = await this.#opened.source.identity?.();
    if (main?.key !== this.#main.key || !isSettled(main)) return undefined;
    const external: (readonly [string, string])[] = [];
    for (const [name, source] of this.#opened.external) {
      const identity = await source.identity?.();
      if (!identity || !isSettled(identity)) return undefined;
      external.push([name, identity.key]);
    }
    return external;
  }
}

const aligned = (n: number): number => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/** Where the parts lie: those before the last in what the digest covers. */
function placesOf(headBytes: number, partBytes: readonly number[]): readonly number[] {
  let end = START_BYTES + headBytes;
  return partBytes.map(bytes => {
    const at = aligned(end);
    end = at + bytes;
    return at;
  });
}

/** All but the last part. */
async function prefixOf(head: Head, parts: readonly SavedPart[]): Promise<Uint8Array> {
  const text = encodeText(JSON.stringify(head));
  const places = placesOf(text.length, head.partBytes);
  const prefix = new Uint8Array(places.at(-1) ?? START_BYTES + text.length);
  prefix.set(text, START_BYTES);
  for (const [i, part] of parts.slice(0, -1).entries())
    await part.readInto(0, prefix.subarray(places[i]!, places[i]! + part.byteLength));
  const words = new DataView(prefix.buffer);
  words.setUint32(CHECKSUM_BYTES, text.length, true);
  words.setUint32(CHECKSUM_BYTES + 4, prefix.length, true);
  prefix.set(checksumOf(prefix), 0);
  return prefix;
}
const checksumOf = (prefix: Uint8Array): Uint8Array => encodeText(checksum(prefix.subarray(CHECKSUM_BYTES)));

type Entry = Pick<OpenFile, "byteLength" | "read" | "close">;

async function read(file: Entry): Promise<{ head: Head; parts: readonly SavedPart[] } | undefined> {
  const start = await bytesOf(file, 0, START_BYTES);
  const words = new DataView(start.buffer);
  const headBytes = words.getUint32(CHECKSUM_BYTES, true);
  const prefixBytes = words.getUint32(CHECKSUM_BYTES + 4, true);
  if (prefixBytes < START_BYTES + headBytes || prefixBytes > file.byteLength) return undefined;
  const prefix = await bytesOf(file, 0, prefixBytes);
  if (checksumOf(prefix).some((byte, i) => byte !== prefix[i])) return undefined;
  const head = JSON.parse(decodeText(prefix.subarray(START_BYTES, START_BYTES + headBytes))) as Head;
  const places = placesOf(headBytes, head.partBytes);
  const last = head.partBytes.length - 1;
  if (last >= 0 && places[last]! + head.partBytes[last]! !== file.byteLength) return undefined;
  const parts = head.partBytes.map((byteLength, i): SavedPart => {
    const at = places[i]!;
    const memory = prefix.subarray(at, at + byteLength);
    return {
      byteLength,
      readInto: async (offset, target) => {
        if (i < last) target.set(memory.subarray(offset, offset + target.length));
        else await fill(file, at + offset, target);
      },
    };
  });
  return { head, parts };
}

async function bytesOf(file: Entry, position: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(byteLength);
  await fill(file, position, bytes);
  return bytes;
}
async function fill(file: Entry, position: number, target: Uint8Array): Promise<void> {
  if ((await file.read(target, position)) < target.length) throw new Error("a kept model is cut off");
}
