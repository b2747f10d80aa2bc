// DynamicTimeWarping of com.microsoft: the path of least cost through a matrix, from the first element to the last.
import { Poly } from "../../ir/poly.js";
import type { AnyTensor } from "../../runtime/host-value.js";
import { refuse, requireRanks } from "../checks.js";
import { numbers } from "../host-tensors.js";
import { tensorType } from "../host-types.js";
import type { Operator, OperatorDoc } from "../operator.js";

const op = "DynamicTimeWarping";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input"],
  outputs: ["output"],
  shape: () => ({}),
  host: {
    reason: "the data decide how long the path is",
    types: node => {
      requireRanks(op, node, { input: [2, 3] });
      const first = node.dims.input?.length === 3 ? node.dims.input[0]! : Poly.one;
      if (first.isConst && first.constant !== 1)
        refuse("shape", op, node, `input holds ${first.print()} matrices; it must hold one`);
      return { output: tensorType("i32", [Poly.int(2), node.unknownDim("output", 1)]) };
    },
    run: ({ input }) => {
      const cost = numbers(input as AnyTensor);
      const [rows, columns] = (input as AnyTensor).dims.slice(-2) as unknown as readonly [number, number];
      const path = pathOf(cost, rows, columns);
      const data = Int32Array.from([...path.map(p => p[0]), ...path.map(p => p[1])]);
      return { output: { dtype: "i32", dims: [2, path.length], data } };
    },
  },
};

/** The move by which a place is reached: rows and columns back. */
const moves = [
  [1, 1],
  [1, 0],
  [0, 1],
] as const;

/**
 * Sums are rounded to f32. A move is taken where it is better than both others, else that along the row, whatever it costs: so it is in
 * ONNX Runtime, and in Whisper (https://github.com/openai/whisper/blob/main/whisper/timing.py), from which models come.
 */
function pathOf(cost: readonly number[], rows: number, columns: number): readonly (readonly [number, number])[] {
  if (rows === 0 || columns === 0) return [];
  const sums = new Float32Array(rows * columns);
  const taken = new Uint8Array(rows * columns);
  const sum = (r: number, c: number): number => (r < 0 || c < 0 ? Number.POSITIVE_INFINITY : sums[r * columns + c]!);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      const before = moves.map(([down, right]) => (at === 0 ? 0 : sum(r - down, c - right)));
      const best = [0, 1].find(m => before.every((other, k) => k === m || before[m]! < other)) ?? 2;
      taken[at] = best;
      sums[at] = cost[at]! + before[best]!;
    }
  const path: (readonly [number, number])[] = [];
  for (let [r, c] = [rows - 1, columns - 1]; r >= 0 && c >= 0; ) {
    path.push([r, c]);
    // along the edges there is one way
    const [down, right] = r === 0 ? moves[2] : c === 0 ? moves[1] : moves[taken[r * columns + c]!]!;
    [r, c] = [r - down, c - right];
  }
  return path.reverse();
}

export const doc: OperatorDoc = {
  summary: "The path of least cost through a matrix, as rows and columns",
  dtypes: "f32",
  opsets: [1, 1],
};
