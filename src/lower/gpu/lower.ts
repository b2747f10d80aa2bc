// Kernel → dispatches of WGSL. This is the outermost layer: which stores share a dispatch, which axes are invocations, the text around.
import { bytesOf } from "../../ir/dtypes.js";
import { ceilDiv, Poly, type Sym } from "../../ir/poly.js";
import { withCodeOf } from "../../ir/rewrite-kernel.js";
import type { Axis, Fold, Kernel, Node, Store, Tensor } from "../../ir/tile.js";
import { isTensor, newAxis, reachCells, segmentCount } from "../../ir/tile.js";
import { axesOfStore, foldsOf, isSeparate, nodesOf, storesOf } from "../../ir/walk.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { AzulejoError } from "../../support/errors.js";
import { bindingsOf, withCopies } from "./bindings.js";
import type { Contraction } from "./contraction.js";
import { contractionOf, tileSize, tilesOf } from "./contraction.js";
import { bindDigits } from "./digits.js";
import type { FoldTile } from "./fold-tile.js";
import { FOLD_ROWS, foldTileOf, foldTilesOf, hasRows } from "./fold-tile.js";
import { emitFoldTile, foldTileMemory } from "./fold-tile-text.js";
import { libraryText } from "./library.js";
import type { Between, Binding, Dispatch, LoweredForGpu } from "./lowered.js";
import type { DeviceMatrices, MatrixTile } from "./matrices.js";
import { matricesText, matrixBuiltins, matrixExtensions, matrixMemory, matrixTileOf } from "./matrices.js";
import { emitMatrixTile } from "./matrix-tile.js";
import type { Memory } from "./memory.js";
import { partedContraction, partedFold } from "./parts.js";
import { emitRows, rowCount, rowsOf } from "./rows.js";
import type { Range } from "./shader.js";
import { isBare, Shader } from "./shader.js";
import { contractionMemory, emitContraction } from "./tile.js";
import { hasVectors, isByte, isMultipleOfFour, isVectorStore, vectorLoad, vectorType } from "./vectors.js";

export interface GpuLimits {
  /** that a shader may bind */
  readonly storageBuffers: number;
  /** may workgroups share tiles of a contraction? Software adapters take seconds to compile a barrier. */
  readonly tiles: boolean;
  /** "shader-f16" */
  readonly halves: boolean;
  /** "subgroups", of at most as many invocations as the smallest workgroup here */
  readonly subgroups: boolean;
  /** "packed_4x8_integer_dot_product" of WGSL */
  readonly packedDots: boolean;
  /** memory that a workgroup may have */
  readonly workgroupBytes: number;
  /** that subgroups multiply; absent: none */
  readonly matrices?: DeviceMatrices | undefined;
}
/** What every device has, by the defaults of the specification. */
export const leastLimits: GpuLimits = {
  storageBuffers: 8,
  tiles: false,
  halves: false,
  subgroups: false,
  packedDots: false,
  workgroupBytes: 16384,
};
const WORKGROUP = 64;

/** Where the tensors of a kernel lie. */
export interface Memories {
  /** tensors with equal numbers share a buffer */
  readonly of: (tensor: string) => number;
  /** does the tensor begin at a multiple of four elements? */
  readonly isAligned: (tensor: string) => boolean;
  /** symbols that are multiples of four in all runs: kernels of one structure have the same text but for these */
  readonly multiples: ReadonlySet<Sym>;
}
/** Each tensor in a buffer of its own. */
export function separateMemories(kernel: Kernel): Memories {
  const numbers = new Map(kernel.tensors.map((t, i) => [t.name, i]));
  return { of: name => numbers.get(name)!, isAligned: () => true, multiples: new Set() };
}

