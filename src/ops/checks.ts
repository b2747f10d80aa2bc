// Refusals that operators share: one sentence with operator, node, place and remedy. Not for kernels, which have their own.
import type { Dims } from "../graph/graph.js";
import type { ErrorCode } from "../support/errors.js";
import { AzulejoError } from "../support/errors.js";
import type { NodeInfo } from "./operator.js";

/** `Reshape "r1": …` */
export function refuse(code: ErrorCode, op: string, node: { readonly name: string }, sentence: string): never {
  throw new AzulejoError(code, `${op} "${node.name}": ${sentence}`);
}

/** An axis counted from the end becomes one counted from the start. */
export function normalizeAxis(op: string, node: { readonly name: string }, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const remedy = rank === 0 ? "which has no axes; give it a tensor of one dim or more" : `use ${-rank}..${rank - 1}`;
    refuse(
      "operator-attribute",
      op,
      node,
      `axis ${axis} is outside a rank-${rank} tensor${rank ? ";" : ","} ${remedy}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The same for a list, which must not name an axis twice. */
export function normalizeAxes(
  op: string,
  node: { readonly name: string },
  axes: readonly number[],
  rank: number,
): readonly number[] {
  const out = axes.map(a => normalizeAxis(op, node, a, rank));
  if (new Set(out).size !== out.length)
    refuse("operator-attribute", op, node, `axes [${axes.join(", ")}] name an axis twice; name each once`);
  return out;
}

/** Dims as people write them: 2×3×height. */
export const printDims = (dims: Dims): string => (dims.length === 0 ? "a scalar" : dims.map(d => d.print()).join("×"));

/** A dim that is known, and not this number. */
export const isOther = (dim: Dims[number], wanted: number): boolean => dim.isConst && dim.constant !== wanted;

/** Refuses a word that is not one of the attribute's. */
export function requireOneOf(op: string, node: NodeInfo, attribute: string, words: readonly string[]): void {
  const given: string = node.attributes[attribute];
  if (!words.includes(given))
    refuse(
      "operator-attribute",
      op,
      node,
      `${attribute} "${given}" is unknown; use ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
    );
}

/**
 * Refuses present inputs whose number of dims is not among those that are listed, or is less than `least`.
 */
export function requireRanks(
  op: string,
  node: NodeInfo,
  ranks: Readonly<Record<string, readonly number[] | { readonly least: number }>>,
): void {
  for (const [name, allowed] of Object.entries(ranks)) {
    const dims = node.dims[name];
    if (!dims) continue;
    const fits = "least" in allowed ? dims.length >= allowed.least : allowed.includes(dims.length);
    const wanted = "least" in allowed ? `at least ${allowed.least}` : allowed.join(" or ");
    if (!fits) refuse("shape", op, node, `${name} is ${printDims(dims)}; it must have ${wanted} dims`);
  }
}
