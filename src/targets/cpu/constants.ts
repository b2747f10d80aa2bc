// Weights in memory: one copy a layout, packed once at load by an ordinary kernel. A packed weight and its original are never
// both resident: originals pass through the arena, which no run uses yet.
import { bytesOf } from "../../ir/dtypes.js";
import { Poly, roundUp, Sym } from "../../ir/poly.js";
import { type Dim, type Kernel, type Layout, newAxis, node, type Tensor } from "../../ir/tile.js";
import type { ConstantData } from "../../graph/graph.js";
import type { Buffer } from "../../graph/program.js";
import { SLACK_BYTES } from "../../lower/cpu/lowered.js";
import { alignUp } from "./alignment.js";
import type { BoundKernel } from "./kernel-library.js";

export interface PlacedConstant {
  readonly buffer: Buffer;
  readonly data: ConstantData;
  /** from the start of the program's constants */
  readonly offset: number;
  readonly byteLength: number;
  /** how the original becomes the packed copy; absent: it is stored as it comes */
  readonly pack?: {
    readonly kernel: BoundKernel;
    readonly sizes: ReadonlyMap<Sym, number>;
    /** where the first dim is outermost in both, so that some of its rows can be packed alone: units of rows, bytes of a packed row */
    readonly rows?: { readonly sym: Sym; readonly count: number; readonly unit: number; readonly packedBytes: number };
  };
}

export class Constants {
  readonly #placed = new Map<ConstantData, Map<string, PlacedConstant>>();
  readonly #packer: (kernel: Kernel, sizes: ReadonlyMap<Sym, number>) => BoundKernel;
  /** by dtype and layout: kernels that pack, whatever the sizes */
  readonly #kernels = new Map<string, PackKernel>();
  #end = 0;

  constructor(packer: (kernel: Kernel, sizes: ReadonlyMap<Sym, number>) => BoundKernel) {
    this.#packer = packer;
  }
  get byteLength(): number {
    return this.#end;
  }
  get all(): readonly PlacedConstant[] {
    return [...this.#placed.values()].flatMap(m => [...m.values()]);
  }

  /** The place of the constant in this layout; asking again gives the same one. */
  place(buffer: Buffer, layout: Layout | undefined): PlacedConstant {
    const data = buffer.constant!;
    const packed = layout !== undefined && !isPlain(layout, buffer);
    const key = packed ? `${JSON.stringify(layout)}/${buffer.dims.map(d => d.constant)}` : "";
    const variants = this.#placed.get(data) ?? new Map<string, PlacedConstant>();
    this.#placed.set(data, variants);
    let placed = variants.get(key);
    if (!placed) {
      const pack = packed ? this.#packing(buffer, layout) : undefined;
      const byteLength = packed ? packedBytes(buffer, layout) : data.byteLength;
      placed = {
        buffer,
        data,
        offset: this.#end,
        byteLength,
        ...(pack ? { pack } : {}),
      };
      this.#end = alignUp(this.#end + byteLength + SLACK_BYTES);
      variants.set(key, placed);
    }
    return placed;
  }
  #packing(buffer: Buffer, layout: Layout): PlacedConstant["pack"] {
    const key = `${buffer.dtype}/${JSON.stringify(layout)}`;
    const made = this.#kernels.get(key) ?? packKernel(buffer, layout);
    this.#kernels.set(key, made);
    const sizes = new Map(made.dims.map((s, i) => [s, buffer.dims[i]!.constant]));
    const rows = rowsOf(buffer, layout, made.dims[0]!);
    return { kernel: this.#packer(made.kernel, sizes), sizes, ...(rows ? { rows } : {}) };
  }
}
const isPlain = (layout: Layout, buffer: Buffer): boolean =>
  !layout.block &&
  !layout.strides &&
  layout.order.filter(d => buffer.dims[d]!.constant !== 1).every((d, i, all) => i === 0 || all[i - 1]! < d);

function packedBytes(buffer: Buffer, layout: Layout): number {
  const sizes = buffer.dims.map((d, i) => (layout.block?.dim === i ? roundUp(d, layout.block.size) : d));
  return Poly.product(sizes).constant * bytesOf(buffer.dtype);
}

function rowsOf(buffer: Buffer, layout: Layout, sym: Sym): NonNullable<PlacedConstant["pack"]>["rows"] {
  const count = buffer.dims[0]!.constant;
  if (layout.order[0] !== 0 || layout.strides || count === 0) return undefined;
  const unit = layout.block?.dim === 0 ? layout.block.size : 1;
  return { sym, count, unit, packedBytes: packedBytes(buffer, layout) / (Math.ceil(count / unit) * unit) };
}

interface PackKernel {
  readonly kernel: Kernel;
  /** sizes of the dims */
  readonly dims: readonly Sym[];
}
/** dst ← src: the same elements in another layout. */
function packKernel({ dtype, dims: { length: rank } }: Buffer, layout: Layout): PackKernel {
  const syms = Array.from({ length: rank }, (_, i) => new Sym(`D${i}`));
  const dims = syms.map((s): Dim => ({ name: s.name, size: Poly.sym(s) }));
  const shape = dims.map(d => d.size);
  const axes = shape.map((s, i) => newAxis(`i${i}`, s));
  const index = axes.map(a => Poly.sym(a.sym));
  const source: Tensor = { name: "X", dtype, dims: shape, role: "input" };
  const target: Tensor = { name: "Y", dtype, dims: shape, role: "output", layout };
  const wide = dtype === "i64" || dtype === "u64";
  const value = node<"load">({ kind: "load", tensor: source, index, fill: wide ? 0n : 0, axes, dtype });
  const grid = layout.order.map(d => axes[d]!);
  const stores = [{ tensor: target, index, value }];
  return { kernel: { name: "Pack", tensors: [source, target], dims, grid, stores, folds: [] }, dims: syms };
}
