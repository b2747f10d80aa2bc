// Sizes of a kernel's dims, by name as people give them and by symbol as the compiler has them.
import { AzulejoError } from "../support/errors.js";
import type { Sym } from "./poly.js";
import type { Kernel } from "./tile.js";
import { bareSymbol } from "./walk.js";

export type Sizes = Readonly<Record<string, number>>;

/**
 * Values of the symbols that dims are; a dim of constant size has none, and names that are no dims are left out.
 * @throws AzulejoError input: a size that is no whole number
 */
export function symbolsOfSizes({ name, dims }: Pick<Kernel, "name" | "dims">, sizes: Sizes): Map<Sym, number> {
  const symbols = new Map<Sym, number>();
  for (const d of dims) {
    const size = sizes[d.name];
    if (size === undefined) continue;
    if (!Number.isSafeInteger(size) || size < 0)
      throw new AzulejoError(
        "input",
        `kernel "${name}": dim "${d.name}" is given as ${typeof size === "string" ? `"${size}"` : size}; use a whole number from 0 on`,
      );
    const s = bareSymbol(d.size);
    if (s) symbols.set(s, size);
  }
  return symbols;
}

/** The other way: sizes of the dims whose symbols have a value. */
export function sizesOfSymbols(
  { dims }: Pick<Kernel, "dims">,
  symbols: ReadonlyMap<Sym, number>,
): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const d of dims) {
    const s = bareSymbol(d.size);
    const size = s && symbols.get(s);
    if (size !== undefined) sizes[d.name] = size;
  }
  return sizes;
}
