// Results of a draw beside what its reference gives, or beside another runtime's.
import type { Dtype } from "../../../src/ir/dtypes.js";
import { isFloat } from "../../../src/ir/dtypes.js";
import type { OperatorModule, ReferenceTensor, Tolerance } from "../../../src/ops/operator.js";
import { exact } from "../../../src/ops/reference-tensors.js";
import type { CaseGraph } from "../../../src/testing/case-graph.js";
import { closenessOf, difference } from "../../../src/testing/difference.js";
import type { Open } from "./planted.js";
import { isOpen } from "./planted.js";

/** Distance of subnormal numbers, and the largest number, by dtype. */
const limits: Readonly<Partial<Record<Dtype, readonly [step: number, most: number]>>> = {
  f32: [2 ** -149, 3.4028234663852886e38],
  f16: [2 ** -24, 65504],
  bf16: [2 ** -133, 3.3895313892515355e38],
  f64: [2 ** -149, Number.MAX_VALUE],
};

/** Where the exact result is beside the largest number, rounding decides whether it is infinite. */
function alike(dtype: Dtype, got: ReferenceTensor, want: ReferenceTensor): ReferenceTensor {
  const limit = limits[dtype];
  if (!limit || !isFloat(dtype)) return got;
  const most = limit[1] * (1 - 2 ** -10);
  const near = (x: number, y: number): boolean =>
    x !== y && Math.sign(x) === Math.sign(y) && Math.abs(x) >= most && Math.abs(y) >= most;
  const data = Array.from(got.data as ArrayLike<number>, (x, i) => {
    const y = Number(want.data[i]);
    return (x === Infinity || x === -Infinity || Math.abs(y) === Infinity) && near(x, y) ? y : x;
  });
  return { ...got, data };
}

/** Both without the elements that are open. */
function settled(
  got: ReferenceTensor,
  want: ReferenceTensor,
  output: number,
  open: Open | undefined,
): readonly [got: ReferenceTensor, want: ReferenceTensor] {
  if (!open || got.dtype !== want.dtype || got.data.length !== want.data.length) return [got, want];
  const isLeft = Array.from(
    want.data as ArrayLike<number>,
    (y, i) => !isOpen(open, output, i, Number(got.data[i]), Number(y), want.dtype),
  );
  const only = (t: ReferenceTensor): ReferenceTensor => ({
    ...t,
    data: Array.from(t.data as ArrayLike<number>, (x, i) => (isLeft[i] ? x : 0)),
  });
  return [only(got), only(want)];
}

export function problemOf(
  { tolerance = exact }: Pick<OperatorModule, "tolerance">,
  { want, scales }: CaseGraph,
  got: readonly ReferenceTensor[],
  open?: Open,
): string | undefined {
  for (const [i, whole] of want.entries()) {
    const [result, w] = settled(got[i]!, whole, i, open);
    const { rtol, atol } = closenessOf(tolerance, w.dtype, scales[i]!);
    // what underflows has lost its last digits
    const least = tolerance.relative > 0 ? (limits[w.dtype]?.[0] ?? 0) * Math.max(1, tolerance.relative) : 0;
    const aligned = result.data.length === w.data.length ? alike(w.dtype, result, w) : result;
    const problem = difference(aligned, w, { rtol, atol: atol + least });
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

/** Another implementation has errors of its own. */
export const looser = ({ relative, absolute }: Tolerance = exact): Tolerance => ({
  relative: 4 * relative + 16,
  absolute: 4 * absolute + 16,
});
