// Rows by workgroups: where a store's reductions run along memory, invocations of a workgroup take turns along the row, and a tree in workgroup
// memory joins what each has. The order of sums is fixed. The rest is one invocation's program still.
import { Poly } from "../../ir/poly.js";
import { type Axis, isTensor, type Kernel, type NodeOf, reachCells, type Store } from "../../ir/tile.js";
import { axesOfStore } from "../../ir/walk.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { volume } from "./contraction.js";
import { bindDigits } from "./digits.js";
import { registerOf } from "./registers.js";
import { type Shader, stepsByOne } from "./shader.js";

/** shorter rows are reduced by one invocation each */
const SHORTEST = 64;
/** rows of this length keep a large workgroup busy */
const LONG = 1024;

export interface Rows {
  readonly store: Store;
  /** a workgroup has one index of each */
  readonly rows: readonly Axis[];
  /** axes of the store that invocations take turns along */
  readonly along: readonly Axis[];
  readonly workgroupSize: 64 | 256;
}

/** The store as rows; `parallel`: the axes that could be invocations of their own. */
export function rowsOf(
  kernel: Kernel,
  stores: readonly Store[],
  parallel: readonly Axis[],
  { rowWorkgroup }: Pick<GpuChoice, "rowWorkgroup"> = {},
): Rows | undefined {
  const [store] = stores;
  if (stores.length !== 1 || !store || store.combine || store.when || kernel.segments) return undefined;
  if (kernel.folds.length > 0) return undefined;
  const nodes = reachCells([store.value]);
  if (nodes.some(n => n.kind === "result" || (n.kind === "load" && !isTensor(n.tensor)))) return undefined;
  const reduces = nodes.filter((n): n is NodeOf<"reduce"> => n.kind === "reduce");
  const lengths = reduces.map(n => volume(n.over));
  if (reduces.length === 0 || lengths.some(p => p.isConst && p.constant < SHORTEST)) return undefined;
  // a long product stays within what is stated of it in one order, and not in any
  const isRow = (n: NodeOf<"reduce">): boolean =>
    n.op !== "prod" &&
    n.axes.every(a => parallel.includes(a)) &&
    isWord(n) &&
    n.args.some(x => stepsByOne(x, n.over.at(-1)!));
  if (!reduces.every(isRow)) return undefined;
  const isLong = lengths.every(p => !p.isConst || p.constant >= LONG);
  const along = axesOfStore(store).filter(a => !parallel.includes(a));
  return { store, rows: parallel, along, workgroupSize: rowWorkgroup ?? (isLong ? 256 : 64) };
}
const isWord = (n: NodeOf<"reduce">): boolean => ["f32", "i32", "u32"].includes(registerOf(n.dtype));

export const rowCount = ({ rows }: Rows): Poly => Poly.product(rows.map(a => a.extent));

/** Emits the body; `row` is the number of the workgroup. */
export function emitRows(shader: Shader, r: Rows, row: string): void {
  const { e } = shader;
  shader.lanes = r.workgroupSize;
  bindDigits(e, r.rows, row, () => {
    shader.reduceFirst(r.store);
    if (r.along.length === 0) e.nest("if (local == 0u)", () => shader.store(r.store));
    else shader.taking(r.along, () => shader.store(r.store));
  });
}
