// What movement and shape operators say about nodes that make no sense.
import type { Refusal } from "./refusals.js";
import { testRefusals } from "./refusals.js";

const unknown = (op: string, input: string): string =>
  `${op} "n": the content of input ${input} is not known when the model is compiled; make it a constant, or compute it from the dims of other tensors`;
const image = "f32 1 6 9 9";

const refusals: readonly Refusal[] = [
  {
    op: "Reshape",
    inputs: { data: "f32 2 3", shape: "i64 2" },
    code: "operator-unsupported",
    says: unknown("Reshape", "shape"),
  },
  {
    op: "Reshape",
    inputs: { data: "f32 2 3", shape: "i64 2 = 4 2" },
    code: "shape",
    says: 'Reshape "n": 2×3 does not fit into 4×2; the number of elements must stay the same',
  },
  {
    op: "Reshape",
    inputs: { data: "f32 2 3", shape: "i64 2 = 4 -1" },
    code: "shape",
    says: 'Reshape "n": 2×3 does not fit into 4×1; the number of elements must stay the same',
  },
  {
    op: "Reshape",
    inputs: { data: "f32 2 3", shape: "i64 3 = -1 2 -1" },
    code: "shape",
    says: 'Reshape "n": shape has more than one −1; only one dim can be left open',
  },
  {
    op: "Reshape",
    inputs: { data: "f32 2 3", shape: "i64 3 = 2 3 0" },
    code: "shape",
    says: 'Reshape "n": shape has 0 at position 2, but data has only 2 dims to copy; give a number',
  },
  {
    op: "Flatten",
    inputs: { input: "f32 2 3" },
    attributes: { axis: 3 },
    code: "operator-attribute",
    says: 'Flatten "n": axis 3 is outside -2..2 of a rank-2 tensor; use one in that range',
  },
  {
    op: "Squeeze",
    inputs: { data: "f32 2 1", axes: "i64 1 = 0" },
    code: "shape",
    says: 'Squeeze "n": dim 0 of data is 2; only dims of 1 can be squeezed',
  },
  {
    op: "Squeeze",
    inputs: { data: "f32 height 1" },
    code: "operator-unsupported",
    says: 'Squeeze "n": whether dim 0 (height) is 1 is not known when the model is compiled; name the axes, or fix the dim with the option dims',
  },
  {
    op: "Unsqueeze",
    inputs: { data: "f32 2", axes: "i64 2 = 0 -3" },
    code: "operator-attribute",
    says: 'Unsqueeze "n": axes [0, -3] name an axis twice; name each once',
  },
  {
    op: "Transpose",
    inputs: { data: "f32 2 3" },
    attributes: { perm: [0, 0] },
    code: "operator-attribute",
    says: 'Transpose "n": perm [0, 0] is not an order of the 2 dims of data; name each of 0..1 once',
  },
  {
    op: "Concat",
    inputs: { X0: "f32 2 3", X1: "f32 2 4" },
    attributes: { axis: 0 },
    code: "shape",
    says: 'Concat "n": X1 is 2×4 and X0 is 2×3; all dims but axis 0 must be equal',
  },
  {
    op: "Split",
    inputs: { input: "f32 7" },
    opset: 13,
    outputCount: 2,
    code: "shape",
    says: 'Split "n": 7 elements do not split evenly into 2 outputs; give the sizes in split',
  },
  {
    op: "Split",
    inputs: { input: "f32 7", split: "i64 2 = 3 3" },
    outputCount: 2,
    code: "shape",
    says: 'Split "n": split [3, 3] sums to 6, but the axis has 7 elements; make them equal',
  },
  {
    op: "Split",
    inputs: { input: "f32 7", split: "i64 2 = 3 4" },
    outputCount: 3,
    code: "shape",
    says: 'Split "n": split lists 2 sizes for 3 outputs; give one for each',
  },
  {
    op: "Slice",
    inputs: { data: "f32 7", starts: "i64 1", ends: "i64 1 = 3" },
    code: "operator-unsupported",
    says: unknown("Slice", "starts"),
  },
  {
    op: "Slice",
    inputs: { data: "f32 7", starts: "i64 1 = 1", ends: "i64 2 = 3 4" },
    code: "shape",
    says: 'Slice "n": starts, ends, axes and steps have 1, 2, 1 and 1 elements; give one each for every axis',
  },
  {
    op: "Slice",
    inputs: { data: "f32 7", starts: "i64 1 = 1", ends: "i64 1 = 3", axes: "i64 1 = 0", steps: "i64 1 = 0" },
    code: "operator-attribute",
    says: 'Slice "n": a step is 0; use a positive or a negative one',
  },
  {
    op: "GatherElements",
    inputs: { data: "f32 7 2", indices: "i64 7" },
    code: "shape",
    says: 'GatherElements "n": data has 2 dims and indices 1; both need the same number',
  },
  {
    op: "GatherND",
    inputs: { data: "f32 7 2", indices: "i64 4 3" },
    code: "shape",
    says: 'GatherND "n": batch_dims 0 and index tuples of 3 do not fit data of 2 dims; their sum must be at most that',
  },
  {
    op: "GatherND",
    inputs: { data: "f32 7 2", indices: "i64 4 depth" },
    code: "operator-unsupported",
    says: 'GatherND "n": the last dim of indices is depth; it must be a number when the model is compiled',
  },
  {
    op: "Pad",
    inputs: { data: "f32 7 2", pads: "i64 2 = 1 1" },
    code: "shape",
    says: 'Pad "n": pads has 2 elements for 2 axes; give the begins of all axes, then the ends',
  },
  {
    op: "Pad",
    inputs: { data: "f32 7", pads: "i64 2 = 1 1" },
    attributes: { mode: "mirror" },
    code: "operator-attribute",
    says: 'Pad "n": mode "mirror" is unknown; use constant, edge, wrap or reflect',
  },
  {
    op: "Resize",
    inputs: { X: image, scales: "f32 4 = 1 1 2 2" },
    attributes: { nearest_mode: "down" },
    code: "operator-attribute",
    says: 'Resize "n": nearest_mode "down" is unknown; use floor, ceil, round_prefer_ceil or round_prefer_floor',
  },
  {
    op: "Resize",
    inputs: { X: image, scales: "f32 2 = 2 2" },
    code: "shape",
    says: 'Resize "n": scales [2, 2] must be 4 numbers above 0, one for each axis',
  },
  {
    op: "Resize",
    inputs: { X: image, sizes: "i64 2 = 20 20" },
    code: "shape",
    says: 'Resize "n": sizes has 2 elements for 4 axes; give one for each',
  },
  {
    op: "Resize",
    inputs: { X: "f32 1 6 height width", sizes: "i64 2 = 20 20" },
    attributes: { axes: [2, 3], keep_aspect_ratio_policy: "not_larger" },
    code: "operator-unsupported",
    says: 'Resize "n": keep_aspect_ratio_policy not_larger needs sizes and dims in numbers; fix the dims with the option dims',
  },
  {
    op: "Upsample",
    inputs: { X: image, scales: "f32 4 = 1 1 -2 2" },
    opset: 9,
    code: "shape",
    says: 'Upsample "n": scales [1, 1, -2, 2] must be 4 numbers above 0, one for each dim of X',
  },
  {
    op: "Expand",
    inputs: { input: "f32 2 3", shape: "i64 2 = 2 4" },
    code: "shape",
    says: 'Expand "n": input of 2×3 does not expand to 2×4; from the right, dims must be equal or 1',
  },
  {
    op: "Tile",
    inputs: { input: "f32 2 3", repeats: "i64 1 = 2" },
    code: "shape",
    says: 'Tile "n": repeats has 1 elements for 2 dims of input; give one for each',
  },
  {
    op: "Range",
    inputs: { start: "i64 = 0", limit: "i64 = 5", delta: "i64 = 0" },
    code: "operator-attribute",
    says: 'Range "n": delta is 0; use a positive or a negative one',
  },
  {
    op: "ConstantOfShape",
    inputs: { input: "i64 2 = 3 -1" },
    code: "shape",
    says: 'ConstantOfShape "n": input asks for 3×-1; a dim can\'t be negative',
  },
  {
    op: "EyeLike",
    inputs: { input: "f32 3" },
    code: "shape",
    says: 'EyeLike "n": input is 3; it must be a matrix',
  },
  {
    op: "EyeLike",
    inputs: { input: "f32 3 3" },
    attributes: { dtype: 8 },
    code: "operator-unsupported",
    says: 'EyeLike "n": element type 8 is not among 1 (f32), 2 (u8), 3 (i8), 4 (u16), 5 (i16), 6 (i32), 7 (i64), 9 (bool), 10 (f16), 11 (f64), 12 (u32), 13 (u64), 16 (bf16), 17 (f8e4m3fn), 18 (f8e4m3fnuz), 19 (f8e5m2), 20 (f8e5m2fnuz), 21 (u4), 22 (i4), 23 (f4e2m1), 24 (f8e8m0), 25 (u2), 26 (i2); use one of these',
  },
  {
    op: "ArgMax",
    inputs: { data: "f32 3 0" },
    attributes: { axis: 1 },
    code: "shape",
    says: 'ArgMax "n": axis 1 of data has no elements, so there is no position to give; hand in at least one',
  },
  {
    op: "Trilu",
    inputs: { input: "f32 3" },
    code: "shape",
    says: 'Trilu "n": input is 3; it must have at least two dims',
  },
  {
    op: "DepthToSpace",
    inputs: { input: image },
    attributes: { blocksize: 2 },
    code: "shape",
    says: 'DepthToSpace "n": input is 1×6×9×9; it must have 4 dims, and channels in multiples of 4',
  },
  {
    op: "SpaceToDepth",
    inputs: { input: image },
    attributes: { blocksize: 2 },
    code: "shape",
    says: 'SpaceToDepth "n": input is 1×6×9×9; it must have 4 dims, and height and width in multiples of 2',
  },
];

testRefusals(refusals);
