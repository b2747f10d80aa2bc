// NonMaxSuppression: its judge takes the best box that is left, and takes away what overlaps it.
import { int } from "../../../frontends/onnx-model.js";
import { size } from "../random.js";
import type { DrawModel, Plains } from "./model-draw.js";
import { nodeDraw, withDeparture } from "./model-draw.js";
import type { Plain } from "./plain.js";
import { at, drawPlain, plain } from "./plain.js";

type Box = readonly [a: number, b: number, c: number, d: number];
type Span = readonly [low: number, high: number];

const spans = ([a, b, c, d]: Box, centred: boolean): readonly [Span, Span] => {
  const span = (x: number, y: number): Span => (x < y ? [x, y] : [y, x]);
  return centred ? [span(a - c / 2, a + c / 2), span(b - d / 2, b + d / 2)] : [span(b, d), span(a, c)];
};
const lengthOf = ([low, high]: Span): number => high - low;
const areaOf = ([x, y]: readonly [Span, Span]): number => lengthOf(x) * lengthOf(y);

function share(a: Box, b: Box, centred: boolean): number {
  const [[ax, ay], [bx, by]] = [spans(a, centred), spans(b, centred)];
  const common = (p: Span, q: Span): number => Math.max(0, Math.min(p[1], q[1]) - Math.max(p[0], q[0]));
  const both = common(ax, bx) * common(ay, by);
  const [one, other] = [areaOf([ax, ay]), areaOf([bx, by])];
  return both === 0 || one === 0 || other === 0 ? 0 : both / (one + other - both);
}

interface Limits {
  readonly most: number;
  readonly overlap: number;
  /** absent: all scores count */
  readonly score: number | undefined;
  readonly centred: boolean;
}
function selected(boxes: readonly Box[], scores: readonly number[], limits: Limits): number[] {
  let left = scores.flatMap((s, i) => (limits.score === undefined || s > limits.score ? [i] : []));
  const out: number[] = [];
  while (left.length > 0 && out.length < limits.most) {
    const best = left.reduce((a, b) =>
      scores[b]! > scores[a]! || (Number.isNaN(scores[a]) && scores[b]! > -Infinity) ? b : a,
    );
    out.push(best);
    left = left.filter(i => i !== best && share(boxes[best]!, boxes[i]!, limits.centred) <= limits.overlap);
  }
  return out;
}

export const nonMaxSuppression: DrawModel = random => {
  const centred = random.chance(0.3);
  // positions that f32 and f64 add up alike: what touches, and what is as large as the limit, is decided by neither's rounding
  const whole = random.chance(0.4);
  const given = random.int(0, 3);
  let unordered = false;
  const drawn = nodeDraw(random, {
    op: "NonMaxSuppression",
    opset: random.pick([10, 11, 21]),
    attributes: random.chance(0.5) || centred ? [int("center_point_box", Number(centred))] : [],
    outputs: { selected_indices: "i64" },
    run: () => {
      const [batches, classes, count] = [random.int(1, 3), random.int(1, 3), size(random)];
      const boxes = drawPlain(random, "f32", [batches, count, 4], { range: [0, 4] });
      const corners = whole
        ? plain(
            "f32",
            boxes.dims,
            boxes.data.map(x => Math.round(Number(x))),
          )
        : boxes;
      const flavour = random.chance(0.2) ? "special" : "plain";
      const scores = drawPlain(random, "f32", [batches, classes, count], { range: [0, 1], flavour });
      const rated = random.chance(0.3)
        ? plain(
            "f32",
            scores.dims,
            scores.data.map(x => Math.round(Number(x) * 4) / 4),
          )
        : scores;
      const limits = {
        most: given > 0 ? random.int(0, 6) : 0,
        overlap: given > 1 ? random.pick([0, 0.25, 0.5, 0.75, 1]) : 0,
        score: given > 2 ? random.pick([0, 0.25, 0.5, -Infinity]) : undefined,
        centred,
      };
      unordered ||= given < 3 && rated.data.some(x => Number.isNaN(Number(x)));
      const rows: number[] = [];
      for (let b = 0; b < batches; b++) {
        const own = Array.from({ length: count }, (_, i) => [0, 1, 2, 3].map(k => Number(at(corners, [b, i, k]))));
        for (let c = 0; c < classes; c++) {
          const rates = Array.from({ length: count }, (_, i) => Number(at(rated, [b, c, i])));
          for (const i of selected(own as unknown as Box[], rates, limits)) rows.push(b, c, i);
        }
      }
      const extra: readonly (readonly [string, Plain])[] = [
        ["max_output_boxes_per_class", plain("i64", [1], [limits.most])],
        ["iou_threshold", plain("f32", [1], [limits.overlap])],
        ["score_threshold", plain("f32", [1], [limits.score ?? 0])],
      ];
      const inputs: Plains = { boxes: corners, scores: rated, ...Object.fromEntries(extra.slice(0, given)) };
      return { inputs, outputs: { selected_indices: plain("i64", [rows.length / 3, 3], rows) } };
    },
  });
  return withDeparture(drawn, unordered ? "NaN among the scores leaves its heap in no order" : undefined);
};
