// Col2Im: columns of windows put back into an image; where windows overlap, they add up.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { forEachIndex, requiredNumbers, requiredPolys } from "./known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";
import type { WindowAxis } from "./window.js";
import { windowAxes } from "./window.js";

/** The windows over the image, whose outputs the columns are. */
function windowsOf(node: NodeInfo): readonly WindowAxis[] {
  const image = requiredPolys("Col2Im", node, "image_shape");
  const block = requiredNumbers("Col2Im", node, "block_shape");
  if (block.length !== image.length)
    refuse(
      "shape",
      "Col2Im",
      node,
      `image_shape has ${image.length} elements and block_shape ${block.length}; give one for each spatial dim`,
    );
  const windows = windowAxes(
    "Col2Im",
    { ...node, attributes: { auto_pad: "NOTSET", ...node.attributes } },
    image,
    block.map(Poly.int),
  );
  const [input, columns] = [node.dims.input!, Poly.product(windows.map(w => w.output))];
  const sentence = `input of ${printDims(input)} must be batch×(channels·block)×columns, and the image has ${columns.print()} windows; change the shapes`;
  if (input.length !== 3) refuse("shape", "Col2Im", node, sentence);
  requireEqual("Col2Im", node, input[2]!, columns, sentence);
  return windows;
}
const tapsOf = (windows: readonly WindowAxis[]): number => windows.reduce((n, w) => n * w.taps.constant, 1);

function outputDims(node: NodeInfo): Dims {
  const windows = windowsOf(node);
  const [batch, rows] = node.dims.input!;
  const taps = tapsOf(windows);
  const sentence = `dim 1 of input is ${rows!.print()}, no multiple of the ${taps} elements of a block; change block_shape`;
  requireMultiple("Col2Im", node, rows!, taps, sentence);
  return [batch!, opaque("div", rows!, Poly.int(taps)), ...windows.map(w => w.input)];
}

export const operator: Operator = {
  name: "Col2Im",
  inputs: ["input", "image_shape", "block_shape"],
  outputs: ["output"],
  attributes: { dilations: { type: "ints" }, pads: { type: "ints" }, strides: { type: "ints" } },
  content: ["image_shape", "block_shape"],
  shape: node => ({ output: outputDims(node) }),
  at: context => ({
    output: (n, c, ...o) => {
      const X = context.inputs.input!;
      const windows = windowsOf(context);
      const taps = windows.map((w, j) => dimOf(`p${j}`, w.taps).all());
      let row = polyOfIndex(c!);
      let column = Poly.zero;
      let covered: AnyTile | undefined;
      windows.forEach((w, j) => {
        row = row.mul(w.taps).add(polyOfIndex(taps[j]!));
        // the window whose tap p lies on o begins at o + begin − p·dilation, if a window begins there
        const start = polyOfIndex(o[j]!).add(w.begin).sub(polyOfIndex(taps[j]!).mul(w.dilation));
        const window = opaque("div", start, Poly.int(w.stride));
        const here = indexTile(window)
          .ge(0)
          .and(indexTile(window.sub(w.output)).lt(0))
          .and(indexTile(opaque("mod", start, Poly.int(w.stride))).eq(0));
        covered = covered ? covered.and(here) : here;
        column = column.mul(w.output).add(window);
      });
      const value = wide(X.at(n!, indexTile(row), indexTile(column)), X.dtype);
      return where(covered!, value, 0)
        .sum(...taps)
        .cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Columns of windows put back into an image; where windows overlap, they add up",
  dtypes: "number",
  opsets: [18, 18],
  limits: "image_shape and block_shape must be known at compile time",
};
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, { strides, dilations, pads }) => {
  const X = inputs.input!;
  const [image, block] = [numbersOf(inputs.image_shape!), numbersOf(inputs.block_shape!)];
  const rank = image.length;
  const at = (list: readonly number[] | undefined, j: number, otherwise: number): number => list?.[j] ?? otherwise;
  const counts = image.map(
    (n, j) =>
      Math.floor(
        (n + at(pads, j, 0) + at(pads, j + rank, 0) - at(dilations, j, 1) * (block[j]! - 1) - 1) / at(strides, j, 1),
      ) + 1,
  );
  const taps = block.reduce((a, b) => a * b, 1);
  const read = elements(X);
  const dims = [X.dims[0]!, X.dims[1]! / taps, ...image];
  const output = tabulate(X.dtype, dims, ([n, c, ...o]) => {
    let sum = 0;
    forEachIndex(block, (p, tap) =>
      forEachIndex(counts, (w, column) => {
        const hits = o.every((x, j) => x === w[j]! * at(strides, j, 1) - at(pads, j, 0) + p[j]! * at(dilations, j, 1));
        if (hits) sum += Number(read([n!, c! * taps + tap, column]));
      }),
    );
    return sum;
  });
  return { output };
};

const of = (
  name: string,
  input: readonly number[],
  image: readonly number[],
  block: readonly number[],
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: {
    input: { dtype, dims: input },
    image_shape: { dtype: "i64", dims: [image.length], data: image },
    block_shape: { dtype: "i64", dims: [block.length], data: block },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...(floats as "f32"[]).map(d => of("blocks apart", [1, 5, 5], [5, 5], [1, 5], {}, d)),
  of("overlapping", [2, 18, 16], [6, 6], [3, 3]),
  of("strides, dilations, pads", [1, 12, 15], [7, 6], [2, 3], {
    strides: [2, 1],
    dilations: [3, 1],
    pads: [1, 0, 1, 1],
  }),
  of("three dims", [1, 8, 12], [3, 3, 4], [2, 2, 2], {}),
  of("one dim", [1, 6, 5], [7], [3]),
];
