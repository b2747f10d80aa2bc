// Regular expressions as trees, and whether one matches a text: by derivatives (Brzozowski, "Derivatives of Regular Expressions", 1964),
// without the engine's own.
import type { Random } from "../random.js";

export type Pattern =
  | { readonly kind: "none" }
  | { readonly kind: "empty" }
  /** one character of a class, as it is written, and which those are */
  | { readonly kind: "one"; readonly written: string; readonly holds: (c: string) => boolean }
  | { readonly kind: "then" | "or"; readonly left: Pattern; readonly right: Pattern }
  | { readonly kind: "many"; readonly of: Pattern };

const none: Pattern = { kind: "none" };
const empty: Pattern = { kind: "empty" };
const one = (written: string, holds: (c: string) => boolean): Pattern => ({ kind: "one", written, holds });
const then = (left: Pattern, right: Pattern): Pattern => {
  if (left.kind === "none" || right.kind === "none") return none;
  return left.kind === "empty" ? right : right.kind === "empty" ? left : { kind: "then", left, right };
};
const or = (left: Pattern, right: Pattern): Pattern =>
  left.kind === "none" ? right : right.kind === "none" ? left : { kind: "or", left, right };

/** Does it match the empty text? */
function isNullable(p: Pattern): boolean {
  if (p.kind === "empty" || p.kind === "many") return true;
  if (p.kind === "or") return isNullable(p.left) || isNullable(p.right);
  return p.kind === "then" && isNullable(p.left) && isNullable(p.right);
}
/** What is left to match behind this character. */
function derived(p: Pattern, c: string): Pattern {
  if (p.kind === "one") return p.holds(c) ? empty : none;
  if (p.kind === "or") return or(derived(p.left, c), derived(p.right, c));
  if (p.kind === "many") return then(derived(p.of, c), p);
  if (p.kind !== "then") return none;
  const first = then(derived(p.left, c), p.right);
  return isNullable(p.left) ? or(first, derived(p.right, c)) : first;
}
export const matches = (p: Pattern, text: string): boolean => isNullable([...text].reduce(derived, p));

/** As RE2 and JavaScript read it. */
export function written(p: Pattern): string {
  if (p.kind === "one") return p.written;
  if (p.kind === "then") return `${written(p.left)}${written(p.right)}`;
  if (p.kind === "or")
    return p.right.kind === "empty" ? `(?:${written(p.left)})?` : `(${written(p.left)}|${written(p.right)})`;
  return p.kind === "many" ? `(${written(p.of)})*` : "";
}

export const classes: readonly Pattern[] = [
  one("a", c => c === "a"),
  one("b", c => c === "b"),
  one("é", c => c === "é"),
  one("😀", c => c === "😀"),
  one("\\.", c => c === "."),
  one(".", c => c !== "\n"),
  one("[a-c]", c => c >= "a" && c <= "c"),
  one("[^a]", c => c !== "a"),
  one("\\d", c => c >= "0" && c <= "9"),
  one("[A-Z]", c => c >= "A" && c <= "Z"),
];

export function drawPattern(random: Random, depth = 3): Pattern {
  const kind = depth === 0 ? 0 : random.unit();
  if (kind < 0.3) return random.pick(classes);
  if (kind < 0.65) return then(drawPattern(random, depth - 1), drawPattern(random, depth - 1));
  if (kind < 0.8) return or(drawPattern(random, depth - 1), drawPattern(random, depth - 1));
  if (kind < 0.9) return or(drawPattern(random, depth - 1), empty);
  return { kind: "many", of: drawPattern(random, depth - 1) };
}
/** A text that it matches, more often than not. */
export function drawMatch(random: Random, p: Pattern): string {
  if (p.kind === "one") return random.pick(["a", "b", "é", "😀", ".", "7", "Q", "c"].filter(p.holds));
  if (p.kind === "then") return drawMatch(random, p.left) + drawMatch(random, p.right);
  if (p.kind === "or") return drawMatch(random, random.chance(0.5) ? p.left : p.right);
  return p.kind === "many" ? random.list(random.int(0, 3), () => drawMatch(random, p.of)).join("") : "";
}
