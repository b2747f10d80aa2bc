// What ArgMax and ArgMin share: the position of the largest or smallest element along an axis, in two reductions: the extreme
// value, then the first (or last) index that has it.
import type { Dims } from "../graph/graph.js";
import { isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { normalizeAxis } from "./checks.js";
import type { NodeInfo, Operator, OperatorCase, Reference } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

function reducedDims(op: string, node: NodeInfo): Dims {
  const dims = node.dims.data!;
  const axis = normalizeAxis(op, node, node.attributes.axis, dims.length);
  const sentence = `axis ${axis} of data has no elements, so there is no position to give; hand in at least one`;
  requireAtMost(op, node, 1, dims[axis]!, sentence);
  return node.attributes.keepdims === 0 ? dims.filter((_, d) => d !== axis) : dims.with(axis, Poly.one);
}

export function argExtreme(op: string, extreme: "max" | "min"): Operator {
  return {
    name: op,
    inputs: ["data"],
    outputs: ["reduced"],
    attributes: {
      axis: { type: "int", default: 0 },
      keepdims: { type: "int", default: 1 },
      select_last_index: { type: "int", default: 0 },
    },
    dtypes: () => ({ reduced: "i64" }),
    shape: node => ({ reduced: reducedDims(op, node) }),
    at: context => {
      const { data } = context.inputs;
      const { keepdims, select_last_index } = context.attributes;
      const axis = normalizeAxis(op, context, context.attributes.axis, data!.rank);
      return {
        reduced: (...index: AnyTile[]) => {
          const along = data!.dims[axis]!.all("along");
          const at = keepdims === 0 ? index.toSpliced(axis, 0, along) : index.with(axis, along);
          const x = data!.at(...at);
          const best = extreme === "max" ? x.max(along) : x.min(along);
          // NaN is the extreme wherever there is one, as in NumPy
          const isBest = isFloat(data!.dtype) ? x.eq(best).or(x.ne(x)) : x.eq(best);
          const position = select_last_index
            ? where(isBest, along, literal("i32", -1)).max(along)
            : where(isBest, along, literal("i32", 2 ** 31 - 1)).min(along);
          return position.cast("i64");
        },
      };
    },
  };
}

export function argExtremeReference(better: (a: number | bigint, b: number | bigint) => boolean): Reference {
  return ({ data }, { axis = 0, keepdims = 1, select_last_index = 0 }) => {
    const rank = data!.dims.length;
    const along = (axis + rank) % rank;
    const read = elements(data!);
    const dims = keepdims ? data!.dims.with(along, 1) : data!.dims.filter((_, d) => d !== along);
    const reduced = tabulate("i64", dims, index => {
      const at = keepdims ? [...index] : [...index.slice(0, along), 0, ...index.slice(along)];
      let [best, found] = [read(at)!, 0];
      for (let k = 1; k < data!.dims[along]!; k++) {
        at[along] = k;
        const x = read(at)!;
        const isNext = Number.isNaN(best) ? false : Number.isNaN(x) || better(x, best);
        if (isNext || (select_last_index && (x === best || (Number.isNaN(x) && Number.isNaN(best)))))
          [best, found] = [x, k];
      }
      return BigInt(found);
    });
    return { reduced };
  };
}

export const argExtremeCases = (): readonly OperatorCase[] => [
  {
    name: "NaN",
    inputs: { data: { dtype: "f32", dims: [2, 3], data: [1, Number.NaN, 5, 7, Number.NaN, 5] } },
    attributes: { axis: 1 },
  },
  { name: "first axis", inputs: { data: { dtype: "f32", dims: [7, 19] } } },
  {
    name: "last axis, dropped",
    attributes: { axis: -1, keepdims: 0 },
    inputs: { data: { dtype: "f32", dims: [5, 33] } },
  },
  {
    name: "ties, first",
    attributes: { axis: 1 },
    inputs: { data: { dtype: "i32", dims: [2, 4], data: [3, 3, 1, 1, 5, 5, 5, 5] } },
  },
  {
    name: "ties, last",
    attributes: { axis: 1, select_last_index: 1 },
    inputs: { data: { dtype: "i32", dims: [2, 4], data: [3, 3, 1, 1, 5, 5, 5, 5] } },
  },
];
