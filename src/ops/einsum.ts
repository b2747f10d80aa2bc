// Einsum: sums of products by an equation of labels: every label that the result lacks is summed over.
import type { Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dot } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { joinDims, readBroadcast } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { floats, wrap } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

/** Labels of each operand's dims and of the result's; those of an ellipsis are numbers, counted from the right. */
interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

function parseEquation(op: string, node: { readonly name: string }, text: string, ranks: readonly number[]): Equation {
  const wrong = (sentence: string): never => refuse("operator-attribute", op, node, `equation "${text}" ${sentence}`);
  const [left = "", right, ...more] = text.replaceAll(" ", "").split("->");
  if (more.length > 0) wrong("has more than one arrow; use one");
  const terms = left.split(",");
  if (terms.length !== ranks.length)
    wrong(`has ${terms.length} terms for ${ranks.length} inputs; give one term for each`);
  const operands = terms.map((term, k) => {
    const named = term.replace("...", "");
    if (/[^A-Za-z]/.test(named)) wrong(`has the term "${term}"; a term is letters and at most one ellipsis`);
    const spread = ranks[k]! - named.length;
    if (spread < 0 || (spread > 0 && named === term))
      wrong(`has the term "${term}" for an input of rank ${ranks[k]}; name each dim, or add an ellipsis`);
    const [before, behind = ""] = term.split("...");
    return [...before!, ...ellipsis(spread), ...behind];
  });
  return { operands, result: resultLabels(right, operands, wrong) };
}
const ellipsis = (count: number): string[] => Array.from({ length: count }, (_, i) => String(count - 1 - i));

/** Without an arrow: the ellipsis, then in alphabetic order the labels that stand once. */
function resultLabels(
  right: string | undefined,
  operands: Equation["operands"],
  wrong: (sentence: string) => never,
): readonly string[] {
  const all = operands.flat();
  const spread = Math.max(0, ...operands.map(o => o.filter(l => /\d/.test(l)).length));
  if (right === undefined)
    return [...ellipsis(spread), ...all.filter(l => !/\d/.test(l) && all.indexOf(l) === all.lastIndexOf(l)).sort()];
  const [before, behind] = right.split("...");
  const out = [...before!, ...(behind === undefined ? [] : [...ellipsis(spread), ...behind])];
  const unknown = out.find(l => !/\d/.test(l) && !all.includes(l));
  if (unknown !== undefined) wrong(`has "${unknown}" in its result and in no term; name labels of the terms`);
  if (new Set(out).size !== out.length) wrong("names a label twice in its result; name each once");
  return out;
}

const equationOf = (node: NodeInfo): Equation =>
  parseEquation(
    "Einsum",
    node,
    node.attributes.equation,
    node.present.map(n => node.dims[n]!.length),
  );

/** The size of each label: dims of 1 stretch. */
function labelSizes(node: NodeInfo): ReadonlyMap<string, Poly> {
  const sizes = new Map<string, Poly>();
  equationOf(node).operands.forEach((labels, k) => {
    const dims = node.dims[node.present[k]!]!;
    labels.forEach((label, d) => {
      const known = sizes.get(label);
      const joined = known ? joinDims(known, dims[d]!, node) : dims[d]!;
      if (!joined)
        refuse(
          "shape",
          "Einsum",
          node,
          `label "${label}" is ${known!.print()} in one place and ${dims[d]!.print()} in input ${node.present[k]} of ${printDims(dims)}; they must agree`,
        );
      sizes.set(label, joined);
    });
  });
  return sizes;
}

export const operator: Operator = {
  name: "Einsum",
  inputs: ["Inputs..."],
  outputs: ["Output"],
  attributes: { equation: { type: "string", required: true } },
  dtypes: node => ({ Output: commonDtype("Einsum", node, node.present) }),
  shape: node => {
    const sizes = labelSizes(node);
    return { Output: equationOf(node).result.map(l => sizes.get(l)!) };
  },
  at: context => ({
    Output: (...index) => {
      const { operands, result } = equationOf(context);
      const { inputs, present, outputs } = context;
      const tensors = present.map(n => inputs[n]!);
      const places = new Map<string, { readonly index: AnyTile; readonly size: Poly }>();
      const over: AnyIndex[] = [];
      result.forEach((label, d) => {
        places.set(label, { index: index[d]!, size: outputs.Output![d]! });
      });
      for (const label of new Set(operands.flat())) {
        if (places.has(label)) continue;
        // what is summed over runs along a dim that does not stretch
        const dims = operands.flatMap((labels, k) =>
          labels.flatMap((l, d) => (l === label ? tensors[k]!.dims[d]! : [])),
        );
        const longest = dims.find(d => !d.poly.equals(1)) ?? dims[0]!;
        const whole = longest.all(label);
        over.push(whole);
        places.set(label, { index: whole, size: longest.poly });
      }
      const read = operands.map((labels, k) => {
        const at = labels.map(l => places.get(l)!);
        return readBroadcast(
          tensors[k]!,
          at.map(p => p.index),
          at.map(p => p.size),
        );
      });
      return summed(read, over).cast(tensors[0]!.dtype);
    },
  }),
};

