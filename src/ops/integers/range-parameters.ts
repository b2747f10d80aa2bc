// RangeParameters: the scale and zero point of u8 for numbers between low and high. An operator of this project: DynamicQuantizeLinear expands to it.
import { where } from "../../tile/index.js";
import type { AnyTile } from "../../tile/index.js";
import { refuse } from "../checks.js";
import type { KernelContext, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { halfToEven, rounded } from "./quantization.js";

const LARGEST = 255;

/** The range is widened to hold 0; where it holds nothing else, the scale is 1. */
function parameters({ inputs }: KernelContext): { scale: AnyTile; zero: AnyTile } {
  const [low, high] = [inputs.low!.at().minimum(0), inputs.high!.at().maximum(0)];
  const scale = rounded(where(high.eq(low), 1, rounded(high.sub(low)).div(LARGEST)));
  return { scale, zero: rounded(low.neg().div(scale)).minimum(LARGEST).maximum(0).round() };
}

export const operator: Operator = {
  name: "RangeParameters",
  domain: "azulejo",
  inputs: ["low", "high"],
  outputs: ["scale", "zero_point"],
  dtypes: () => ({ scale: "f32", zero_point: "u8" }),
  shape: node => {
    for (const name of ["low", "high"])
      if (node.dims[name]!.length > 0)
        refuse("shape", "RangeParameters", node, `${name} is one number; give a tensor without dims`);
    return { scale: [], zero_point: [] };
  },
  at: context => ({
    scale: () => parameters(context).scale,
    zero_point: () => parameters(context).zero.cast("u8"),
  }),
};

export const reference: Reference = ({ low, high }) => {
  const least = Math.min(numbersOf(low!)[0]!, 0);
  const most = Math.max(numbersOf(high!)[0]!, 0);
  // in the arithmetic of f32, which decides what is rounded up
  const scale = most === least ? 1 : Math.fround(Math.fround(most - least) / LARGEST);
  const zero = halfToEven(Math.min(Math.max(Math.fround(-least / scale), 0), LARGEST));
  return {
    scale: { dtype: "f32", dims: [], data: [scale] },
    zero_point: { dtype: "u8", dims: [], data: [zero] },
  };
};

const of = (name: string, low: number, high: number): OperatorCase => ({
  name,
  inputs: { low: { dtype: "f32", dims: [], data: [low] }, high: { dtype: "f32", dims: [], data: [high] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("both signs", -2.7, 5.1),
  of("positive", 1, 9),
  of("negative", -9, -1),
  of("zeros", -0, 0),
  of("of no numbers", Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
];

/** the scale is a quotient of f32, as it is here */
export const tolerance = { relative: 1, absolute: 0 };

export const doc: OperatorDoc = {
  summary: "The scale and zero point of u8 for numbers between low and high, and 0",
  dtypes: "f32",
  opsets: [1, 1],
  limits: "made by DynamicQuantizeLinear",
};
