// Which steps of a program a buffer lives through, and which outputs may take the memory of an input.
import { bytesOf } from "../ir/dtypes.js";
import { type Kernel, reachCells } from "../ir/tile.js";
import { type Lifetime, type Lifetimes, ownerOf } from "./memory-plan.js";
import type { Buffer, KernelProgram, Step } from "./program.js";

/** Lifetimes of everything that is not a constant. Inputs live from before the first step, outputs until after the last. */
export function lifetimes(program: KernelProgram): Lifetimes {
  const of = new Map<Buffer, Lifetime>();
  const touch = (b: Buffer, at: number): void => {
    const owner = ownerOf(b);
    if (owner.kind === "constant") return;
    const known = of.get(owner);
    if (!known) of.set(owner, { first: at, last: at });
    else known.last = Math.max(known.last, at);
  };
  for (const b of program.inputs) touch(b, -1);
  let at = 0;
  const kernels: { step: Extract<Step, { kind: "kernel" }>; at: number }[] = [];
  /** inner ones first */
  const loops: { readonly from: number; readonly to: number }[] = [];
  const walk = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.kind === "kernel") {
        for (const b of Object.values(step.buffers)) touch(b, at);
        kernels.push({ step, at });
        at++;
      } else if (step.kind === "loop") {
        const from = at++;
        touch(step.condition, from);
        walk(step.body);
        // the end has a number of its own: nothing that lives through all rounds dies in one of their steps
        touch(step.condition, at);
        loops.push({ from, to: at++ });
      } else {
        touch(step.condition, at++);
        const before = at;
        walk(step.then);
        walk(step.else);
        // what is written in one branch and before, or read after, is alive in both: extend to the whole of the If
        extendOverBranches(of, before, at, step);
      }
    }
  };
  walk(program.steps);
  for (const b of program.outputs) touch(b, at);
  for (const loop of loops) extendOverLoop(of, loop);
  return { of, inPlace: inPlacePairs(kernels, of), steps: at };
}

/** What is alive before or after a loop as well as in it is alive in all of its rounds. */
function extendOverLoop(
  of: ReadonlyMap<Buffer, Lifetime>,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  for (const life of of.values()) {
    const inside = life.first <= to && life.last > from;
    if (!inside || (life.first > from && life.last <= to)) continue;
    life.first = Math.min(life.first, from);
    life.last = Math.max(life.last, to);
  }
}

function extendOverBranches(
  of: ReadonlyMap<Buffer, Lifetime>,
  from: number,
  to: number,
  step: Extract<Step, { kind: "if" }>,
): void {
  const written = (steps: readonly Step[]): Set<Buffer> => {
    const out = new Set<Buffer>();
    for (const s of steps)
      if (s.kind === "if") for (const b of [...written(s.then), ...written(s.else)]) out.add(b);
      else if (s.kind === "loop") for (const b of written(s.body)) out.add(b);
      else for (const t of s.kernel.tensors) if (t.role !== "input") out.add(ownerOf(s.buffers[t.name]!));
    return out;
  };
  const inThen = written(step.then);
  for (const b of written(step.else)) {
    const life = of.get(b);
    if (!life || !inThen.has(b)) continue;
    life.first = Math.min(life.first, from);
    life.last = Math.max(life.last, to - 1);
  }
}

/** Pairs (output, input) of one kernel that may be the same memory: the input dies there and is read only where the output is written. */
function inPlacePairs(
  kernels: readonly { step: Extract<Step, { kind: "kernel" }>; at: number }[],
  of: ReadonlyMap<Buffer, Lifetime>,
): Map<Buffer, Buffer> {
  const pairs = new Map<Buffer, Buffer>();
  const taken = new Set<Buffer>();
  for (const { step, at } of kernels) {
    const [store] = step.kernel.stores;
    if (step.kernel.stores.length !== 1 || !store || store.combine || store.when || step.kernel.folds.length) continue;
    const output = step.buffers[store.tensor.name]!;
    if (output.window || of.get(output)?.first !== at) continue;
    for (const t of step.kernel.tensors) {
      const input = step.buffers[t.name]!;
      if (
        t === store.tensor ||
        input.window ||
        taken.has(input) ||
        input.kind !== "arena" ||
        of.get(input)?.last !== at
      )
        continue;
      // a slice or a reshape of the input, in the same memory, is read at other places
      if (step.kernel.tensors.some(o => o !== t && ownerOf(step.buffers[o.name]!) === input)) continue;
      if (!sameShape(input, output) || !readsOnlyWhereItWrites(step.kernel, t.name)) continue;
      pairs.set(output, input);
      taken.add(input);
      break;
    }
  }
  return pairs;
}
const sameShape = (a: Buffer, b: Buffer): boolean =>
  bytesOf(a.dtype) === bytesOf(b.dtype) &&
  a.dims.length === b.dims.length &&
  a.dims.every((d, i) => d.equals(b.dims[i]!)) &&
  a.layout.order.join() === b.layout.order.join();

function readsOnlyWhereItWrites(kernel: Kernel, tensor: string): boolean {
  const store = kernel.stores[0]!;
  const nodes = reachCells([store.value]);
  // a reduction reads other elements of its row: the row may be half written by then
  if (nodes.some(n => n.kind === "reduce")) return false;
  return nodes.every(
    n => n.kind !== "load" || n.tensor.name !== tensor || n.index.every((p, d) => p.equals(store.index[d]!)),
  );
}
