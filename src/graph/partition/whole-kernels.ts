// Operators that bring whole kernels (recurrent cells, scatter): their tensors carry the operator's names, their dims are found
// by holding the kernel's tensors against the buffers.
import { Poly, Sym } from "../../ir/poly.js";
import { rewriteKernel } from "../../ir/rewrite-kernel.js";
import { type Kernel, type Tensor } from "../../ir/tile.js";
import { bareSymbol } from "../../ir/walk.js";
import { AzulejoError } from "../../support/errors.js";
import { type Value } from "../graph.js";
import { type Buffer, type Step } from "../program.js";
import type { BoundNode } from "../bind.js";
import { isRowMajor, kernelLayout } from "./layout.js";

export function bindWholeKernels(bound: BoundNode, bufferOf: (v: Value) => Buffer): Step[] {
  const { operator, node, info } = bound;
  const outputs = Object.fromEntries(Object.entries(bound.outputs).map(([name, v]) => [name, v.dims!]));
  const constants = new Set(Object.keys(bound.inputs).filter(name => bound.inputs[name]?.constant));
  return operator.kernels!({ ...info, outputs, constants }).map(kernel => {
    const buffers: Record<string, Buffer> = {};
    for (const t of kernel.tensors) {
      const v = bound.inputs[t.name] ?? bound.outputs[t.name];
      if (!v)
        throw new AzulejoError(
          "kernel",
          `${operator.name} "${node.name}": its kernel "${kernel.name}" reads a tensor ${t.name} that is no input or output of the operator; name tensors after them`,
        );
      buffers[t.name] = bufferOf(v);
    }
    const symbols = symbolsOf(kernel, buffers, `${operator.name} "${node.name}"`);
    return { kind: "kernel", kernel: laidOut(kernel, buffers, symbols), buffers, symbols, nodes: [node.name] };
  });
}

/** The kernel over tensors that lie as its buffers do: channels last, or in a part of another tensor. Adds pitches to `symbols`. */
function laidOut(kernel: Kernel, buffers: Readonly<Record<string, Buffer>>, symbols: Map<Sym, Poly>): Kernel {
  const tensors = new Map<Tensor, Tensor>();
  for (const t of kernel.tensors) {
    const { kind, dims, layout: given } = buffers[t.name]!;
    if (kind === "constant" || isRowMajor({ dims }, given)) continue;
    const layout = kernelLayout(dims, t.dims, given, stride => {
      const pitch = new Sym(`P${symbols.size}`);
      symbols.set(pitch, stride);
      return Poly.sym(pitch);
    });
    tensors.set(t, { ...t, layout });
  }
  return tensors.size === 0 ? kernel : rewriteKernel(kernel, undefined, tensors).kernel;
}

/** Each kernel dim as the program's size: bare symbols by what they stand for, then polynomials (4·H) are held against them. */
function symbolsOf(kernel: Kernel, buffers: Readonly<Record<string, Buffer>>, where: string): Map<Sym, Poly> {
  const out = new Map<Sym, Poly>();
  for (const t of kernel.tensors) {
    const dims = buffers[t.name]!.dims;
    if (dims.length !== t.dims.length)
      throw new AzulejoError("shape", `${where}: ${t.name} has rank ${dims.length}, its kernel wants ${t.dims.length}`);
    t.dims.forEach((own, d) => {
      const sym = bareSymbol(own);
      if (sym && !out.has(sym)) out.set(sym, dims[d]!);
    });
  }
  for (const t of kernel.tensors)
    t.dims.forEach((own, d) => {
      const wanted = own.subst(s => out.get(s));
      const given = buffers[t.name]!.dims[d]!;
      if (!wanted.equals(given))
        throw new AzulejoError(
          "shape",
          `${where}: dim ${d} of ${t.name} is ${given.print()}, its kernel wants ${wanted.print()}`,
        );
    });
  return out;
}
