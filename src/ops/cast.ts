// Cast: to the dtype that `to` names. Floats become integers by truncation, anything but 0 becomes true.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes, integerRange, isFloat } from "../ir/dtypes.js";
import { isNarrowFloat } from "../ir/float-bits.js";
import { Poly } from "../ir/poly.js";
import type { AnyTensor } from "../runtime/host-value.js";
import { asText, fromText } from "./cast-text.js";
import { refuse } from "./checks.js";
import { tensorType, textOf } from "./host-types.js";
import type { KnownElement } from "./known-values.js";
import { elementIn, mapKnown, numberOf } from "./known-values.js";
import { castAttributes, castReference, castTile, checkRoundMode } from "./onnx-cast.js";
import { onnxCodeOf, onnxDtypes } from "./onnx-dtypes.js";
import type { CaseInput, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

export function targetDtype(op: string, node: NodeInfo): Dtype {
  const code = node.attributes.to as number;
  const dtype = onnxDtypes[code];
  if (dtype) return dtype;
  refuse(
    "operator-unsupported",
    op,
    node,
    `to = ${code} is not a dtype of numbers or bool that this version knows; cast to one of the ONNX codes ${Object.keys(onnxDtypes).join(", ")}`,
  );
}

export const operator: Operator = {
  name: "Cast",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { to: { type: "int", required: true }, ...castAttributes },
  shape: node => {
    checkRoundMode("Cast", node);
    return { output: node.dims.input! };
  },
  dtypes: node => ({ output: targetDtype("Cast", node) }),
  values: node => ({ output: mapKnown([node.known.input], x => castElement(x, targetDtype("Cast", node))) }),
  at: context => ({
    output: (...i) => castTile(context.inputs.input!.at(...i), targetDtype("Cast", context), context.attributes),
  }),
  makesText: node => node.attributes.to === stringCode,
  host: {
    reason: "it looks into text",
    types: node => {
      const { dims } = node.types.input!;
      const output = node.attributes.to === stringCode ? textOf(dims) : tensorType(targetDtype("Cast", node), dims);
      return { output };
    },
    run: ({ input }, node) => ({
      output:
        node.attributes.to === stringCode
          ? asText(input as AnyTensor)
          : fromText("Cast", node, input as AnyTensor, targetDtype("Cast", node)),
    }),
  },
};
/** ONNX's number of text */
const stringCode = 8;

/** A dim stays what it is in every dtype that is wide enough; narrow floats and integers may not be. */
export function castElement(x: Poly | number, dtype: Dtype): KnownElement {
  const n = numberOf(x);
  if (dtype === "bool") return n === undefined ? undefined : Poly.int(n === 0 ? 0 : 1);
  if (isNarrowFloat(dtype) || bytesOf(dtype) < 4) return undefined;
  return n === undefined ? x : elementIn(dtype, isFloat(dtype) ? n : Math.trunc(n));
}

export const doc: OperatorDoc = {
  summary:
    "The input in another dtype. Floats become integers by truncation (those of 4 and 2 bits by rounding), integers wrap, anything but 0 becomes true; to 8-bit floats, saturate and round_mode apply",
  dtypes: "number or bool",
  opsets: [1, 28],
};

export const reference: Reference = ({ input }, attributes) => {
  const dtype = onnxDtypes[attributes.to]!;
  const at = elements(input!);
  return { output: tabulate(dtype, input!.dims, i => castReference(at(i)!, input!.dtype, dtype, attributes)) };
};

const all = (): readonly Dtype[] => Object.keys(dtypes) as Dtype[];
/** numbers that every dtype of the kind holds, more or less exactly */
function sample(dtype: Dtype): CaseInput {
  const dims = [3, 7];
  if (dtypes[dtype].kind === "bool" || isFloat(dtype)) return { dtype, dims, range: [0, dtype === "bool" ? 1 : 60] };
  const [low, high] = integerRange(dtype).map(Number) as [number, number];
  return { dtype, dims, range: [Math.max(low, -100), Math.min(high, 100)] };
}
/** ties, both ends of each 8-bit format, what lies below its smallest numbers, and what is no number */
const edges = [
  0,
  -0,
  1,
  -1,
  1.0625,
  1.1875,
  1.125,
  1.25,
  1.375,
  -1.75,
  0.25,
  0.75,
  -2.5,
  3.5,
  5,
  -5,
  6,
  7,
  15,
  16.5,
  240,
  247.9,
  248,
  448,
  464,
  -465,
  57344,
  61439,
  61440,
  -61440,
  1e6,
  2 ** -7,
  2 ** -9,
  2 ** -10,
  -(2 ** -10),
  2 ** -11,
  2 ** -17,
  2 ** -18,
  1e-30,
  2 ** -127,
  1.5 * 2 ** -127,
  2 ** -128,
  1.5 * 2 ** 126,
  2 ** 127,
  1.25 * 2 ** 127,
  Infinity,
  -Infinity,
  Number.NaN,
];
const byteFloats = ["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f4e2m1"] as const;
const edge = (from: Dtype, to: Dtype, rules: object, data = edges): OperatorCase => ({
  name: `edges of ${to} from ${from}${Object.entries(rules).map(([k, v]) => ` ${k}=${v}`)}`,
  attributes: { to: onnxCodeOf(to), ...rules },
  inputs: { input: { dtype: from, dims: [data.length], data } },
});
const powers = edges.filter(x => x > 0);
export const cases = (): readonly OperatorCase[] => [
  ...all().flatMap(from =>
    all().map(to => ({
      name: `${from} to ${to}`,
      attributes: { to: onnxCodeOf(to) },
      inputs: { input: sample(from) },
    })),
  ),
  ...byteFloats.flatMap(to =>
    (["f32", "f64", "f16", "bf16"] as const).flatMap(from => [edge(from, to, {}), edge(from, to, { saturate: 0 })]),
  ),
  ...["up", "down", "nearest"].flatMap(round_mode =>
    [0, 1].map(saturate => edge("f32", "f8e8m0", { saturate, round_mode }, powers)),
  ),
  ...(["i4", "u4", "i2", "u2"] as const).map(to =>
    edge("f32", to, {}, [-9, -8.5, -2.5, -0.5, 0.5, 1.5, 2.5, 3.49, 17, 1e4]),
  ),
];

export const tolerance = exact;
