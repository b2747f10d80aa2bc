// NonMaxSuppression beyond ONNX's own cases: ties, boxes without an area, absent limits, and dims that do not fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { operator } from "../../src/ops/non-max-suppression.js";
import { float32, int64, numbers } from "../../src/ops/host-tensors.js";
import type { HostNode, HostServices, HostValues } from "../../src/ops/operator.js";
import type { AnyTensor } from "../../src/runtime/host-value.js";

const node = { name: "n", attributes: { center_point_box: 0 } } as unknown as HostNode;
/** it asks for none */
const services = {} as HostServices;
const run = (inputs: HostValues): number[] => {
  const { selected_indices } = operator.host!.run!(inputs, node, services) as Record<string, AnyTensor>;
  return numbers(selected_indices!);
};
const boxes = float32([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 5, 5, 5, 5], [1, 4, 4]);
const all = { max_output_boxes_per_class: int64([9], []), iou_threshold: float32([0.5], []) };

test("of equal scores the first box stays; a box without an area overlaps nothing", () => {
  const scores = float32([0.5, 0.5, 0.25, 0.75], [1, 1, 4]);
  assert.deepEqual(run({ boxes, scores, ...all }), [0, 0, 3, 0, 0, 0, 0, 0, 2]);
});
test("without a limit nothing is selected", () => {
  assert.deepEqual(run({ boxes, scores: float32([1, 1, 1, 1], [1, 1, 4]) }), []);
});
test("a score at the threshold is not above it", () => {
  const scores = float32([0.5, 0.25, 0.25, 0.75], [1, 1, 4]);
  assert.deepEqual(run({ boxes, scores, ...all, score_threshold: float32([0.5], []) }), [0, 0, 3]);
});
test("dims that do not fit are refused", () => {
  assert.throws(() => run({ boxes, scores: float32([1, 1, 1], [1, 1, 3]), ...all }), {
    code: "shape",
    message:
      'NonMaxSuppression "n": boxes is 1×4×4 and scores 1×1×3; they must be batch×boxes×4 and batch×classes×boxes',
  });
});
