// What CumSum and CumProd share: a walk along an axis with what has been joined so far in its hands.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, fold, full, Index } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { normalizeAxis, refuse } from "./checks.js";
import { wrap } from "./elementwise-references.js";
import { forEachIndex, requiredNumbers, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { gridKernel, KernelSizes } from "./whole-kernel.js";

function axisOf(op: string, node: NodeInfo): number {
  const [axis, ...more] = requiredNumbers(op, node, "axis");
  if (axis === undefined || more.length > 0) refuse("shape", op, node, "axis must have one element");
  return normalizeAxis(op, node, axis, node.dims.x!.length);
}
const isFloat = (dtype: Dtype): boolean => dtypes[dtype].kind === "float";

export function cumulative(op: string, start: 0 | 1, join: (so: AnyTile, x: AnyTile) => AnyTile): Operator {
  return {
    name: op,
    inputs: ["x", "axis"],
    outputs: ["y"],
    content: ["axis"],
    attributes: { exclusive: { type: "int", default: 0 }, reverse: { type: "int", default: 0 } },
    shape: node => {
      axisOf(op, node);
      return { y: node.dims.x! };
    },
    kernels: node => {
      const axis = axisOf(op, node);
      const dtype = node.dtypes.x!;
      const sizes = new KernelSizes();
      const x = sizes.tensor("x", dtype, node.dims.x!);
      const y = sizes.tensor("y", dtype, node.dims.x!, "output");
      const grid = y.dims.map((d, i) => (i === axis ? undefined : d));
      const walked = y.dims[axis]!;
      const walk = gridKernel(op.toLowerCase(), sizes, [x, y], grid, (views, index) => {
        const acc = isFloat(dtype) ? computeDtype(dtype) : dtype;
        const widened = (t: AnyTile): AnyTile => t.cast(acc);
        const first: AnyTile = full(acc, start, ...index.filter(i => i instanceof Index));
        fold(dimOf("T", walked).steps(), [first] as const, (t, [so]) => {
          const at = node.attributes.reverse ? dimOf("last", walked.sub(1)).size.sub(t) : t;
          const place = index.with(axis, at);
          const next = join(so!, widened(views.x!.at(...place)));
          views.y!.at(...place).set((node.attributes.exclusive ? so! : next).cast(dtype) as never);
          return [next];
        });
      });
      return [walk];
    },
  };
}

export const cumulativeReference =
  (start: 0 | 1, join: (a: number, b: number) => number, joinBig: (a: bigint, b: bigint) => bigint): Reference =>
  ({ x, axis }, { exclusive = 0, reverse = 0 }) => {
    const dims = x!.dims;
    const given = Number(axis!.data[0]);
    const along = given < 0 ? given + dims.length : given;
    const step = stridesOf(dims)[along]!;
    const { dtype } = x!;
    const data = Array.from(x!.data as ArrayLike<Element>);
    // integers wrap around at each step
    const joinsBig = !isFloat(dtype);
    const out = [...data];
    forEachIndex(dims, (index, position) => {
      if (index[along] !== 0) return;
      let so: Element = joinsBig ? BigInt(start) : start;
      for (let i = 0; i < dims[along]!; i++) {
        const at = position + (reverse ? dims[along]! - 1 - i : i) * step;
        const next: Element = joinsBig
          ? BigInt(wrap(dtype, joinBig(BigInt(so), BigInt(data[at]!))))
          : join(Number(so), Number(data[at]!));
        out[at] = exclusive ? so : next;
        so = next;
      }
    });
    return { y: { dtype, dims, data: (joinsBig ? out.map(v => wrap(dtype, v)) : out) as number[] } };
  };

export const cumulativeCases = (range: readonly [number, number]): readonly OperatorCase[] => {
  const axis = (n: number) => ({ dtype: "i64" as const, dims: [], data: [n] });
  return [
    ...(["f32", "f64", "f16", "i32", "i64", "u32", "u64"] as const).map(dtype => ({
      name: `${dtype} along rows`,
      inputs: { x: { dtype, dims: [3, 7], range }, axis: axis(1) },
    })),
    ...[0, 1].flatMap(exclusive =>
      [0, 1].map(reverse => ({
        name: `exclusive=${exclusive} reverse=${reverse}, along the middle axis`,
        attributes: { exclusive, reverse },
        inputs: { x: { dtype: "f32" as const, dims: [2, 5, 17], range }, axis: axis(-2) },
      })),
    ),
    { name: "one dim", inputs: { x: { dtype: "f32", dims: [13], range }, axis: axis(0) } },
    { name: "nothing", inputs: { x: { dtype: "f32", dims: [0, 3], range }, axis: axis(0) } },
  ];
};
