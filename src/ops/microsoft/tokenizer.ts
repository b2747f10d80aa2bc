// Tokenizer of com.microsoft: texts cut into tokens, by separators or by an expression that tokens match.
import type { TextData } from "../../runtime/host-value.js";
import { refuse, requireRanks } from "../checks.js";
import { text } from "../host-tensors.js";
import { textOf } from "../host-types.js";
import type { Attributes, NodeInfo, Operator, OperatorDoc } from "../operator.js";
import { re2Expression } from "../regex-full-match.js";

const op = "Tokenizer";
/** Start and end of text, in the place of tokens. */
const [startOfText, endOfText] = ["\u0002", "\u0003"];

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    mark: { type: "int", required: true },
    mincharnum: { type: "int", required: true },
    pad_value: { type: "string", required: true },
    separators: { type: "strings" },
    tokenexp: { type: "string" },
  },
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      requireRanks(op, node, { X: [1, 2] });
      cutterOf(node);
      const dims = node.types.X!.dims;
      return { Y: textOf(dims && [...dims, node.unknownDim("Y", dims.length)]) };
    },
    run: ({ X }, node) => ({ Y: tokenize(X as TextData, cutterOf(node), node.attributes) }),
  },
};

type Cutter = (s: string) => readonly string[];

function cutterOf(node: NodeInfo): Cutter {
  const { separators, tokenexp, mincharnum } = node.attributes;
  if ((separators === undefined) === (tokenexp === undefined))
    refuse(
      "operator-attribute",
      op,
      node,
      "one of separators and tokenexp must be given, and only one; leave the other out",
    );
  const isLong = (token: string): boolean => token !== "" && [...token].length >= mincharnum;
  if (tokenexp === "." || (separators?.length === 1 && separators[0] === "")) return s => [...s].filter(isLong);
  if (tokenexp !== undefined) {
    const expression = re2Expression(op, node, "tokenexp", tokenexp, "gu");
    return s => (s.match(expression) ?? []).filter(isLong);
  }
  const all = (separators as readonly string[]).map(separator => {
    if (separator === "")
      refuse("operator-attribute", op, node, "separators hold an empty one among others; take it out");
    return re2Expression(op, node, "separators", separator, "gu");
  });
  // one separator after the other, as ONNX Runtime has it
  return s => all.reduce<readonly string[]>((parts, by) => parts.flatMap(p => p.split(by)), [s]).filter(isLong);
}

function tokenize({ dims, data }: TextData, cut: Cutter, { mark, pad_value }: Attributes): TextData {
  const rows = data.map(cut);
  const longest = rows.reduce((n, row) => Math.max(n, row.length), 0);
  // as ONNX Runtime has it: no axis of tokens, and no columns
  if (data.length === 0) return text([], dims.length === 2 ? [dims[0]!, 0] : dims) as TextData;
  if (longest === 0) return text([], [...dims, 0]) as TextData;
  const padded = rows.flatMap(row => {
    const marked = mark ? [startOfText, ...row, endOfText] : row;
    return [...marked, ...new Array<string>(longest - row.length).fill(pad_value)];
  });
  return text(padded, [...dims, longest + (mark ? 2 : 0)]) as TextData;
}

export const doc: OperatorDoc = {
  summary:
    "Texts cut into tokens by separators, or by an expression that tokens match; padded to the most that there are",
  dtypes: "text",
  opsets: [1, 1],
  limits:
    "patterns that RE2 and JavaScript read alike; of alternatives the first counts, where ONNX Runtime takes the longest",
};
