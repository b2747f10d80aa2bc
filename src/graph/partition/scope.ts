// A kernel under construction: which tensors it reads, how the program's dims become the kernel's own, and what an operator's
// body sees of its inputs. It decides nothing: which producers are inlined is told by `inlined`.
import type { Dtype } from "../../ir/dtypes.js";
import { isInside } from "../../ir/bounds.js";
import { opaque, Poly, Sym } from "../../ir/poly.js";
import type { Dim, Layout, Node, Tensor } from "../../ir/tile.js";
import { axesOf, axisOf, gathered, gathersIn, node, reach } from "../../ir/tile.js";
import type { Operand } from "../../ops/operator.js";
import type { AnyTile, DimValue } from "../../tile/index.js";
import { dimOf, literal, tileOf, where } from "../../tile/index.js";
import { indexTile } from "../../tile/tile.js";
import type { BoundNode } from "../bind.js";
import type { Dims, Equality, GraphNode, Value } from "../graph.js";
import { AzulejoError } from "../../support/errors.js";
import { isRowMajor, kernelLayout } from "./layout.js";
import type { AssumeInside } from "./positions.js";

/** A constant dim of at most this size stays constant in the kernel, so that taps unroll; larger ones are run-time words and kernels are shared. */
const STATIC_DIM_LIMIT = 7;
export const isStatic = (dim: Poly): boolean => dim.isConst && dim.constant <= STATIC_DIM_LIMIT;

export type Body = (...index: AnyTile[]) => AnyTile;

/** What a kernel needs to know of a value that it reads from memory. */
export interface Storage {
  readonly layout: Layout;
  readonly constant: boolean;
}

/** One of all dims that are taken to be equal (Graph.equalities); itself for the others. */
export type SameDim = (p: Poly) => Poly;

/** What code may rely on of dims, since runs are checked. */
export interface Assumptions {
  readonly sameDim: SameDim;
  /** absent in branches */
  readonly assumeInside?: AssumeInside;
}

export function sameDims(equalities: readonly Equality[]): SameDim {
  const same = new Map<string, Poly>();
  const find = (p: Poly): Poly => {
    let out = p;
    for (let next = same.get(out.key); next; next = same.get(out.key)) out = next;
    return out;
  };
  for (const e of equalities.filter(x => !x.undecided)) {
    const [a, b] = [find(e.left), find(e.right)];
    if (a.equals(b)) continue;
    // constants stand for all
    if (a.isConst) same.set(b.key, a);
    else same.set(a.key, b);
  }
  return find;
}

export class KernelScope {
  readonly dims: Dim[] = [];
  /** kernel symbol → polynomial over the program's symbols */
  readonly symbols = new Map<Sym, Poly>();
  readonly tensors = new Map<Value, Tensor>();
  readonly #dimByKey = new Map<string, Poly>();
  readonly #names = new Set<string>();
  readonly #storageOf: (v: Value) => Storage;
  readonly #inlined: (v: Value) => Body | undefined;
  readonly #cells = new Map<Value, Map<string, AnyTile>>();

  readonly #assumeInside: AssumeInside | undefined;
  readonly sameDim: SameDim;
  /** a body asked what an input holds or what its node is called, relied on a place or computed with sizes of the program: of nodes that are alike in all else, another may be told otherwise */
  isParticular = false;
  /** the program's dims that bodies asked for, by node and input */
  readonly asked = new Map<BoundNode, Map<string, Set<number>>>();

  constructor(
    storageOf: (v: Value) => Storage,
    inlined: (v: Value) => Body | undefined,
    { sameDim, assumeInside }: Assumptions,
  ) {
    this.#storageOf = storageOf;
    this.#inlined = inlined;
    this.sameDim = sameDim;
    this.#assumeInside = assumeInside;
  }

