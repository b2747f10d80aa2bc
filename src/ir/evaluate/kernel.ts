// Evaluates a whole kernel on arrays: binds dims, checks sizes, walks the grid in blocks that keep values small.

import { AzulejoError } from "../../support/errors.js";
import type { Dtype } from "../dtypes.js";
import type { Sym } from "../poly.js";
import type { Axis, Fold, Kernel, Node, Store, Tensor } from "../tile.js";
import { isTensor, reach } from "../tile.js";
import { bareSymbol, rootsOfStore } from "../walk.js";
import type { EvaluateOptions } from "./evaluator.js";
import { Evaluator } from "./evaluator.js";
import type { RawArray, Storage } from "./memory.js";
import { denseStorage, rawArrayName } from "./memory.js";
import { eachBlock } from "./segments.js";
import { product } from "./values.js";

/** A tensor as a caller hands it in; outputs are written in place. */
export interface TensorArgument {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: RawArray;
}
/** How `interpretKernel` walks a kernel. */
export interface InterpretOptions extends EvaluateOptions {
  /** values of symbols that no tensor's dims give */
  readonly symbols?: ReadonlyMap<Sym, number>;
  /** elements of the largest value that is held at once */
  readonly blockElements?: number;
}
/** Values beyond this make the grid go in blocks: 2 MB of float64, which stays in a second-level cache. */
const BLOCK_ELEMENTS = 1 << 18;

/** Computes a kernel on dense row-major arrays, by tensor name. */
export function interpretKernel(
  kernel: Kernel,
  args: Readonly<Record<string, TensorArgument>>,
  options: InterpretOptions = {},
): void {
  runKernel(kernel, storagesOf(kernel, args), options);
}
/** Refuses arguments for tensors that the kernel does not have. */
export function checkNames(kernel: Kernel, args: Readonly<Record<string, unknown>>): void {
  const known = kernel.tensors.map(t => t.name);
  for (const name of Object.keys(Object(args)))
    if (!known.includes(name))
      throw inputError(kernel, `there is no tensor "${name}"; its tensors are ${known.join(", ")}`);
}
/** The arguments of a kernel as memory, each checked for dtype, rank and length. */
export function storagesOf(kernel: Kernel, args: Readonly<Record<string, TensorArgument>>): Map<Tensor, Storage> {
  const storages = new Map<Tensor, Storage>();
  for (const t of kernel.tensors) {
    const a = args[t.name];
    if (!a)
      throw inputError(kernel, `tensor "${t.name}" is missing; hand in one of ${t.dtype} with ${t.dims.length} dims`);
    checkArgument(kernel, t, a);
    storages.set(t, denseStorage(t.dtype, a.dims, a.data));
  }
  return storages;
}

/** Computes a kernel on storages, which may be windows of larger arrays. Gives a byte for each element of what it writes: 1 where it did. */
export function runKernel(
  kernel: Kernel,
  storages: ReadonlyMap<Tensor, Storage>,
  options: InterpretOptions = {},
): ReadonlyMap<Storage, Uint8Array> {
  const symbols = bindDims(kernel, t => storages.get(t)!.dims, options.symbols);
  const { nodes, written } = survey(kernel);
  const e = new Evaluator(kernel.name, symbols, storages, { ...options, written });
  const blocks = gridBlocks(kernel, e, nodes, options.blockElements ?? BLOCK_ELEMENTS);
  const go = (d: number): void => {
    const axis = kernel.grid[d];
    if (!axis) {
      e.body(kernel.folds, kernel.stores);
      return;
    }
    eachBlock(e, kernel, axis, blocks[d]!, () => go(d + 1));
  };
  go(0);
  return e.writes;
}

const inputError = (kernel: Kernel, what: string): AzulejoError =>
  new AzulejoError("input", `kernel "${kernel.name}": ${what}`);

