// Where onnxruntime-node 1.30 and the references differ, and why: what ONNX leaves open, and what that runtime does otherwise than ONNX says.
import { isFloat } from "../../../src/ir/dtypes.js";
import type { CaseInput, OperatorCase, Tolerance } from "../../../src/ops/operator.js";

export interface PeerDeparture {
  /** as keyOf() names them */
  readonly operators: RegExp;
  /** absent: whatever is drawn */
  readonly when?: (drawn: OperatorCase) => boolean;
  readonly reason: string;
  /** so far apart at most: more is a finding */
  readonly within?: Tolerance;
}

const holdsNaN = ({ inputs }: OperatorCase): boolean =>
  Object.values(inputs).some(i => i.data?.some(x => typeof x === "number" && Number.isNaN(x)));
const holds = ({ inputs }: OperatorCase, what: (x: number) => boolean): boolean =>
  Object.values(inputs).some(i => i.data?.some(x => what(Number(x))));
const isEmpty = ({ inputs }: OperatorCase): boolean => Object.values(inputs).some(i => i.dims.includes(0));

/** Is a power of any of X and any of Y within 32 bits? */
const isMeasurable = (X: CaseInput, Y: CaseInput): boolean =>
  (X.data ?? []).every(x => (Y.data ?? []).every(y => Math.abs(Number(x) ** Number(y)) < 2 ** 31));

