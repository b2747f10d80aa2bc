// Text of files that define an operator: a stub for one that a model asks for, and a whole one with its test to begin with.
// JavaScript with types in comments: it runs in every Node that Azulejo runs in, without a compiler, and editors check it all the same.
import type { MissingOperator } from "../index.js";
import type { NewFile } from "./write-files.js";

/** HardSwish → hard-swish */
const fileName = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3-$2")
    .replace(/[^\w-]+/g, "-")
    .toLowerCase();

/** what the files import: packages of the user's project, not of this one */
const [library, language, testing] = ["azulejo", "azulejo/tile", "azulejo/testing"].map(name => JSON.stringify(name));

const domainLine = (domain: string): string => (domain === "ai.onnx" ? "" : `  domain: ${JSON.stringify(domain)},\n`);
const list = (names: readonly string[]): string => `[${names.map(name => JSON.stringify(name)).join(", ")}]`;

/** What the model's nodes show of an operator that nobody knows; what it computes is for the user to write. */
export function operatorStub({ domain, name, inputs, requiredInputs, outputs, attributes }: MissingOperator): NewFile {
  const from = inputs === 1 ? ["X"] : Array.from({ length: inputs }, (_, i) => `X${i}`);
  const to = outputs === 1 ? ["Y"] : Array.from({ length: outputs }, (_, i) => `Y${i}`);
  const optional = from.map((input, i) => (i < requiredInputs ? input : `${input}?`));
  const specs = Object.entries(attributes).map(([key, type]) => `${JSON.stringify(key)}: { type: "${type}" }`);
  const dims = to.map(output => `${output}: dims.${from[0] ?? "X"}`).join(", ");
  const text = `// ${name} of ${domain}, as a model uses it. What it computes is yours to write; docs/custom-operators.md of azulejo shows how.
import { AzulejoError } from ${library};

/** @type {import("azulejo").Operator} */
export const operator = {
  name: ${JSON.stringify(name)},
${domainLine(domain)}  inputs: ${list(optional)},
  outputs: ${list(to)},
  attributes: { ${specs.join(", ")} },
  // dims of each output, made of those of the inputs
  shape: ({ dims }) => ({ ${dims} }),
  // each output at given indices, such as (...index) => inputs.${from[0] ?? "X"}.at(...index).mul(2)
  at: ({ inputs, attributes }) => {
    throw new AzulejoError("operator-unsupported", ${JSON.stringify(`${name} of ${domain} is a stub; write what it computes`)});
  },
};
`;
  return { name: `${fileName(name)}.mjs`, text: text.replace("attributes: {  }", "attributes: {}") };
}

/** An operator that works, its reference and its cases, and a test that holds them against each other. */
export function operatorFiles(name: string, domain: string): readonly [operator: NewFile, test: NewFile] {
  const file = fileName(name);
  const operator = `// ${name} of ${domain}: X where it is positive, else alpha · X. Change \`at\`, \`shape\` and \`reference\` to what your operator is.
import { numbersOf } from ${testing};
import { where } from ${language};

/** @type {import("azulejo").Operator} */
export const operator = {
  name: ${JSON.stringify(name)},
${domainLine(domain)}  inputs: ["X"],
  outputs: ["Y"],
  attributes: { alpha: { type: "float", default: 0.1 } },
  // dims of each output, made of those of the inputs
  shape: ({ dims }) => ({ Y: dims.X }),
  // each output at given indices; it fuses with what is around it, on every target
  at: ({ inputs, attributes }) => ({
    Y: (...index) => {
      const x = inputs.X.at(...index);
      return where(x.ge(0), x, x.mul(attributes.alpha));
    },
  }),
};

/**
 * The same on plain arrays, in float64, written from the operator's definition and not from \`at\`: it is the judge.
 * @type {import("azulejo/testing").Reference}
 */
export const reference = ({ X }, { alpha }) => ({
  Y: { ...X, data: numbersOf(X).map(x => (x >= 0 ? x : alpha * x)) },
});

/**
 * Inputs of a case are random numbers of both signs, or its \`data\`. Sizes that are empty, odd and large find most mistakes.
 * @returns {import("azulejo/testing").OperatorCase[]}
 */
export const cases = () => [
  { name: "both signs", inputs: { X: { dtype: "f32", dims: [3, 17] } } },
  { name: "another alpha", attributes: { alpha: 0.5 }, inputs: { X: { dtype: "f32", dims: [2, 3, 5, 7] } } },
  { name: "edges", inputs: { X: { dtype: "f32", dims: [5], data: [0, -0, Infinity, -Infinity, NaN] } } },
  { name: "half precision", inputs: { X: { dtype: "f16", dims: [33] } } },
  { name: "nothing", inputs: { X: { dtype: "f32", dims: [0, 3] } } },
];

/** |got − want| ≤ 2⁻²³ · (relative · |want| + absolute · the largest |want|) in f32 */
export const tolerance = { relative: 1, absolute: 0 };
`;
  const test = `// ${name} on every target that this machine has, against its reference. Run it with: node --test
import { test } from "node:test";
import { checkOperator } from ${testing};
import * as module from "./${file}.mjs";

test("${name} agrees with its reference", () => checkOperator(module));
`;
  return [
    { name: `${file}.mjs`, text: operator },
    { name: `${file}.test.mjs`, text: test },
  ];
}
