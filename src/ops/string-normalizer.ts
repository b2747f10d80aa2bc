// StringNormalizer: a list of texts without stop words, and in one case.
import type { TextData } from "../runtime/host-value.js";
import { refuse, requireOneOf } from "./checks.js";
import { text } from "./host-tensors.js";
import { textOf } from "./host-types.js";
import type { Attributes, NodeInfo, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "StringNormalizer",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    case_change_action: { type: "string", default: "NONE" },
    is_case_sensitive: { type: "int", default: 0 },
    locale: { type: "string" },
    stopwords: { type: "strings", default: [] },
  },
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      requireOneOf("StringNormalizer", node, "case_change_action", ["NONE", "LOWER", "UPPER"]);
      requireLocale(node);
      const dims = node.types.X!.dims;
      return { Y: textOf(dims?.map((d, axis) => (axis === dims.length - 1 ? node.unknownDim("Y", axis) : d))) };
    },
    run: ({ X }, { attributes }) => ({ Y: normalize(X as TextData, attributes) }),
  },
};

function normalize({ dims, data }: TextData, attributes: Attributes): TextData {
  const locale = languageTag(attributes.locale);
  const exact: boolean = attributes.is_case_sensitive === 1;
  const key = (s: string): string => (exact ? s : s.toLocaleLowerCase(locale));
  const stops = new Set((attributes.stopwords as readonly string[]).map(key));
  const kept = data.filter(s => !stops.has(key(s))).map(s => changed(s, attributes.case_change_action, locale));
  // the specification has one empty text where nothing is left
  const out = kept.length > 0 ? kept : [""];
  return text(out, [...dims.slice(0, -1), out.length]) as TextData;
}

function changed(s: string, action: string, locale: string | undefined): string {
  return action === "LOWER" ? s.toLocaleLowerCase(locale) : action === "UPPER" ? s.toLocaleUpperCase(locale) : s;
}
/** en_US.UTF-8, as C libraries write it, is en-US; C and POSIX are no language */
const languageTag = (locale = ""): string | undefined =>
  locale
    .split(".")[0]!
    .replace("_", "-")
    .replace(/^(C|POSIX)$/, "") || undefined;

function requireLocale(node: NodeInfo): void {
  const { locale } = node.attributes;
  try {
    "".toLocaleLowerCase(languageTag(locale));
  } catch {
    refuse(
      "operator-attribute",
      "StringNormalizer",
      node,
      `locale ${JSON.stringify(locale)} names no language; write one as en_US, or leave it out`,
    );
  }
}

export const doc: OperatorDoc = { summary: "Texts without stop words, in one case", dtypes: "text", opsets: [10, 10] };
