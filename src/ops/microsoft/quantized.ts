// Makers of com.microsoft's QLinear operators: tensors of 8 bits are made real, an operator of ai.onnx works on them, and its result is
// made 8 bits again. The parts fuse into one kernel.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { normalizeAxes } from "../checks.js";
import { reference as dequantize } from "../integers/dequantize-linear.js";
import type { Attributes, Builder, NodeInfo, Operator, Reference, ReferenceTensor } from "../operator.js";
import { reference as quantize } from "../integers/quantize-linear.js";

interface Parts {
  /** inputs in front that are no numbers in 8 bits */
  readonly plain?: readonly string[];
  /** what lies in 8 bits, each followed by its scale and zero point */
  readonly operands: readonly string[];
  readonly output: string;
  readonly attributes?: Operator["attributes"] & object;
  readonly shape: (node: NodeInfo) => Dims;
  /** on real numbers, by the names of the operands; `plain` inputs are there too */
  readonly real: (build: Builder, x: Readonly<Record<string, Value>>, attributes: Attributes) => Value;
}

const inputsOf = ({ plain = [], operands, output }: Parts): readonly string[] => [
  ...plain,
  ...operands.flatMap(n => [n, `${n}_scale`, `${n}_zero_point?`]),
  `${output}_scale`,
  `${output}_zero_point?`,
];

export function quantizedOperator(name: string, parts: Parts): Operator {
  const { operands, output } = parts;
  return {
    name,
    domain: "com.microsoft",
    inputs: inputsOf(parts),
    outputs: [output],
    attributes: parts.attributes ?? {},
    shape: node => ({ [output]: parts.shape(node) }),
    dtypes: ({ dtypes }) => ({ [output]: dtypes[`${output}_zero_point`] ?? dtypes[operands[0]!]! }),
    expand: ({ inputs, attributes, dtypes }, build) => {
      const real = operands.map((n): [string, Value] => [
        n,
        build.node("DequantizeLinear", [inputs[n], inputs[`${n}_scale`], inputs[`${n}_zero_point`]]),
      ]);
      const plain = (parts.plain ?? []).map((n): [string, Value] => [n, inputs[n]!]);
      const y = parts.real(build, Object.fromEntries([...plain, ...real]), attributes);
      const zero = inputs[`${output}_zero_point`] ?? build.constant(dtypes[operands[0]!]!, [], [0]);
      return { [output]: build.node("QuantizeLinear", [y, inputs[`${output}_scale`], zero]) };
    },
  };
}

/** Dims without the attribute `axes`, or with 1 in their place where the attribute `keepdims` says so. */
export function reducedDims(op: string, node: NodeInfo, data: Dims): Dims {
  const axes = normalizeAxes(op, node, node.attributes.axes, data.length);
  if (node.attributes.keepdims === 0) return data.filter((_, d) => !axes.includes(d));
  return data.map((d, k) => (axes.includes(k) ? Poly.one : d));
}

/** The same in float64: `real` is a reference whose only result it takes. */
export const quantizedReference =
  (
    operands: readonly string[],
    output: string,
    real: (x: Readonly<Record<string, ReferenceTensor>>, attributes: Attributes) => ReferenceTensor,
  ): Reference =>
  (inputs, attributes, node) => {
    const parts = operands.map((n): [string, ReferenceTensor] => {
      const zero = inputs[`${n}_zero_point`];
      const given = { x: inputs[n]!, x_scale: inputs[`${n}_scale`]!, ...(zero ? { x_zero_point: zero } : {}) };
      return [n, dequantize(given, {}, node).y!];
    });
    const y = real({ ...inputs, ...Object.fromEntries(parts) }, attributes);
    const zero = inputs[`${output}_zero_point`] ?? { dtype: inputs[operands[0]!]!.dtype, dims: [], data: [0] };
    const { y: bits } = quantize({ x: y, y_scale: inputs[`${output}_scale`]!, y_zero_point: zero }, {}, node);
    return { [output]: bits! };
  };

type Bytes = "u8" | "i8";
/** A tensor of 8 bits and its parameters as inputs of a case. */
export function quantizedInput(name: string, dtype: Bytes, dims: readonly number[], scale: number, zero?: number) {
  return {
    [name]: { dtype, dims, range: dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const) },
    ...quantizedParameters(name, dtype, scale, zero),
  };
}
export const quantizedParameters = (name: string, dtype: Bytes, scale: number, zero?: number) => ({
  [`${name}_scale`]: { dtype: "f32" as const, dims: [], data: [scale] },
  ...(zero === undefined ? {} : { [`${name}_zero_point`]: { dtype, dims: [], data: [zero] } }),
});
