// Rows read several times share their axis: mean and variance of a decomposed LayerNorm reduce over fresh axes of the same
// extent as the row that is stored. One axis for all of them lets lowering keep the row at hand.
import type { Axis, Node } from "../../ir/tile.js";
import { reach } from "../../ir/tile.js";
import { renameAxes } from "../../ir/rewrite.js";

export function shareAxes(root: Node, outputs: readonly (Axis | undefined)[]): Node {
  const renamed = new Map<Axis, Axis>();
  for (const n of reach([root])) {
    if (n.kind !== "reduce" || n.over.length !== 1) continue;
    const over = n.over[0]!;
    if (outputs.includes(over) || renamed.has(over)) continue;
    const around = new Set(n.args.flatMap(a => a.axes));
    const same = outputs.find(a => a && !around.has(a) && a.extent.equals(over.extent) && !a.extent.isConst);
    // another reduction over the same fresh axis that meets the output's axis must stay apart
    if (same && usesOf(root, over).every(r => !r.args.some(x => x.axes.includes(same)))) renamed.set(over, same);
  }
  return renamed.size ? renameAxes([root], renamed)[0]! : root;
}

const usesOf = (root: Node, over: Axis) =>
  reach([root])
    .filter(n => n.kind === "reduce")
    .filter(n => n.over.includes(over));
