// What draws hold beside plain numbers: NaN, infinities, subnormal numbers, dims of 0 and 1. So that nobody has to believe it.
import type { Dtype } from "../../../src/ir/dtypes.js";
import { isFloat } from "../../../src/ir/dtypes.js";
import type { HostValue } from "../../../src/runtime/host-value.js";
import { isSequence, isTensor, isText } from "../../../src/runtime/host-value.js";
import { fromTensorData } from "../../../src/testing/difference.js";
import type { DrawnModel } from "./check-models.js";
import type { Drawn } from "./draws.js";

const kinds = ["NaN", "infinite", "subnormal", "empty", "one-sized"] as const;
type Kind = (typeof kinds)[number];
/** in how many runs something of the kind is among the inputs */
type Contents = Record<Kind, number>;

interface Held {
  readonly dtype: Dtype | "string";
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string>;
}
/** Smallest numbers with all their digits. */
const leastNormal: Readonly<Partial<Record<Dtype, number>>> = {
  f64: 2 ** -1022,
  f32: 2 ** -126,
  bf16: 2 ** -126,
  f16: 2 ** -14,
};

function kindsOf(inputs: readonly Held[]): Set<Kind> {
  const found = new Set<Kind>();
  for (const { dtype, dims, data } of inputs) {
    if (dims.includes(0)) found.add("empty");
    if (dims.includes(1)) found.add("one-sized");
    if (dtype === "string" || !isFloat(dtype)) continue;
    const least = leastNormal[dtype] ?? 0;
    for (const x of Array.from(data, Number)) {
      if (Number.isNaN(x)) found.add("NaN");
      else if (!Number.isFinite(x)) found.add("infinite");
      else if (x !== 0 && Math.abs(x) < least) found.add("subnormal");
    }
  }
  return found;
}
function tally(runs: Iterable<readonly Held[]>): Contents {
  const counts: Contents = { NaN: 0, infinite: 0, subnormal: 0, empty: 0, "one-sized": 0 };
  for (const run of runs) for (const kind of kindsOf(run)) counts[kind]++;
  return counts;
}

export const contentsOf = (draws: readonly Drawn[]): Contents =>
  tally(
    draws
      .flatMap(d => [d.drawn, ...d.others.map(o => o.drawn)])
      .map(c => Object.values(c.inputs).map(i => ({ ...i, data: i.data ?? [] }))),
  );

const tensorsIn = (v: HostValue): Held[] => {
  if (isSequence(v)) return v.flatMap(tensorsIn);
  if (!isTensor(v)) return [];
  return [isText(v) ? v : fromTensorData(v)];
};
export const contentsOfFiles = (files: readonly DrawnModel[]): Contents =>
  tally(files.flatMap(f => f.draw.runs.map(r => Object.values(r.inputs).flatMap(tensorsIn))));

export const printContents = (c: Contents): string => kinds.map(kind => `${kind} ${c[kind]}`).join(", ");
