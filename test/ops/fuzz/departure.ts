// What a known difference of onnxruntime-node is, and what decides whether a draw meets it.
import type { OperatorCase, Tolerance } from "../../../src/ops/operator.js";

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
export const isEmpty = ({ inputs }: OperatorCase): boolean => Object.values(inputs).some(i => i.dims.includes(0));
