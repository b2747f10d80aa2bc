// Where two tensors of one value differ: by how much, at which element, and whether that is more than rounding explains.
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import type { TensorData } from "../runtime/tensor.js";
import { fromBits } from "./difference.js";

/** The largest difference of a value. */
export interface Spread {
  readonly index: readonly number[];
  readonly got: number | bigint;
  readonly want: number | bigint;
  /** |got − want| */
  readonly difference: number;
  /** by the tolerance, for this element: 0 for integers and booleans */
  readonly allowed: number;
  /** difference ÷ allowed: a departure above 1 */
  readonly share: number;
}

/** The element that departs most from the judge's. */
export interface ElementDeparture {
  /** of dtypes or dims, in a sentence; else the elements differ */
  readonly problem?: string;
  /** the element that departs most */
  readonly worst?: Spread;
  /** how many elements depart, and of how many */
  readonly elements: number;
  readonly size: number;
}

/**
 * Beside fused code a judge rounds after each node, and sums in another order, and both add up along a model: these are a few hundred units in the
 * last place of f32, a few of the narrow floats.
 */
const tolerances: Partial<Record<Dtype, number>> = { f64: 1e-4, f32: 1e-4, f16: 1e-2, bf16: 5e-2 };
const coarsest = 0.25;
/** What is allowed of a dtype where nobody says so. */
export const toleranceOf = (dtype: Dtype): number => (isFloat(dtype) ? (tolerances[dtype] ?? coarsest) : 0);

export function departureOf(
  got: TensorData,
  want: TensorData,
  given: number | undefined,
): { readonly departure?: ElementDeparture; readonly spread?: Spread } {
  const size = want.data.length;
  const problem = unlike(got, want);
  if (problem !== undefined) return { departure: { problem, elements: size, size } };
  const float = isFloat(want.dtype);
  const tolerance = float ? (given ?? toleranceOf(want.dtype)) : 0;
  const scale = float ? largest(want) : 0;
  let [worstAt, worstShare, elements] = [-1, 0, 0];
  for (let i = 0; i < size; i++) {
    const share = shareOf(elementOf(got, i), elementOf(want, i), tolerance, scale);
    if (share > 1) elements++;
    if (share > worstShare) [worstAt, worstShare] = [i, share];
  }
  if (worstAt < 0) return {};
  const [a, b] = [elementOf(got, worstAt), elementOf(want, worstAt)];
  const spread = {
    index: indexOf(worstAt, want.dims),
    got: a,
    want: b,
    difference: distance(a, b),
    allowed: allowedFor(b, tolerance, scale),
    share: worstShare,
  };
  return { spread, ...(elements > 0 ? { departure: { worst: spread, elements, size } } : {}) };
}

function unlike(got: TensorData, want: TensorData): string | undefined {
  if (got.dtype !== want.dtype) return `it is ${got.dtype}, not ${want.dtype}`;
  return got.dims.join() === want.dims.join()
    ? undefined
    : `its dims are [${got.dims.join(", ")}], not [${want.dims.join(", ")}]`;
}

const elementOf = ({ dtype, data }: TensorData, i: number): number | bigint => fromBits(dtype, data[i]!);

/** Difference in units of what is allowed; NaN beside NaN and an infinity beside itself are no difference. */
function shareOf(got: number | bigint, want: number | bigint, tolerance: number, scale: number): number {
  if (got === want) return 0;
  const [a, b] = [Number(got), Number(want)];
  if (Number.isNaN(a) && Number.isNaN(b)) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  const allowed = allowedFor(want, tolerance, scale);
  return allowed === 0 ? Infinity : Math.abs(a - b) / allowed;
}

const allowedFor = (want: number | bigint, tolerance: number, scale: number): number =>
  tolerance === 0 || !Number.isFinite(Number(want)) ? 0 : tolerance * (Math.abs(Number(want)) + scale);

const distance = (a: number | bigint, b: number | bigint): number =>
  typeof a === "bigint" && typeof b === "bigint" ? Math.abs(Number(a - b)) : Math.abs(Number(a) - Number(b));

function largest(t: TensorData): number {
  let most = 0;
  for (let i = 0; i < t.data.length; i++) {
    const x = Math.abs(Number(elementOf(t, i)));
    if (x > most && x < Infinity) most = x;
  }
  return most;
}

function indexOf(position: number, dims: readonly number[]): number[] {
  let rest = position;
  return dims
    .toReversed()
    .map(n => {
      const at = rest % n;
      rest = Math.floor(rest / n);
      return at;
    })
    .reverse();
}