/** @throws AzulejoError target: the kernel needs what WGSL does not have */
export function lowerForGpu(given: Kernel, placed: Memories, limits: GpuLimits, choice: GpuChoice = {}): LoweredForGpu {
  const kernel = withCodeOf(given, "wgsl");
  for (const t of kernel.tensors)
    if (t.layout?.block)
      throw new AzulejoError(
        "target",
        `target: "webgpu" reads no blocked layouts, and "${t.name}" of kernel "${kernel.name}" has one; leave it dense`,
      );
  const parted = choice.whole
    ? undefined
    : (partedFold(kernel, choice) ?? (limits.tiles ? partedContraction(kernel, choice) : undefined));
  if (!parted) return summarized(dispatchesOf(kernel, { placed, limits, choice }), []);
  const { walk, join, between, range } = parted;
  const names = between.map(t => t.name);
  const context: Omit<Context, "written"> = {
    placed: {
      of: name => (names.includes(name) ? -1 - names.indexOf(name) : placed.of(name)),
      isAligned: name => names.includes(name) || placed.isAligned(name),
      multiples: placed.multiples,
    },
    limits,
    choice,
    between: names,
    ...(range ? { range } : {}),
  };
  const inParts = [...dispatchesOf(walk, context), ...dispatchesOf(join, context)];
  const tile = limits.tiles && range ? foldTileOf(kernel, kernel.stores, limits.workgroupBytes, choice) : undefined;
  const hasTiles = tile ? hasRows(tile) : Poly.zero;
  const whole = hasTiles.isZero ? [] : when(hasTiles, dispatchesOf(kernel, { placed, limits, choice }));
  const bytes = (t: Tensor): Poly => Poly.product(t.dims).mul(bytesOf(t.dtype));
  return summarized(
    [...whole, ...when(Poly.one.sub(hasTiles), inParts)],
    between.map(t => ({ tensor: t.name, bytes: bytes(t) })),
  );
}
/** 1 or 0: only then is there something to do. */
const when = (condition: Poly, dispatches: readonly Formed[]): readonly Formed[] =>
  condition.isZero ? [] : dispatches.map(d => ({ ...d, invocations: d.invocations.mul(condition) }));

function summarized(dispatches: readonly Formed[], between: readonly Between[]): LoweredForGpu {
  const n = dispatches.length;
  const forms = [...new Set(dispatches.map(d => d.form))];
  const special = forms.filter(f => f !== ONE_EACH);
  const how = [
    ...(special.length > 0 ? special : [ONE_EACH]),
    ...(between.length > 0 ? ["parts that are joined"] : []),
  ];
  return { dispatches, between, summary: `${n} dispatch${n === 1 ? "" : "es"}, ${how.join(", ")}` };
}

function dispatchesOf(kernel: Kernel, given: Omit<Context, "written">): readonly Formed[] {
  const folds = kernel.folds.filter(f => !f.cells);
  const written = new Set(storesOf(kernel).map(s => s.tensor));
  const apart = folds.length === 0 && !readsWhatItWrites(kernel, written);
  const groups: (readonly Store[])[] = apart ? kernel.stores.map(s => [s]) : [kernel.stores];
  // where there is nothing to do a division by a size would be one by zero
  return groups
    .filter(stores => !Poly.product(parallelAxes(kernel, stores).map(a => a.extent)).isZero)
    .map(stores => dispatchOf(kernel, stores, { ...given, written }));
}

/** Then a later store may read what an earlier one writes, and both belong into one invocation. */
const readsWhatItWrites = (kernel: Kernel, written: ReadonlySet<Tensor>): boolean =>
  nodesOf(kernel).some(n => n.kind === "load" && isTensor(n.tensor) && written.has(n.tensor)) &&
  kernel.stores.length > 1;

