// compileKernel(): one kernel of the tile language as something to run, without a model around it.
import type { Buffer, KernelProgram, Step } from "../graph/program.js";
import { canonical } from "../ir/canonical.js";
import { bytesOf } from "../ir/dtypes.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel, Tensor as KernelTensor } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import { verify } from "../ir/verify.js";
import type { LoadOptions, Model, TensorInfo } from "../runtime/api.js";
import { Session } from "../runtime/session.js";
import type { TensorData } from "../runtime/tensor.js";
import { bytesOfTensor } from "../runtime/tensor-bytes.js";
import { AzulejoError } from "../support/errors.js";
import type { AnyIndex } from "../tile/index.js";
import { recordKernel } from "../tile/index.js";
import { checkOptions, checkPinnedKernels } from "./check-options.js";
import { compileOptionsOf } from "./compile-options.js";
import { refuseDebug } from "./refuse-debug.js";
import { targetOf } from "./targets.js";
import { withTuning } from "./tuning.js";

/** For `compileKernel`: options of `load`, the kernel's constants and sizes. */
export interface CompileKernelOptions
  extends Pick<
    LoadOptions,
    "target" | "onUnsupported" | "gpuDevice" | "threads" | "engineFlags" | "schedules" | "tuning" | "signal"
  > {
  /** tensors that the signature declares with `constant(…)`: packed once, here */
  readonly constants?: Readonly<Record<string, TensorData>>;
  /** sizes that do not follow from the inputs of a run, by dim: `{ U: 28 }` */
  readonly dims?: Readonly<Record<string, number>>;
}

export async function compileKernel(
  source: Kernel | { readonly ir: Kernel },
  options: CompileKernelOptions = {},
): Promise<Model> {
  checkOptions(options, [
    "target",
    "onUnsupported",
    "gpuDevice",
    "threads",
    "engineFlags",
    "schedules",
    "tuning",
    "signal",
    "constants",
    "dims",
  ]);
  const kernel = "ir" in source ? source.ir : source;
  refuseDebug(kernel);
  checkPinnedKernels(options.schedules, [kernel]);
  const program = kernelProgram(kernel, options);
  const target = await targetOf(options);
  const executable = await target.compile(program, await withTuning(compileOptionsOf(options), options));
  return new Session({
    name: kernel.name,
    inputs: program.inputs.map(infoOf),
    outputs: program.outputs.map(infoOf),
    run: (inputs, run) => executable.run(inputs, run),
    report: () => ({ ...executable.report(), model: kernel.name, passes: [] }),
    dispose: () => executable.dispose(),
  });
}

/** A program of one step. `unread`: constants that are not there are known by their dims; no weight of such a program may be read. */
export const kernelProgram = (
  kernel: Kernel,
  options: Pick<CompileKernelOptions, "constants" | "dims"> & { readonly unread?: boolean },
): KernelProgram => new Making(kernel, options).program();

/** @throws AzulejoError input: a size for a dim that the kernel does not have */
export function checkDimNames(kernel: Kernel, dims: CompileKernelOptions["dims"] = {}): void {
  const known = kernel.dims.map(d => d.name);
  const wrong = Object.keys(dims).find(name => !known.includes(name));
  if (wrong !== undefined)
    throw new AzulejoError(
      "input",
      `kernel "${kernel.name}": there is no dim "${wrong}"; its dims are ${known.join(", ")}`,
    );
}

const infoOf = (b: Buffer): TensorInfo => ({
  name: b.name,
  dtype: b.dtype,
  dims: b.dims.map(d => (d.isConst ? d.constant : d.print())),
});

class Making {
  readonly #kernel: Kernel;
  readonly #options: Parameters<typeof kernelProgram>[1];
  readonly #fixed = new Map<Sym, Poly>();
  #buffers = 0;
  constructor(kernel: Kernel, options: Parameters<typeof kernelProgram>[1]) {
    this.#kernel = kernel;
    this.#options = options;
    checkDimNames(kernel, options.dims);
    for (const [s, size] of symbolsOfSizes(kernel, options.dims ?? {})) this.#fixed.set(s, Poly.int(size));
  }

