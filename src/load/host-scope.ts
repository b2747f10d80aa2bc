// What a run of host steps knows: values, and the numbers behind symbols as soon as a result tells them.
import type { Value } from "../graph/graph.js";
import type { SymbolValues } from "../graph/program-dims.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { type GpuTensor, isGpuTensor } from "../runtime/gpu-tensor.js";
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { isTensor } from "../runtime/host-value.js";
import { arrayOf } from "../runtime/tensor-bytes.js";
import { AzulejoError, invariant } from "../support/errors.js";

/** A body sees the values and symbols of the graphs around it; its own vanish with its round. */
export class HostScope {
  readonly #values = new Map<Value, HostValue>();
  readonly #symbols: Map<Sym, number>;
  readonly #outer: HostScope | undefined;
  readonly #read = new Map<GpuTensor, HostValue>();
  /** what the run made on a GPU, in bodies too: whoever begins a run frees what does not leave it */
  readonly onGpu: Set<GpuTensor>;

  constructor(outer?: HostScope, symbols?: SymbolValues) {
    this.#outer = outer;
    this.onGpu = outer?.onGpu ?? new Set();
    this.#symbols = new Map([...(outer?.symbols ?? []), ...(symbols ?? [])]);
  }
  get symbols(): SymbolValues {
    return this.#symbols;
  }
  set(v: Value, value: HostValue): void {
    this.#values.set(v, value);
    if (!isTensor(value) || !v.dims) return;
    v.dims.forEach((d, axis) => {
      const [sym] = d.syms;
      if (sym && !this.#symbols.has(sym) && d.equals(Poly.sym(sym))) this.#symbols.set(sym, value.dims[axis]!);
    });
  }
  has(v: Value): boolean {
    return this.#values.has(v) || (this.#outer?.has(v) ?? false);
  }
  /** For the host to read: what lies on a GPU is read back, once. */
  async get(v: Value): Promise<HostValue> {
    const value = await this.anywhere(v);
    if (!isGpuTensor(value)) return value;
    const known = this.#read.get(value) ?? (await value.download());
    this.#read.set(value, known);
    return known;
  }
  /** As it is, which may be on a GPU. */
  async anywhere(v: Value): Promise<HostValue> {
    if (this.#values.has(v)) return this.#values.get(v);
    if (this.#outer?.has(v)) return this.#outer.anywhere(v);
    return constantOf(v);
  }
  async tensor(v: Value): Promise<AnyTensor> {
    const value = await this.get(v);
    if (isTensor(value)) return value;
    throw new AzulejoError(
      "input",
      `"${v.name}" is ${value === undefined ? "an empty optional" : "a sequence or a map"}, where the model needs a tensor; give one`,
    );
  }
}

async function constantOf(v: Value): Promise<HostValue> {
  const dims = v.dims?.map(d => d.constant) ?? [];
  if (v.strings) return { dtype: "string", dims, data: v.strings };
  invariant(v.constant && v.dtype, `"${v.name}" is read before it is computed`);
  const bytes = new Uint8Array(await v.constant.read());
  return { dtype: v.dtype, dims, data: arrayOf(v.dtype, bytes) };
}

/** Text and its handles, for one run of a segment. */
export class TextTable {
  /** 0 is what kernels fill with */
  readonly #handles = new Map<string, number>([["", 0]]);
  readonly #texts: string[] = [""];

  encode(t: AnyTensor): AnyTensor {
    if (t.dtype !== "string") return t;
    return { dtype: "u32", dims: t.dims, data: Uint32Array.from(t.data, s => this.#handleOf(s)) };
  }
  decode({ dims, data }: AnyTensor): AnyTensor {
    return { dtype: "string", dims, data: Array.from(data as Uint32Array, h => this.#texts[h]!) };
  }
  #handleOf(s: string): number {
    const known = this.#handles.get(s);
    if (known !== undefined) return known;
    this.#handles.set(s, this.#texts.length);
    return this.#texts.push(s) - 1;
  }
}
