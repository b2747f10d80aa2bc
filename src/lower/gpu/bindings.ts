// Which storage buffers a dispatch binds. A device binds few: where a kernel reads from more, some of them are copied into one before it runs.
import { isTensor, type Kernel, reachCells, type Store, type Tensor } from "../../ir/tile.js";
import { nodesOf } from "../../ir/walk.js";
import { AzulejoError } from "../../support/errors.js";
import type { Binding } from "./lowered.js";
import { elementOf } from "./registers.js";

/** One binding for each buffer that these stores read or write. */
export function bindingsOf(
  kernel: Kernel,
  stores: readonly Store[],
  writes: ReadonlySet<Tensor>,
  memoryOf: (tensor: string) => number,
): readonly Binding[] {
  const folds = kernel.folds.filter(f => !f.cells);
  const used = new Set<Tensor>(writes);
  if (kernel.segments) used.add(kernel.segments.offsets);
  for (const n of nodesOf({ folds, stores })) if (n.kind === "load" && isTensor(n.tensor)) used.add(n.tensor);
  for (const n of reachCells(nodesOf({ folds, stores })))
    if (n.kind === "load" && isTensor(n.tensor)) used.add(n.tensor);
  const groups = new Map<number, Tensor[]>();
  for (const t of kernel.tensors) {
    if (!used.has(t)) continue;
    const list = groups.get(memoryOf(t.name)) ?? [];
    list.push(t);
    groups.set(memoryOf(t.name), list);
  }
  return [...groups.values()].map(tensors => {
    const elements = new Set(tensors.map(t => elementOf(t.dtype)));
    if (elements.size > 1)
      throw new AzulejoError(
        "internal",
        `tensors of kernel "${kernel.name}" share memory under different dtypes; this is a bug in Azulejo, please report it`,
      );
    return { tensors: tensors.map(t => t.name), element: [...elements][0]!, writes: tensors.some(t => writes.has(t)) };
  });
}

/**
 * As many fewer bindings as `excess` says, if what is only read allows it: those of one type become one, whose tensors are copied into it.
 * `stays`: a tensor that can't be copied. */
export function withCopies(
  bindings: readonly Binding[],
  excess: number,
  stays: (tensor: string) => boolean = () => false,
): readonly Binding[] {
  const byElement = new Map<string, Binding[]>();
  for (const b of bindings)
    if (!b.writes && !b.tensors.some(stays)) byElement.set(b.element, [...(byElement.get(b.element) ?? []), b]);
  let left = excess;
  let out = bindings;
  for (const list of [...byElement.values()].sort((a, b) => b.length - a.length)) {
    if (left <= 0 || list.length < 2) break;
    const joined = list.slice(0, left + 1);
    left -= joined.length - 1;
    const copied: Binding = { ...joined[0]!, tensors: joined.flatMap(b => b.tensors), copied: true };
    out = out.flatMap(b => (b === joined[0] ? [copied] : joined.includes(b) ? [] : [b]));
  }
  return out;
}