/** The axes whose indices are invocations of their own, the last one fastest: neighbours write neighbours. */
function parallelAxes(kernel: Kernel, stores: readonly Store[]): readonly Axis[] {
  const folds = foldsOf(kernel).filter(f => !f.cells);
  const all = [...storesOf({ folds: folds.length ? kernel.folds : [], stores })];
  const joins = all.filter(s => s.combine);
  const separate = (a: Axis): boolean => joins.every(s => isSeparate(s, a));
  const crossed = new Set<Axis>();
  if (folds.length > 0)
    for (const n of nodesOf(kernel))
      if (n.kind === "load" && !isTensor(n.tensor))
        n.tensor.axes.forEach((a, d) => {
          if (!isBare(n.index[d]!, a)) crossed.add(a);
        });
  const grid = kernel.grid.filter(a => separate(a) && !crossed.has(a));
  const [store] = stores;
  if (folds.length > 0 || stores.length !== 1 || !store) return grid;
  const own = axesOfStore(store);
  if (store.combine)
    return [...grid, ...own.filter(a => !grid.includes(a) && isSeparate(store, a))].filter(a => own.includes(a));
  // an axis along which a reduction stays the same is walked by one invocation, which then reduces once
  const reduces = reachCells([store.value]).filter((n): n is Node => n.kind === "reduce");
  const more = own.filter(a => !grid.includes(a) && reduces.every(n => n.axes.includes(a)));
  return [...grid, ...more];
}

interface Context {
  readonly placed: Memories;
  readonly limits: GpuLimits;
  readonly choice: GpuChoice;
  readonly written: ReadonlySet<Tensor>;
  /** tensors that one dispatch of the kernel leaves for another */
  readonly between?: readonly string[];
  readonly range?: Range;
}
/** With how the work is divided among invocations, for reports. */
type Formed = Dispatch & { readonly form: string };
const ONE_EACH = "one invocation an element";