export const departures: readonly PeerDeparture[] = [
  {
    operators: /^(Random|Bernoulli|Multinomial)/,
    reason: "ONNX leaves the generator of random numbers to implementations, also with a seed",
  },
  {
    operators:
      /^(ArgMax|ArgMin|ReduceMax|ReduceMin|MaxPool|com\.microsoft MaxpoolWithMask|GlobalMaxPool|Max|Min|ScatterElements|ScatterND|Hardmax|TopK|Clip|MaxRoiPool|RoiAlign)$/,
    when: holdsNaN,
    reason:
      "ONNX does not say whether NaN is a largest or smallest element; here it is, as in NumPy, and there comparisons decide",
  },
  {
    operators:
      /^(ReduceLogSumExp|ReduceLogSum|ReduceL1|ReduceL2|ReduceSum|ReduceSumSquare|ReduceMean|ReduceProd|Reduce.*)$/,
    when: c => isEmpty(c) || holdsNaN(c),
    reason:
      "of an empty axis it gives an empty result for f16 and refuses other dtypes; beside an infinity NaN is lost",
  },
  {
    operators: /^(LpPool|AveragePool|MaxPool|com\.microsoft NhwcMaxPool|com\.microsoft QLinearAveragePool)$/,
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
    operators: /^Pad$/,
    when: ({ attributes, inputs: { data, pads } }) =>
      attributes?.mode === "wrap" && Math.max(...(pads?.data ?? []).map(Number)) > Math.min(...data!.dims),
    reason: "it wraps around once, and takes what lies before or behind the tensor where a pad is longer than the dim",
  },
  {
    operators: /^AffineGrid$/,
    when: c => (c.inputs.size?.data ?? []).slice(2).some(n => Number(n) === 1),
    reason: "with aligned corners, one point lies in the middle here, as in PyTorch; ONNX's formula divides by 0 there",
  },
  {
    operators: /^(Hann|Hamming|Blackman)Window$/,
    when: c => Number(c.inputs.size?.data?.[0]) === 1,
    reason: "a window of one element divides by 0 there, and here by 1, as in NumPy",
  },
  {
    operators: /^BlackmanWindow$/,
    reason: "it adds up the cosines in f32: the ends of the window are 1e-8 instead of 0",
  },
  {
    operators: /^TopK$/,
    when: c => c.attributes?.sorted === 0,
    reason: "without sorted, the order of what is found is open",
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
    operators: /^(GRU|LSTM|RNN)$/,
    when: c => c.inputs.X?.dims[c.attributes?.layout === 1 ? 1 : 0] === 0,
    reason:
      "a sequence without steps leaves in the last states what lay in memory, and here the initial ones (measured with LSTM)",
  },
  {
    operators: /^Mod$/,
    when: c => c.attributes?.fmod === 1 && /64$/.test(c.inputs.A?.dtype ?? ""),
    reason:
      "with fmod, it makes 64-bit integers f64 and computes the remainder of those: 2⁶³ − 1 by 15 leaves 8 there, and 7 here",
  },
  {
    operators: /^QuantizeLinear$/,
    when: c => c.inputs.x?.dtype === "f16",
    reason: "it divides f16 in f16, where ONNX 25 names a precision and leaves it open before",
  },
  {
    operators: /^Dropout$/,
    reason: "its generator is another, and before opset 12 its mask at inference holds zeros",
  },
  {
    operators:
      /^(MatMulInteger|ConvInteger|QLinearConv|QLinearMatMul|com\.microsoft (ConvTransposeWithDynamicPads|DynamicQuantize.*|FusedGemm|FusedMatMul|MatMulIntegerToFloat|Q?MoE|QAttention|QGemm|QLinearConv))$/,
    when: isEmpty,
    reason: "a product over nothing leaves there what lay in memory, and here 0, or the bias",
  },
  { operators: /^Sign$/, when: holdsNaN, reason: "the sign of NaN is 0 there in f16, and NaN for other floats" },
  {
    operators: /^(SoftmaxCrossEntropyLoss|NegativeLogLikelihoodLoss)$/,
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
    reason: "ONNX does not say whether an index that is no whole number is one",
  },
  {
    operators: /^DFT$/,
    when: c => c.attributes?.inverse === 1 && c.attributes?.onesided === 1,
    reason: "ONNX does not say what the imaginary part of the first and last frequency does to a real signal",
  },
  {
    operators: /Normalization|LRN|Softmax/,
    when: c => holds(c, x => !Number.isFinite(x)),
    reason: "statistics over infinities are NaN or infinite by the formula that is chosen for the variance",
  },
  {
    operators: /^ai\.onnx\.ml LinearRegressor$/,
    when: ({ attributes = {} }) => attributes.post_transform === "SOFTMAX" && (attributes.targets ?? 1) === 1,
    reason: "a softmax of one target, which is 1, is left out there",
  },
  {
    operators: /^ai\.onnx\.ml LinearClassifier$/,
    when: ({ attributes = {} }) =>
      /^SOFTMAX/.test(String(attributes.post_transform)) &&
      ((attributes.intercepts as readonly number[] | undefined)?.length ?? 0) === 1,
    reason:
      "of two labels with one row it leaves a softmax out, and gives 1 − s and s (measured with SOFTMAX and SOFTMAX_ZERO)",
  },
  {
    operators: /^ai\.onnx\.ml SVMClassifier$/,
    when: ({ attributes = {} }) =>
      /^SOFTMAX/.test(String(attributes.post_transform)) &&
      (attributes.classlabels_ints as readonly number[] | undefined)?.length === 2 &&
      !attributes.prob_a,
    reason: "of two labels without shares it leaves a softmax out, and gives −s and s (measured with SOFTMAX)",
  },
  {
    operators: /^Pow$/,
    when: ({ inputs: { X, Y } }) => !isFloat(X!.dtype) && isFloat(Y!.dtype) && !isMeasurable(X!, Y!),
    reason:
      "NaN, and a power beyond the integers of X, is the least integer there (measured with i32: −2³¹), and here 0, or the nearest one",
  },
  {
    operators: /^ReduceProd$/,
    when: ({ inputs: { data } }) =>
      data!.dtype === "i64" &&
      (data!.data ?? []).reduce((n: number, x) => n * Math.max(Math.abs(Number(x)), 1), 1) >= 2 ** 63,
    reason: "a product beyond i64 is 2⁶³ − 1 there (measured with 2⁶⁴ and more), and wraps around here",
  },
  {
    operators: /^ai\.onnx\.ml TreeEnsembleClassifier$/,
    when: ({ attributes = {} }) => {
      const {
        class_treeids: trees,
        class_nodeids: nodes,
        class_ids: ids,
      } = attributes as Record<string, readonly number[]>;
      const named = nodes!.map((node, k) => `${trees![k]}/${node}/${ids![k]}`);
      return new Set(ids).size === 1 && new Set(named).size < named.length;
    },
    reason:
      "where leaves speak of one class alone, the first weight of a leaf counts, and here their sum (measured: 0.5 of 0.5 and 0.75)",
  },
  {
    operators: /^com\.microsoft FastGelu$/,
    when: c => (c.inputs.X?.dims.at(-1) ?? 1) === 1 && c.inputs.bias?.dims.length === 1,
    reason:
      "in f16, the sum of rows of one element and a bias is as long as the bias there, where in f32 it has the dims of X",
  },
  {
    operators: /^Attention$/,
    when: ({ attributes = {} }) => (attributes.scale as number | undefined) !== undefined && attributes.scale < 0,
    reason: "it multiplies Q and K by the root of scale each, which a negative scale has not",
  },
  {
    operators: /^com\.microsoft MultiHeadAttention$/,
    when: ({ attributes = {}, inputs: { query, key } }) =>
      attributes.unidirectional === 1 &&
      key !== undefined &&
      key.dims[key.dims.length === 4 ? 2 : 1] !== query!.dims[1],
    reason: "the last query sees all keys there, also where there are more keys than queries",
  },
  {
    operators: /^com\.microsoft Q?MoE$/,
    when: ({ inputs: { router_probs: router } }) => {
      const experts = router!.dims[1]!;
      const rows = Array.from({ length: router!.dims[0]! }, (_, t) =>
        router!.data!.slice(t * experts, (t + 1) * experts),
      );
      return rows.some(row => new Set(row.map(Number)).size < experts);
    },
    reason: "which of two experts comes first that are rated alike is open",
  },
  {
    operators: /^com\.microsoft MoE$/,
    when: c => c.inputs.input!.dtype === "f16",
    reason:
      "its product of f16 takes no notice that weights lie with rows for outputs: it reads experts×rows×columns as experts×columns×rows",
  },
  {
    operators: /^com\.microsoft QMoE$/,
    when: ({ attributes = {} }) => (attributes.normalize_routing_weights ?? 0) === 0,
    reason: "it weighs the chosen experts as if normalize_routing_weights were 1",
  },
  {
    operators: /^com\.microsoft QMoE$/,
    when: ({ attributes = {} }) => (attributes.swiglu_fusion ?? 0) !== 0 && attributes.activation_type !== "swiglu",
    reason:
      "beside another activation too, it takes fc1 for a layer of twice the rows: the second token of an expert goes to fc2 with what the next expert's fc1 gives the first (measured: equal), and the rows behind the last expert's lie outside",
  },
  {
    operators: /^com\.microsoft SparseAttention$/,
    when: ({ inputs: { key_total_sequence_lengths: lengths, total_sequence_length: total } }) =>
      lengths!.data!.some(length => Number(length) !== Number(total!.data![0])),
    reason:
      "where a batch has fewer keys than total_sequence_length, it writes weights of one row length and reads them with another",
  },
  {
    operators: /^com\.microsoft WordConvEmbedding$/,
    when: ({ inputs: { Sequence: words } }) => {
      const [count, length] = words!.dims as [number, number];
      return Array.from({ length: count }, (_, i) => words!.data?.[i * length]).some(id => !(Number(id) > 0));
    },
    reason: "a word that begins with no character leaves there what lay in memory, and gives zeros here",
  },
  {
    operators: /CDist/,
    when: c => holds(c, x => !Number.isFinite(x)),
    reason: "it computes distances by a product of matrices, in which infinities meet",
  },
  {
    operators: /^STFT$/,
    when: c => c.inputs.signal?.dims.at(-1) === 2 && c.inputs.window !== undefined,
    reason: "beside a complex signal, it reads the window as complex too: twice as far as it goes",
  },
  {
    operators: /^com\.microsoft MatMulBnb4$/,
    when: c => c.attributes?.transB === 0,
    reason:
      "with transB 0 the result has the dims of A · B, and the numbers of A · Bᵀ, which reads behind the weights' end",
  },
  {
    operators: /^com\.microsoft MatMulNBits$/,
    when: c => c.inputs.g_idx !== undefined && c.inputs.zero_points?.dtype === "u8",
    reason: "with g_idx it takes no notice of packed zero points: all are 8",
  },
  {
    operators: /^com\.microsoft QLinearSoftmax$/,
    when: ({ inputs: { X }, attributes: { axis = -1, opset } = {} }) => {
      const from = Number(axis) < 0 ? Number(axis) + X!.dims.length : Number(axis);
      const row = Number(opset) < 13 ? X!.dims.slice(from) : [X!.dims[from]];
      return row.every(n => n === 1);
    },
    reason: "a probability of 1 that Y_scale makes 256 wraps around to 0, where 255 is the largest byte",
  },
  {
    operators: /^com\.microsoft DynamicQuantizeLSTM$/,
    reason:
      "it makes bytes of X and, in each step, of the hidden state, where here only the weights are bytes: doc.limits says so",
    // two steps of a byte over the range of what comes out
    within: { relative: 0, absolute: 2 ** 16 },
  },
];

export const departureOf = (operator: string, drawn: OperatorCase): PeerDeparture | undefined =>
  departures.find(d => d.operators.test(operator) && (!d.when || d.when(drawn)));
