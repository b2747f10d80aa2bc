// Named dims of a kernel inside its body: ranges for grid and fold, whole axes, and the size as a tile.
import { Poly } from "../ir/poly.js";
import type { Tensor } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";
import type { AnyIndex, AnyTile, Tile } from "./tile.js";
import { Index, indexTile, newIndex } from "./tile.js";
import { kernelError } from "./trace.js";
import type { View } from "./view.js";

/** A dim to be walked by grid or fold. `steps`: one index, a point, at a time. */
export interface Range<A extends string> {
  readonly axis: A;
  readonly extent: Poly;
  readonly steps: boolean;
  /** bounds of segments that no tile crosses */
  readonly offsets?: Tensor;
}
/** A dim to be walked by grid in segments: its index knows the number of the segment that it is in. */
export interface Segmented<A extends string> extends Range<A> {
  readonly offsets: Tensor;
}
/** A range over any axis. */
// biome-ignore lint/suspicious/noExplicitAny: a range whose axis only run time knows
export type AnyRange = Range<any>;

/** Refuses what stands in the place of a range: an index, a dim, a number. */
export function checkRange(word: "fold" | "grid", range: AnyRange): void {
  if (!(Object(range).extent instanceof Poly))
    throw kernelError(
      `${word} walks ranges; hand it .tile() of a dim, or .${word === "fold" ? "steps" : "segments"}()`,
    );
}

/** `N` is the dim's name in the signature; axes made of it are named in lower case unless `as` says otherwise. */
// biome-ignore lint/suspicious/noExplicitAny: dims of operators have names that only run time knows
export class DimValue<N extends string = any> {
  readonly name: N;
  readonly poly: Poly;
  constructor(name: N, poly: Poly) {
    this.name = name;
    this.poly = poly;
  }
  /** the size as a scalar tile: dims are not JavaScript numbers while a kernel is recorded */
  get size(): Tile<never, "i32"> {
    return indexTile(this.poly) as Tile<never, "i32">;
  }
  /** tiles of the dim; results must not depend on their size */
  tile<A extends string = Lowercase<N>>(as?: A): Range<A> {
    return { axis: this.#axis(as), extent: this.poly, steps: false };
  }
  /**
   * Tiles that stay in one segment, for grid: segment s is offsets[s] … offsets[s + 1] − 1, and the index's `seg` is its number. Offsets
   * start with 0, do not fall, and end with the size.
   */
  segments<A extends string = Lowercase<N>>(offsets: View<"i32", readonly [unknown]>, as?: A): Segmented<A> {
    if (!isTensor(offsets.tensor))
      throw kernelError(
        `segments of "${this.name}" are bounded by "${offsets.tensor.name}", a materialised tile; bounds are a tensor of the signature`,
      );
    return { ...this.tile(as), offsets: offsets.tensor };
  }
  /** one index at a time, in order (recurrences): a point, so no axis of the tiles that it indexes */
  steps(as?: string): Range<never> {
    return { axis: this.#axis(as) as never, extent: this.poly, steps: true };
  }
  /** the whole dim as a fresh axis */
  all<A extends string = Lowercase<N>>(as?: A): Index<A> {
    return newIndex(this.#axis(as), this.poly);
  }
  #axis<A extends string>(as: A | undefined): A {
    return as ?? (this.name.toLowerCase() as A);
  }
}

/** A dim that no tensor has: the taps of a window. */
export const dimOf = (name: string, size: Poly | number): DimValue => new DimValue(name, Poly.of(size));

/** The axis of `i` itself if `i` is a bare index over exactly that dim, else a fresh axis over it. */
export function whole(i: AnyTile | number, dim: DimValue): AnyIndex {
  if (typeof i !== "number") {
    if (i instanceof Index) return i.axis.extent.equals(dim.poly) ? i : dim.all();
    const n = i.node;
    const axis = n.kind === "index" && n.axes.length === 1 ? n.axes[0] : undefined;
    if (axis && n.kind === "index" && n.index.equals(Poly.sym(axis.sym)) && axis.extent.equals(dim.poly))
      return new Index(axis);
  }
  return dim.all();
}
