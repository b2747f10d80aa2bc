// Operators that only move elements, on constants: slices, transposes, concatenations of weights become constants whose
// bytes are gathered when they are read. Everything is a strided window of its source.
import { bytesOf } from "../../ir/dtypes.js";
import { constantDims, countOf, lazyData, numbersOf } from "../constants.js";
import type { GraphNode, Value } from "../graph.js";
import type { Rewrite, Rule } from "../rewrite.js";

/** Which elements of the source an output consists of: element i of dim d lies `steps[d]·i` further. */
interface Window {
  readonly dims: readonly number[];
  readonly steps: readonly number[];
  readonly offset: number;
}

export const foldMovement: Rule = node => {
  if (node.domain !== "") return undefined;
  if (node.op === "Concat") return foldConcat(node);
  const [x] = node.inputs;
  const [output, ...others] = node.outputs;
  const dims = constantDims(x?.dims);
  if (!x?.constant || !dims || !output || others.some(o => o)) return undefined;
  const window =
    node.op === "Slice" ? sliceOf(node, dims) : node.op === "Transpose" ? transposeOf(node, dims) : undefined;
  const wanted = constantDims(output.dims);
  if (!window || !wanted || window.dims.join() !== wanted.join() || output.dtype !== x.dtype) return undefined;
  const size = bytesOf(x.dtype!);
  const source = x.constant;
  return constantInstead(output, async () => copyWindow(await source.read(), size, window));
};

const stridesOf = (dims: readonly number[]): number[] => {
  const out = new Array<number>(dims.length).fill(1);
  for (let d = dims.length - 2; d >= 0; d--) out[d] = out[d + 1]! * dims[d + 1]!;
  return out;
};

function transposeOf(node: GraphNode, dims: readonly number[]): Window {
  const order = (node.attributes.perm as readonly number[] | undefined) ?? dims.map((_, i) => dims.length - 1 - i);
  const strides = stridesOf(dims);
  return { dims: order.map(p => dims[p]!), steps: order.map(p => strides[p]!), offset: 0 };
}

/** Slice with known starts, ends, axes, steps (opset 10 on); the clamping is that of its specification. */
function sliceOf(node: GraphNode, dims: readonly number[]): Window | undefined {
  const [starts, ends, given, strides] = node.inputs.slice(1).map(v => numbersOf(v?.known));
  if (!starts || !ends || (node.inputs[3] && !given) || (node.inputs[4] && !strides)) return undefined;
  const axes = given ?? starts.map((_, i) => i);
  const steps = stridesOf(dims);
  const out = { dims: [...dims], steps: [...steps], offset: 0 };
  for (const [i, a] of axes.entries()) {
    const axis = a < 0 ? a + dims.length : a;
    const size = dims[axis];
    const step = strides?.[i] ?? 1;
    if (size === undefined || step === 0) return undefined;
    const low = step > 0 ? 0 : -1;
    const high = step > 0 ? size : size - 1;
    const clamp = (x: number): number => Math.min(Math.max(x < 0 ? x + size : x, low), high);
    const start = step > 0 ? clamp(starts[i]!) : Math.max(clamp(starts[i]!), 0);
    const end = clamp(ends[i]!);
    out.dims[axis] = Math.max(0, Math.ceil((end - start) / step));
    out.offset += start * steps[axis]!;
    out.steps[axis] = step * steps[axis]!;
  }
  return out;
}

/** The elements of the window, row-major. Runs that are contiguous in the source are copied whole. */
function copyWindow(source: Uint8Array, size: number, { dims, steps, offset }: Window): Uint8Array {
  const out = new Uint8Array(countOf(dims) * size);
  if (out.length === 0) return out;
  let run = size;
  let outer = dims.length;
  while (outer > 0 && steps[outer - 1]! * size === run) run *= dims[--outer]!;
  const index = new Array<number>(outer).fill(0);
  let from = offset * size;
  for (let to = 0; to < out.length; to += run) {
    out.set(source.subarray(from, from + run), to);
    for (let d = outer - 1; d >= 0; d--) {
      from += steps[d]! * size;
      if (++index[d]! < dims[d]!) break;
      from -= steps[d]! * size * dims[d]!;
      index[d] = 0;
    }
  }
  return out;
}

function foldConcat(node: GraphNode): Rewrite | undefined {
  const output = node.outputs[0];
  const inputs = node.inputs.filter(v => v !== undefined);
  const dims = constantDims(output?.dims);
  if (!output || !dims || !inputs.every(v => v.constant && v.dtype === output.dtype && v.dims)) return undefined;
  const given = Number(node.attributes.axis ?? 1);
  const axis = given < 0 ? given + dims.length : given;
  const rows = countOf(dims.slice(0, axis));
  const rowBytes = inputs.map(v => countOf(constantDims(v.dims)!.slice(axis)) * bytesOf(v.dtype!));
  const pitch = rowBytes.reduce((a, b) => a + b, 0);
  return constantInstead(output, async () => {
    const out = new Uint8Array(rows * pitch);
    let start = 0;
    for (const [i, v] of inputs.entries()) {
      const bytes = await v.constant!.read();
      for (let row = 0; row < rows; row++)
        out.set(bytes.subarray(row * rowBytes[i]!, (row + 1) * rowBytes[i]!), start + row * pitch);
      start += rowBytes[i]!;
    }
    return out;
  });
}

function constantInstead(output: Value, read: () => Promise<Uint8Array>): Rewrite {
  const byteLength = countOf(constantDims(output.dims)!) * bytesOf(output.dtype!);
  const value: Value = {
    name: output.name,
    dtype: output.dtype,
    dims: output.dims,
    constant: lazyData(byteLength, read),
  };
  return { nodes: [], values: new Map([[output, value]]) };
}