/** `excess`: how many bindings fewer it must have than buffers. */
function dispatchOf(kernel: Kernel, stores: readonly Store[], context: Context, excess = 0): Formed {
  const { placed, limits, written } = context;
  const writes = new Set<Tensor>(stores.map(s => s.tensor));
  if (kernel.folds.some(f => !f.cells)) for (const t of written) writes.add(t);
  const bindings = withCopies(
    bindingsOf(kernel, stores, writes, placed.of),
    excess,
    name => context.between?.includes(name) ?? false,
  );
  const wanted = formOf(kernel, stores, context);
  const vectors = vectorsOf(kernel, wanted.vectors ?? [], bindings, context);
  const form = wanted.isQuads && vectors.size === 0 ? oneEach(kernel, stores) : wanted;
  const memories = new Map<Tensor, Memory>();
  bindings.forEach((b, i) => {
    const memory = {
      name: `b${i}`,
      atomic: b.element === "packed" && b.writes && !vectors.has(b.tensors[0]!),
      vector: memoryForm(vectors.get(b.tensors.find(name => vectors.has(name)) ?? "")),
    };
    for (const t of kernel.tensors) if (b.tensors.includes(t.name)) memories.set(t, memory);
  });
  const shader = new Shader(kernel, memories, writes, form.fold);
  shader.multiples = placed.multiples;
  shader.range = context.range;
  shader.subgroups = limits.subgroups;
  shader.packedDots = limits.packedDots;
  const { e } = shader;
  const { workgroupSize = WORKGROUP, workgroups } = form;
  const invocations =
    workgroups?.mul(workgroupSize) ?? form.invocations ?? Poly.product(parallelAxes(kernel, stores).map(a => a.extent));
  form.emit(shader);
  const total = e.size(workgroups ?? invocations);
  const usesScratch = !shader.scratchWords.isZero;
  const count = bindings.length + (usesScratch ? 1 : 0) + (shader.fails ? 1 : 0);
  if (count > limits.storageBuffers && excess === 0)
    return dispatchOf(kernel, stores, context, count - limits.storageBuffers);
  if (count > limits.storageBuffers)
    throw new AzulejoError(
      "target",
      `Kernel "${kernel.name}" needs ${count} storage buffers, and this device binds ${limits.storageBuffers}; use { target: "wasm" }, or { onUnsupported: "host" }`,
    );
  const head = workgroups
    ? `let tile = i32(group.y * groups.x + group.x);\n  if (tile < ${total})`
    : usesScratch
      ? `for (var g = i32(slot); g < ${total}; g += i32(lanes))`
      : `let g = i32(slot);\n  if (g < ${total})`;
  const usesSubgroups = limits.subgroups && shader.partials.length > 0;
  const builtins = [
    "@builtin(workgroup_id) group: vec3<u32>",
    "@builtin(num_workgroups) groups: vec3<u32>",
    "@builtin(local_invocation_index) local: u32",
    ...(usesSubgroups
      ? ["@builtin(subgroup_size) subgroupSize: u32", "@builtin(subgroup_invocation_id) subgroupLane: u32"]
      : []),
    ...(form.builtins ?? []),
  ];
  const extensions = new Set([
    ...([...vectors.values()].includes("vec4<f16>") ? ["f16"] : []),
    ...(usesSubgroups ? ["subgroups"] : []),
    ...(form.extensions ?? []),
  ]);
  const body = e.root.lines.map(l => `    ${l}`).join("\n");
  const code = [
    ...[...extensions].map(name => `enable ${name};`),
    libraryText(e.library),
    ...(form.memory ?? shader.partials),
    ...bindings.map((b, i) => {
      const vector = vectors.get(b.tensors[0]!);
      const element = vector ?? (b.element === "packed" ? (b.writes ? "atomic<u32>" : "u32") : b.element);
      return `@group(0) @binding(${i}) var<storage, ${b.writes ? "read_write" : "read"}> b${i}: array<${element}>;`;
    }),
    ...(usesScratch ? [`@group(0) @binding(${bindings.length}) var<storage, read_write> scratch: array<u32>;`] : []),
    ...(shader.fails ? [`@group(0) @binding(${count - 1}) var<storage, read_write> failure: atomic<u32>;`] : []),
    `struct Parameters { v: array<vec4<i32>, ${Math.max(1, Math.ceil(e.parameters.length / 4))}> }`,
    `@group(0) @binding(${count}) var<uniform> parameters: Parameters;`,
    `@compute @workgroup_size(${workgroupSize})`,
    `fn main(${builtins.join(", ")}) {`,
    `  let slot = (group.y * groups.x + group.x) * ${workgroupSize}u + local;`,
    ...(usesScratch ? [`  let lanes = groups.x * groups.y * ${workgroupSize}u;`] : []),
    ...e.parameters.map((_, i) => `  let p${i} = parameters.v[${i >> 2}].${"xyzw"[i & 3]};`),
    `  ${head} {`,
    body,
    "  }",
    "}",
  ].join("\n");
  return {
    form: form.text,
    code,
    bindings,
    parameters: e.parameters,
    invocations,
    workgroupSize,
    scratchWords: usesScratch ? shader.scratchWords : undefined,
    fails: shader.fails,
  };
}

