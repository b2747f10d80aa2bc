// Views: tensors, and materialised tiles, read and written under indices.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { titleOf } from "../ir/names.js";
import { Poly } from "../ir/poly.js";
import type { Combine, Materialized, Node, Store, Tensor } from "../ir/tile.js";
import { axesOf, combines, gathered, isTensor, unionAxes } from "../ir/tile.js";
import { literalValue } from "./nodes.js";
import type { Site } from "./source.js";
import { captureSite } from "./source.js";
import type { AnyIndex, AnyTile, AxesOf } from "./tile.js";
import { literal, Tile } from "./tile.js";
import { isPoint, kernelError, make, recording } from "./trace.js";
import type { Literal } from "./types.js";

/** An index, an index expression, a number, or an integer tile (a gather). */
export type IndexArgument = AnyTile | number;

/** What `.at(…)` gives: the elements as a tile, and the place to write them. */
export class Place<A extends string, D extends Dtype> extends Tile<A, D> {
  readonly #tensor: Tensor | Materialized;
  readonly #index: readonly Poly[];
  constructor(tensor: Tensor | Materialized, index: readonly Poly[], fill: number | bigint) {
    const site = captureSite();
    super(() => load(tensor, index, fill, site));
    this.#tensor = tensor;
    this.#index = index;
  }
  /** Writes the value. Its axes must be among those of the indices; each element may be written once. */
  set(value: Tile<A, D> | Literal, options: WriteOptions = {}): void {
    const tensor = this.#tensor;
    if (!isTensor(tensor))
      throw kernelError(`"${tensor.name}" is a materialised tile, a value; write to a tensor of the signature`);
    store(tensor, this.#index, value instanceof Tile ? value : literal(tensor.dtype, value), options);
  }
  /**
   * Joins the value with what is there. Indices may meet and the value may have axes that they lack: writes follow each other in the
   * order of the axes of the indices, then of the value, the last one fastest.
   */
  // biome-ignore lint/suspicious/noExplicitAny: axes that the place lacks are walked
  accumulate(value: Tile<any, D> | Literal, combine: Combine = "add", options: WriteOptions = {}): void {
    const tensor = this.#tensor;
    if (!isTensor(tensor))
      throw kernelError(`"${tensor.name}" is a materialised tile, a value; accumulate into a tensor of the signature`);
    if (!combines.includes(combine))
      throw kernelError(`"${tensor.name}" is joined by "${combine}"; use one of ${combines.join(", ")}`);
    const tile = value instanceof Tile ? value : literal(tensor.dtype, value);
    store(tensor, this.#index, tile, { combine, ...options });
  }
}

/** Where a write is left out. */
export interface WriteOptions {
  /** where it is false nothing is written */
  // biome-ignore lint/suspicious/noExplicitAny: any axes
  readonly when?: Tile<any, "bool">;
}
interface StoreOptions extends WriteOptions {
  readonly combine?: Combine;
}

function load(
  tensor: Tensor | Materialized,
  index: readonly Poly[],
  fill: number | bigint,
  site: Site | undefined,
): Node {
  const dtype = isTensor(tensor) ? tensor.dtype : tensor.value.dtype;
  return make<"load">({ kind: "load", tensor, index, fill, axes: unionAxes(...index.map(axesOf)), dtype }, site);
}

/** Records a write of `value` at `index`. */
export function store(tensor: Tensor, index: readonly Poly[], value: AnyTile, options: StoreOptions = {}): void {
  const r = recording();
  if (!r)
    throw kernelError(`"${tensor.name}" is written outside of a kernel; move the .set into the body that kernel() got`);
  if (r.cells) throw kernelError(`cells write to "${tensor.name}"; give the value back, and write what cells() gives`);
  if (value.dtype !== tensor.dtype)
    throw kernelError(
      `"${tensor.name}" holds ${tensor.dtype}, and "${titleOf(value.node)}" is ${value.dtype}; add .cast("${tensor.dtype}")`,
    );
  const written = unionAxes(...index.map(axesOf));
  const { combine, when } = options;
  const extra = [...value.node.axes, ...(when?.node.axes ?? [])].filter(
    a => !written.includes(a) && a !== r.segments?.at,
  );
  if (extra.length > 0 && !combine) {
    const names = extra.map(a => `"${a.name}"`).join(", ");
    throw kernelError(
      `the value written to "${tensor.name}" has the axis ${names} that the indices lack; reduce over it or index with it`,
    );
  }
  const site = captureSite();
  const s: Store = {
    tensor,
    index,
    value: value.node,
    ...(combine ? { combine } : {}),
    ...(when ? { when: when.node } : {}),
  };
  if (site) Object.defineProperty(s, "source", { enumerable: true, configurable: true, get: () => site.text });
  r.sink.stores.push(s);
  r.eager?.stored(s);
}

function indexPoly(tensor: Tensor | Materialized, i: IndexArgument, position: number): Poly {
  const where = `index ${position} of "${tensor.name}"`;
  if (typeof i === "number") {
    if (!Number.isSafeInteger(i)) throw kernelError(`${where} is ${i}; use an integer`);
    return Poly.int(i);
  }
  const kind = dtypes[i.dtype as Dtype].kind;
  if (kind !== "signed" && kind !== "unsigned") throw kernelError(`${where} is a tile of ${i.dtype}; cast it to i32`);
  return gathered(i.node);
}

type Arguments<R extends readonly unknown[]> = { readonly [K in keyof R]: IndexArgument };

/** `R` has one entry a dim: the words of the signature. */
// biome-ignore lint/suspicious/noExplicitAny: a view whose rank only run time knows
export class View<D extends Dtype, R extends readonly unknown[] = any> {
  readonly tensor: Tensor | Materialized;
  readonly dtype: D;
  readonly #fill: number | bigint;
  constructor(tensor: Tensor | Materialized, fill: Literal = 0) {
    this.tensor = tensor;
    this.dtype = (isTensor(tensor) ? tensor.dtype : tensor.value.dtype) as D;
    this.#fill = literalValue(this.dtype === "bool" ? Boolean(fill) : fill, this.dtype);
  }
  /** The same view, reading `value` outside of the tensor instead of 0. */
  fill(value: Literal): View<D, R> {
    return new View(this.tensor, value);
  }
  /** the place at these indices, one for each dim: to read, or to write */
  at<const I extends Arguments<R>>(...index: I): Place<AxesOf<I[number]>, D> {
    const rank = isTensor(this.tensor) ? this.tensor.dims.length : this.tensor.axes.length;
    if (index.length !== rank)
      throw kernelError(
        `"${this.tensor.name}" has ${rank} dims and is indexed with ${index.length}; give one index a dim`,
      );
    return new Place(
      this.tensor,
      index.map((i, d) => indexPoly(this.tensor, i, d)),
      this.#fill,
    );
  }
}

/** The tile as something that is read again under other indices, in the order of `over`. */
export function materialize<D extends Dtype, I extends readonly AnyIndex[]>(
  // biome-ignore lint/suspicious/noExplicitAny: any axes, which `over` must name
  tile: Tile<any, D>,
  ...over: I
): View<D, I> {
  if (recording()?.cells)
    throw kernelError(`"${titleOf(tile.node)}" is materialised inside of cells; materialise before them`);
  const axes = over.map(i => i.axis);
  const missing = tile.node.axes.find(a => !axes.includes(a) && !isPoint(a));
  if (missing)
    throw kernelError(
      `materialize of "${titleOf(tile.node)}" leaves out its axis "${missing.name}"; name every axis of the tile`,
    );
  return new View<D, I>({ name: tile.node.name, value: tile.node, axes });
}
