// Products of 16-bit floats in f32: what they read is made wide once, weights when they are packed, and results are rounded as before. Read as they
// are, numbers would be converted anew for every product that they take part in (WebAssembly, one thread: a convolution of 64 × 64 channels over
// 56 × 56 took 300 ms instead of 15, 784 × 128 by 128 × 512 18 instead of 2.5).
import { type HalfFloat, isHalfFloat } from "../../ir/float-bits.js";
import { onnxCodeOf } from "../../ops/onnx-dtypes.js";
import { constantDims } from "../constants.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { wideData } from "../half-floats.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { everyNode } from "../values.js";

/**
 * Which products: "always" pays where converting takes many instructions, and a single row by weights waits for those too; "of many rows" where it is one
 * (1 × 1024 by 1024 × 4096 out of the cache: WebAssembly 1.35 ms and 0.78 wide, natively 0.49 and 0.34, but twice the bytes from memory).
 */
export type WideProducts = "always" | "of many rows";
const MANY_ROWS = 8;
/** Weights that would take more than this when they are wide stay as they are: memory counts more then. */
const MOST_WEIGHT_BYTES = 1 << 30;

const isProduct = ({ op, domain, outputs }: GraphNode): boolean =>
  domain === "" && /^(Conv|ConvTranspose|MatMul|Gemm)$/.test(op) && isHalfFloat(outputs[0]?.dtype);

export const widenProducts = (which: WideProducts): Pass => ({
  name: "widen-products",
  run: graph => {
    const keepsWeights = 2 * weightBytes(graph) > MOST_WEIGHT_BYTES;
    return rewriteEverywhere(graph, widen(which, keepsWeights));
  },
});
const weightBytes = (graph: Graph): number => {
  const weights = new Set([...everyNode(graph)].filter(isProduct).flatMap(n => n.inputs.map(v => v?.constant)));
  return [...weights].reduce((sum, w) => sum + (w?.byteLength ?? 0), 0);
};

const widen =
  (which: WideProducts, keepsWeights: boolean): Rule =>
  node => {
    if (!isProduct(node)) return undefined;
    const [Y] = node.outputs as [Value];
    if (!Y.dims || node.inputs.some(v => v && (v.dtype !== Y.dtype || !v.dims))) return undefined;
    const weights = node.inputs[1]?.constant;
    if (weights && keepsWeights) return undefined;
    const isRowwise = node.op === "MatMul" || node.op === "Gemm";
    if (isRowwise && !hasManyRows(Y) && !(weights && which === "always")) return undefined;
    // one for each: x times itself reads it twice
    const made = new Map<Value, Wide>();
    for (const v of node.inputs) if (v && !made.has(v)) made.set(v, wide(v, `${node.name}/${v.name}`));
    const inputs = node.inputs.map(v => v && made.get(v)!.value);
    const casts = [...made.values()].flatMap(w => w.cast ?? []);
    const sum: Value = { name: `${node.name}/sum`, dtype: "f32", dims: Y.dims };
    const rounded = makeNode(`${node.name}/rounded`, "Cast", [sum], [Y], { to: onnxCodeOf(Y.dtype!) });
    return { nodes: [...casts, { ...node, inputs, outputs: [sum] }, rounded] };
  };
/** In every run; unknown numbers of rows may be one. */
function hasManyRows({ dims }: Value): boolean {
  const rows = constantDims(dims!.slice(0, -1));
  return rows !== undefined && rows.reduce((a, b) => a * b, 1) >= MANY_ROWS;
}

interface Wide {
  readonly value: Value;
  /** what makes it, where it is no constant */
  readonly cast?: GraphNode;
}
function wide(v: Value, name: string): Wide {
  const value: Value = { name, dtype: "f32", dims: v.dims };
  if (v.constant) return { value: { ...value, constant: wideData(v.constant, v.dtype as HalfFloat) } };
  return { value, cast: makeNode(name, "Cast", [v], [value], { to: onnxCodeOf("f32") }) };
}
