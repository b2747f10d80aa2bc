// Where onnxruntime-node 1.30 and the references of ai.onnx differ, and why: measured, or open in what is written of the operator.
import { isFloat } from "../../../src/ir/dtypes.js";
import type { CaseInput } from "../../../src/ops/operator.js";
import type { PeerDeparture } from "./departure.js";
import { holds, holdsInfinity, holdsNaN, isEmpty } from "./departure.js";
import { deviationOf, hasNarrowRows, rowsOver } from "./rows.js";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Is a power of any of X and any of Y within 32 bits? */
const isMeasurable = (X: CaseInput, Y: CaseInput): boolean =>
  (X.data ?? []).every(x => (Y.data ?? []).every(y => Math.abs(Number(x) ** Number(y)) < 2 ** 31));

export const onnxDepartures: readonly PeerDeparture[] = [
  {
    operators: /^(Random|Bernoulli|Multinomial)/,
    reason: "ONNX leaves the generator of random numbers to implementations, also with a seed",
  },
  {
    operators:
      /^(ArgMax|ArgMin|ReduceMax|ReduceMin|MaxPool|com\.microsoft MaxpoolWithMask|GlobalMaxPool|ScatterElements|ScatterND|Hardmax|TopK|MaxRoiPool|RoiAlign)$/,
    when: holdsNaN,
    reason:
      "ONNX does not say whether NaN is a largest or smallest element; here it is, as in NumPy, and there comparisons decide: the largest of 1, NaN, 2 is 2, and of NaN, 1, 2 it is NaN",
  },
  {
    operators: /^Reduce/,
    when: isEmpty,
    reason:
      "of a tensor without elements it reduces one of several axes, or none (8×0×5 along two axes is 8×1×5), and its mean of nothing is 0, where it is 0 ÷ 0 here",
  },
  {
    operators: /^(LpPool|AveragePool|MaxPool|com\.microsoft (MaxpoolWithMask|NhwcMaxPool|QLinearAveragePool))$/,
    reason:
      "a window larger than its input is counted by a division that rounds to 0, which leaves one output where ONNX's floor leaves none",
    when: c => {
      const list = (name: string) => (c.attributes?.[name] as readonly number[] | undefined) ?? [];
      const dilations = list("dilations");
      const taps = list("kernel_shape").map((k, i) => (k - 1) * (dilations[i] ?? 1) + 1);
      const space = Object.values(c.inputs)[0]!.dims;
      return taps.some((k, i) => k > Math.min(space[i + 2] ?? k, space[i + 1] ?? k));
    },
  },
  {
    operators: /^(LpPool|AveragePool|MaxPool)$/,
    when: ({ attributes = {} }) =>
      /^SAME/.test(String(attributes.auto_pad)) && ((attributes.dilations ?? []) as readonly number[]).some(d => d > 1),
    reason:
      "pads of SAME_UPPER and SAME_LOWER take no notice of dilations: 3 taps 2 apart over 8 elements leave 6 outputs, where ONNX says as many as elements",
  },
  {
    operators: /^ConvTranspose$/,
    when: ({ attributes = {}, inputs: { W } }) => {
      const list = (name: string) => (attributes[name] as readonly number[] | undefined) ?? [];
      const taps = W!.dims.slice(2).map((k, j) => (k - 1) * (list("dilations")[j] ?? 1) + 1);
      const reach = taps.map((k, j) => k + (list("output_padding")[j] ?? 0));
      return /^SAME/.test(String(attributes.auto_pad)) && reach.some((k, j) => k < (list("strides")[j] ?? 1));
    },
    reason:
      "where the filter is shorter than the stride, SAME_UPPER and SAME_LOWER leave the end away that no tap reaches: 2 elements at stride 2 give 3 outputs, where ONNX says size · stride",
  },
  {
    operators: /^Elu$/,
    when: c => holds(c, x => x < 0 && x > -1 / 16),
    reason:
      "it subtracts 1 from the rounded eˣ, which leaves few digits beside 0: of x = −1e-10 it leaves 0, and −1e-10 here",
  },
  {
    operators: /^BlackmanWindow$/,
    // longer windows have larger numbers beside it
    when: c => Number(c.inputs.size?.data?.[0]) <= 2,
    reason: "it adds up 0.42, −0.5 and 0.08 in f32: the first element is 1.5e-8 instead of 0",
  },
  {
    operators: /^DFT$/,
    when: ({ attributes = {}, inputs: { input, dft_length } }) =>
      attributes.inverse === 1 &&
      attributes.onesided === 1 &&
      dft_length !== undefined &&
      !input!.dims.slice(1, -1).includes(Math.floor(Number(dft_length.data?.[0]) / 2) + 1),
    reason:
      "ONNX does not say what becomes of frequencies beyond half of dft_length: of 7, for a length of 9, they change the result there, and the first 5 count here",
  },
  {
    operators: /^ReduceLogSumExp$/,
    when: holdsNaN,
    reason: "it looks for the largest element by comparisons, which lose a NaN beside ∞: the result is ∞",
  },
  {
    operators: /^GroupNormalization$/,
    when: ({ inputs: { X } }) => X!.dtype === "f64",
    reason: "it computes the statistics of f64 in f32, as stash_type 1 says, where here f64 stays f64",
    within: { relative: 2 ** 13, absolute: 2 ** 13 },
  },
  {
    operators: /^MeanVarianceNormalization$/,
    when: ({ inputs: { X }, attributes: { axes = [0, 2, 3] } = {} }) => hasNarrowRows(X!, axes as readonly number[]),
    reason:
      "it takes E[x²] − E[x]² for the variance, which rounding makes negative in rows of nearly equal elements: NaN (measured with 0.1 and 0.1 in f32; with one element in f16)",
  },
  {
    operators: /^MeanVarianceNormalization$/,
    when: ({ inputs: { X }, attributes: { axes = [0, 2, 3] } = {} }) =>
      rowsOver(X!, axes as readonly number[]).some(row => deviationOf(row) < 1e-5),
    reason: "it leaves out the 1e-9 that ONNX's function adds to the deviation: ±1e-9 are ±1 there, and ±0.5 here",
  },
  {
    operators: /^InstanceNormalization$/,
    when: ({ inputs: { input } }) => hasNarrowRows(input!, upTo(input!.dims.length).slice(2)),
    reason:
      "it takes x · (scale / σ) + (B − mean · scale / σ), which leaves few digits where the elements of a row are nearly equal: of one element, 1.76, and B = 1.29672 it leaves 1.29669, where x − mean is 0 and leaves B",
  },
  {
    operators: /^Resize$/,
    when: ({ inputs: { X, scales }, attributes: { coordinate_transformation_mode: mode } = {} }) =>
      mode === "align_corners" && (scales?.data ?? []).some((s, d) => !Number.isInteger(Number(s) * X!.dims[d]!)),
    reason:
      "with aligned corners it takes the output's size for length_resized, where ONNX's suite takes size · scale, which is no whole number here (resize_downsample_scales_linear_align_corners: 4 by 0.6 is 2.4)",
  },
  {
    operators: /^(com\.microsoft )?Pad$/,
    when: ({ attributes, inputs: { data, pads } }) =>
      attributes?.mode === "wrap" && Math.max(...(pads?.data ?? []).map(Number)) > Math.min(...data!.dims),
    reason:
      "it wraps around once, and takes what lies before or behind the tensor where a pad is longer than the dim (a pad of 5 before 1, 2, 3 holds 0, 0, 1, 2, 3 there)",
  },
  {
    operators: /^AffineGrid$/,
    when: c => (c.inputs.size?.data ?? []).slice(2).some(n => Number(n) === 1),
    reason: "with aligned corners, one point lies in the middle here, as in PyTorch; ONNX's formula divides by 0 there",
  },
  {
    operators: /^(Hann|Hamming|Blackman)Window$/,
    when: c => Number(c.inputs.size?.data?.[0]) === 1 && c.attributes?.periodic === 0,
    reason: "a symmetric window of one element divides by 0 there, and here by 1, as in NumPy",
  },
  {
    operators: /^TopK$/,
    when: c => c.attributes?.sorted === 0,
    reason: "without sorted, ONNX leaves the order open: of 1, 4, 2, 5, 3, 0 it finds 3, 4, 5",
  },
  {
    operators: /^Arg(Max|Min)$/,
    when: isEmpty,
    reason:
      "of nothing it gives the input's dims, where the axis has one element, or is gone (measured: 2×0 along the first axis stays 2×0)",
  },
  {
    operators: /^Einsum$/,
    when: c => holds(c, x => !Number.isFinite(x)),
    reason:
      "it adds up what one operand alone has before it multiplies, pair by pair: −∞ · Σx is −∞, where Σ (−∞ · x) is NaN",
  },
  {
    operators: /^LSTM$/,
    when: c => c.inputs.X?.dims[c.attributes?.layout === 1 ? 1 : 0] === 0,
    reason:
      "a sequence without steps leaves in the last state of the cell what lay in memory, and here the initial one (RNN does as here, GRU ends the process)",
  },
  {
    operators: /^Mod$/,
    when: c => c.attributes?.fmod === 1 && /64$/.test(c.inputs.A?.dtype ?? ""),
    reason:
      "with fmod, it makes 64-bit integers f64 and computes the remainder of those: 2⁶³ − 1 by 15 leaves 8 there, and 7 here",
  },
  {
    operators: /^(com\.microsoft )?QuantizeLinear$/,
    when: c => c.inputs.x?.dtype === "f16",
    reason:
      "it divides f16 in f32, where ONNX says that y_scale's type is that of the division: 1.0498 by 0.09998 is 10.5006 there, and 10.5 here",
  },
  {
    operators: /^Dropout$/,
    reason: "its generator is another in training, and before opset 12 its mask at inference holds zeros",
  },
  {
    operators:
      /^(MatMul|MatMulInteger|ConvInteger|QLinearConv|QLinearMatMul|com\.microsoft (ConvTransposeWithDynamicPads|DynamicQuantize.*|FusedGemm|FusedMatMul|MatMulIntegerToFloat|TransposeMatMul|Q?MoE|QAttention|QGemm|QLinearConv))$/,
    when: isEmpty,
    reason:
      "a product over nothing leaves there what lay in memory (other numbers in each run of MatMulInteger and ConvInteger; of MatMul, with a vector of no elements), and here 0, or the bias",
  },
  {
    operators: /^Attention$/,
    when: c => Number(c.attributes?.softcap ?? 0) < 0,
    reason: "a softcap below 0 caps there as one above it; ONNX's reference caps by numbers above 0 alone",
  },
  {
    operators: /^Conv$/,
    when: isEmpty,
    reason: "of filters without channels it makes NaN of some, where the bias alone is left",
  },
  { operators: /^Sign$/, when: holdsNaN, reason: "the sign of NaN is 0 there in f16, and NaN for other floats" },
  {
    operators: /^(NegativeLogLikelihoodLoss|SoftmaxCrossEntropyLoss)$/,
    when: isEmpty,
    reason: "the mean of no losses is 0 there, and 0 ÷ 0 here, as ONNX's formula says",
  },
  {
    operators: /^MaxUnpool$/,
    when: c => c.inputs.output_shape !== undefined,
    reason:
      "with output_shape it counts positions in the larger output, where ONNX's suite counts them in what was pooled",
  },
  {
    operators: /^OneHot$/,
    when: c => /^f/.test(c.inputs.indices?.dtype ?? ""),
    reason: "ONNX does not say whether an index that is no whole number is one: 0.5 sets nothing there, and 0 here",
  },
  {
    operators: /^LRN$/,
    when: c => holdsInfinity(c) || holdsNaN(c),
    reason:
      "its window slides: what leaves it is subtracted, so that an infinity or NaN leaves NaN to all places behind it",
  },
  {
    operators: /^(LogSoftmax|SoftmaxCrossEntropyLoss)$/,
    when: c => (holdsInfinity(c) || holdsNaN(c)) && Object.values(c.inputs).some(i => i.dtype === "f64"),
    reason:
      "beside ∞ and NaN, the logarithm of a probability is a number or −∞ there in f64, where it is NaN in f32, as ∞ − ∞ is",
  },
  {
    operators: /^(LayerNormalization|com\.microsoft SkipLayerNormalization)$/,
    when: holdsInfinity,
    reason: "the mean of a row that holds −∞ is NaN there, and −∞ here",
  },
  {
    operators: /^STFT$/,
    when: c => c.inputs.signal?.dims.at(-1) === 2 && c.inputs.window !== undefined,
    reason: "beside a complex signal, it reads the window as complex too: twice as far as it goes",
  },
  {
    operators: /^Pow$/,
    when: ({ inputs: { X, Y } }) => !isFloat(X!.dtype) && !isMeasurable(X!, Y!),
    reason:
      "NaN, and a power beyond the integers of X, is the least integer there (measured with i32: −2³¹, also of 4¹⁷), and here 0, or the nearest one, or wraps around by whole exponents",
  },
  {
    operators: /^ReduceProd$/,
    when: ({ inputs: { data } }) =>
      /^i(32|64)$/.test(data!.dtype) &&
      (data!.data ?? []).reduce((n: number, x) => n * Math.max(Math.abs(Number(x)), 1), 1) >=
        2 ** (Number(data!.dtype.slice(1)) - 1),
    reason: "a product beyond its dtype is the largest number there (measured with 2³² and 2⁶⁴), and wraps around here",
  },
];
