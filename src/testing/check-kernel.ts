// checkKernel(): a kernel run on small tensors under watch, for the mistakes that a compiler can't see and a result may hide.
import { newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, integerRange, is64BitInteger, isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions } from "../ir/evaluate/evaluator.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims, runKernel } from "../ir/evaluate/kernel.js";
import type { Storage } from "../ir/evaluate/memory.js";
import { denseStorage } from "../ir/evaluate/memory.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import { zip } from "../ir/evaluate/values.js";
import { floatToBits, isNarrowFloat } from "../ir/float-bits.js";
import type { Poly, Sym } from "../ir/poly.js";
import { sizesOfSymbols, symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel, Node, Tensor } from "../ir/tile.js";
import { children } from "../ir/tile.js";
import type { SizeCondition } from "../ir/verify.js";
import { verify } from "../ir/verify.js";
import { bareSymbol } from "../ir/walk.js";
import { targetStates } from "../load/doctor.js";
import { KernelRuns } from "../load/kernel-runs.js";
import type { LoadOptions } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { closenessOf, difference, fromTensorData } from "./difference.js";
import { mulberry32 } from "./random.js";

/**
 * bounds: a read at a gathered index, or a write, outside of its tensor, an element written twice, segments out of order. unwritten: elements of an output that
 * no block writes. fold-tile: a fold whose result hangs on how its axis is cut. not-finite: NaN or infinity in an output, of finite inputs. overflow: an integer that
 * wraps around. lossy-cast: a number outside of what the new dtype holds. target: compiled code that departs from the interpreter.
 */
export type FindingKind = "bounds" | "unwritten" | "fold-tile" | "not-finite" | "overflow" | "lossy-cast" | "target";

export interface Finding {
  readonly kernel: string;
  readonly kind: FindingKind;
  readonly message: string;
  /** file:line of the kernel's author, where one line is to blame */
  readonly source: string | undefined;
  /** sizes with which it was found first */
  readonly dims: Readonly<Record<string, number>>;
}
type Tensors = Readonly<Record<string, TensorArgument>>;

export interface CheckKernelOptions {
  /** sizes that stay; others are drawn */
  readonly dims?: Readonly<Record<string, number>>;
  /** tensors that must fit each other, such as indices; they decide sizes. Others are drawn. */
  readonly tensors?: Tensors;
  /** default: all CPU targets that this machine has */
  readonly targets?: readonly NonNullable<LoadOptions["target"]>[];
  /** of what is drawn: the same seed gives the same tensors */
  readonly seed?: number;
}

/** Sets of sizes that are tried, and how many are drawn at most until enough meet the kernel's conditions. */
const DRAWS = 6;
const MOST_DRAWS = 200;
const sizes = [1, 2, 3, 4, 5, 7, 8, 17] as const;

/**
 * Runs the kernel on small tensors, watched, and as compiled code. A finding is told once.
 * @throws AzulejoError input where the given tensors don't fit the kernel, or no sizes meet its conditions
 */
export async function checkKernel(
  kernel: Kernel | { readonly ir: Kernel },
  options: CheckKernelOptions = {},
): Promise<readonly Finding[]> {
  const ir = "ir" in kernel ? kernel.ir : kernel;
  const compiled = ["wasm", "native"];
  const targets =
    options.targets ??
    (await targetStates()).flatMap(t => (t.problem === undefined && compiled.includes(t.name) ? [t.name] : []));
  const check = new KernelCheck(ir, targets);
  for (const tensors of drawsFor(ir, options)) await check.run(tensors);
  check.dispose();
  return check.findings;
}

class KernelCheck {
  readonly findings: Finding[] = [];
  readonly #kernel: Kernel;
  readonly #targets: readonly NonNullable<LoadOptions["target"]>[];
  readonly #runs: KernelRuns;
  readonly #told = new Set<string>();
  #dims: Finding["dims"] = {};

