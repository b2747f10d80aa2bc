// Which memory a value has: its own, a window of a concatenation, or that of the value it only renames.
import { Poly } from "../../ir/poly.js";
import { type Layout } from "../../ir/tile.js";
import { type Value } from "../graph.js";
import { type Buffer } from "../program.js";
import { isRowMajor, rowMajor, sameStorage } from "./layout.js";
import { type Read } from "./pattern.js";

export interface Piece {
  readonly value: Value;
  /** where the value's elements go inside the concatenation */
  readonly buffer: Buffer;
  /** the value's own buffer is that window: nothing to copy */
  readonly inPlace: boolean;
}

interface Alias {
  readonly source: Value;
  readonly layout: Layout;
  readonly resolve: () => Buffer;
  /** where a part begins in the source, by dim; absent: all of it, under the alias's own dims */
  readonly starts: readonly number[] | undefined;
}

export class Buffers {
  #count = 0;
  readonly #byValue = new Map<Value, Buffer>();
  readonly #aliases = new Map<Value, Alias>();
  /** values under whose memory others are renamed: where they lie is settled */
  readonly #settled = new Set<Value>();
  readonly #pieces = new Map<Buffer, readonly Piece[]>();
  readonly #concats: { readonly axis: number; readonly pieces: readonly Piece[] }[] = [];

  find(v: Value): Buffer | undefined {
    const known = this.#byValue.get(v);
    if (known) return known;
    const alias = this.#aliases.get(v);
    if (!alias) return undefined;
    const source = alias.resolve();
    if (alias.starts) {
      const strides = stridesOf(source);
      const offset = alias.starts.reduce((sum, start, d) => sum.add(strides[d]!.mul(start)), Poly.zero);
      const part = {
        ...this.#make(v, "arena", { order: source.layout.order, strides }),
        window: { of: source, offset },
      };
      this.#byValue.set(v, part);
      return part;
    }
    // constants under other dims are constants again; everything else is a window at offset 0
    const { window, ...own } = this.#make(v, source.kind === "constant" ? "constant" : "arena", alias.layout);
    const buffer: Buffer =
      source.kind === "constant"
        ? { ...own, constant: source.constant! }
        : { ...own, window: { of: source, offset: Poly.zero } };
    this.#byValue.set(v, buffer);
    return buffer;
  }
  create(v: Value, kind: Buffer["kind"], layout: Layout = rowMajor(v.dims?.length ?? 0)): Buffer {
    const buffer = this.#make(v, kind, layout);
    this.#byValue.set(v, buffer);
    return buffer;
  }
  assign(v: Value, buffer: Buffer): void {
    this.#byValue.set(v, buffer);
  }
  #make(v: Value, kind: Buffer["kind"], layout: Layout): Buffer {
    return {
      id: this.#count++,
      name: v.name,
      dtype: v.dtype!,
      dims: v.dims!,
      kind,
      layout,
      ...(kind === "constant" && v.constant ? { constant: v.constant } : {}),
    };
  }

  // ---- renamed values
  isAlias(v: Value): boolean {
    return this.#aliases.has(v);
  }
  hasAliases(v: Value): boolean {
    return this.#settled.has(v);
  }
  aliasSource(v: Value): Value | undefined {
    return this.#aliases.get(v)?.source;
  }
  /** `position`: how a copy permutes dims; absent: a reshape, which keeps the row-major order of elements */
  canAlias(
    v: Value,
    layout: Layout,
    source: Value,
    sourceLayout: Layout,
    position: Read["position"] | undefined,
  ): boolean {
    if (layout.strides || sourceLayout.strides) return false;
    if (position)
      return (
        position.every(p => p !== "other") &&
        sameStorage(position, source, sourceLayout.order, v, layout.order) &&
        sameCount(v, source)
      );
    return isRowMajor(v, layout) && isRowMajor(source, sourceLayout);
  }
  /** Neighbours along `axis` of the source are one element of the value: bytes stay where they are if that axis is innermost. */
  canJoin(layout: Layout, sourceLayout: Layout, axis: number): boolean {
    const isPlain = [layout, sourceLayout].every(l => !l.strides && !l.block && l.order.at(-1) === axis);
    return isPlain && layout.order.every((d, i) => d === sourceLayout.order[i]);
  }
  alias(v: Value, layout: Layout, source: Value, resolve: () => Buffer, starts?: readonly number[]): void {
    this.#aliases.set(v, { source, layout, resolve, starts });
    this.#settled.add(source);
  }

  // ---- concatenations
  pieces(target: Value): readonly Piece[] {
    return this.#pieces.get(this.#byValue.get(target)!) ?? [];
  }
  concat(target: Buffer, values: readonly Value[], axis: number, mayMove: (v: Value) => boolean): void {
    let start = Poly.zero;
    const strides = stridesOf(target);
    const pieces = values.map((value, i): Piece => {
      const window = { of: target, offset: start.mul(strides[axis]!) };
      const buffer: Buffer = { ...this.#make(value, "arena", { order: target.layout.order, strides }), window };
      start = start.add(value.dims![axis]!);
      const inPlace = mayMove(value) && values.indexOf(value) === i;
      if (inPlace) this.#byValue.set(value, buffer);
      return { value, buffer, inPlace };
    });
    this.#pieces.set(target, pieces);
    this.#concats.push({ axis, pieces });
  }
  /** A concatenation of what lies side by side in another one already (each layer of a dense block reads all before it): it is a window of that. */
  joinConcat(target: Value, layout: Layout, values: readonly Value[], axis: number): boolean {
    for (const { axis: along, pieces } of this.#concats) {
      const first = pieces.findIndex(p => p.value === values[0]);
      const run = pieces.slice(first, first + values.length);
      const isSame = first >= 0 && along === axis && run.length === values.length;
      if (!isSame || !run.every((p, i) => p.inPlace && p.value === values[i])) continue;
      const { window, layout: outer } = run[0]!.buffer;
      if (outer.order.join() !== layout.order.join()) continue;
      const buffer: Buffer = { ...this.#make(target, "arena", outer), window: window! };
      this.#byValue.set(target, buffer);
      this.#pieces.set(buffer, run);
      return true;
    }
    return false;
  }
}

const sameCount = (a: Value, b: Value): boolean => Poly.product(a.dims!).equals(Poly.product(b.dims!));

/** Strides in elements, dense unless the layout says otherwise. */
export function stridesOf(buffer: { readonly dims: readonly Poly[]; readonly layout: Layout }): readonly Poly[] {
  if (buffer.layout.strides) return buffer.layout.strides;
  const strides: Poly[] = buffer.dims.map(() => Poly.one);
  let inside = Poly.one;
  for (const d of [...buffer.layout.order].reverse()) {
    strides[d] = inside;
    inside = inside.mul(buffer.dims[d]!);
  }
  return strides;
}
