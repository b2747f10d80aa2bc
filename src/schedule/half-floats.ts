// 16-bit floats as CPUs take them, which compute in f32: what only moves is moved as bits, and operands of contractions are casts.
import { floatToBits, type HalfFloat, isHalfFloat } from "../ir/float-bits.js";
import { rewriteKernel } from "../ir/rewrite-kernel.js";
import type { Kernel, Node, NodeOf } from "../ir/tile.js";
import { children, isTensor, node } from "../ir/tile.js";
import { nodesOf } from "../ir/walk.js";
import { isContraction } from "./contraction.js";

const isHalf = ({ dtype }: Pick<Node, "dtype">): boolean => isHalfFloat(dtype);

export function withHalfFloats(kernel: Kernel): Kernel {
  if (!kernel.tensors.some(isHalf)) return kernel;
  const nodes = nodesOf(kernel);
  if (movesAlone(kernel, nodes)) return withMovedBits(kernel);
  return nodes.some(contractsHalves) ? withWideOperands(kernel) : kernel;
}

/** Are halves read, chosen and written, and nothing else? */
function movesAlone({ folds, stores }: Kernel, nodes: readonly Node[]): boolean {
  const isChoice = (n: Node): boolean => n.kind === "map" && n.op === "select";
  const moves = (n: Node): boolean => (n.kind === "load" && isTensor(n.tensor)) || n.kind === "full" || isChoice(n);
  return (
    folds.length === 0 &&
    stores.every(s => !s.combine) &&
    nodes.every(n => (isHalf(n) ? moves(n) : !children(n).some(isHalf)))
  );
}
/** The same kernel of u16. */
function withMovedBits(kernel: Kernel): Kernel {
  const tensors = new Map(kernel.tensors.filter(isHalf).map(t => [t, { ...t, dtype: "u16" as const }]));
  const replaced = (n: Node, made: (n: Node) => Node): Node | undefined => {
    if (!isHalf(n)) return undefined;
    const bits = (x: number | bigint): number => floatToBits(n.dtype as HalfFloat, Number(x));
    if (n.kind === "full") return node<"full">({ ...n, dtype: "u16", value: bits(n.value) });
    if (n.kind === "map") return node<"map">({ ...n, dtype: "u16", args: n.args.map(made) });
    if (n.kind !== "load" || !isTensor(n.tensor)) return undefined;
    return node<"load">({ ...n, dtype: "u16", tensor: tensors.get(n.tensor)!, fill: bits(n.fill) });
  };
  return rewriteKernel(kernel, replaced, tensors).kernel;
}

const isNarrow = (n: Node): boolean => n.kind === "load" && isHalf(n);
const contractsHalves = (n: Node): n is NodeOf<"reduce"> =>
  n.kind === "reduce" && n.dtype === "f32" && isContraction(n) && n.args.some(isNarrow);
/**
 * An operand that is read as it lies would be converted for every product. As a cast it is a computed value, which scratch holds as f32 where it is read
 * often enough (placement.ts).
 */
function withWideOperands(kernel: Kernel): Kernel {
  return rewriteKernel(kernel, (n, made) => {
    if (!contractsHalves(n)) return undefined;
    const args = n.args.map((a, i) => {
      const read = made(a);
      if (!isNarrow(a)) return read;
      // schedules and the tuner's records name values
      const name = `${n.name}_${"ab"[i]!}`;
      return node<"map">({ kind: "map", name, op: "cast", args: [read], dtype: "f32", axes: read.axes });
    });
    return node<"reduce">({ ...n, args });
  }).kernel;
}
