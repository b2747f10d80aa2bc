// AffineGrid: the places that an affine map takes the points of a regular grid to: what GridSample reads with.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { larger, smaller } from "./bounds.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { requiredPolys } from "./known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";

/** Spatial dims of the grid, outermost first. */
function gridDims(node: NodeInfo): Dims {
  const space = requiredPolys("AffineGrid", node, "size").slice(2);
  const theta = node.dims.theta!;
  const sentence = `theta of ${printDims(theta)} does not map a space of ${space.length} dims; give batch×2×3 with a size of 4 elements, or batch×3×4 with one of 5`;
  if (theta.length !== 3 || (space.length !== 2 && space.length !== 3)) refuse("shape", "AffineGrid", node, sentence);
  requireEqual("AffineGrid", node, theta[1]!, Poly.int(space.length), sentence);
  requireEqual("AffineGrid", node, theta[2]!, Poly.int(space.length + 1), sentence);
  return space;
}

export const operator: Operator = {
  name: "AffineGrid",
  inputs: ["theta", "size"],
  outputs: ["grid"],
  attributes: { align_corners: { type: "int", default: 0 } },
  content: ["size"],
  shape: node => {
    const space = gridDims(node);
    return { grid: [node.dims.theta![0]!, ...space, Poly.int(space.length)] };
  },
  at: context => ({
    grid: (n, ...rest) => {
      const theta = context.inputs.theta!;
      const space = gridDims(context);
      const coordinate = rest.at(-1)!;
      const read = (k: number): AnyTile => wide(theta.at(n!, coordinate, k), theta.dtype);
      // x, the innermost dim, is the first coordinate
      const terms = rest.slice(0, -1).map((i, d) => {
        const place = placeOf(i, space[d]!, context.attributes.align_corners === 1, read(0).dtype);
        return read(space.length - 1 - d).mul(place);
      });
      return terms.reduceRight((sum, x) => sum.add(x), read(space.length)).cast(theta.dtype);
    },
  }),
};

/** Where point i of a dim lies between −1 and 1: corners at the ends, or half a step inside. */
function placeOf(i: AnyTile, size: Poly, corners: boolean, dtype: AnyTile["dtype"]): AnyTile {
  const steps = dimOf("steps", corners ? larger(size.sub(1), 1) : size).size.cast(dtype);
  const twice = corners ? i.mul(2) : i.mul(2).add(1);
  // a single point between corners lies in the middle
  const centre = corners ? dimOf("centre", smaller(size.sub(1), 1)).size.cast(dtype) : 1;
  return twice.cast(dtype).div(steps).sub(centre);
}

export const doc: OperatorDoc = {
  summary: "The places that an affine map takes the points of a regular grid to, in two or three dims",
  dtypes: "float",
  opsets: [20, 20],
  limits: "size must be known at compile time, up to dims of other tensors",
};
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = ({ theta, size }, { align_corners = 0 }) => {
  const space = numbersOf(size!).slice(2);
  const rank = space.length;
  const read = elements(theta!);
  const place = (i: number, n: number): number =>
    align_corners === 1 ? (n === 1 ? 0 : (2 * i) / (n - 1) - 1) : (2 * i + 1) / n - 1;
  const grid = tabulate(theta!.dtype, [theta!.dims[0]!, ...space, rank], index => {
    const [n, c] = [index[0]!, index.at(-1)!];
    let sum = Number(read([n, c, rank]));
    for (let k = 0; k < rank; k++) {
      const d = rank - 1 - k;
      sum += Number(read([n, c, k])) * place(index[1 + d]!, space[d]!);
    }
    return sum;
  });
  return { grid };
};

const of = (
  size: readonly number[],
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${size.join("×")}${Object.keys(attributes)}`,
  attributes,
  inputs: {
    theta: { dtype, dims: [size[0]!, size.length - 2, size.length - 1] },
    size: { dtype: "i64", dims: [size.length], data: size },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...(floats as "f32"[]).map(d => of([2, 3, 5, 6], {}, d)),
  of([2, 3, 5, 6], { align_corners: 1 }),
  of([1, 3, 4, 5, 7]),
  of([1, 3, 4, 5, 7], { align_corners: 1 }),
  of([1, 1, 1, 1], { align_corners: 1 }),
];
