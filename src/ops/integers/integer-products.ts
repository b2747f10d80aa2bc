// Products of quantised tensors that are added up in 32 bits: matrix products and convolutions of values from which a zero point is taken away.
import type { Dims } from "../../graph/graph.js";
import { isFloat } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { dot, where } from "../../tile/index.js";
import { readBroadcast, requireEqual } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { convolutionDims, tapsAt } from "../conv.js";
import { indexTile } from "../index-tiles.js";
import { numberOf } from "../known-values.js";
import { factorsAt } from "../mat-mul.js";
import type { KernelContext, NodeInfo, Operand } from "../operator.js";

const isOneElement = (dims: Dims): boolean => dims.every(d => d.isConst && d.constant === 1);

/**
 * The scale or zero point that belongs to an element of a matrix product: one for all; one for each row (of A and Y) or column (of B); or, with
 * all dims, one for each row or column of each matrix.
 */
export function productParameter(
  context: KernelContext,
  name: string,
  along: "rows" | "columns",
  index: readonly AnyTile[],
  out: Dims,
): AnyTile {
  const p = context.inputs[name]!;
  if (isOneElement(context.dims[name]!)) return p.at(...p.dims.map(() => 0));
  const last = index.length - 1;
  if (p.rank > 1) return readBroadcast(p, index, out);
  const at = along === "columns" ? last : last - 1;
  return readBroadcast(p, [index[at]!], [out[at]!]);
}

/** Refuses what is neither one number, nor one for each row or column, in all matrices or by matrix. */
export function checkProductParameter(
  op: string,
  node: NodeInfo,
  name: string,
  of: string,
  along: "rows" | "columns",
): void {
  const [dims, matrix] = [node.dims[name], node.dims[of]!];
  if (!dims || isOneElement(dims)) return;
  const size = matrix.at(along === "columns" ? -1 : -2);
  const sentence = `${name} is ${printDims(dims)} and ${of} ${printDims(matrix)}; give one number, or one for each of its ${along}`;
  if (matrix.length < 2 || !size || (dims.length !== 1 && dims.length !== matrix.length))
    refuse("shape", op, node, sentence);
  if (dims.length === 1) requireEqual(op, node, dims[0]!, size, sentence);
  else
    dims.forEach((d, k) => {
      // along the axis that is summed over, there is one
      const summed = k === matrix.length - (along === "columns" ? 2 : 1);
      if (!(d.isConst && d.constant === 1)) requireEqual(op, node, d, summed ? Poly.one : matrix[k]!, sentence);
    });
}

/** Nothing is to be taken away: no zero point, or one that is known to be 0 everywhere, as symmetric weights have it. */
const isAbsent = (p: Operand | undefined): boolean => !p || (p.known?.data.every(x => numberOf(x) === 0) ?? false);

/** Σ (a − zero of a) · (b − zero of b) over k: of integers in i32, of 8-bit floats in f32. */
export function integerProduct(
  context: KernelContext,
  [A, aZero]: readonly [string, string],
  [B, bZero]: readonly [string, string],
  index: readonly AnyTile[],
  out: Dims,
): AnyTile {
  const { a, b, k } = factorsAt(context.inputs[A]!, context.inputs[B]!, index, out);
  const acc = isFloat(context.dtypes[A]!) ? "f32" : "i32";
  const moved = (x: AnyTile, name: string, along: "rows" | "columns"): AnyTile =>
    isAbsent(context.inputs[name])
      ? x.cast(acc)
      : x.cast(acc).sub(productParameter(context, name, along, index, out).cast(acc));
  return dot(moved(a, aZero, "rows"), moved(b, bZero, "columns"), k, { acc });
}

/** A node whose input and filters Conv's geometry finds under its own names. */
const asConvolution = <N extends NodeInfo>(node: N): N => ({
  ...node,
  dims: { X: node.dims.x!, W: node.dims.w! },
});
export const integerConvolutionDims = (op: string, node: NodeInfo): Dims => convolutionDims(op, asConvolution(node));

/** Σ (x − zero of x) · (w − zero of w) over taps and channels, in i32; the padding is the zero point, and so adds nothing. */
export function integerConvolution(op: string, context: KernelContext, index: readonly AnyTile[]): AnyTile {
  const { x: X, w: W, w_zero_point: wZero } = context.inputs;
  const { at, of, axes } = tapsAt(op, asConvolution(context), W!, index);
  const x = paddedWith(context, X!, at);
  const given = W!.at(...of).cast("i32");
  const w = isAbsent(wZero) ? given : given.sub(outputParameter(context, "w_zero_point", index[1]!).cast("i32"));
  return axes.length > 0 ? dot(x, w, ...axes, { acc: "i32" }) : x.mul(w);
}
/** x less its zero point, and 0 outside */
function paddedWith(context: KernelContext, X: Operand, at: readonly AnyTile[]): AnyTile {
  const zero = context.inputs.x_zero_point;
  if (!zero) return X.at(...at).cast("i32");
  const known = numberOf(zero.known?.data[0]);
  if (known !== undefined)
    return X.fill(known)
      .at(...at)
      .cast("i32")
      .sub(known);
  const inside = at.slice(2).map((i, j) => i.ge(0).and(i.lt(indexTile(X.dims[j + 2]!.poly))));
  const value = X.at(...at)
    .cast("i32")
    .sub(zero.at(...zero.dims.map(() => 0)).cast("i32"));
  return where(
    inside.reduce((a, b) => a.and(b)),
    value,
    0,
  );
}
/** A parameter of a convolution's filters: one for all, or one for each output channel. */
export function outputParameter(context: KernelContext, name: string, channel: AnyTile): AnyTile {
  const p = context.inputs[name]!;
  if (isOneElement(context.dims[name]!)) return p.at(...p.dims.map(() => 0));
  return readBroadcast(p, [channel], [context.inputs.w!.dims[0]!.poly]);
}
/** Of a node whose filters have been found to be some. */
export function checkConvolutionParameter(op: string, node: NodeInfo, name: string, perChannel: boolean): void {
  const dims = node.dims[name];
  if (!dims || isOneElement(dims)) return;
  const sentence = `${name} is ${printDims(dims)}; give one number${perChannel ? `, or one for each of the ${node.dims.w![0]!.print()} outputs` : ""}`;
  if (!perChannel || dims.length !== 1) refuse("shape", op, node, sentence);
  requireEqual(op, node, dims[0]!, node.dims.w![0]!, sentence);
}
