// What operators ask of sizes beside equality: refused where they are numbers; symbols are taken to fulfil it where the compiler may, which
// every run then checks. Said as equalities, so that nothing else has to know: a ≤ b is max(a, b) = b.
import type { PolyLike } from "../ir/poly.js";
import { opaque, Poly } from "../ir/poly.js";
import { larger, smaller } from "./bounds.js";
import { requireEqual } from "./broadcast.js";
import type { NodeInfo } from "./operator.js";

/** Refuses a size that is above another one. */
export function requireAtMost(op: string, node: NodeInfo, size: PolyLike, most: PolyLike, sentence: string): void {
  requireEqual(op, node, larger(size, most), Poly.of(most), sentence);
}

/** Refuses to make something of nothing. */
export function requireSource(op: string, node: NodeInfo, source: Poly, made: Poly, sentence: string): void {
  requireAtMost(op, node, smaller(made, 1), source, sentence);
}

/** Refuses a size that does not divide into parts of another one; nothing does into parts of 0, but 0. */
export function requireMultiple(op: string, node: NodeInfo, size: Poly, part: PolyLike, sentence: string): void {
  const rest = Poly.of(part).isZero ? size : opaque("mod", size, Poly.of(part));
  requireEqual(op, node, rest, Poly.zero, sentence);
}

/** Refuses a size that is neither of two; one of the differences is 0 then, and so is their product. */
export function requireEither(
  op: string,
  node: NodeInfo,
  size: Poly,
  choices: readonly [PolyLike, PolyLike],
  sentence: string,
): void {
  const differs = (choice: PolyLike): boolean => size.sub(choice).isConst && !size.equals(choice);
  const [choice, ...more] = choices.filter(c => !differs(c));
  if (choice === undefined || more.length === 0) requireEqual(op, node, size, Poly.of(choice ?? choices[0]), sentence);
  else requireEqual(op, node, size.sub(choices[0]).mul(size.sub(choices[1])), Poly.zero, sentence);
}