  /** Is a position, which has no axes, inside of a dim of this size, in all runs that start? */
  isInside(node: GraphNode, position: Poly, size: Poly, otherwise: "error" | "compiled apart"): boolean {
    this.isParticular = true;
    const [p, n] = [position, size].map(x => x.subst(s => this.symbols.get(s))) as [Poly, Poly];
    if (isInside(p, n)) return true;
    // in numbers it is outside, and a branch that reads there may never be taken
    if ((p.isConst && n.isConst) || !this.#assumeInside) return false;
    this.#assumeInside(node, p, n, otherwise);
    return true;
  }

  /** The kernel's name for a size of the program. Equal sizes share a name: bounds are then provable. */
  dim(size: Poly): Poly {
    const p = this.sameDim(size);
    if (isStatic(p)) return p;
    let known = this.#dimByKey.get(p.key);
    if (!known) {
      const name = `D${this.dims.length}`;
      const sym = new Sym(name);
      known = Poly.sym(sym);
      this.dims.push({ name, size: known });
      this.symbols.set(sym, p);
      this.#dimByKey.set(p.key, known);
    }
    return known;
  }
  /** Dims as the program has them; that a body asked for one is remembered, but for those that are numbers in the kernel anyway. */
  programDims(bound: BoundNode, input: string): Dims {
    const out: Poly[] = [];
    bound.info.dims[input]!.forEach((d, dim) => {
      const p = this.sameDim(d);
      if (isStatic(p)) out[dim] = p;
      else Object.defineProperty(out, dim, { enumerable: true, get: () => this.#ask(bound, input, dim, p) });
    });
    return out;
  }
  #ask(bound: BoundNode, input: string, dim: number, p: Poly): Poly {
    const byInput = this.asked.get(bound) ?? new Map<string, Set<number>>();
    this.asked.set(bound, byInput);
    byInput.set(input, (byInput.get(input) ?? new Set()).add(dim));
    return p;
  }
  /** The same for a size that is known to be a multiple: it becomes `by` times a name, so that walking it in phases stays inside. */
  multiple(size: Poly, by: number): Poly {
    const p = this.sameDim(size);
    const part = this.dim(opaque("div", p, Poly.int(by)));
    if (!this.#dimByKey.has(p.key)) this.#dimByKey.set(p.key, part.mul(by));
    return part;
  }
  /** Sizes of the program that bodies computed with (offsets of slices, scales): they are run-time words under their own symbols. */
  adoptSymbols(root: Node): void {
    const sizes = (n: Node): readonly Poly[] =>
      n.kind === "index"
        ? [n.index]
        : n.kind === "load"
          ? n.index
          : n.kind === "reduce"
            ? n.over.map(a => a.extent)
            : [];
    for (const n of reach([root]))
      for (const p of sizes(n))
        for (const s of p.syms)
          if (!s.def && !axisOf(s) && !this.symbols.has(s)) {
            this.symbols.set(s, Poly.sym(s));
            this.isParticular = true;
          }
  }
  /** A run-time word that is no dim (a pitch). */
  parameter(name: string, p: Poly): Poly {
    const sym = new Sym(name);
    this.symbols.set(sym, p);
    return Poly.sym(sym);
  }
  dimValue(p: Poly, name: string): DimValue {
    return dimOf(name, this.dim(p));
  }

  /** The tensor of a value that the kernel reads. */
  #inputTensor(v: Value, wish: string): Tensor {
    let tensor = this.tensors.get(v);
    if (!tensor) {
      tensor = this.#tensor(v, "input", wish, this.#storageOf(v));
      this.tensors.set(v, tensor);
    }
    return tensor;
  }
  /** The tensor that the kernel stores; it may hold the dims of a value that the kernel also reads (a copy). */
  outputTensor(v: Value, layout: Layout): Tensor {
    return this.#tensor(v, "output", "Y", { layout, constant: false });
  }
  #tensor(v: Value, role: Tensor["role"], wish: string, storage: Storage): Tensor {
    const dims = (v.dims ?? []).map(d => this.dim(d));
    return {
      name: this.#unique(wish),
      dtype: v.dtype!,
      dims,
      role,
      // a constant that lies as the file has it says no layout: the schedule may choose one, and it is packed once
      ...(storage.constant ? { constant: true } : {}),
      ...(storage.constant && isRowMajor(v, storage.layout)
        ? {}
        : {
            layout: kernelLayout(v.dims ?? [], dims, storage.layout, stride =>
              this.parameter(`P${this.symbols.size}`, stride),
            ),
          }),
    };
  }
  #unique(wish: string): string {
    let name = wish;
    for (let i = 2; this.#names.has(name); i++) name = `${wish}${i}`;
    this.#names.add(name);
    return name;
  }

  /** The value as an operator's body sees it. */
  operand(v: Value, wish: string, fill = 0): Operand {
    const dtype = v.dtype as Dtype;
    const dims = (v.dims ?? []).map((d, i) => this.dimValue(d, `${wish}${i}`));
    const known = (): Value["known"] => {
      this.isParticular = true;
      return v.known;
    };
    return {
      dtype,
      rank: dims.length,
      dims,
      get known() {
        return known();
      },
      at: (...index) => this.#read(v, wish, index, fill),
      fill: value => this.operand(v, wish, value),
    };
  }
  #read(v: Value, wish: string, index: readonly (AnyTile | number)[], fill: number): AnyTile {
    const rank = v.dims?.length ?? 0;
    if (index.length !== rank)
      throw new AzulejoError(
        "shape",
        `${wish}, which is "${v.name}", has ${rank} dims and its operator reads it with ${index.length} indices; give it a tensor of that rank`,
      );
    const polys = index.map(i => (typeof i === "number" ? Poly.int(i) : gathered(i.node)));
    const scalar = structuralLiteral(v);
    if (scalar !== undefined && !polys.some(p => gathersIn(p).length > 0)) return literal(v.dtype!, scalar);
    const body = this.#inlined(v);
    let cells = this.#cells.get(v);
    if (!cells) {
      cells = new Map();
      this.#cells.set(v, cells);
    }
    const key = `${polys.map(p => p.key).join(";")}|${fill}`;
    let cell = cells.get(key);
    if (!cell) {
      cell = body ? this.#inline(v, body, polys, fill) : this.#load(v, wish, polys, fill);
      cells.set(key, cell);
    }
    return cell;
  }
  #load(v: Value, wish: string, index: readonly Poly[], fill: number): AnyTile {
    const tensor = this.#inputTensor(v, wish);
    const axes = [...new Set(index.flatMap(axesOf))];
    return tileOf(
      node<"load">({ kind: "load", tensor, index, fill: asFill(tensor.dtype, fill), axes, dtype: tensor.dtype }),
    );
  }
  /** The producer's value; outside its domain the reader's fill, also when the producer would compute something else there. */
  #inline(v: Value, body: Body, index: readonly Poly[], fill: number): AnyTile {
    const value = body(...index.map(p => indexTile(p)));
    let inside: AnyTile | undefined;
    index.forEach((p, d) => {
      const size = this.dim(v.dims![d]!);
      if (provablyInside(p, size)) return;
      const here = indexTile(p)
        .ge(0)
        .and(indexTile(p).lt(indexTile(size)));
      inside = inside ? inside.and(here) : here;
    });
    return inside ? where(inside, value, literal(v.dtype!, fill)) : value;
  }
}

