// Maker of references and cases for the Reduce… operators. Only references, cases and tests import this.
import type { Dtype } from "../ir/dtypes.js";
import { integerRange, isFloat } from "../ir/dtypes.js";
import { wrap } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { CaseInput, OperatorCase, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";

/**
 * Collects the elements of each group and hands them to `f`. Sums beyond 2⁵³ are not exact: cases and suites stay below. `choose`, of
 * two integers, is exact for all.
 */
export const reductionReference =
  (f: (x: readonly number[]) => number, choose?: (a: Element, b: Element) => Element): Reference =>
  (inputs, attributes) => {
    const X = inputs.data!;
    const rank = X.dims.length;
    const named = inputs.axes ? numbersOf(inputs.axes) : ((attributes.axes as readonly number[] | undefined) ?? []);
    const none = named.length === 0 && attributes.noop_with_empty_axes === 1;
    const axes = named.length === 0 && !none ? X.dims.map((_, j) => j) : named.map(a => (a + rank) % rank);
    const all = X.dims.map((n, j) => (axes.includes(j) ? 1 : n));
    const x = elements(X);
    const value = (index: readonly number[]): Element => {
      const group: Element[] = [];
      forEachIndex(
        X.dims.map((n, j) => (axes.includes(j) ? n : 1)),
        i => group.push(x(i.map((v, j) => v + index[j]!))!),
      );
      if (choose && group.length > 0 && /64$/.test(X.dtype) && !isFloat(X.dtype)) return group.reduce(choose);
      return wrap(X.dtype, stored(X.dtype, f(group.map(Number))));
    };
    const reduced = tabulate(X.dtype, all, value);
    const dims = attributes.keepdims === 0 ? all.filter((_, j) => !axes.includes(j)) : all;
    return { reduced: { ...reduced, dims } };
  };

/** The largest of no integers is the least that the dtype has, where floats have −∞. */
function stored(dtype: Dtype, x: number): Element {
  if (isFloat(dtype)) return x;
  if (dtype === "bool") return x === -Infinity ? 0 : x;
  if (Math.abs(x) === Infinity) return integerRange(dtype)[x < 0 ? 0 : 1];
  return Math.trunc(x);
}

/** Axes as attribute and as input, kept and dropped, sizes 0, 1, odd and prime for the first dtype; one case for the others. */
export function reductionCases(
  kinds: readonly Dtype[],
  range: readonly [number, number] = [-4, 4],
): readonly OperatorCase[] {
  const data = (dtype: Dtype, dims: readonly number[]): CaseInput =>
    dtype === "bool" || (range[0] < 0 && dtype.startsWith("u")) ? { dtype, dims } : { dtype, dims, range };
  const axes = (...list: number[]): CaseInput => ({ dtype: "i64", dims: [list.length], data: list, constant: true });
  const first = kinds[0]!;
  return [
    { name: `${first} all axes`, inputs: { data: data(first, [3, 5, 7]) } },
    { name: `${first} last axis`, inputs: { data: data(first, [3, 17]), axes: axes(-1) } },
    {
      name: `${first} first axis, dropped`,
      attributes: { keepdims: 0 },
      inputs: { data: data(first, [3, 17]), axes: axes(0) },
    },
    {
      name: `${first} two axes, dropped`,
      attributes: { keepdims: 0 },
      inputs: { data: data(first, [2, 3, 5, 7]), axes: axes(3, 1) },
    },
    {
      name: `${first} attribute of opset 11`,
      opset: 11,
      attributes: { axes: [1, -1] },
      inputs: { data: data(first, [3, 1, 5]) },
    },
    {
      name: `${first} no axes, no-op`,
      attributes: { noop_with_empty_axes: 1 },
      inputs: { data: data(first, [3, 5]), axes: axes() },
    },
    { name: `${first} nothing kept`, inputs: { data: data(first, [0, 5]), axes: axes(1) } },
    { name: `${first} one element`, inputs: { data: data(first, [1]) } },
    { name: `${first} scalar`, inputs: { data: data(first, []) } },
    ...kinds.slice(1).map(d => ({ name: `${d} last axis`, inputs: { data: data(d, [3, 17]), axes: axes(-1) } })),
  ];
}
