// ONNX broadcasting (its document Broadcasting.md): dims are aligned at the right and 1 stretches. Dims are polynomials, so
// whether a symbolic dim is 1 is decided by the index: it is multiplied by 0 or 1 at run time.

import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";
import { printDims, refuse } from "./checks.js";
import type { NodeInfo, Operand } from "./operator.js";

/**
 * The dim of the result where operands have dims a and b; undefined where they contradict each other. Different symbols are taken to be
 * equal where the node's `assumeEqual` agrees; else it is min(a·b, max(a, b)): the other one where either is 1, also when that other is 0.
 */
export function joinDims(a: Poly, b: Poly, node: Assuming = {}): Poly | undefined {
  if (a.equals(b)) return a;
  if (a.isOne) return b;
  if (b.isOne) return a;
  if (a.isConst && b.isConst) return undefined;
  if (node.assumeEqual?.(a, b)) return b.isConst ? b : a;
  // one of the differences is 0
  node.expectEqual?.(a.sub(b).mul(a.sub(1)).mul(b.sub(1)), Poly.zero);
  if (a.isConst) return a;
  if (b.isConst) return b;
  if (isJoinWith(a, b)) return a;
  if (isJoinWith(b, a)) return b;
  return opaque("min", a.mul(b), opaque("max", a, b));
}

type Assuming = Pick<NodeInfo, "assumeEqual" | "expectEqual">;
/** Symbols that must be equal are taken to be so, or runs are held to it. */
export function holdEqual(node: Assuming, a: Poly, b: Poly): void {
  if (node.assumeEqual) node.assumeEqual(a, b);
  else node.expectEqual?.(a, b);
}

/** is `joined` already the join of b with another dim? */
function isJoinWith(joined: Poly, b: Poly): boolean {
  const definition = [...joined.syms].find(s => s.def?.op === "min")?.def;
  if (definition?.op !== "min" || !joined.equals(opaque("min", definition.a, definition.b))) return false;
  for (const side of [definition.a, definition.b])
    for (const s of side.syms) if (s.def?.op === "max" && (s.def.a.equals(b) || s.def.b.equals(b))) return true;
  return false;
}

/** Refuses two constant dims that must be one; symbols are taken to be equal where the compiler may, which every run then checks. */
export function requireEqual(op: string, node: NodeInfo, a: Poly, b: Poly, sentence: string): void {
  if (a.equals(b)) return;
  if (a.isConst && b.isConst) refuse("shape", op, node, sentence);
  holdEqual(node, a, b);
}

/** Refuses an input, if it is there, of other dims than the rest of the node asks for; `layout` names those: `batch×heads×sequence`. */
export function requireDims(op: string, node: NodeInfo, name: string, wanted: Dims, layout: string): void {
  const dims = node.dims[name];
  if (!dims) return;
  const sentence = `${name} of ${printDims(dims)} must be ${layout}, which is ${printDims(wanted)} here; change it or the other inputs`;
  if (dims.length !== wanted.length) refuse("shape", op, node, sentence);
  wanted.forEach((d, axis) => requireEqual(op, node, d, dims[axis]!, sentence));
}

/** Refuses an input, if it is there, that is not a list with one entry for each of so many things of another input. */
export function requireEntries(
  op: string,
  node: NodeInfo,
  name: string,
  of: { readonly input: string; readonly what: string; readonly count: Poly },
): void {
  const dims = node.dims[name];
  if (!dims) return;
  const owner = `${of.input} has ${of.count.print()} ${of.what}`;
  if (dims.length !== 1)
    refuse("shape", op, node, `${owner} and ${name} is ${printDims(dims)}; give it one entry for each`);
  requireEqual(op, node, of.count, dims[0]!, `${owner} and ${name} has ${dims[0]!.print()} entries; they must agree`);
}

/** Refuses an input, if it is there, that would have to grow another one; its last dim belongs to the one that has `behind` dims behind it. */
export function requireBroadcastTo(op: string, node: NodeInfo, name: string, to: string, behind = 0): void {
  const [from, dims] = [node.dims[name], node.dims[to]!.slice(0, node.dims[to]!.length - behind)];
  if (!from) return;
  const first = dims.length - from.length;
  const fits = first >= 0 && from.every((d, j) => d.isOne || mayBeEqual(node, d, dims[first + j]!));
  if (!fits)
    refuse(
      "shape",
      op,
      node,
      `${name} of ${printDims(from)} does not broadcast to ${to} of ${printDims(dims)}; from the right, its dims must be equal or 1`,
    );
}
/** Numbers are compared now, symbols when dims are known. */
export function mayBeEqual(node: NodeInfo, a: Poly, b: Poly): boolean {
  if (a.isConst && b.isConst) return a.equals(b);
  if (!a.equals(b)) holdEqual(node, a, b);
  return true;
}

/** Dims of the result of operands that broadcast together. */
export function broadcastDims(op: string, node: NodeInfo, names: readonly string[]): Dims {
  let out: Dims = [];
  for (const name of names) {
    const joined = joinAll(out, alignedDims(node, name, out.length), node);
    if (!joined) {
      const sizes = names.map(n => `${n} of ${printDims(node.dims[n]!)}`).join(" and ");
      refuse("shape", op, node, `${sizes} do not broadcast; from the right, dims must be equal or 1`);
    }
    out = joined;
  }
  return out;
}

function joinAll(a: Dims, b: Dims, node: Assuming): Dims | undefined {
  const out: Poly[] = [];
  const rank = Math.max(a.length, b.length);
  for (let j = 0; j < rank; j++) {
    const p = a[j + a.length - rank];
    const q = b[j + b.length - rank];
    const joined = p && q ? joinDims(p, q, node) : (p ?? q);
    if (!joined) return undefined;
    out.push(joined);
  }
  return out;
}

/** Before opset 7, `axis` said where the first dim of B lies in A: the same as dims of 1 behind it. */
function alignedDims(node: NodeInfo, name: string, rank: number): Dims {
  const dims = node.dims[name]!;
  const behind = name === "B" ? legacyOffset(node, rank, dims.length) : 0;
  return behind === 0 ? dims : [...dims, ...node.dims.A!.slice(rank - behind)];
}
function legacyOffset(node: NodeInfo, rank: number, own: number): number {
  const axis = node.attributes.axis as number | undefined;
  if (node.opset >= 7 || axis === undefined) return 0;
  return rank - own - (axis < 0 ? axis + rank : axis);
}

/** Reads an operand at an index of the result that it broadcasts to. */
export function readBroadcast(x: Operand, index: readonly AnyTile[], out: Dims, behind = 0): AnyTile {
  const first = index.length - x.rank - behind;
  return x.at(...x.dims.map((d, j) => stretch(index[first + j]!, d.poly, out[first + j]!)));
}

/** Reads B of a node, whose old opset may have placed it by `axis`. */
export const readB = (node: NodeInfo, b: Operand, index: readonly AnyTile[], out: Dims): AnyTile =>
  readBroadcast(b, index, out, legacyOffset(node, index.length, b.rank));

function stretch(i: AnyTile, own: Poly, out: Poly): AnyTile | number {
  if (own.isOne) return 0;
  if (own.equals(out) || own.isConst) return i;
  return i.mul(dimOf("stretch", opaque("min", opaque("max", own.sub(1), Poly.zero), Poly.one)).size);
}
