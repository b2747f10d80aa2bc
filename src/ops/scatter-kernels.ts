// What the Scatter operators share: a copy of the data, then updates joined with it in the order in which they lie.
import type { Dtype } from "../ir/dtypes.js";
import type { Kernel } from "../ir/tile.js";
import type { Combine } from "../tile/index.js";
import { isNarrowFloat, roundToFloat } from "../ir/float-bits.js";
import { refuse, requireOneOf } from "./checks.js";
import { wrap } from "./elementwise-references.js";
import type { NodeInfo } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { fillKernel } from "./whole-kernel.js";

const combines: Readonly<Record<string, Combine>> = { none: "last", add: "add", mul: "mul", max: "max", min: "min" };

/** How updates join what is there: of several without a reduction the last one stays. */
export function combineOf(op: string, node: NodeInfo): Combine {
  requireOneOf(op, node, "reduction", Object.keys(combines));
  const reduction = node.attributes.reduction as string;
  if (reduction !== "none" && node.dtypes.data === "bool")
    refuse(
      "operator-unsupported",
      op,
      node,
      `reduction ${reduction} is not defined for bool; use none, or cast the data to u8`,
    );
  return combines[reduction]!;
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
    return wrap(
      dtype,
      reduction === "add" ? a + b : reduction === "mul" ? a * b : a > b === (reduction === "max") ? a : b,
    );
  }
  if (reduction === "max" || reduction === "min") return reduction === "max" ? Math.max(old, x) : Math.min(old, x);
  // each update is stored before the next one joins it
  const both = reduction === "add" ? old + x : old * x;
  if (dtype === "f32") return Math.fround(both);
  return isNarrowFloat(dtype) ? roundToFloat(dtype, both) : wrap(dtype, both);
}
