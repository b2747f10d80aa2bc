// Matrices of subgroups: which of those that a device has a contraction is computed with, how subgroups share its tile, and the few functions of WGSL by
// which it multiplies. https://github.com/gpuweb/gpuweb/blob/main/proposals/subgroup-matrix.md, in the form that Dawn has behind
// "chromium-experimental-subgroup-matrix". The text of a tile is in matrix-tile.ts.
import type { Contraction } from "./contraction.js";
import { DEPTH, tileSize } from "./contraction.js";
import { each } from "./staging.js";

/** Left is rows × depth, right depth × columns, their product rows × columns of f32. */
export interface MatrixSizes {
  /** of what is multiplied */
  readonly type: "f32" | "f16";
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}
/** What a device has of them. */
export interface DeviceMatrices {
  readonly sizes: readonly MatrixSizes[];
  /** invocations of a subgroup, at least and at most */
  readonly subgroup: readonly [least: number, most: number];
  /** that a workgroup may have */
  readonly invocations: number;
}
/** How subgroups share a tile: each computes a rectangle of its matrices, or several one after the other where subgroups are large. */
export interface MatrixTile extends MatrixSizes {
  readonly size: number;
  readonly workgroupSize: number;
  /** rectangles of the tile */
  readonly down: number;
  readonly across: number;
  /** matrices of a rectangle */
  readonly own: { readonly down: number; readonly across: number };
  /** rectangles of one subgroup, where a workgroup has as few of these as it may */
  readonly turns: number;
  /** has each subgroup all of its rectangles, however many subgroups a workgroup has? */
  readonly full: boolean;
}

/** invocations that stage a tile, each 16 numbers of one operand */
const WORKGROUP = 128;
/** sums that an invocation keeps at most: as many as without matrices */
const MOST_SUMS = 64;

/** undefined: there is none that computes what the kernel says. Sums are f32, and operands lose nothing where they are staged. */
export function matrixTileOf(
  c: Contraction,
  device: DeviceMatrices | undefined,
  { halves, workgroupBytes }: { readonly halves: boolean; readonly workgroupBytes: number },
): MatrixTile | undefined {
  if (!device || c.type !== "f32") return undefined;
  const areHalves = halves && c.dot.args.every(a => a.dtype === "f16");
  const tiles = device.sizes
    .filter(m => m.type === "f32" || areHalves)
    .flatMap(m => sharedTile(m, tileSize(c.shape), device) ?? [])
    .filter(t => memoryOf(t).bytes <= workgroupBytes);
  const work = (t: MatrixTile): number => (t.type === "f16" ? 1e6 : 0) + t.rows * t.columns * t.depth;
  return tiles.sort((a, b) => work(b) - work(a))[0];
}

function sharedTile(m: MatrixSizes, size: number, { subgroup, invocations }: DeviceMatrices): MatrixTile | undefined {
  const [least, most] = subgroup;
  const workgroupSize = Math.ceil(WORKGROUP / most) * most;
  if (size % m.rows || size % m.columns || DEPTH % m.depth || workgroupSize > invocations) return undefined;
  if (!isPowerOfTwo(least) || !isPowerOfTwo(most) || least > most) return undefined;
  const [rows, columns] = [size / m.rows, size / m.columns];
  const [fewest, highest] = [workgroupSize / most, workgroupSize / least];
  // as many rectangles as there may be subgroups, as square as they can be
  const options = divisorsOf(rows).flatMap(down => divisorsOf(columns).map(across => ({ down, across })));
  const edge = ({ down, across }: { down: number; across: number }): number => size / down + size / across;
  const [best] = options
    .filter(o => o.down * o.across <= highest)
    .sort((a, b) => b.down * b.across - a.down * a.across || edge(a) - edge(b));
  const { down, across } = best!;
  const own = { down: rows / down, across: columns / across };
  const turns = Math.ceil((down * across) / fewest);
  const sums = (turns * own.down * own.across * m.rows * m.columns) / least;
  if (sums > MOST_SUMS) return undefined;
  return { ...m, size, workgroupSize, down, across, own, turns, full: least === most && down * across === fewest };
}
const isPowerOfTwo = (n: number): boolean => n > 0 && Number.isInteger(Math.log2(n));
const divisorsOf = (n: number): readonly number[] => each(n).flatMap(i => (n % (i + 1) === 0 ? [i + 1] : []));

/** elements of one half of one operand */
export const halfOf = (t: MatrixTile): number => DEPTH * t.size;
/** Rows of the tile whose sums leave registers at once: a row of matrices of each rectangle. */
export const stripRows = (t: MatrixTile): number => t.down * t.rows;

/** Sums are written where f32 was staged, which nothing reads any more; what was staged as f16 is of another type. */
const sumsName = (t: MatrixTile): string => (t.type === "f32" ? "staged" : "sums");
function memoryOf(t: MatrixTile): { readonly declarations: readonly string[]; readonly bytes: number } {
  const [staged, sums] = [4 * halfOf(t), stripRows(t) * t.size];
  const declarations = [`var<workgroup> staged: array<${t.type}, ${staged}>;`];
  if (t.type === "f32") return { declarations, bytes: 4 * Math.max(staged, sums) };
  return { declarations: [...declarations, `var<workgroup> sums: array<f32, ${sums}>;`], bytes: 2 * staged + 4 * sums };
}

/** What stands before everything else in a shader. */
export const matrixExtensions = (t: MatrixTile): readonly string[] => [
  ...(t.type === "f16" ? ["f16"] : []),
  "subgroups",
  "chromium_experimental_subgroup_matrix",
];
export const matrixBuiltins: readonly string[] = [
  "@builtin(subgroup_id) subgroup: u32",
  "@builtin(num_subgroups) subgroups: u32",
];
/**
 * Workgroup memory, and all that a tile knows of matrices. Places are neighbours in memory, steps lie a tile's side apart: the left operand is stored
 * column by column.
 */
export const matrixMemory = (t: MatrixTile): readonly string[] => [
  ...memoryOf(t).declarations,
  `alias LeftMatrix = subgroup_matrix_left<${t.type}, ${t.depth}, ${t.rows}>;`,
  `alias RightMatrix = subgroup_matrix_right<${t.type}, ${t.columns}, ${t.depth}>;`,
  `alias SumMatrix = subgroup_matrix_result<f32, ${t.columns}, ${t.rows}>;`,
  `fn leftMatrix(at: u32) -> LeftMatrix { return subgroupMatrixLoad<LeftMatrix, col_major>(&staged, at, ${t.size}u); }`,
  `fn rightMatrix(at: u32) -> RightMatrix { return subgroupMatrixLoad<RightMatrix, row_major>(&staged, at, ${t.size}u); }`,
  "fn addProduct(left: LeftMatrix, right: RightMatrix, sum: SumMatrix) -> SumMatrix { return subgroupMatrixMultiplyAccumulate(left, right, sum); }",
  `fn storeMatrix(at: u32, sum: SumMatrix) { subgroupMatrixStore<row_major>(&${sumsName(t)}, at, sum, ${t.size}u); }`,
];
/** Where storeMatrix wrote a number. */
export const sumText = (t: MatrixTile, at: string): string => `${sumsName(t)}[${at}]`;

/** For reports: "matrices of 16 × 16 × 16 in f16". */
export const matricesText = ({ type, rows, columns, depth }: MatrixSizes): string =>
  `matrices of ${rows} × ${columns} × ${depth} in ${type}`;