  constructor(kernel: Kernel, targets: readonly NonNullable<LoadOptions["target"]>[]) {
    this.#kernel = kernel;
    this.#targets = targets;
    this.#runs = new KernelRuns(kernel, {});
  }
  dispose(): void {
    this.#runs.dispose();
  }
  async run(tensors: Tensors): Promise<void> {
    this.#dims = sizesOfSymbols(
      this.#kernel,
      bindDims(this.#kernel, t => tensors[t.name]!.dims),
    );
    const watch = new Watch((kind, node, message) => this.#tell(kind, node.name, message, node.source));
    const whole = this.#interpreted(tensors, { observe: watch.observe });
    // what comes after would find the same again
    if (!whole) return;
    this.#unwritten(whole);
    this.#notFinite(whole, watch);
    this.#foldTiles(tensors);
    for (const target of this.#targets) await this.#compiled(target, tensors, whole.tensors);
  }
  /** `about`: what is wrong, where no line is to blame; nothing is told of it twice */
  #tell(kind: FindingKind, about: string, message: string, source?: string): void {
    const key = `${kind} ${source ?? about}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.findings.push({ kernel: this.#kernel.name, kind, message, source, dims: this.#dims });
  }

  #interpreted(tensors: Tensors, options: EvaluateOptions) {
    const copies = copiesOf(tensors);
    const storages = new Map(
      this.#kernel.tensors.map(t => [t, denseStorage(t.dtype, copies[t.name]!.dims, copies[t.name]!.data)]),
    );
    try {
      return { tensors: copies, storages, writes: runKernel(this.#kernel, storages, options) };
    } catch (error) {
      if (!(error instanceof AzulejoError) || error.code === "internal") throw error;
      const [, message, source] = /^(?:kernel "[^"]*": )?(.*?)(?: \(([^()]*:\d+)\))?$/s.exec(error.message)!;
      this.#tell("bounds", message!, message!, source);
      return undefined;
    }
  }
  #unwritten({
    storages,
    writes,
  }: {
    storages: ReadonlyMap<Tensor, Storage>;
    writes: ReadonlyMap<Storage, Uint8Array>;
  }): void {
    for (const [t, storage] of storages) {
      if (t.role !== "output" || storage.data.length === 0) continue;
      const left = [...(writes.get(storage) ?? new Uint8Array(storage.data.length))].indexOf(0);
      if (left >= 0)
        this.#tell("unwritten", t.name, `"${t.name}" is not written at element ${left}; its blocks must cover it`);
    }
  }
  #notFinite({ tensors }: { tensors: Tensors }, watch: Watch): void {
    for (const t of this.#kernel.tensors) {
      if (t.role === "input" || !isFloat(t.dtype)) continue;
      const at = valuesOf(tensors[t.name]!).findIndex(x => !Number.isFinite(Number(x)));
      if (at < 0) continue;
      const where = `"${t.name}" is ${Number(valuesOf(tensors[t.name]!)[at])} at element ${at}, of finite inputs`;
      const { birth } = watch;
      this.#tell("not-finite", t.name, birth ? `${where}: it begins with ${nameOf(birth)}` : where, birth?.source);
    }
  }
  /** In float64, so that the order of additions makes no difference to speak of. */
  #foldTiles(tensors: Tensors): void {
    if (!hasTiledFold(this.#kernel)) return;
    const [whole, ...cut] = [undefined, 1, 3].map(foldTile =>
      this.#interpreted(tensors, { arithmetic: "real", ...(foldTile ? { foldTile } : {}) }),
    );
    for (const [i, one] of cut.entries())
      for (const t of this.#kernel.tensors) {
        if (t.role === "input" || !one || !whole) continue;
        const problem = departure(one.tensors[t.name]!, whole.tensors[t.name]!);
        if (problem)
          this.#tell(
            "fold-tile",
            t.name,
            `"${t.name}" hangs on the size of a fold's tiles: with ${[1, 3][i]} indices at once, ${problem}; the whole axis at once gives that`,
          );
      }
  }
  async #compiled(target: NonNullable<LoadOptions["target"]>, tensors: Tensors, want: Tensors): Promise<void> {
    const copies = copiesOf(tensors);
    const got = await this.#runs.run(copies, { target, threads: 1 });
    for (const t of this.#kernel.tensors) {
      const problem = t.role === "input" ? undefined : departure(got[t.name]!, want[t.name]!);
      if (problem)
        this.#tell(
          "target",
          `${target} ${t.name}`,
          `"${t.name}" on ${target}: ${problem}, which the interpreter gives`,
        );
    }
  }
}

/** Where values first go wrong. */
class Watch {
  /** where a value that is not finite was made of finite ones, first */
  birth: Node | undefined;
  readonly #notFinite = new Set<Node>();
  readonly #tell: (kind: FindingKind, node: Node, message: string) => void;
  constructor(tell: (kind: FindingKind, node: Node, message: string) => void) {
    this.#tell = tell;
  }
  readonly observe: NonNullable<EvaluateOptions["observe"]> = (n, value, e) => {
    if (isFloat(n.dtype)) this.#float(n, value);
    if (n.kind !== "map") return;
    const operands = n.args.map(a => e.evaluate(a));
    if (isFloat(n.dtype) || n.dtype === "bool") return;
    const range = integerRange(n.dtype);
    const isOutside = (x: Scalar): boolean =>
      typeof x === "number" && Number.isNaN(x) ? true : x < range[0] || x > range[1];
    const exact = exactly[n.op];
    if (exact && !n.dtype.startsWith("u") && some((a, b) => isOutside(exact(a, b)), operands))
      this.#tell("overflow", n, `${nameOf(n)} leaves the range of ${n.dtype} and wraps around; use a wider dtype`);
    if (n.op === "cast" && some(x => isOutside(whole(x)), operands))
      this.#tell("lossy-cast", n, `${nameOf(n)} is cast to ${n.dtype}, which does not hold it; clamp it first`);
  };
  #float(n: Node, value: Value): void {
    const isFinite = (value.data as Float64Array).every(Number.isFinite);
    if (isFinite) return;
    this.#notFinite.add(n);
    // constants and fills are the author's; what is read was made elsewhere
    const made = n.kind === "map" || n.kind === "call" || n.kind === "reduce";
    if (made && !children(n).some(c => this.#notFinite.has(c))) this.birth ??= n;
  }
}
const exactly: Readonly<Record<string, ((a: never, b: never) => Scalar) | undefined>> = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  neg: (a: number) => -a,
};
const whole = (x: Scalar): Scalar => (typeof x === "number" ? Math.trunc(x) : x);
/** Does `f` hold for some element of the operands, broadcast? */
function some(f: (a: never, b: never) => boolean, operands: readonly Value[]): boolean {
  let found = false;
  zip(
    (a: never, b: never) => {
      found ||= f(a, b);
      return 0;
    },
    "f64",
    ...operands,
  );
  return found;
}
const nameOf = (n: Node): string =>
  n.kind === "map" ? `"${n.name}" (${n.op})` : n.kind === "call" ? `"${n.name}" (${n.fn})` : `"${n.name}"`;

