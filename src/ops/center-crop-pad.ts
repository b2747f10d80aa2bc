// CenterCropPad: some dims brought to given sizes around their middle: cut where they are larger, padded with zeros where smaller.
import { opaque, Poly } from "../ir/poly.js";
import { larger } from "./bounds.js";
import { normalizeAxes, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { requiredPolys } from "./known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";

/** The wanted size of each dim; undefined: it stays. */
function sizesOf(node: NodeInfo): readonly (Poly | undefined)[] {
  const dims = node.dims.input_data!;
  const given = node.attributes.axes as readonly number[] | undefined;
  const axes = given ? normalizeAxes("CenterCropPad", node, given, dims.length) : dims.map((_, d) => d);
  const sizes = requiredPolys("CenterCropPad", node, "shape");
  if (sizes.length !== axes.length)
    refuse(
      "shape",
      "CenterCropPad",
      node,
      `shape has ${sizes.length} elements for ${axes.length} axes; give one for each`,
    );
  return dims.map((_, d) => sizes[axes.indexOf(d)]);
}

const half = (p: Poly): Poly => opaque("div", p, Poly.int(2));

export const operator: Operator = {
  name: "CenterCropPad",
  inputs: ["input_data", "shape"],
  outputs: ["output_data"],
  attributes: { axes: { type: "ints" } },
  content: ["shape"],
  shape: node => ({ output_data: sizesOf(node).map((size, d) => size ?? node.dims.input_data![d]!) }),
  at: context => ({
    output_data: (...index) => {
      const sizes = sizesOf(context);
      const X = context.inputs.input_data!;
      const at = sizes.map((size, d) => {
        if (!size) return index[d]!;
        const excess = context.dims.input_data![d]!.sub(size);
        // an odd difference leaves or adds the one element more at the end
        return index[d]!.add(indexTile(half(larger(excess, 0)).sub(half(larger(excess.mul(-1), 0)))));
      });
      return X.at(...at);
    },
  }),
  text: true,
};

export const doc: OperatorDoc = {
  summary:
    "Dims brought to given sizes around their middle: cut where they are larger, padded with zeros where smaller",
  dtypes: "any",
  opsets: [18, 18],
  limits: "shape must be known at compile time, up to dims of other tensors",
};
export const tolerance = exact;

export const reference: Reference = ({ input_data: X, shape }, { axes }) => {
  const rank = X!.dims.length;
  const along: readonly number[] = axes?.map((a: number) => (a + rank) % rank) ?? X!.dims.map((_, d) => d);
  const sizes = numbersOf(shape!);
  const dims = X!.dims.map((n, d) => (along.includes(d) ? sizes[along.indexOf(d)]! : n));
  const shift = dims.map((n, d) => {
    const have = X!.dims[d]!;
    return have >= n ? Math.floor((have - n) / 2) : -Math.floor((n - have) / 2);
  });
  const read = elements(X!);
  return {
    output_data: tabulate(X!.dtype, dims, i => read(i.map((x, d) => x + shift[d]!)) ?? elementOf(X!.dtype, 0)),
  };
};

const of = (
  name: string,
  dims: readonly number[],
  sizes: readonly number[],
  attributes: Attributes = {},
  dtype: OperatorCase["inputs"][string]["dtype"] = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: {
    input_data: { dtype, dims },
    shape: { dtype: "i64", dims: [sizes.length], data: sizes },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(d => of("cut and padded", [7, 4], [4, 7], {}, d)),
  of("odd differences", [20, 8, 3], [9, 8, 6]),
  of("some axes, from the end", [5, 8, 3], [3, 5], { axes: [-1, 1] }),
  of("to nothing", [3, 4], [0, 4]),
  of("to one", [4, 5], [1, 1]),
];