function summed(read: readonly AnyTile[], over: readonly AnyIndex[]): AnyTile {
  const [a, b, ...more] = read;
  if (over.length === 0) return read.reduce((x, y) => x.mul(y));
  if (!b) return a!.sum(...over);
  if (more.length === 0) return dot(a!, b, ...over);
  return read
    .map(x => wide(x, x.dtype))
    .reduce((x, y) => x.mul(y))
    .sum(...over);
}

export const doc: OperatorDoc = {
  summary: "Sums of products by an equation of labels, with ellipses, diagonals and broadcasting",
  dtypes: "number",
  opsets: [12, 28],
};
/** that of MatMul; the factor of products of several operands is a little larger */
export const tolerance: Tolerance = { relative: 8, absolute: 16 };

export const reference: Reference = (inputs, { equation }, { present }) => {
  const tensors = present.map(n => inputs[n]!);
  const node = { name: "reference" };
  const ranks = tensors.map(t => t.dims.length);
  const { operands, result } = parseEquation("Einsum", node, equation, ranks);
  const sizes = new Map<string, number>();
  operands.forEach((labels, k) => {
    labels.forEach((l, d) => {
      const n = tensors[k]!.dims[d]!;
      if (n !== 1 || !sizes.has(l)) sizes.set(l, n);
    });
  });
  const summedOver = [...sizes.keys()].filter(l => !result.includes(l));
  const readers = tensors.map(elements);
  const { dtype } = tensors[0]!;
  const Output = tabulate(
    dtype,
    result.map(l => sizes.get(l)!),
    index => {
      let sum = 0;
      forEachIndex(
        summedOver.map(l => sizes.get(l)!),
        inner => {
          const at = (l: string): number => {
            const d = result.indexOf(l);
            return d >= 0 ? index[d]! : inner[summedOver.indexOf(l)]!;
          };
          sum += operands.reduce((product, labels, k) => {
            const place = labels.map((l, d) => (tensors[k]!.dims[d] === 1 ? 0 : at(l)));
            return product * Number(readers[k]!(place));
          }, 1);
        },
      );
      return wrap(dtype, sum);
    },
  );
  return { Output };
};

const of = (equation: string, shapes: readonly (readonly number[])[], dtype: "f32" | "f16" | "f64" | "i32" = "f32") =>
  ({
    name: `${dtype} ${equation} of ${shapes.map(s => s.join("×") || "scalar").join(", ")}`,
    attributes: { equation },
    inputs: Object.fromEntries(shapes.map((dims, k) => [`Inputs${k}`, { dtype, dims }])),
  }) satisfies OperatorCase;
export const cases = (): readonly OperatorCase[] => [
  ...([...floats, "i32"] as "f32"[]).map(d =>
    of(
      "ij,jk->ik",
      [
        [3, 5],
        [5, 4],
      ],
      d,
    ),
  ),
  of("bhid,bhjd->bhij", [
    [2, 3, 5, 8],
    [2, 3, 7, 8],
  ]),
  of("ij,jk", [
    [3, 5],
    [5, 4],
  ]),
  of("...ii->...i", [[2, 3, 5, 5]]),
  of("ij->ji", [[3, 5]]),
  of("ij->", [[3, 5]]),
  of("i,i", [[17], [17]]),
  of("i,j->ij", [[3], [5]]),
  of("...ij,...jk->...ik", [
    [2, 1, 3, 5],
    [4, 5, 7],
  ]),
  of("ij,jk,kl->il", [
    [3, 4],
    [4, 5],
    [5, 2],
  ]),
  of("ij,ij->i", [
    [3, 1],
    [3, 5],
  ]),
  of("->", [[]]),
  of("ij,jk->ik", [
    [3, 0],
    [0, 4],
  ]),
];
