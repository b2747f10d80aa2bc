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
/** corners in order, and the area */
interface Box {
  readonly y1: number;
  readonly x1: number;
  readonly y2: number;
  readonly x2: number;
  readonly area: number;
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
  const [corners, values] = [numbers(b), numbers(s)];
  const selected: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const read = (i: number) => corners.slice((batch * count + i) * 4, (batch * count + i) * 4 + 4);
    const all = Array.from({ length: count }, (_, i) => boxOf(read(i), node.attributes.center_point_box !== 0));
    for (let c = 0; c < classes; c++) {
      const start = (batch * classes + c) * count;
      const kept = keep(all, values.slice(start, start + count), limits);
      for (const i of kept) selected.push(batch, c, i);
    }
  }
  return int64(selected, [selected.length / 3, 3]);
}

function boxOf([a, b, c, d]: readonly number[], centred: boolean): Box {
  // centred: x, y, width, height; else two opposite corners, either first
  const [ya, xa, yb, xb] = centred ? [b! - d! / 2, a! - c! / 2, b! + d! / 2, a! + c! / 2] : [a!, b!, c!, d!];
  const [y1, x1, y2, x2] = [Math.min(ya, yb), Math.min(xa, xb), Math.max(ya, yb), Math.max(xa, xb)];
  return { y1, x1, y2, x2, area: (y2 - y1) * (x2 - x1) };
}

/** Positions of the boxes that stay, best first; of equal scores the first box counts as better, and NaN is none. */
function keep(boxes: readonly Box[], scores: readonly number[], limits: Limits): readonly number[] {
  const order = scores.flatMap((x, i) => (limits.score === undefined || x > limits.score ? [i] : []));
  const rank = (i: number): number => (Number.isNaN(scores[i]) ? Number.NEGATIVE_INFINITY : scores[i]!);
  order.sort((i, j) => (rank(i) === rank(j) ? i - j : rank(j) - rank(i)));
  const kept: number[] = [];
  for (const i of order) {
    if (kept.length >= limits.count) break;
    if (!kept.some(k => overlaps(boxes[k]!, boxes[i]!, limits.overlap))) kept.push(i);
  }
  return kept;
}
/** Is the intersection more than this share of the union? Boxes without an area overlap nothing. */
function overlaps(a: Box, b: Box, share: number): boolean {
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  if (height <= 0 || width <= 0 || a.area <= 0 || b.area <= 0) return false;
  const shared = height * width;
  return shared > share * (a.area + b.area - shared);
}

export const doc: OperatorDoc = {
  summary: "Boxes of each class, best first, that do not overlap a better one by more than a share",
  dtypes: "f32",
  opsets: [10, 11],
};
