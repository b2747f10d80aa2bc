// What the elementwise QLinear operators share: one or two tensors of 8 bits, a function of numbers, and the cases that test it.
import type { Dtype } from "../../ir/dtypes.js";
import { broadcastDims } from "../broadcast.js";
import { binaryReference, unaryReference } from "../elementwise-references.js";
import type { Attributes, Operator, OperatorCase, Reference } from "../operator.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

type Bytes = Extract<Dtype, "u8" | "i8">;
const operands = ["A", "B"] as const;
const moved = (zero: number | undefined, by: number): number | undefined =>
  zero === undefined ? undefined : zero + by;
const zeroText = (zero: number | undefined): string => (zero === undefined ? ", no zero points" : "");

// ---- two operands, with broadcasting

/** `real`: the operator of ai.onnx that does it on real numbers */
export const quantizedBinary = (name: string, real: string): Operator =>
  quantizedOperator(name, {
    operands,
    output: "C",
    shape: node => broadcastDims(name, node, operands),
    real: (build, { A, B }) => build.node(real, [A, B]),
  });

export function quantizedBinaryReference(f: (a: number, b: number) => number): Reference {
  const real = binaryReference(f);
  return quantizedReference(operands, "C", ({ A, B }) => {
    return real({ A: A!, B: B! }, {}, { present: operands, opset: 14, outputCount: 1 }).C!;
  });
}

export function quantizedBinaryCases(): readonly OperatorCase[] {
  const of = (dtype: Bytes, a: readonly number[], b: readonly number[], zero?: number): OperatorCase => ({
    name: `${dtype} ${a.join("×")} and ${b.join("×")}${zeroText(zero)}`,
    inputs: {
      ...quantizedInput("A", dtype, a, 0.0371, zero),
      ...quantizedInput("B", dtype, b, 0.0593, moved(zero, 9)),
      ...quantizedParameters("C", dtype, 0.0817, moved(zero, -5)),
    },
  });
  return [
    of("u8", [3, 17], [3, 17], 128),
    of("i8", [2, 3, 5], [5], 3),
    of("u8", [2, 3, 5], [3, 1], 100),
    of("i8", [7], [7]),
    of("u8", [0, 3], [3], 128),
  ];
}

// ---- one operand

export function quantizedUnaryReference(f: (x: number, attributes: Attributes) => number): Reference {
  const real = unaryReference(f);
  return quantizedReference(["X"], "Y", ({ X }, attributes) => {
    return real({ X: X! }, attributes, { present: ["X"], opset: 14, outputCount: 1 }).Y!;
  });
}

/** `scale` is that of the result. */
export function quantizedUnaryCases(scale: number): readonly OperatorCase[] {
  const of = (dtype: Bytes, dims: readonly number[], zero?: number): OperatorCase => ({
    name: `${dtype} ${dims.join("×")}${zeroText(zero)}`,
    inputs: {
      ...quantizedInput("X", dtype, dims, 0.0371, zero),
      ...quantizedParameters("Y", dtype, scale, moved(zero, -5)),
    },
  });
  return [of("u8", [3, 17], 128), of("i8", [2, 3, 5], 3), of("i8", [7]), of("u8", [0, 3], 128)];
}