const asFill = (dtype: Dtype, fill: number): number | bigint =>
  dtype === "i64" || dtype === "u64" ? BigInt(fill) : fill;

/** Is the index inside this dim for all positions? Index 0 into a symbolic dim counts: an empty dim is never read. */
export function provablyInside(p: Poly, size: Poly): boolean {
  if (p.isConst) return p.constant >= 0 && (size.isConst ? p.constant < size.constant : p.constant === 0);
  if (p.terms.length === 2 && p.constant === 0) return isInside(p, size);
  if (p.terms.length !== 1 || p.terms[0]!.c !== 1 || p.terms[0]!.s.length !== 1) return false;
  const s = p.terms[0]!.s[0]!;
  const axis = axisOf(s);
  if (axis) return axis.extent.equals(size);
  // (x mod size) never leaves
  return s.def?.op === "mod" && s.def.b.equals(size);
}

/** Is the dim walked phase by phase, where elements of one are `by` apart? */
export const isWalkedBy = (dim: Poly, by: number): boolean =>
  by > 1 && !dim.equals(by) && opaque("mod", dim, Poly.int(by)).isZero;

/** Constants that shape code (0, 1, small integers of index arithmetic) are literals; learned scalars are loads, so that kernels are shared. */
export function structuralLiteral(v: Value): number | undefined {
  const known = v.known;
  if (!v.constant || !known || known.data.length !== 1) return undefined;
  const x = known.data[0];
  const value = x instanceof Poly ? (x.isConst ? x.constant : undefined) : x;
  return value === 0 || value === 1 ? value : undefined;
}
