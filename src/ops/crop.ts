// Crop: a window of an image: borders cut off, or a size from a corner on. An experimental operator of the first opsets.
import type { Dims } from "../graph/graph.js";
import { isInside } from "../ir/bounds.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { printDims, refuse } from "./checks.js";
import { fromStart } from "./gathered-index.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

function croppedDims(node: NodeInfo): Dims {
  const X = node.dims.input!;
  const { border, scale } = node.attributes;
  if (X.length !== 4 || border?.length !== 4 || border.some((n: number) => n < 0) || (scale && scale.length !== 2))
    refuse(
      "shape",
      "Crop",
      node,
      `input of ${printDims(X)} must be batch×channels×height×width, border [left, top, right, bottom] from 0 on and scale [height, width]; change them`,
    );
  const [left, top, right, bottom] = border as readonly [number, number, number, number];
  const [height, width] = scale
    ? (scale as readonly number[]).map(Poly.int)
    : [X[2]!.sub(top + bottom), X[3]!.sub(left + right)];
  const less = `border [${border.join(", ")}] is more than the image of ${printDims(X.slice(2))}; cut off less`;
  for (const n of [height!, width!]) requireAtMost("Crop", node, 0, n, less);
  const inside = `a window of ${printDims([height!, width!])} from row ${top} and column ${left} on goes beyond the image of ${printDims(X.slice(2))}; use a smaller scale`;
  requireAtMost("Crop", node, height!.add(top), X[2]!, inside);
  requireAtMost("Crop", node, width!.add(left), X[3]!, inside);
  return [X[0]!, X[1]!, height!, width!];
}

export const operator: Operator = {
  name: "Crop",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { border: { type: "ints", required: true }, scale: { type: "ints" } },
  shape: node => ({ output: croppedDims(node) }),
  text: true,
  at: context => {
    const input = context.inputs.input!;
    const { border, scale } = context.attributes;
    const [left, top] = border as readonly [number, number];
    // borders stay inside by themselves; in a branch, which may never be taken, the kernel looks at each position
    const at = (i: AnyTile, first: number, axis: 2 | 3): AnyTile => {
      const [position, size] = [i.add(first), input.dims[axis]!.poly];
      const length: number | undefined = scale?.[axis - 2];
      const last = Poly.int(first + (length ?? 0) - 1);
      const isChecked = !length || isInside(last, size) || context.assumeInside?.(last, size, "error");
      return isChecked ? position : fromStart(position.cast("i64"), size);
    };
    return { output: (n, c, y, x) => input.at(n!, c!, at(y!, top, 2), at(x!, left, 3)) };
  },
};

export const doc: OperatorDoc = {
  summary: "A window of an image: borders cut off, or a size from a corner on",
  dtypes: "any",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ input }, { border, scale }) => {
  const [left, top, right, bottom] = border;
  const [N, C, H, W] = input!.dims as [number, number, number, number];
  const [height, width] = scale ?? [H - top - bottom, W - left - right];
  const read = elements(input!);
  return {
    output: tabulate(input!.dtype, [N, C, height, width], ([n, c, y, x]) => read([n!, c!, y! + top, x! + left])!),
  };
};

export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: dtype,
      attributes: { border: [1, 2, 0, 1] },
      inputs: { input: { dtype, dims: [1, 2, 7, 5] } },
    }),
  ),
  {
    name: "a size",
    attributes: { border: [1, 2, 0, 0], scale: [3, 2] },
    inputs: { input: { dtype: "f32", dims: [2, 1, 7, 5] } },
  },
];
