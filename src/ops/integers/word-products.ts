// Matrix products and convolutions of words, 32-bit integers whose halves or bytes are multiplied and added up in i32: what PairedMatMul, QuadMatMul and
// their convolutions have in common. The word of the language says what parts there are, and which of them have signs.
import type { AnyTile, Index } from "../../tile/index.js";
import { refuse } from "../checks.js";
import { convolutionDims, tapsAt } from "../conv.js";
import { factorsAt, matMulDims } from "../mat-mul.js";
import type { Attributes, CaseInput, NodeInfo, Operand, Operator, OperatorCase } from "../operator.js";
import { windowAttributes } from "../window.js";

type Dot = (a: AnyTile, b: AnyTile, ...over: readonly Index[]) => AnyTile;

/** The attribute of products of bytes for targets that multiply signed ones: 1 says that the unsigned bytes of the data count 128 less. */
export const signedBytes: Operator["attributes"] = { signed: { type: "int", default: 0 } };
/** A byte less 128 is its bits with the first one turned. */
const wordsOf = (x: AnyTile, { signed }: Attributes): AnyTile => (signed ? x.xor(0x80808080).bitcast("i32") : x);

/** The attributes say of bytes what those of the data can be. */
function checkBytes(name: string, node: NodeInfo, data: "A" | "X"): void {
  const dtype = node.dtypes[data];
  const { signed = 0, fill = 0 } = node.attributes;
  const wrong = (sentence: string): never => refuse("operator-attribute", name, node, sentence);
  if (signed && dtype !== "u32")
    wrong(`signed = 1 takes 128 from unsigned bytes, and ${data} is ${dtype}; give it u32`);
  const [low, high] = dtype === "u32" ? [0, 255] : [-128, 127];
  if (fill < low || fill > high)
    wrong(`fill = ${fill} is no byte of ${data}, which is ${dtype}; use ${low} to ${high}`);
}

/** `attributes`: those of signedBytes, or none */
export const matMulOfWords = (name: string, dot: Dot, attributes: Operator["attributes"] = {}): Operator => ({
  name,
  domain: "azulejo",
  inputs: ["A", "B"],
  outputs: ["Y"],
  attributes,
  dtypes: () => ({ Y: "i32" }),
  shape: node => {
    checkBytes(name, node, "A");
    return { Y: matMulDims(name, node, "A", "B") };
  },
  at: ({ inputs, outputs, attributes }) => ({
    Y: (...i) => {
      const { a, b, k } = factorsAt(inputs.A!, inputs.B!, i, outputs.Y!);
      return dot(wordsOf(a, attributes), b, k);
    },
  }),
});

/** `attributes`: beside those of windows; `fill`, if it is one of them, is the byte outside of X */
export const convolutionOfWords = (name: string, dot: Dot, attributes: Operator["attributes"] = {}): Operator => ({
  name,
  domain: "azulejo",
  inputs: ["X", "W"],
  outputs: ["Y"],
  prefers: "channels-last",
  attributes: { ...windowAttributes, group: { type: "int", default: 1 }, ...attributes },
  dtypes: () => ({ Y: "i32" }),
  shape: node => {
    checkBytes(name, node, "X");
    return { Y: convolutionDims(name, node) };
  },
  at: context => {
    const { X, W } = context.inputs as { X: Operand; W: Operand };
    const word = Math.imul(Number(context.attributes.fill ?? 0) & 255, 0x01010101);
    const filled = X.fill(context.dtypes.X === "u32" ? word >>> 0 : word);
    return {
      Y: (...i) => {
        const { at, of, axes } = tapsAt(name, context, W, i);
        return dot(wordsOf(filled.at(...at), context.attributes), W.at(...of), ...axes);
      },
    };
  },
});

/** Words of any bits. */
export const anyWords = (dtype: "i32" | "u32", dims: readonly number[]): CaseInput =>
  dtype === "u32" ? { dtype, dims, range: [0, 2 ** 32 - 1] } : { dtype, dims, range: [-(2 ** 31), 2 ** 31 - 1] };

export function matMulCases(dtype: "i32" | "u32", attributes: Attributes = {}): readonly OperatorCase[] {
  const kind = attributes.signed ? " of bytes that count 128 less" : dtype === "i32" ? " of signed parts" : "";
  const of = (name: string, a: readonly number[], b: readonly number[]): OperatorCase => ({
    name: `${name}${kind}`,
    attributes,
    inputs: { A: anyWords(dtype, a), B: anyWords("i32", b) },
  });
  return [
    of("matrices", [5, 19], [19, 13]),
    of("one row", [1, 37], [37, 70]),
    of("batches", [2, 3, 7], [7, 4]),
    of("a vector", [9], [9, 3]),
    of("nothing to add up", [3, 0], [0, 2]),
  ];
}

/** The case of a convolution of words of this dtype. */
export const convolutionCase =
  (dtype: "i32" | "u32") =>
  (name: string, x: readonly number[], w: readonly number[], attributes: Attributes = {}): OperatorCase => ({
    name,
    attributes,
    inputs: { X: anyWords(dtype, x), W: anyWords("i32", w) },
  });
