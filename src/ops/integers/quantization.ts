// Scales and zero points: one for a tensor, for each index along an axis, or for each block of an axis; and the step from real numbers to
// those of a quantised dtype. Formulas: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html.
import type { Dims } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { integerRange, isFloat } from "../../ir/dtypes.js";
import { ceilDiv } from "../../ir/poly.js";
import { type AnyTile, literal } from "../../tile/index.js";
import { readBroadcast, requireEqual } from "../broadcast.js";
import { normalizeAxis, printDims, refuse } from "../checks.js";
import { castReference, castTile } from "../onnx-cast.js";
import { onnxDtypes } from "../onnx-dtypes.js";
import type { AttributeSpec, Attributes, KernelContext, NodeInfo, ReferenceTensor } from "../operator.js";
import type { Element } from "../reference-tensors.js";
import { elements } from "../reference-tensors.js";

export const granularityAttributes = {
  axis: { type: "int", default: 1 },
  block_size: { type: "int", default: 0 },
  output_dtype: { type: "int", default: 0 },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

const isOneElement = (dims: Dims): boolean => dims.every(d => d.isConst && d.constant === 1);

/** Refuses a scale or zero point whose dims say neither a tensor, nor an axis, nor blocks of one. */
export function checkGranularity(op: string, node: NodeInfo, x: string, parameter: string): void {
  const [dims, of] = [node.dims[x]!, node.dims[parameter]];
  const block = node.attributes.block_size as number;
  if (!of || (isOneElement(of) && !(block > 0 && of.length === dims.length))) return;
  const axis = normalizeAxis(op, node, node.attributes.axis, dims.length);
  if (block === 0) {
    const sentence = `${parameter} is ${printDims(of)} and axis ${axis} of ${x} has ${dims[axis]!.print()} elements; give one number, or one for each`;
    if (of.length !== 1) refuse("shape", op, node, sentence);
    requireEqual(op, node, of[0]!, dims[axis]!, sentence);
    return;
  }
  const sentence = `${parameter} is ${printDims(of)} and ${x} ${printDims(dims)}; with block_size ${block} they differ along axis ${axis} alone, where a number serves ${block} elements`;
  if (of.length !== dims.length || block < 0) refuse("shape", op, node, sentence);
  dims.forEach((d, k) => {
    requireEqual(op, node, of[k]!, k === axis ? ceilDiv(d, block) : d, sentence);
  });
}

/** The scale or zero point that belongs to the element of x at an index. */
export function parameterAt(context: KernelContext, name: string, x: string, index: readonly AnyTile[]): AnyTile {
  const p = context.inputs[name]!;
  if (isOneElement(context.dims[name]!)) return p.at(...p.dims.map(() => 0));
  const { axis, block_size } = context.attributes;
  const along = axis < 0 ? axis + index.length : axis;
  if (block_size) return p.at(...index.map((i, d) => (d === along ? i.idiv(block_size) : i)));
  return readBroadcast(p, [index[along]!], [context.inputs[x]!.dims[along]!.poly]);
}

/** A dtype that an attribute names; 0 stands for none. */
export function namedDtype(op: string, node: NodeInfo, attribute: string): Dtype | undefined {
  const code = node.attributes[attribute] as number;
  if (code === 0) return undefined;
  return (
    onnxDtypes[code] ??
    refuse("operator-attribute", op, node, `${attribute} is ${code}, which is no dtype of numbers; leave it out`)
  );
}

/**
 * An f32 value rounded to f32 in every arithmetic: interpreters round at loads, stores and casts alone, and here rounding decides ties. On
 * machines it costs nothing.
 */
export const rounded = (x: AnyTile): AnyTile => (x.dtype === "f32" ? x.bitcast("i32").bitcast("f32") : x);

/** `ratio` is x / scale: rounded to whole numbers, moved by the zero point and kept in range; or the nearest number of a narrow float. */
export function quantized(ratio: AnyTile, zeroPoint: AnyTile | undefined, to: Dtype, saturate = 1): AnyTile {
  if (isFloat(to)) return castTile(zeroPoint ? ratio.add(zeroPoint.cast(ratio.dtype)) : ratio, to, { saturate });
  const [low, high] = integerRange(to).map(Number) as [number, number];
  // casts saturate and take NaN to 0; the bounds move instead of the number, which could leave 32 bits. Integers clamp in one
  // instruction, where floats have to mind NaN
  const steps = rounded(ratio).round().cast("i32");
  if (!zeroPoint) return steps.maximum(low).minimum(high).cast(to);
  const zero = zeroPoint.cast("i32");
  const [least, most] = [literal("i32", low).sub(zero), literal("i32", high).sub(zero)];
  return steps.maximum(least).minimum(most).add(zero).cast(to);
}

/** The same in plain numbers. */
export function quantizedReference(ratio: number, zeroPoint: number, to: Dtype, saturate = 1): number {
  if (isFloat(to)) return Number(castReference(ratio + zeroPoint, "f64", to, { saturate }));
  const [low, high] = integerRange(to).map(Number) as [number, number];
  if (Number.isNaN(ratio)) return zeroPoint;
  return Math.min(Math.max(halfToEven(ratio) + zeroPoint, low), high);
}
export function halfToEven(x: number): number {
  if (!Number.isFinite(x)) return x;
  const low = Math.floor(x);
  return x - low < 0.5 || (x - low === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** Reads scales or zero points in plain numbers; nothing is 0. */
export function parameterReader(
  p: ReferenceTensor | undefined,
  rank: number,
  { axis = 1, block_size = 0 }: Attributes,
): (index: readonly number[]) => number {
  if (!p) return () => 0;
  const read = elements(p);
  const along = axis < 0 ? axis + rank : axis;
  if (p.data.length === 1) return () => Number(p.data[0] as Element);
  if (!block_size) return index => Number(read([index[along]!]));
  return index => Number(read(index.map((i, d) => (d === along ? Math.floor(i / block_size) : i))));
}
