// Hand-assembled kernels for the tests of the machine, and a short way to make machines of them.
import { canShareMemory } from "../../src/runtime/platform.js";
import type { Code, Local } from "../../src/targets/wasm/assembler.js";
import {
  assembleFunction,
  atomic,
  branchIf,
  get,
  i32,
  loop,
  set,
  unreachable,
  when,
} from "../../src/targets/wasm/assembler.js";
import type { Instruction, Machine } from "../../src/targets/cpu/machine.js";
import { createMachine, type MachineOptions } from "../../src/targets/wasm/machine.js";
import { SharedMachine } from "../../src/targets/wasm/machine-shared.js";
import type { AssembledModule, ModuleFunction } from "../../src/targets/wasm/module.js";
import { assembleModule } from "../../src/targets/wasm/module.js";

type Param = "params" | "block" | "scratch";
type Temporary = "i" | "x";
type Locals = Readonly<Record<Param | Temporary, Local>>;

function kernel(name: string, write: (locals: Locals) => Code): ModuleFunction {
  const shape = { params: { params: "i32", block: "i32", scratch: "i32" }, locals: { i: "i32", x: "i32" } } as const;
  const assembled = assembleFunction<Param, Temporary>(name, shape, write);
  return { name, params: assembled.params, code: () => assembled.code };
}
/** word number `index` of the parameter block */
const param = (locals: Locals, index: number): Code => i32.load(get(locals.params), index * 4);
const element = (base: Code, index: Code): Code => i32.add(base, i32.mul(index, i32.const(4)));

const KERNELS: readonly ModuleFunction[] = [
  /** params (X, Y, factor, addend): Y[block] = X[block] · factor + addend */
  kernel("scale", l => {
    const x = i32.load(element(param(l, 0), get(l.block)));
    return i32.store(element(param(l, 1), get(l.block)), i32.add(i32.mul(x, param(l, 2)), param(l, 3)));
  }),
  /** params (X, Y, n): Y[block] = Σ X[0..n): every block reads all that the step before wrote */
  kernel("sum", l => [
    loop(
      set(l.x, i32.add(get(l.x), i32.load(element(param(l, 0), get(l.i))))),
      set(l.i, i32.add(get(l.i), i32.const(1))),
      branchIf(0, i32.lessUnsigned(get(l.i), param(l, 2))),
    ),
    i32.store(element(param(l, 1), get(l.block)), get(l.x)),
  ]),
  /**
   * params (X, n): n dependent steps of a generator, so that no engine drops them; adds 1 to X[block] atomically. Traps if another
   * thread has used its scratch memory meanwhile.
   */
  kernel("work", l => [
    i32.store(get(l.scratch), get(l.block)),
    loop(
      set(l.x, i32.add(i32.mul(get(l.x), i32.const(1664525)), i32.const(1013904223))),
      set(l.i, i32.add(get(l.i), i32.const(1))),
      branchIf(0, i32.lessUnsigned(get(l.i), param(l, 1))),
    ),
    i32.store(get(l.scratch), get(l.x), 4),
    when(i32.ne(i32.load(get(l.scratch)), get(l.block)), unreachable),
    [atomic.add(element(param(l, 0), get(l.block)), i32.const(1)), 0x1a],
  ]),
  /** params (block number): `unreachable` in that block, as a failed check of an index */
  kernel("gather", l => when(i32.eq(get(l.block), param(l, 0)), unreachable)),
  /** params (address, value): stores one byte-sized value as a word */
  kernel("store", l => i32.store(param(l, 0), param(l, 1))),
  /** params (Y): Y[block] = scratch address */
  kernel("whoami", l => i32.store(element(param(l, 0), get(l.block)), get(l.scratch))),
  /** params (address): reads a word there, a trap far outside */
  kernel("peek", l => i32.store(get(l.scratch), i32.load(param(l, 0)))),
];
export const FUNC = { scale: 0, sum: 1, work: 2, gather: 3, store: 4, whoami: 5, peek: 6 } as const;

export const call = (name: keyof typeof FUNC, blocks: number, ...params: number[]): Instruction => ({
  op: "call",
  func: FUNC[name],
  params,
  blocks,
});

export const branch = (conditionAddress: number, yes: Instruction[], no: Instruction[] = []): Instruction => ({
  op: "if",
  conditionAddress,
  then: yes,
  else: no,
});

export const loopOver = (conditionAddress: number, body: Instruction[]): Instruction => ({
  op: "loop",
  conditionAddress,
  body,
});

export function testModule(shared: boolean, delays = false): AssembledModule {
  return assembleModule({ functions: KERNELS, entries: KERNELS.map((_, index) => index), shared, delays });
}

export type Kind = "shared 1" | "shared 2" | "shared 4" | "worker" | "caller";
export const KINDS: readonly Kind[] = ["shared 1", "shared 2", "shared 4", "worker", "caller"];

export async function machineOf(
  kind: Kind,
  more: Partial<MachineOptions> & { readonly delays?: boolean } = {},
): Promise<Machine> {
  const shared = kind.startsWith("shared") && canShareMemory();
  const place = kind === "caller" ? "caller" : "worker";
  const threads = shared ? Number(kind.slice(-1)) : 1;
  const { delays, ...options } = more;
  const module = testModule(shared, delays);
  // workers do all runs, however short: their races are what is tested; place.test.ts tests the calling thread
  const machine = await createMachine({
    module,
    shared,
    threads,
    engineFlags: "never",
    place,
    shortRunMs: 0,
    ...options,
  });
  if (machine instanceof SharedMachine) await machine.gather();
  await machine.reserve(machine.heapBase + (4 << 20));
  return machine;
}

export const bytesOf = (words: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(words).buffer);
export const wordsOf = (bytes: Uint8Array): number[] => [
  ...new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
];

/** Places for words behind the machine's own part of memory. */
export function arena(machine: Machine): (words: number) => number {
  let free = machine.heapBase;
  return words => {
    const at = free;
    free += Math.ceil(words / 16) * 64;
    return at;
  };
}
