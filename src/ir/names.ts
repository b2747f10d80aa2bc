// Names of nodes, views and axes within a kernel: the author's, else made from operation and position, so that schedules that refer
// to them survive recompilation. Unique within the kernel.
import type { Kernel, Node } from "./tile.js";
import { reach } from "./tile.js";
import { axesOfKernel, mergeNodes, nodesOf, viewsOf } from "./walk.js";

/** what a node is called that nobody named */
function labelOf(n: Node): string {
  switch (n.kind) {
    case "map":
      return n.op;
    case "call":
      return n.fn;
    case "reduce":
      return n.args.length === 2 && n.op === "sum" ? "dot" : n.op;
    default:
      return n.kind;
  }
}
/** Literals and indices stand where they are used and need no name. */
export const isInline = (n: Node): boolean => n.kind === "index" || (n.kind === "full" && n.axes.length === 0);

/** a kind and a number: what node() gives, perhaps to a node that this one was copied from */
const unnamed = (n: Node): boolean => n.name === "" || (n.name.startsWith(n.kind) && endsInNumber(n.name, n.kind));
const endsInNumber = (name: string, label: string): boolean => /^\d+$/.test(name.slice(label.length));
/** How a message calls a value: by its name, or by what computes it. */
export function titleOf(n: Node): string {
  if (!unnamed(n)) return n.name;
  if (n.kind === "load") return `${n.tensor.name}.at(…)`;
  if (n.kind === "index") return n.index.print();
  if (n.kind === "full") return `${n.value}`;
  return n.kind === "state" || n.kind === "result" ? `${n.kind} ${n.slot}` : `${labelOf(n)}(…)`;
}
/** Was the name made from operation and position? */
export const isMadeName = (n: Node): boolean => n.name.startsWith(labelOf(n)) && endsInNumber(n.name, labelOf(n));

/** `name`, or `name_2`, `name_3`, … if it is taken */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let k = 2; taken.has(unique); k++) unique = `${name}_${k}`;
  taken.add(unique);
  return unique;
}

type Named = { name: string };
/** Gives every node, view and axis of a kernel its name; to be called once, when the kernel is complete. */
export function nameKernel(kernel: Kernel): void {
  const nodes = [
    ...new Set([...nodesOf(kernel), ...mergeNodes(kernel), ...reach((kernel.debug ?? []).map(p => p.value))]),
  ];
  const taken = new Set<string>();
  const views = viewsOf(nodes);
  const wasUnnamed = new Set(views.filter(v => unnamed(v.value) && v.name === v.value.name));
  for (const n of nodes) if (!isInline(n) && !unnamed(n)) n.name = uniqueName(n.name, taken);
  const counters = new Map<string, number>();
  for (const n of nodes) {
    if (isInline(n)) n.name = n.kind;
    else if (unnamed(n)) n.name = madeName(labelOf(n), counters, taken);
  }
  const memories = new Set(kernel.tensors.map(t => t.name));
  for (const v of views) (v as Named).name = uniqueName(wasUnnamed.has(v) ? v.value.name : v.name, memories);
  const axes = new Set<string>();
  for (const a of axesOfKernel(kernel)) (a as Named).name = uniqueName(a.name, axes);
}
function madeName(label: string, counters: Map<string, number>, taken: Set<string>): string {
  let k = counters.get(label) ?? 0;
  while (taken.has(`${label}${k}`)) k++;
  counters.set(label, k + 1);
  taken.add(`${label}${k}`);
  return `${label}${k}`;
}