const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() } as TensorArgument]),
  );

/** Values of 16-bit floats and the like, not their bits. */
const valuesOf = (t: TensorArgument): Scalar[] => Array.from<Scalar>(fromTensorData(t as TensorData).data);

/** Sums in other orders, functions within their bounds. */
const closeness = { relative: 256, absolute: 64 };
const departure = (got: TensorArgument, want: TensorArgument): string | undefined => {
  const scale = Math.max(
    1,
    ...valuesOf(want)
      .map(x => Math.abs(Number(x)))
      .filter(Number.isFinite),
  );
  return difference(
    fromTensorData(got as TensorData),
    fromTensorData(want as TensorData),
    closenessOf(closeness, want.dtype, scale),
  );
};

const hasTiledFold = ({ folds }: Pick<Kernel, "folds">): boolean => folds.some(f => !f.steps || hasTiledFold(f));

// --- tensors to run on

function* drawsFor(kernel: Kernel, { dims = {}, tensors = {}, seed = 1 }: CheckKernelOptions): Generator<Tensors> {
  const next = mulberry32(seed);
  const random = (): number => next() / 2 ** 32;
  const { conditions } = verify(kernel);
  const given = kernel.tensors.filter(t => tensors[t.name]);
  const fixed = new Map([
    ...bindDims({ ...kernel, tensors: given }, t => tensors[t.name]!.dims),
    ...symbolsOfSizes(kernel, dims),
  ]);
  const free = kernel.dims.map(d => bareSymbol(d.size)).filter((s): s is Sym => s !== undefined && !fixed.has(s));
  let found = 0;
  for (let draw = 0; draw < MOST_DRAWS && found < (free.length === 0 ? 1 : DRAWS); draw++) {
    const symbols = new Map(fixed);
    for (const s of free) symbols.set(s, sizes[Math.floor(random() * sizes.length)]!);
    const size = (p: Poly): number => p.evaluate(s => symbols.get(s)!);
    if (!conditions.every(c => holds(c, size))) continue;
    found++;
    yield Object.fromEntries(
      kernel.tensors.map(t => [t.name, tensors[t.name] ?? drawn(kernel, t, t.dims.map(size), size, random)]),
    );
  }
  if (found === 0)
    throw new AzulejoError(
      "input",
      `kernel "${kernel.name}": none of ${MOST_DRAWS} draws of sizes meets its conditions; give dims or tensors that do`,
    );
}
const holds = (c: SizeCondition, size: (p: Poly) => number): boolean =>
  c.relation === "lt" ? size(c.left) < size(c.right) : size(c.left) <= size(c.right);

function drawn(
  kernel: Kernel,
  t: Tensor,
  dims: readonly number[],
  size: (p: Poly) => number,
  random: () => number,
): TensorArgument {
  const data = newArray(
    t.dtype,
    dims.reduce((a, b) => a * b, 1),
  ) as unknown as Scalar[] & { length: number };
  const argument = { dtype: t.dtype, dims, data } as unknown as TensorArgument;
  if (t.role === "output") return argument;
  const { segments } = kernel;
  // offsets of segments rise from 0 to the size of their dim
  const most = segments?.offsets === t ? size(segments.axis.extent) : smallestIndexed(kernel, t, size);
  for (let i = 0; i < data.length; i++) data[i] = element(t.dtype, random, most);
  if (segments?.offsets === t) {
    (data as unknown as Int32Array).sort();
    data[0] = 0;
    data[data.length - 1] = most;
  }
  return argument;
}
/** Integers may be indices: below the smallest dim of what the kernel reads, so that they are inside of whatever they index. */
const smallestIndexed = (kernel: Kernel, own: Tensor, size: (p: Poly) => number): number =>
  Math.max(1, Math.min(16, ...kernel.tensors.filter(t => t !== own).flatMap(t => t.dims.map(size))));

function element(dtype: Dtype, random: () => number, most: number): Scalar {
  if (dtype === "bool") return random() < 0.5 ? 0 : 1;
  if (isFloat(dtype)) {
    const x = Math.fround(random() * 4 - 2);
    return isNarrowFloat(dtype) ? floatToBits(dtype, x) : x;
  }
  const n = Math.floor(random() * Math.min(most, 2 ** (bitsOf(dtype) - 1)));
  return is64BitInteger(dtype) ? BigInt(n) : n;
}