/** How invocations share what a dispatch computes. */
interface Form {
  /** for reports */
  readonly text: string;
  readonly workgroupSize?: number;
  /** what a workgroup computes together, how many of them there are; absent: each invocation computes an element */
  readonly workgroups?: Poly;
  /** absent: one an element */
  readonly invocations?: Poly;
  /** is the store of vectors, which has to have room in memory? */
  readonly isQuads?: true;
  /** tensors that it would read, or write, four elements at a time */
  readonly vectors?: readonly Tensor[];
  /** of WGSL, that are to be enabled */
  readonly extensions?: readonly string[];
  /** parameters of the entry point */
  readonly builtins?: readonly string[];
  /** declarations of workgroup memory, and of functions on it; absent: what reductions share */
  readonly memory?: readonly string[];
  /** the fold that is computed in tiles */
  readonly fold?: Fold;
  readonly emit: (shader: Shader) => void;
}
function formOf(
  kernel: Kernel,
  stores: readonly Store[],
  { limits, choice, range, placed: { multiples } }: Context,
): Form {
  const axes = parallelAxes(kernel, stores);
  if (limits.tiles) {
    const c = contractionOf(kernel, stores, choice);
    const m = c && !choice.registers ? matrixTileOf(c, limits.matrices, limits) : undefined;
    if (c && m) return formOfMatrices(c, m, multiples);
    if (c)
      return {
        text: `tiles of ${tileSize(c.shape)} in workgroup memory`,
        workgroups: tilesOf(c),
        vectors: vectorsOfContraction(c, multiples),
        memory: [contractionMemory(c)],
        emit: shader => emitContraction(shader, c, "tile"),
      };
    const f = foldTileOf(kernel, stores, limits.workgroupBytes, choice);
    if (f)
      return {
        text: `tiles of ${FOLD_ROWS} rows of a fold in workgroup memory`,
        workgroups: foldTilesOf(f),
        vectors: vectorsOfFold(f, multiples),
        memory: foldTileMemory(f),
        fold: f.fold,
        emit: shader => emitFoldTile(shader, f, "tile"),
      };
    const rows = rowsOf(kernel, stores, axes, choice);
    if (rows)
      return {
        text: "a workgroup a row",
        workgroupSize: rows.workgroupSize,
        workgroups: rowCount(rows),
        emit: shader => emitRows(shader, rows, "tile"),
      };
  }
  return wordForm(kernel, stores, axes, { range, multiples }) ?? oneEach(kernel, stores);
}
function oneEach(kernel: Kernel, stores: readonly Store[]): Form {
  const axes = parallelAxes(kernel, stores);
  return {
    text: ONE_EACH,
    emit: shader =>
      bindDigits(shader.e, axes, "g", () =>
        inSegment(shader, axes, () => {
          for (const f of kernel.folds) shader.fold(f);
          shader.stores(stores);
        }),
      ),
  };
}
/** Elementwise results of 8 bits, four to an invocation, which writes their word: alone it would have to change a part of one, by atomic operations. */
function wordForm(
  kernel: Kernel,
  stores: readonly Store[],
  axes: readonly Axis[],
  { range, multiples }: Pick<Context, "range"> & Pick<Memories, "multiples">,
): Form | undefined {
  const [store] = stores;
  const last = axes.at(-1);
  if (!store || stores.length > 1 || !last || range || kernel.folds.length > 0 || kernel.segments) return undefined;
  if (!isByte(store.tensor.dtype) || !isVectorStore(store, last, multiples)) return undefined;
  // an axis that only the invocation walks, or a sum, is work for one
  if (axesOfStore(store).some(a => !axes.includes(a))) return undefined;
  if (reachCells([store.value]).some(n => n.kind === "reduce" || n.kind === "result")) return undefined;
  const quads = newAxis(last.name, ceilDiv(last.extent, 4));
  const outer = [...axes.slice(0, -1), quads];
  return {
    text: "one invocation a word of four elements",
    invocations: Poly.product(outer.map(a => a.extent)),
    isQuads: true,
    vectors: [store.tensor],
    emit: shader => {
      const { e } = shader;
      bindDigits(e, outer, "g", () => {
        const first = e.let("x", `${e.axis(quads).name} * 4i`);
        const results = shader.quad(store, (j, body) => e.withAxis(last, e.let("x", `${first} + i32(${j})`), body));
        e.nest("", () => e.withAxis(last, e.let("x", `${first} + 0i`), () => shader.storeVector(store, results)));
      });
    },
  };
}

const formOfMatrices = (c: Contraction, m: MatrixTile, multiples: Multiples): Form => ({
  text: `tiles of ${m.size} in workgroup memory by ${matricesText(m)}`,
  workgroupSize: m.workgroupSize,
  workgroups: tilesOf(c),
  vectors: vectorsOfContraction(c, multiples),
  extensions: matrixExtensions(m),
  builtins: matrixBuiltins,
  memory: matrixMemory(m),
  emit: shader => emitMatrixTile(shader, c, m, "tile"),
});

