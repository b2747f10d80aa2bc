// StablePartition: where a list of conditions holds, in order, then where it does not, and how many hold. An operator of this project: what
// gives as much as the data say (NonZero, Compress, RemovePadding) expands to it.
import { i32, kernelOf, bool, scan, where } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { Poly } from "../ir/poly.js";
import { exact } from "./reference-tensors.js";

export const operator: Operator = {
  name: "StablePartition",
  domain: "azulejo",
  inputs: ["condition"],
  outputs: ["order", "count"],
  dtypes: () => ({ order: "i32", count: "i32" }),
  shape: ({ dims }) => ({ order: dims.condition!, count: [Poly.one] }),
  kernels: ({ wanted }) => [partitionKernel(wanted)],
};

const outputs = { order: i32("N"), count: i32("1") } as const;
const partitionKernel = (wanted: readonly string[]) =>
  kernelOf(
    // what nobody reads has no buffer
    {
      condition: bool("N"),
      ...(Object.fromEntries(wanted.map(name => [name, outputs[name as "order"]])) as unknown as typeof outputs),
    },
    ({ condition, order, count, N }) => {
      const n = N.all();
      const holds = condition.at(n);
      const total = holds.cast("i32").sum(n);
      if (wanted.includes("order")) {
        const before = scan(holds.cast("i32"), n, "sum", { exclusive: true });
        order.at(where(holds, before, total.add(n).sub(before))).set(n);
      }
      if (wanted.includes("count")) count.at(0).set(total);
    },
    { name: "stablePartition" },
  );

export const reference: Reference = ({ condition }) => {
  const { dims, data } = condition!;
  const all = Array.from(data as ArrayLike<number>, (_, i) => i);
  const held = all.filter(i => data[i]);
  return {
    order: { dtype: "i32", dims, data: [...held, ...all.filter(i => !data[i])] },
    count: { dtype: "i32", dims: [1], data: [held.length] },
  };
};

const of = (name: string, n: number, holds: (i: number) => boolean): OperatorCase => ({
  name,
  inputs: { condition: { dtype: "bool", dims: [n], data: Array.from({ length: n }, (_, i) => Number(holds(i))) } },
});
export const cases = (): readonly OperatorCase[] => [
  of("some", 37, i => i % 3 === 1 || i > 30),
  of("none", 17, () => false),
  of("all", 16, () => true),
  of("one that holds", 1, () => true),
  of("one that does not", 1, () => false),
  of("nothing", 0, () => true),
  of("many", 5000, i => (i * 7919) % 13 < 5),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "Where a list of conditions holds, in order, then where it does not, and how many hold: a part of NonZero, Compress and their kin",
  dtypes: "bool",
  opsets: [1, 1],
};
