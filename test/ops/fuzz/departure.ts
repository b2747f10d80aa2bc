// What a known difference of onnxruntime-node is, and what decides whether a draw meets it.
import { forEachIndex } from "../../../src/ops/known-values.js";
import type { CaseInput, OperatorCase, Tolerance } from "../../../src/ops/operator.js";
import { deviationOf } from "./tamed.js";

export interface PeerDeparture {
  /** as keyOf() names them */
  readonly operators: RegExp;
  /** absent: whatever is drawn */
  readonly when?: (drawn: OperatorCase) => boolean;
  readonly reason: string;
  /** so far apart at most: more is a finding */
  readonly within?: Tolerance;
}

export const holdsNaN = ({ inputs }: OperatorCase): boolean =>
  Object.values(inputs).some(i => i.data?.some(x => typeof x === "number" && Number.isNaN(x)));
export const holds = ({ inputs }: OperatorCase, what: (x: number) => boolean): boolean =>
  Object.values(inputs).some(i => i.data?.some(x => what(Number(x))));
export const holdsInfinity = (c: OperatorCase): boolean => holds(c, x => Math.abs(x) === Infinity);
/** Rows over the axes whose elements differ by less than a sixteenth of their size. */
export function hasNarrowRows({ dims, data = [] }: CaseInput, axes: readonly number[]): boolean {
  const over = axes.map(a => (a < 0 ? a + dims.length : a));
  const rows = new Map<string, number[]>();
  let at = 0;
  forEachIndex(dims, i => {
    const key = i.filter((_, d) => !over.includes(d)).join();
    rows.set(key, [...(rows.get(key) ?? []), Number(data[at++])]);
  });
  return [...rows.values()].some(row => deviationOf(row) * 16 < Math.max(...row.map(Math.abs)));
}
export const isEmpty = ({ inputs }: OperatorCase): boolean => Object.values(inputs).some(i => i.dims.includes(0));
