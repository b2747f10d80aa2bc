// Puts kernels and the driver into one module: types, one imported memory, a table of kernel entries, code, names.
// Pure: functions in, bytes out. What runs the bytes is machine.ts.
import { AzulejoError } from "../../support/errors.js";
import type { Signature, ValueType } from "./assembler.js";
import { Bytes, functionType, MODULE_HEADER, SECTION, section, text, unsigned, vector } from "./assembler.js";
import type { Driver } from "./driver.js";
import { driver, KERNEL_TYPE } from "./driver.js";

/** A function that waits for its place in a module, as the emitter makes it. */
export interface ModuleFunction {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly results?: readonly ValueType[];
  /** An entry of the code section, size first. `indexOf` gives the module's function index for a position in the list of functions. */
  code(indexOf: (position: number) => number): Uint8Array;
}

export interface ModuleOptions {
  readonly functions: readonly ModuleFunction[];
  /** positions of the kernels' phases, (params: i32, block: i32, scratch: i32) → (); `func` of an instruction is an index into this list */
  readonly entries: readonly number[];
  /** for memory that threads share; such a module can't run where canShareMemory() is false */
  readonly shared: boolean;
  /** random pauses wherever threads race: slow, for tests */
  readonly delays?: boolean;
}

export interface AssembledModule {
  readonly bytes: Uint8Array;
  readonly shared: boolean;
  /** names of the entries, for reports and errors */
  readonly entries: readonly string[];
}

/** Memory is declared as small and as large as can be, so that one module fits whatever size the host grants. */
const MEMORY_PAGES = { minimum: 1, maximum: 65536 };
const KERNEL: Signature = { params: ["i32", "i32", "i32"], results: [] };

export function assembleModule(options: ModuleOptions): AssembledModule {
  const { functions, entries, shared } = options;
  const engine = driver({ shared, delays: options.delays ?? false, firstIndex: functions.length });
  const types = new Types();
  if (types.index(KERNEL) !== KERNEL_TYPE)
    throw new AzulejoError("internal", "The kernel type must be the first of a module");
  for (const position of entries) checkEntry(functions[position], position);

  const typeOf = [...functions, ...engine.functions].map(f =>
    types.index({ params: f.params, results: f.results ?? [] }),
  );
  const sections = [
    section(SECTION.type, types.section()),
    section(SECTION.import, memoryImport(shared)),
    section(SECTION.function, new Bytes().code(vector(typeOf.map(unsigned)))),
    section(SECTION.table, new Bytes().code([1, 0x70, 0x01, unsigned(entries.length), unsigned(entries.length)])),
    section(SECTION.export, exports(engine)),
    section(SECTION.element, new Bytes().code([1, 0x00, 0x41, 0, 0x0b, vector(entries.map(unsigned))])),
    section(SECTION.code, code(functions, engine)),
    section(SECTION.custom, names([...functions, ...engine.functions].map(f => f.name))),
  ];
  const bytes = new Bytes().append(MODULE_HEADER);
  for (const part of sections) bytes.append(part.toUint8Array());
  return { bytes: bytes.toUint8Array(), shared, entries: entries.map(position => functions[position]!.name) };
}

function checkEntry(entry: ModuleFunction | undefined, position: number): void {
  if (!entry) throw new AzulejoError("internal", `Entry ${position} of a module is not in its list of functions`);
  if (entry.params.join() !== KERNEL.params.join() || entry.results?.length)
    throw new AzulejoError(
      "internal",
      `"${entry.name}" can't be an entry: it takes (${entry.params.join(", ")}), entries take three i32 and give nothing`,
    );
}

/** Signatures in the order of their first use. */
class Types {
  readonly #types = new Map<string, { index: number; bytes: number[] }>();
  index(signature: Signature): number {
    const key = `${signature.params.join()}>${signature.results.join()}`;
    let type = this.#types.get(key);
    if (!type) {
      type = { index: this.#types.size, bytes: functionType(signature) };
      this.#types.set(key, type);
    }
    return type.index;
  }
  section(): Bytes {
    return new Bytes().code(vector([...this.#types.values()].map(type => type.bytes)));
  }
}

function memoryImport(shared: boolean): Bytes {
  const limits = [shared ? 0x03 : 0x01, unsigned(MEMORY_PAGES.minimum), unsigned(MEMORY_PAGES.maximum)];
  return new Bytes().code([1, text("env"), text("memory"), 0x02, limits]);
}

function exports(engine: Driver): Bytes {
  const functions = [...engine.exports].map(([name, index]) => [...text(name), 0x00, ...unsigned(index)]);
  return new Bytes().code(vector(functions));
}

function code(functions: readonly ModuleFunction[], engine: Driver): Bytes {
  const bytes = new Bytes().append(unsigned(functions.length + engine.functions.length));
  // positions in the list are function indices: only memory is imported, and the driver comes behind
  for (const f of functions) bytes.append(f.code(position => position));
  for (const f of engine.functions) bytes.append(f.code);
  return bytes;
}

/** The "name" section: stack traces and profilers show kernels by name. */
function names(list: readonly string[]): Bytes {
  const map = new Bytes().code(vector(list.map((name, index) => [...unsigned(index), ...text(name)])));
  return new Bytes().code([text("name"), 1, unsigned(map.length)]).append(map.toUint8Array());
}
