// RegexFullMatch: whether a regular expression matches the whole of each text.
import type { TextData } from "../runtime/host-value.js";
import { refuse } from "./checks.js";
import { bool } from "./host-tensors.js";
import { tensorType } from "./host-types.js";
import type { NodeInfo, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "RegexFullMatch",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { pattern: { type: "string", required: true } },
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      expressionOf(node);
      return { Y: tensorType("bool", node.types.X!.dims) };
    },
    run: ({ X }, node) => {
      const expression = expressionOf(node);
      const { dims, data } = X as TextData;
      return {
        Y: bool(
          data.map(s => expression.test(s)),
          dims,
        ),
      };
    },
  },
};

/** The whole of a text. */
const expressionOf = (node: NodeInfo): RegExp =>
  re2Expression("RegexFullMatch", node, "pattern", node.attributes.pattern, "u", body => `^(?:${body})$`);

/** Patterns are those of RE2. JavaScript reads most of them alike; flags in front become flags of the expression. */
export function re2Expression(
  op: string,
  node: NodeInfo,
  attribute: string,
  pattern: string,
  own: string,
  around: (body: string) => string = body => body,
): RegExp {
  const [, flags = "", body = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern)!;
  const source = body
    .replace(/\\z/g, "$")
    .replace(/\\A/g, "^")
    .replace(/\(\?P</g, "(?<");
  try {
    return new RegExp(around(source), `${flags}${own}`);
  } catch (cause) {
    refuse(
      "operator-attribute",
      op,
      node,
      `${attribute} ${JSON.stringify(pattern)} can't be read (${(cause as Error).message}); write it with what RE2 and JavaScript have in common`,
    );
  }
}

export const doc: OperatorDoc = {
  summary: "Whether a regular expression matches the whole text",
  dtypes: "text",
  opsets: [20, 20],
  limits: "patterns that RE2 and JavaScript read alike",
};