  program(): KernelProgram {
    const k = this.#kernel;
    // constants fix sizes, so they come first
    const constants = k.tensors.filter(t => t.constant).map(t => this.#constant(t));
    const inputs = k.tensors.filter(t => t.role !== "output" && !t.constant).map(t => this.#buffer(t, "input"));
    const outputs = k.tensors.filter(t => t.role !== "input").map(t => this.#buffer(t, "output"));
    const free = canonical(k).symbols.filter(s => !this.#fixed.has(s));
    this.#checkKnown(free, inputs);
    const symbols = new Map(canonical(k).symbols.map(s => [s, this.#sized(Poly.sym(s))]));
    const byName = (list: readonly Buffer[]): Record<string, Buffer> => Object.fromEntries(list.map(b => [b.name, b]));
    // what the kernel changes in place is the output, which starts as a copy of the input
    const copies = k.tensors
      .filter(t => t.role === "inout")
      .map(t => this.#copy(t, byName(inputs)[t.name]!, byName(outputs)[t.name]!));
    const buffers = { ...byName(inputs), ...byName(constants), ...byName(outputs) };
    const main: Step = { kind: "kernel", kernel: k, buffers, symbols, nodes: [k.name] };
    const preconditions = verify(k).conditions.map(c => ({
      ...c,
      left: this.#sized(c.left),
      right: this.#sized(c.right),
    }));
    return { name: k.name, inputs, outputs, steps: [...copies, main], symbols: free, preconditions };
  }
  #sized(p: Poly): Poly {
    return p.subst(s => this.#fixed.get(s));
  }
  #fail(code: "kernel" | "input", what: string): AzulejoError {
    return new AzulejoError(code, `kernel "${this.#kernel.name}": ${what}`);
  }
  #buffer(t: KernelTensor, kind: Buffer["kind"]): Buffer {
    const order = t.dims.map((_, d) => d);
    if (t.layout && (t.layout.block || t.layout.strides || t.layout.order.some((d, k) => d !== k)))
      throw this.#fail("kernel", `"${t.name}" has a layout of its own; only dense tensors stand alone`);
    const dims = t.dims.map(d => this.#sized(d));
    return { id: this.#buffers++, name: t.name, dtype: t.dtype, dims, kind, layout: { order } };
  }
  #constant(t: KernelTensor): Buffer {
    const given = this.#options.constants?.[t.name];
    if (!given && this.#options.unread) {
      const b = this.#buffer(t, "constant");
      const open = t.dims.find((_, d) => !b.dims[d]!.isConst);
      if (open)
        throw this.#fail("input", `the size ${open.print()} of constant "${t.name}" is not known; give it in dims`);
      const byteLength = bytesOf(t.dtype) * b.dims.reduce((n, d) => n * d.constant, 1);
      return { ...b, constant: { byteLength, read: () => new Uint8Array(byteLength) } };
    }
    if (!given)
      throw this.#fail("input", `constant "${t.name}" is missing; hand it in with constants: { ${t.name}: … }`);
    if (given.dtype !== t.dtype || given.dims.length !== t.dims.length)
      throw this.#fail(
        "input",
        `constant "${t.name}" is ${given.dtype} with ${given.dims.length} dims and must be ${t.dtype} with ${t.dims.length}`,
      );
    // its sizes are those of the data from here on
    t.dims.forEach((p, d) => {
      const [s] = p.syms;
      if (s && p.equals(Poly.sym(s)) && !this.#fixed.has(s)) this.#fixed.set(s, Poly.int(given.dims[d]!));
    });
    const bytes = bytesOfTensor(given);
    const constant = { byteLength: bytes.byteLength, read: () => bytes };
    return { ...this.#buffer(t, "constant"), constant };
  }
  #checkKnown(free: readonly Sym[], inputs: readonly Buffer[]): void {
    const given = new Set(inputs.flatMap(b => b.dims.map(d => d.key)));
    const unknown = free.find(s => !given.has(Poly.sym(s).key));
    if (unknown)
      throw this.#fail(
        "kernel",
        `the size ${unknown.name} does not follow from the inputs; fix it with dims: { ${unknown.name}: … }`,
      );
  }
  #copy(t: KernelTensor, from: Buffer, to: Buffer): Step {
    const axes = t.dims.map((d, k) => newAxis(`i${k}`, d));
    const tensors: KernelTensor[] = [
      { name: "X", dtype: t.dtype, dims: t.dims, role: "input" },
      { name: "Y", dtype: t.dtype, dims: t.dims, role: "output" },
    ];
    const kernel = recordKernel(
      { name: `copy ${t.name}`, tensors, dims: this.#kernel.dims, grid: axes },
      ({ X, Y }, indices: readonly AnyIndex[]) => Y!.at(...indices).set(X!.at(...indices)),
    );
    const symbols = new Map(canonical(kernel).symbols.map(s => [s, this.#sized(Poly.sym(s))]));
    return { kind: "kernel", kernel, buffers: { X: from, Y: to }, symbols, nodes: [kernel.name] };
  }
}
