// What the Scatter operators share: a copy of the data, then updates joined with it in the order in which they lie.
import type { Dtype } from "../ir/dtypes.js";
import type { Kernel } from "../ir/tile.js";
import type { Combine } from "../tile/index.js";
import { requireOneOf } from "./checks.js";
import type { NodeInfo } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { fillKernel } from "./whole-kernel.js";

const combines: Readonly<Record<string, Combine>> = { none: "last", add: "add", mul: "mul", max: "max", min: "min" };

/** How updates join what is there: of several without a reduction the last one stays. */
export function combineOf(op: string, node: NodeInfo): Combine {
  requireOneOf(op, node, "reduction", Object.keys(combines));
  return combines[node.attributes.reduction as string]!;
}

export const copyOfData = (node: NodeInfo, output: string): Kernel => {
  const dims = node.dims.data!;
  const dtype = node.dtypes.data!;
  return fillKernel("scatter_copy", { name: output, dtype, dims }, { name: "data", dtype, dims }, (views, index) =>
    views.data!.at(...index),
  );
};

/** The same on plain numbers, for references. */
export function joined(reduction: string, dtype: Dtype, old: Element, x: Element): Element {
  if (reduction === "none") return x;
  if (typeof old === "bigint" || typeof x === "bigint") {
    const [a, b] = [BigInt(old), BigInt(x)];
    const wrap = dtype === "u64" ? BigInt.asUintN : BigInt.asIntN;
    return wrap(
      64,
      reduction === "add" ? a + b : reduction === "mul" ? a * b : a > b === (reduction === "max") ? a : b,
    );
  }
  if (reduction === "add") return old + x;
  if (reduction === "mul") return old * x;
  return reduction === "max" ? Math.max(old, x) : Math.min(old, x);
}
