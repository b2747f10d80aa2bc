// WordConvEmbedding of com.microsoft: words as rows of characters, each word a vector: embeddings of its characters, a convolution over
// them, tanh, and the largest over its places.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireDims, requireEntries } from "../broadcast.js";
import { isOther, printDims, refuse, requireRanks } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";
import { requireAtMost } from "../required-sizes.js";

const op = "WordConvEmbedding";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["Sequence", "W", "B", "C"],
  outputs: ["Y"],
  attributes: {
    embedding_size: { type: "int", default: -1 },
    conv_window_size: { type: "int", default: -1 },
    char_embedding_size: { type: "int", default: -1 },
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.W! }),
  shape: node => {
    requireRanks(op, node, { Sequence: [2], W: [4], B: [1], C: [2] });
    const { Sequence: words, W, C } = node.dims;
    requireDims(op, node, "W", [W![0]!, Poly.one, W![2]!, C![1]!], "filters×1×window×columns of C");
    requireEntries(op, node, "B", { input: "W", what: "filters", count: W![0]! });
    requireSizes(node);
    const [length, window] = [words![1]!, W![2]!];
    const sentence = `Sequence of ${printDims(words!)} has words shorter than the window of W of ${printDims(W!)}; pad them with zeros`;
    requireAtMost(op, node, 1, window, sentence);
    requireAtMost(op, node, window, length, sentence);
    return { Y: [words![0]!, W![0]!] };
  },
  expand: ({ inputs: { Sequence, W, B, C } }, build) => {
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const scalar = (x: number): Value => build.constant("i64", [], [x]);
    const ids = build.node("Cast", [Sequence], { to: onnxCodeOf("i64") });
    const isCharacter = build.node("Greater", [ids, scalar(0)]);
    const count = build.node("ReduceSum", [build.node("Cast", [isCharacter], { to: onnxCodeOf("i64") }), vector(1)]);
    const isWord = build.node("Gather", [isCharacter, vector(0)], { axis: 1 });
    const rows = build.node("Gather", [C, build.node("Max", [ids, scalar(0)])], { axis: 0 });
    const places = build.node("Conv", [build.node("Unsqueeze", [rows, vector(1)]), W, B]);
    // words×filters×places
    const values = build.node("Tanh", [build.node("Squeeze", [places, vector(3)])]);
    const size = (x: Value | undefined, axis: number): Value =>
      build.node("Gather", [build.node("Shape", [x]), scalar(axis)]);
    const first = build.node("Max", [build.node("Sub", [count, size(W, 2)]), scalar(0)]);
    const place = build.node("Range", [scalar(0), size(values, 2), scalar(1)]);
    const counts = build.node("LessOrEqual", [place, first]);
    const number = (x: number): Value => build.node("CastLike", [build.constant("f32", [], [x]), W]);
    // nothing is below −1 after tanh, and the first place always counts
    const inside = build.node("Where", [build.node("Unsqueeze", [counts, vector(1)]), values, number(-1)]);
    const largest = build.node("ReduceMax", [inside, vector(2)], { keepdims: 0 });
    return { Y: build.node("Where", [isWord, largest, number(0)]) };
  },
};

/** Sizes that the attributes name, where they do. */
function requireSizes(node: NodeInfo): void {
  const { W, C } = node.dims;
  const named = { embedding_size: W![0]!, conv_window_size: W![2]!, char_embedding_size: C![1]! };
  for (const [name, dim] of Object.entries(named)) {
    const wanted: number = node.attributes[name];
    if (wanted !== -1 && isOther(dim, wanted))
      refuse(
        "operator-attribute",
        op,
        node,
        `${name} is ${wanted}, where the inputs have ${dim.print()}; leave it out`,
      );
  }
}

export const doc: OperatorDoc = {
  summary: "A vector for each word: embeddings of its characters, a convolution, tanh, and the largest over its places",
  dtypes: "Sequence i32, others f32",
  opsets: [1, 1],
  limits: "a word without characters gives zeros, where ONNX Runtime leaves what lay in memory",
};
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = ({ Sequence, W, B, C }) => {
  const [words, length] = Sequence!.dims as [number, number];
  const [filters, , window, size] = W!.dims as [number, number, number, number];
  const [w, c, bias] = [elements(W!), elements(C!), numbersOf(B!)];
  const ids = numbersOf(Sequence!);
  const Y = tabulate(W!.dtype, [words, filters], ([i, f]) => {
    const word = ids.slice(i! * length, (i! + 1) * length);
    if (!(word[0]! > 0)) return 0;
    const places = Math.max(word.filter(id => id > 0).length, window) - window + 1;
    const at = (place: number): number => {
      let sum = bias[f!]!;
      for (let t = 0; t < window; t++)
        for (let d = 0; d < size; d++) sum += Number(w([f!, 0, t, d])) * Number(c([Math.max(word[place + t]!, 0), d]));
      return Math.tanh(sum);
    };
    return Math.max(...Array.from({ length: places }, (_, place) => at(place)));
  });
  return { Y };
};

const of = (
  name: string,
  [words, length, filters, window, size]: readonly [number, number, number, number, number],
  lengths: readonly number[],
): OperatorCase => ({
  name,
  inputs: {
    Sequence: {
      dtype: "i32",
      dims: [words, length],
      data: Array.from({ length: words * length }, (_, i) =>
        i % length < lengths[Math.floor(i / length)]! ? 1 + ((i * 5) % 12) : 0,
      ),
    },
    W: { dtype: "f32", dims: [filters, 1, window, size], range: [-0.5, 0.5] },
    B: { dtype: "f32", dims: [filters] },
    C: { dtype: "f32", dims: [13, size] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("words of several lengths", [4, 9, 7, 3, 5], [9, 4, 1, 7]),
  of("a window of one character", [3, 5, 4, 1, 8], [5, 1, 3]),
  of("words as long as the window", [2, 3, 17, 3, 1], [3, 2]),
];
