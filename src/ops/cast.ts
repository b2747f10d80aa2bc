// Cast: to the dtype that `to` names. Floats become integers by truncation, anything but 0 becomes true.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { refuse } from "./checks.js";
import { numbers, wrap } from "./elementwise-references.js";
import type { KnownElement } from "./known-values.js";
import { mapKnown, numberOf } from "./known-values.js";
import { onnxDtypes } from "./onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { elements, tabulate } from "./reference-tensors.js";

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
  attributes: { to: { type: "int", required: true }, saturate: { type: "int" }, round_mode: { type: "string" } },
  shape: ({ dims }) => ({ output: dims.input! }),
  dtypes: node => ({ output: targetDtype("Cast", node) }),
  values: node => ({ output: mapKnown([node.known.input], x => castElement(x, targetDtype("Cast", node))) }),
  at: context => ({
    output: (...i) => context.inputs.input!.at(...i).cast(targetDtype("Cast", context)),
  }),
};

/** A dim stays what it is in every dtype that is wide enough; f16, bf16 and narrow integers may not be. */
export function castElement(x: Poly | number, dtype: Dtype): KnownElement {
  const n = numberOf(x);
  if (dtype === "bool") return n === undefined ? undefined : Poly.int(n === 0 ? 0 : 1);
  if (isFloat(dtype)) return dtype === "f16" || dtype === "bf16" ? undefined : (n ?? x);
  if (bytesOf(dtype) < 4) return undefined;
  return n === undefined ? x : Number.isSafeInteger(Math.trunc(n)) ? Poly.int(Math.trunc(n)) : undefined;
}

export const doc: OperatorDoc = {
  summary: "The input in another dtype: floats become integers by truncation, anything but 0 becomes true",
  dtypes: "number or bool",
  opsets: [1, 25],
  limits: "no strings, no 4-bit and 8-bit floats",
};

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.input!;
  const dtype = onnxDtypes[attributes.to]!;
  const at = elements(X);
  return { output: tabulate(dtype, X.dims, i => castReference(dtype, at(i)!)) };
};

function castReference(dtype: Dtype, x: Element): Element {
  if (dtype === "bool") return Number(x) === 0 ? 0 : 1;
  if (isFloat(dtype)) return Number(x);
  return wrap(dtype, typeof x === "number" && Number.isFinite(x) ? BigInt(Math.trunc(x)) : x);
}

const all: readonly Dtype[] = /* @__PURE__ */ numbers.concat("bool");
const code = (dtype: Dtype): number => Number(Object.keys(onnxDtypes).find(k => onnxDtypes[Number(k)] === dtype));
export const cases = (): readonly OperatorCase[] =>
  all.flatMap(from =>
    all.map(to => ({
      name: `${from} to ${to}`,
      attributes: { to: code(to) },
      inputs: { input: { dtype: from, dims: [3, 7], range: from === "bool" ? [0, 1] : [0, 100] } },
    })),
  );
