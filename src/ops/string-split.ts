// StringSplit: the parts of each text between delimiters, padded with empty texts to the most that there are.
import type { TextData } from "../runtime/host-value.js";
import { int64, text } from "./host-tensors.js";
import { tensorType, textOf } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "StringSplit",
  inputs: ["X"],
  outputs: ["Y", "Z"],
  attributes: { delimiter: { type: "string" }, maxsplit: { type: "int" } },
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      const dims = node.types.X!.dims;
      return {
        Y: textOf(dims && [...dims, node.unknownDim("Y", dims.length)]),
        Z: tensorType("i64", dims),
      };
    },
    run: ({ X }, { attributes }) => split(X as TextData, attributes.delimiter || undefined, attributes.maxsplit),
  },
};

function split({ dims, data }: TextData, delimiter: string | undefined, most = Number.POSITIVE_INFINITY) {
  const parts = data.map(s => (delimiter === undefined ? words(s, most) : pieces(s, delimiter, most)));
  const longest = parts.reduce((n, p) => Math.max(n, p.length), 0);
  const padded = parts.flatMap(p => [...p, ...new Array<string>(longest - p.length).fill("")]);
  return {
    Y: text(padded, [...dims, longest]),
    Z: int64(
      parts.map(p => p.length),
      dims,
    ),
  };
}

/** At most `most` cuts; what is left stays whole. */
function pieces(s: string, delimiter: string, most: number): string[] {
  const all = s.split(delimiter);
  return all.length <= most + 1 ? all : [...all.slice(0, most), all.slice(most).join(delimiter)];
}
/** Without a delimiter, runs of white space divide, and those at the ends count for nothing. */
function words(s: string, most: number): string[] {
  const out: string[] = [];
  let rest = s.trimStart();
  while (rest !== "") {
    const end = out.length < most ? rest.search(/\s/) : -1;
    if (end < 0) return [...out, rest];
    out.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return out;
}

export const doc: OperatorDoc = {
  summary: "The parts of texts between delimiters, and how many there are",
  dtypes: "text",
  opsets: [20, 20],
};
