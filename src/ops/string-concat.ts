// StringConcat: the texts of X, each followed by that of Y, with broadcasting.
import type { TextData } from "../runtime/host-value.js";
import { broadcastDims } from "./broadcast.js";
import { countOf, text } from "./host-tensors.js";
import { textOf } from "./host-types.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "StringConcat",
  inputs: ["X", "Y"],
  outputs: ["Z"],
  shape: () => ({}),
  host: {
    reason: "it looks into text",
    types: node => {
      const known = node.dims.X && node.dims.Y;
      return { Z: textOf(known && broadcastDims("StringConcat", node, ["X", "Y"])) };
    },
    run: ({ X, Y }) => ({ Z: concat(X as TextData, Y as TextData) }),
  },
};

/** Inference has seen that the dims fit, or a run fails where a text is missing. */
function concat(X: TextData, Y: TextData): TextData {
  const rank = Math.max(X.dims.length, Y.dims.length);
  const size = ({ dims }: TextData, d: number): number => dims[d + dims.length - rank] ?? 1;
  const dims = Array.from({ length: rank }, (_, d) => (size(X, d) === 1 ? size(Y, d) : size(X, d)));
  const steps = [X, Y].map(t => {
    const own = stridesOf(t.dims);
    return dims.map((_, d) => (size(t, d) === 1 ? 0 : own[d + t.dims.length - rank]!));
  });
  const out: string[] = [];
  if (countOf(dims) > 0)
    forEachIndex(dims, index => {
      const [x, y] = steps.map(s => s.reduce((at, step, d) => at + step * index[d]!, 0));
      out.push(X.data[x!]! + Y.data[y!]!);
    });
  return text(out, dims) as TextData;
}

export const doc: OperatorDoc = { summary: "Texts put together, with broadcasting", dtypes: "text", opsets: [20, 20] };
