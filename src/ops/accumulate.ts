// Precision inside an operator: narrow floats are widened where sums and quotients are made, and statistics are computed in that.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf, whole } from "../tile/index.js";
import type { Operand } from "./operator.js";

/** The dtype in which an operator on `dtype` computes: f32 for f16 and bf16, f64 for integers that must become real numbers. */
export const computeDtype = (dtype: Dtype): Dtype =>
  dtypes[dtype].kind === "float" ? dtypes[dtype].accumulator : "f64";

/** A tile in the compute dtype of an operator on `dtype`. */
export const wide = (x: AnyTile, dtype: Dtype): AnyTile => x.cast(computeDtype(dtype));

/** How many elements the indices run over, as a number in a dtype. */
export const countOf = (over: readonly AnyIndex[], dtype: Dtype): AnyTile =>
  dimOf("count", Poly.product(over.map(i => i.axis.extent))).size.cast(dtype);

/**
 * Mean and variance in two passes: the variance is of the differences from the mean, so that it does not cancel. The mean's own rounding
 * stays in the differences: at rows of 1 ± 0.01 LayerNormalization is off by 2e-5. Subtracting the mean of the differences too leaves 3e-7,
 * but is a pass more, which took 3 % (128×768), 6 % (512×768) and 20 % (64×4096) longer: more than the digits of such rows are worth.
 */
export function moments(x: AnyTile, over: readonly AnyIndex[]): { mean: AnyTile; variance: AnyTile; centred: AnyTile } {
  const share = countOf(over, x.dtype).reciprocal();
  const mean = x.sum(...over).mul(share);
  const centred = x.sub(mean);
  return {
    mean,
    centred,
    variance: centred
      .mul(centred)
      .sum(...over)
      .mul(share),
  };
}

/** The element at i, the row that it lies in, and the row's indices: those of i themselves wherever i is a plain index. */
export function rowOf(
  X: Operand,
  i: readonly AnyTile[],
  axes: readonly number[],
): { own: AnyTile; row: AnyTile; over: readonly AnyIndex[] } {
  const over = axes.map(a => whole(i[a]!, X.dims[a]!));
  const row = wide(X.at(...i.map((index, a) => over[axes.indexOf(a)] ?? index)), X.dtype);
  const shared = over.every((r, j) => i[axes[j]!]!.node.axes.includes(r.axis));
  return { own: shared ? row : wide(X.at(...i), X.dtype), row, over };
}