function checkArgument(kernel: Kernel, t: Tensor, a: TensorArgument): void {
  if (a.dtype !== t.dtype)
    throw inputError(kernel, `tensor "${t.name}" is ${a.dtype} and must be ${t.dtype}; convert it first`);
  if (a.dims.length !== t.dims.length)
    throw inputError(
      kernel,
      `tensor "${t.name}" has ${a.dims.length} dims and must have ${t.dims.length}; reshape it first`,
    );
  if (a.data.constructor.name !== rawArrayName(t.dtype))
    throw inputError(
      kernel,
      `tensor "${t.name}" of ${t.dtype} is held in a ${a.data.constructor.name}; use a ${rawArrayName(t.dtype)}`,
    );
  if (a.data.length !== product(a.dims))
    throw inputError(
      kernel,
      `tensor "${t.name}" has ${a.data.length} elements and dims [${a.dims.join(", ")}]; make them agree`,
    );
}

/** Sizes of the dims from the tensors, each checked against all others. */
export function bindDims(
  kernel: Kernel,
  dimsOf: (t: Tensor) => readonly number[],
  given: ReadonlyMap<Sym, number> = new Map(),
): Map<Sym, number> {
  const symbols = new Map(given);
  const from = new Map<Sym, string>();
  for (const t of kernel.tensors)
    t.dims.forEach((p, d) => {
      const s = bareSymbol(p);
      if (!s) return;
      const size = dimsOf(t)[d]!;
      const known = symbols.get(s);
      if (known === undefined) {
        symbols.set(s, size);
        from.set(s, t.name);
      } else if (known !== size)
        throw inputError(
          kernel,
          `dim ${s.name} is ${known} in "${from.get(s) ?? "the call"}" and ${size} in "${t.name}"; hand in tensors whose sizes agree`,
        );
    });
  for (const t of kernel.tensors)
    t.dims.forEach((p, d) => {
      const wanted = p.evaluate(s => symbols.get(s) ?? Number.NaN);
      const size = dimsOf(t)[d]!;
      if (wanted !== size)
        throw inputError(
          kernel,
          `dim ${d} of "${t.name}" is ${size} and must be ${p.isConst ? wanted : `${p.print()} = ${wanted}`}; hand in tensors whose sizes agree`,
        );
    });
  return symbols;
}

/** all nodes of a kernel, and the tensors it writes */
function survey(kernel: Kernel): { nodes: Node[]; written: Set<object> } {
  const roots: Node[] = [];
  const written = new Set<object>();
  const visit = (stores: readonly Store[], folds: readonly Fold[]): void => {
    for (const s of stores) {
      roots.push(...rootsOfStore(s));
      written.add(s.tensor);
    }
    for (const f of folds) {
      roots.push(...f.init, ...f.next, ...(f.merge ?? []));
      visit(f.stores, f.folds);
    }
  };
  visit(kernel.stores, kernel.folds);
  return { nodes: reach(roots), written };
}

/** Indices per block of each grid axis, outer axes cut first. An axis that a materialised tile is read across stays whole. */
function gridBlocks(kernel: Kernel, e: Evaluator, nodes: readonly Node[], limit: number): number[] {
  const crossed = new Set<Axis>();
  for (const n of nodes)
    if (n.kind === "load" && !isTensor(n.tensor))
      n.tensor.axes.forEach((a, d) => {
        if (n.index[d]!.key !== `1*${a.sym.id}*`) crossed.add(a);
      });
  const lengths = new Map<Axis, number>(kernel.grid.map(a => [a, Math.max(1, e.extent(a))]));
  const largest = (): number => Math.max(0, ...nodes.map(n => product(n.axes.map(a => lengths.get(a) ?? e.extent(a)))));
  for (const a of kernel.grid) {
    if (crossed.has(a)) continue;
    const most = largest();
    if (most <= limit) break;
    lengths.set(a, Math.max(1, Math.floor((lengths.get(a)! * limit) / most)));
  }
  return kernel.grid.map(a => lengths.get(a)!);
}
