// Quantised weights of contractions become f32 once, when they are packed, and not in every run: a DequantizeLinear of constants in
// front of a Conv, Gemm or MatMul goes. The numbers are those that the operator computes: a difference of integers, rounded to f32, times
// the scale, rounded once. Weights in blocks stay as they are, and so do those of models too large for four bytes a weight.
import type { Dtype } from "../../ir/dtypes.js";
import { constantDims, countOf, decodedConstant, lazyData } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteGraph } from "../rewrite.js";
import { everywhere, readersOf } from "../values.js";

/** In f32: beyond this the traffic of wide weights costs more than making them in every run. */
const MOST_BYTES = 2 ** 29;

export const foldQuantization: Pass = {
  name: "fold-quantization",
  run: graph => everywhere(graph, (g, outermost) => (fits(g) ? rewriteGraph(g, outermost, [foldInto(g)]) : g)),
};

function fits(graph: Graph): boolean {
  const isFolded = isFoldedIn(graph);
  const bytes = graph.nodes.filter(isFolded).reduce((sum, n) => sum + 4 * countOf(constantDims(n.inputs[0]!.dims)!), 0);
  return bytes > 0 && bytes <= MOST_BYTES;
}

const contractions: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);
export const integers: readonly (Dtype | undefined)[] = ["i8", "u8", "i16", "u16", "i32"];

function isFoldedIn(graph: Graph): (node: GraphNode) => boolean {
  const readers = readersOf(graph);
  return ({ op, domain, inputs, outputs, attributes }) => {
    if (op !== "DequantizeLinear" || domain !== "" || attributes.block_size) return false;
    const [x, scale, zero] = inputs;
    const dims = constantDims(x?.dims);
    if (!dims || !x?.constant || !scale?.constant || (zero && !zero.constant)) return false;
    if (!integers.includes(x.dtype) || scale.dtype !== "f32" || outputs[0]?.dtype !== "f32") return false;
    const along = dims[axisOf(attributes, dims.length)];
    const count = countOf(constantDims(scale.dims)!);
    const isOfWeights = (n: GraphNode): boolean =>
      n.domain === "" && contractions.has(n.op) && n.inputs.every((v, i) => v !== outputs[0] || i > 0);
    const list = readers.get(outputs[0]) ?? [];
    return (count === 1 || count === along) && list.length > 0 && list.every(isOfWeights);
  };
}
const axisOf = ({ axis = 1 }: GraphNode["attributes"], rank: number): number =>
  (Number(axis) + rank) % Math.max(1, rank);

const foldInto = (graph: Graph): Rule => {
  const isFolded = isFoldedIn(graph);
  return node => {
    if (!isFolded(node)) return undefined;
    const { inputs, outputs, attributes } = node;
    const [x, scale, zero] = inputs;
    const output = outputs[0]!;
    const dims = constantDims(x!.dims)!;
    const constant = lazyData(4 * countOf(dims), async () => {
      const [numbers, scales, zeros] = [
        await decodedConstant(x!),
        await decodedConstant(scale!),
        zero && (await decodedConstant(zero)),
      ];
      const inner = dims.slice(axisOf(attributes, dims.length) + 1).reduce((a, b) => a * b, 1);
      return bytesOf(dequantized(numbers, scales, zeros, inner));
    });
    const value: Value = { name: output.name, dtype: "f32", dims: output.dims, constant };
    return { nodes: [], values: new Map([[output, value]]) };
  };
};
const bytesOf = (a: Float32Array): Uint8Array => new Uint8Array(a.buffer, 0, a.byteLength);

/** What DequantizeLinear makes of constants; `inner`: neighbours that share a scale. */
export function dequantized(
  numbers: Float64Array,
  scales: Float64Array,
  zeros: Float64Array | undefined,
  inner: number,
): Float32Array {
  const out = new Float32Array(numbers.length);
  const step = scales.length === 1 ? numbers.length : inner;
  for (let first = 0, run = 0; first < numbers.length; first += step, run++) {
    const scale = scales[run % scales.length]!;
    const zero = zeros ? zeros[run % zeros.length]! : 0;
    // differences of 32-bit integers wrap in the operator too
    for (let i = first; i < first + step; i++) out[i] = Math.fround((numbers[i]! - zero) | 0) * scale;
  }
  return out;
}
