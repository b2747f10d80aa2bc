// Sizes of a kernel's dims, by name as people give them and by symbol as the compiler has them.
import type { Sym } from "./poly.js";
import type { Kernel } from "./tile.js";
import { bareSymbol } from "./walk.js";

export type Sizes = Readonly<Record<string, number>>;

/** Values of the symbols that dims are; a dim of constant size has none, and names that are no dims are left out. */
export function symbolsOfSizes({ dims }: Pick<Kernel, "dims">, sizes: Sizes): Map<Sym, number> {
  const symbols = new Map<Sym, number>();
  for (const d of dims) {
    const s = bareSymbol(d.size);
    if (s && sizes[d.name] !== undefined) symbols.set(s, sizes[d.name]!);
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