type Multiples = Memories["multiples"];
const loadsOf = (value: Node, multiples: Multiples, ...axes: readonly (Axis | undefined)[]): readonly Tensor[] =>
  axes.flatMap(x => (x && vectorLoad(value, x, multiples)?.tensor) ?? []);
const memoryForm = (vector: string | undefined): Memory["vector"] =>
  vector === undefined ? undefined : vector === "u32" ? "bytes" : vector === "vec4<f16>" ? "halves" : "words";
const storesTo = (store: Store, multiples: Multiples, last: Axis | undefined): readonly Tensor[] =>
  last && isVectorStore(store, last, multiples) ? [store.tensor] : [];
const vectorsOfContraction = ({ dot, rows, columns, store }: Contraction, multiples: Multiples): readonly Tensor[] => [
  ...dot.args.flatMap((value, i) => loadsOf(value, multiples, dot.over.at(-1), (i === 0 ? rows : columns).at(-1))),
  ...storesTo(store, multiples, columns.at(-1)),
];
const vectorsOfFold = ({ values, columns, store }: FoldTile, multiples: Multiples): readonly Tensor[] => [
  ...loadsOf(values, multiples, columns.at(-1)),
  ...(isByte(store.tensor.dtype) ? [] : storesTo(store, multiples, columns.at(-1))),
];

/** What bindings are arrays of where they are of vectors, by tensor. */
function vectorsOf(
  kernel: Kernel,
  wanted: readonly Tensor[],
  bindings: readonly Binding[],
  { placed, limits }: Context,
): ReadonlyMap<string, string> {
  const fits = (t: Tensor): boolean =>
    (hasVectors(t.dtype) || isByte(t.dtype)) &&
    placed.isAligned(t.name) &&
    isMultipleOfFour(Poly.product(t.dims), placed.multiples);
  const out = new Map<string, string>();
  for (const b of bindings) {
    const tensors = kernel.tensors.filter(t => b.tensors.includes(t.name));
    const [first] = tensors;
    // what is written is written in vectors, and nothing else lies there
    if (b.copied || (b.writes && tensors.length > 1)) continue;
    if (!tensors.every(t => fits(t) && t.dtype === first!.dtype)) continue;
    if (!tensors.some(t => wanted.includes(t))) continue;
    for (const t of tensors) out.set(t.name, vectorType(t.dtype, limits.halves));
  }
  return out;
}

/** Binds the number of the ragged segment that the invocation's index lies in: the first whose end is behind it. */
function inSegment(shader: Shader, axes: readonly Axis[], body: () => void): void {
  const { segments, name } = shader.kernel;
  if (!segments) {
    body();
    return;
  }
  if (!axes.includes(segments.axis))
    throw new AzulejoError(
      "target",
      `target: "webgpu" can't walk the segments of "${segments.axis.name}" in kernel "${name}" one after the other; use { target: "wasm" }, or { onUnsupported: "host" }`,
    );
  const { e } = shader;
  const at = e.name("x");
  const last = segmentCount(segments.offsets).sub(1);
  const bound = (i: Poly): string => shader.element(segments.offsets, i);
  const index = e.axis(segments.axis).name;
  e.line(`var ${at} = 0i;`);
  e.nest(`while (${at} < ${e.size(last)})`, () =>
    e.withAxis(segments.at, at, () =>
      e.line(`if (${bound(Poly.sym(segments.at.sym).add(1))} > ${index}) { break; }\n${at}++;`),
    ),
  );
  e.withAxis(segments.at, e.let("x", `${at} + 0i`), () => {
    const [from, to] = [bound(Poly.sym(segments.at.sym)), bound(Poly.sym(segments.at.sym).add(1))];
    shader.failUnless(`${from} <= ${index} && ${index} < ${to}`);
    body();
  });
}
