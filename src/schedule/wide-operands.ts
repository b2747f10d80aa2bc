// Contractions of 16-bit floats on CPUs: an operand that is read as it lies would be converted for every product. As a cast it is a computed value, which
// scratch holds as f32 where it is read often enough (placement.ts).
import type { Kernel, Node } from "../ir/tile.js";
import { node } from "../ir/tile.js";
import { rewriteKernel } from "../ir/rewrite-kernel.js";
import { nodesOf } from "../ir/walk.js";
import { isContraction } from "./contraction.js";

const isNarrow = (n: Node): boolean => n.kind === "load" && (n.dtype === "f16" || n.dtype === "bf16");
const reads = (n: Node): boolean =>
  isContraction(n) && n.kind === "reduce" && n.dtype === "f32" && n.args.some(isNarrow);

export function withWideOperands(kernel: Kernel): Kernel {
  if (!nodesOf(kernel).some(reads)) return kernel;
  return rewriteKernel(kernel, (n, made) => {
    if (n.kind !== "reduce" || !reads(n)) return undefined;
    const args = n.args.map(a => {
      const read = made(a);
      return isNarrow(a) ? node<"map">({ kind: "map", op: "cast", args: [read], dtype: "f32", axes: read.axes }) : read;
    });
    return node<"reduce">({ ...n, args });
  }).kernel;
}
