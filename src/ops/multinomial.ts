// Multinomial: classes drawn with probabilities whose logarithms are given. The class of the largest log-probability plus a number of
// the Gumbel distribution is such a draw, so that no sums along the classes are needed.
import { Poly } from "../ir/poly.js";
import { randomBits, where, whole } from "../tile/index.js";
import { computeDtype, wide } from "./accumulate.js";
import { printDims, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { dtypeOfOnnx } from "./onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { seedBits, seedOf } from "./random.js";
import { philox } from "./random-references.js";
import { elementOf, elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Multinomial",
  inputs: ["input", "run_seed?"],
  outputs: ["output"],
  attributes: {
    dtype: { type: "int", default: 6 },
    sample_size: { type: "int", default: 1 },
    seed: { type: "float" },
  },
  dtypes: node => ({ output: dtypeOfOnnx("Multinomial", node, node.attributes.dtype) }),
  shape: node => {
    const dims = node.dims.input!;
    if (dims.length !== 2)
      refuse(
        "shape",
        "Multinomial",
        node,
        `input is ${printDims(dims)}; it must be a batch of rows, one column a class`,
      );
    if (dims[1]!.isZero)
      refuse("shape", "Multinomial", node, "input has no columns, so that there is no class to draw; give one or more");
    return { output: [dims[0]!, Poly.int(node.attributes.sample_size)] };
  },
  at: context => {
    const input = context.inputs.input!;
    const seed = seedOf(context);
    // a run without classes is refused
    context.assumeInside?.(Poly.zero, input.dims[1]!.poly, "error");
    const dtype = computeDtype(context.dtypes.input!);
    return {
      output: (batch, sample) => {
        const c = whole(0, input.dims[1]!);
        const [bits] = randomBits(seed, c, sample!, batch!);
        // in (0, 1), both ends excluded: 24 bits with a half behind the last
        const u = bits!
          .shr(9)
          .cast(dtype)
          .add(0.5)
          .mul(2 ** -23);
        const score = wide(input.at(batch!, c), context.dtypes.input!).sub(u.log().neg().log());
        const first = where(score.eq(score.max(c)), c, indexTile(input.dims[1]!.poly)).min(c);
        return first.cast(dtypeOfOnnx("Multinomial", context, context.attributes.dtype));
      },
    };
  },
};

export const reference: Reference = ({ input }, attributes) => {
  const dtype = dtypeOfOnnx("Multinomial", { name: "" }, attributes.dtype ?? 6);
  const [rows, classes] = input!.dims as [number, number];
  const seed = seedBits(attributes.seed ?? 0);
  const read = elements(input!);
  const output = tabulate(dtype, [rows, attributes.sample_size ?? 1], ([b, s]) => {
    let [best, most] = [0, -Infinity];
    for (let c = 0; c < classes; c++) {
      const u = ((philox(seed, [c, s!, b!])[0]! >>> 9) + 0.5) / 2 ** 23;
      const score = Number(read([b!, c])) - Math.log(-Math.log(u));
      if (score > most) [best, most] = [c, score];
    }
    return elementOf(dtype, best);
  });
  return { output };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "one draw", attributes: { seed: 5 }, inputs: { input: { dtype: "f32", dims: [3, 7] } } },
  {
    name: "many draws as i64",
    attributes: { seed: 5, sample_size: 33, dtype: 7 },
    inputs: { input: { dtype: "f32", dims: [2, 4] } },
  },
  {
    name: "f64, one class impossible",
    attributes: { seed: 6, sample_size: 20 },
    inputs: { input: { dtype: "f64", dims: [1, 3], data: [0, -1e9, 0.5] } },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Classes drawn with probabilities whose logarithms are given",
  dtypes: "float",
  opsets: [7, 22],
  limits: "without a seed, every run draws anew, unless run() gets one; with one, all runs draw the same",
};
