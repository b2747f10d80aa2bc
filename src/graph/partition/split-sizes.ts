// Sizes that are equal by chance get names of their own, so that layers of a network share code: 64 channels in and 64 out,
// an image as high as wide, a filter as many as pixels. Sizes stay one where the kernel relies on it: where one axis walks both.
import { Poly, Sym } from "../../ir/poly.js";
import { rewrite } from "../../ir/rewrite.js";
import { type Axis, type Kernel, type Layout, newAxis, type Node, reach, type Tensor } from "../../ir/tile.js";
import { axesOfKernel, bareSymbol } from "../../ir/walk.js";
import { Groups } from "./groups.js";

/** A dim of a tensor, or the extent of an axis. */
type Site = string;
const tensorSite = (t: Tensor, dim: number): Site => `${t.name}.${dim}`;
const axisSite = (a: Axis): Site => `#${a.id}`;

/** The kernel with sizes split, and the program's size for each new name. Without folds only: partition makes no others. */
export function splitSizes(kernel: Kernel, sizes: ReadonlyMap<Sym, Poly>): { kernel: Kernel; symbols: Map<Sym, Poly> } {
  const nodes = reach(kernel.stores.map(s => s.value));
  const walked = axesOfKernel(kernel);
  const groups = groupsOf(kernel, nodes, walked);
  const used = sizesInIndices(kernel, nodes);
  const symbols = new Map(sizes);
  const names = new Map<Site, Sym>();
  const dimSymbols = new Set(kernel.dims.map(d => bareSymbol(d.size)));
  let count = kernel.dims.length;
  const sizeOf = (site: Site, old: Poly): Poly => {
    const sym = bareSymbol(old);
    if (!sym || used.has(sym) || !sizes.has(sym)) return old;
    const group = groups.find(site);
    const key = `${sym.id}/${group}`;
    let own = names.get(key);
    if (!own) {
      own = new Sym(`D${count++}`);
      dimSymbols.add(own);
      names.set(key, own);
      symbols.delete(sym);
      symbols.set(own, sizes.get(sym)!);
    }
    return Poly.sym(own);
  };
  const tensors = new Map(
    kernel.tensors.map(t => [
      t,
      withDims(
        t,
        t.dims.map((d, i) => sizeOf(tensorSite(t, i), d)),
      ),
    ]),
  );
  const axes = new Map<Axis, Axis>();
  for (const a of walked) {
    const extent = sizeOf(axisSite(a), a.extent);
    if (extent !== a.extent) axes.set(a, newAxis(a.name, extent));
  }
  const { values, index } = rewrite(axes, tensors);
  const stores = kernel.stores.map(s => ({
    ...s,
    tensor: tensors.get(s.tensor)!,
    index: s.index.map(index),
    value: values([s.value])[0]!,
  }));
  const dims = [...symbols.keys()].filter(s => dimSymbols.has(s)).map(s => ({ name: s.name, size: Poly.sym(s) }));
  return {
    kernel: { ...kernel, tensors: [...tensors.values()], grid: kernel.grid.map(a => axes.get(a) ?? a), stores, dims },
    symbols,
  };
}

/** An axis that walks a dim from end to end makes both one size. */
function groupsOf(kernel: Kernel, nodes: readonly Node[], walked: readonly Axis[]): Groups<Site> {
  const groups = new Groups<Site>();
  const byName = new Map(kernel.tensors.map(t => [t.name, t]));
  const bySym = new Map(walked.map(a => [a.sym, a]));
  const link = (tensor: string, index: readonly Poly[]): void => {
    const t = byName.get(tensor)!;
    index.forEach((p, d) => {
      const sym = bareSymbol(p);
      const axis = sym && bySym.get(sym);
      if (axis?.extent.equals(t.dims[d]!)) groups.join(tensorSite(t, d), axisSite(axis));
    });
  };
  for (const n of nodes) if (n.kind === "load") link(n.tensor.name, n.index);
  for (const s of kernel.stores) link(s.tensor.name, s.index);
  return groups;
}

/** Sizes that indices compute with: which of the equal ones they mean is not known any more. */
function sizesInIndices(kernel: Kernel, nodes: readonly Node[]): Set<Sym> {
  const used = new Set<Sym>();
  const look = (p: Poly): void => {
    for (const s of p.syms) used.add(s);
  };
  for (const n of nodes)
    if (n.kind === "index") look(n.index);
    else if (n.kind === "load") n.index.forEach(look);
    else if (n.kind === "reduce") for (const a of n.over) if (!bareSymbol(a.extent)) look(a.extent);
  for (const s of kernel.stores) s.index.forEach(look);
  // a dim that is walked in phases is a multiple of a size
  for (const t of kernel.tensors) for (const d of t.dims) if (!bareSymbol(d)) look(d);
  return used;
}

/** The tensor with other dims; its strides follow them, pitches stay. */
function withDims(t: Tensor, dims: readonly Poly[]): Tensor {
  const { layout } = t;
  return { ...t, dims, ...(layout?.strides ? { layout: restride(layout, t.dims, dims) } : {}) };
}
function restride(layout: Layout, before: readonly Poly[], after: readonly Poly[]): Layout {
  const strides = [...layout.strides!];
  let old = Poly.one;
  let own = Poly.one;
  for (const d of [...layout.order].reverse()) {
    const stride = layout.strides![d]!;
    // a stride that is no product of what lies inside is a pitch
    if (!stride.equals(old)) own = stride;
    strides[d] = own;
    old = stride.mul(before[d]!);
    own = own.mul(after[d]!);
  }
  return { ...layout, strides };
}
