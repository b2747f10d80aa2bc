// NonMaxSuppression: the boxes of each class, best first, that do not overlap a better one.
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { refuse } from "./checks.js";
import { int64, numbers } from "./host-tensors.js";
import { int, tensorType } from "./host-types.js";
import type { HostNode, Operator, OperatorDoc } from "./operator.js";

interface Limits {
  readonly count: number;
  readonly overlap: number;
  /** absent: boxes of any score stay */
  readonly score: number | undefined;
}
/** Corners in order, and the areas, of all boxes of a sample. */
interface Boxes {
  readonly y1: Float64Array;
  readonly x1: Float64Array;
  readonly y2: Float64Array;
  readonly x2: Float64Array;
  readonly area: Float64Array;
}

export const operator: Operator = {
  name: "NonMaxSuppression",
  inputs: ["boxes", "scores", "max_output_boxes_per_class?", "iou_threshold?", "score_threshold?"],
  outputs: ["selected_indices"],
  attributes: { center_point_box: { type: "int", default: 0 } },
  shape: () => ({}),
  host: {
    reason: "the data decide how many boxes it selects",
    types: node => ({
      selected_indices: tensorType("i64", [node.unknownDim("selected_indices", 0), int(3)]),
    }),
    run: (inputs, node) => {
      const first = (name: string): number | undefined =>
        inputs[name] ? numbers(inputs[name] as AnyTensor)[0] : undefined;
      const limits: Limits = {
        count: first("max_output_boxes_per_class") ?? 0,
        overlap: first("iou_threshold") ?? 0,
        score: first("score_threshold"),
      };
      return { selected_indices: select(node, inputs.boxes, inputs.scores, limits) };
    },
  },
};

function select(
  node: HostNode,
  boxes: HostValue | undefined,
  scores: HostValue | undefined,
  limits: Limits,
): AnyTensor {
  const [b, s] = [boxes as AnyTensor, scores as AnyTensor];
  const [batches, count, width] = b.dims as readonly [number, number, number];
  const classes = s.dims[1]!;
  if (b.dims.length !== 3 || width !== 4 || s.dims.length !== 3 || s.dims[0] !== batches || s.dims[2] !== count)
    refuse(
      "shape",
      "NonMaxSuppression",
      node,
      `boxes is ${b.dims.join("×")} and scores ${s.dims.join("×")}; they must be batch×boxes×4 and batch×classes×boxes`,
    );
  const [corners, values] = [b.data as Float32Array, s.data as Float32Array];
  const selected: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const from = batch * count * 4;
    const all = boxesOf(corners.subarray(from, from + count * 4), node.attributes.center_point_box !== 0);
    for (let c = 0; c < classes; c++) {
      const start = (batch * classes + c) * count;
      const kept = keep(all, values.subarray(start, start + count), limits);
      for (const i of kept) selected.push(batch, c, i);
    }
  }
  return int64(selected, [selected.length / 3, 3]);
}

function boxesOf(corners: Float32Array, centred: boolean): Boxes {
  const count = corners.length / 4;
  const made = (): Float64Array => new Float64Array(count);
  const boxes = { y1: made(), x1: made(), y2: made(), x2: made(), area: made() };
  for (let i = 0; i < count; i++) {
    const [a, b, c, d] = [corners[4 * i]!, corners[4 * i + 1]!, corners[4 * i + 2]!, corners[4 * i + 3]!];
    // centred: x, y, width, height; else two opposite corners, either first
    const [ya, xa, yb, xb] = centred ? [b - d / 2, a - c / 2, b + d / 2, a + c / 2] : [a, b, c, d];
    boxes.y1[i] = Math.min(ya, yb);
    boxes.x1[i] = Math.min(xa, xb);
    boxes.y2[i] = Math.max(ya, yb);
    boxes.x2[i] = Math.max(xa, xb);
    boxes.area[i] = (boxes.y2[i]! - boxes.y1[i]!) * (boxes.x2[i]! - boxes.x1[i]!);
  }
  return boxes;
}

/** Positions of the boxes that stay, best first; of equal scores the first box counts as better, and NaN is none. */
function keep(boxes: Boxes, scores: Float32Array, limits: Limits): readonly number[] {
  const candidates = new Candidates(scores, limits.score);
  const kept: number[] = [];
  while (kept.length < limits.count) {
    const best = candidates.take();
    if (best === undefined) break;
    if (!kept.some(k => overlaps(boxes, k, best, limits.overlap))) kept.push(best);
  }
  return kept;
}

/** Boxes by their scores, as a heap: few are asked for, mostly, of thousands. */
class Candidates {
  readonly #heap: Int32Array;
  readonly #scores: Float32Array;
  #count = 0;

  /** `least`: of a higher score are those that take part; absent: all */
  constructor(scores: Float32Array, least: number | undefined) {
    this.#scores = scores;
    this.#heap = new Int32Array(scores.length);
    for (let i = 0; i < scores.length; i++)
      if (least === undefined || scores[i]! > least) this.#heap[this.#count++] = i;
    for (let at = (this.#count >> 1) - 1; at >= 0; at--) this.#sink(at);
  }
  /** the best one that is left */
  take(): number | undefined {
    if (this.#count === 0) return undefined;
    const best = this.#heap[0];
    this.#heap[0] = this.#heap[--this.#count]!;
    this.#sink(0);
    return best;
  }
  #sink(from: number): void {
    const heap = this.#heap;
    const moved = heap[from]!;
    let at = from;
    for (let below = 2 * at + 1; below < this.#count; below = 2 * at + 1) {
      if (below + 1 < this.#count && this.#isBetter(heap[below + 1]!, heap[below]!)) below++;
      if (!this.#isBetter(heap[below]!, moved)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = moved;
  }
  #isBetter(i: number, j: number): boolean {
    const [a, b] = [rank(this.#scores[i]!), rank(this.#scores[j]!)];
    return a === b ? i < j : a > b;
  }
}
const rank = (score: number): number => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score);

/** Is the intersection more than this share of the union? Boxes without an area overlap nothing. */
function overlaps({ y1, x1, y2, x2, area }: Boxes, a: number, b: number, share: number): boolean {
  const height = Math.min(y2[a]!, y2[b]!) - Math.max(y1[a]!, y1[b]!);
  const width = Math.min(x2[a]!, x2[b]!) - Math.max(x1[a]!, x1[b]!);
  if (height <= 0 || width <= 0 || area[a]! <= 0 || area[b]! <= 0) return false;
  const shared = height * width;
  return shared > share * (area[a]! + area[b]! - shared);
}

export const doc: OperatorDoc = {
  summary: "Boxes of each class, best first, that do not overlap a better one by more than a share",
  dtypes: "f32",
  opsets: [10, 11],
};
