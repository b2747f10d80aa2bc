// What rows of a draw's numbers have to do with each other: how far they lie apart.
import { forEachIndex } from "../../../src/ops/known-values.js";
import type { CaseInput } from "../../../src/ops/operator.js";

export function deviationOf(row: readonly number[]): number {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  return Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length);
}

export const largestOf = (row: readonly number[]): number => row.reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** What differs in the axes alone, row by row. */
export function rowsOver({ dims, data = [] }: CaseInput, axes: readonly number[]): number[][] {
  const over = axes.map(a => (a < 0 ? a + dims.length : a));
  const rows = new Map<string, number[]>();
  let at = 0;
  forEachIndex(dims, i => {
    const key = i.filter((_, d) => !over.includes(d)).join();
    const row = rows.get(key) ?? [];
    rows.set(key, row);
    row.push(Number(data[at++]));
  });
  return [...rows.values()];
}

/** Rows over the axes whose elements differ by less than a sixteenth of their size. */
export const hasNarrowRows = (input: CaseInput, axes: readonly number[]): boolean =>
  rowsOver(input, axes).some(row => deviationOf(row) * 16 < largestOf(row));
