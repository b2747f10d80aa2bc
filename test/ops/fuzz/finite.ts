// Which values draws may hold, by operator: where ONNX does not say what becomes of NaN and infinities, draws hold finite numbers, or such
// numbers with a few of the others planted among them, whose results are open.
import type { OperatorModule } from "../../../src/ops/operator.js";
import { exact } from "../../../src/ops/reference-tensors.js";
import { keyOf } from "./draw.js";
import type { Random } from "./random.js";
import type { Flavour } from "./values.js";

interface FiniteRule {
  readonly operators: RegExp;
  /** without subnormal numbers too */
  readonly normal?: true;
  /** inputs that are finite; absent: all */
  readonly inputs?: RegExp;
  /** where NaN and infinities may reach results that other numbers at their places do not change: 0·∞ is added there, or left out */
  readonly beyond?: "everywhere" | "in the peer";
  /** inputs in which they are taken for a place or chosen by: any result may come of them */
  readonly decides?: RegExp;
  readonly reason: string;
}

export const finiteRules: readonly FiniteRule[] = [
  {
    operators: /^com\.microsoft Q?MoE$/,
    inputs: /^router_probs$/,
    normal: true,
    reason:
      "scores that differ by less than f32 tells apart beside 1 rate experts alike, and which of those comes first is open",
  },
  {
    operators: /^((com\.microsoft )?DynamicQuantize.*|ai\.onnx\.ml Normalizer)$/,
    normal: true,
    reason: "the 255th part of a range of subnormal numbers is 0 in f32, and so is a norm of f64 below them",
  },
  {
    operators: /Quantize|Quantized|QLinear|QGemm|QMoE|QEmbed|QAttention|Integer|NBits|Bnb4|BlockMatMul|ExpertMatMul/,
    beyond: "in the peer",
    reason:
      "ONNX says nothing of the whole number that stands for NaN, and the order of scaling decides where infinities meet",
  },
  {
    operators: /^(CastLike|Cast|BitCast|HannWindow|HammingWindow|BlackmanWindow)$/,
    reason: "the integer that NaN, infinities and numbers outside of its range become is undefined in ONNX's Cast",
  },
  {
    operators: /Resize|Upsample|Crop.*Resize|GridSample|Roi|DeformConv|DeformedPatches/,
    beyond: "everywhere",
    decides: /^(rois|grid|offset|scales)$/,
    reason: "whether a neighbour of weight 0 counts is open: 0·NaN is NaN, a neighbour that is left out is none",
  },
  {
    operators: /DFT|STFT|fft|Frame|MelWeightMatrix/,
    beyond: "everywhere",
    reason: "a sum of products with infinities is NaN or infinite by the order in which it is added up",
  },
  {
    operators: /^ai\.onnx\.preview\.training /,
    reason: "where rate, mean and root are infinite, the order of products decides whether infinities meet",
  },
  {
    operators: /^CumProd$/,
    normal: true,
    reason: "a product that underflows on the way makes NaN of a later infinity; in the reference's f64 it does not",
  },
  { operators: /WordConvEmbedding/, reason: "ONNX Runtime does not say whether NaN is the largest of a word's places" },
  { operators: /Inverse|Det/, reason: "elimination with infinities gives NaN or not by the choice of pivots" },
  {
    operators: /Attention|KeyMask|KeyValueCache|RelativePositionBias/,
    beyond: "in the peer",
    reason: "a masked score that is NaN counts or does not by whether the mask is added or chosen",
  },
  {
    operators: /^Pow$/,
    inputs: /^X$/,
    reason:
      "halves and quarters as constant exponents are computed by roots, which give NaN for −∞ where C's pow gives ∞",
  },
  {
    operators: /LpNormalization|SimplifiedLayerNormalization|GatedRMSNorm/,
    normal: true,
    reason: "squares of subnormal numbers are 0 in f32 where they are none in the reference's f64",
  },
  { operators: /^SwiGLU$/, reason: "−∞ times a sigmoid of 0 is NaN by the formula, and 0 as a limit" },
  {
    operators: /BiasSplitGelu|NGramRepeatBlock/,
    beyond: "everywhere",
    reason: "what is masked or halved by adding −∞ or multiplying by 0 keeps NaN",
  },
  {
    operators: /^Clip$/,
    inputs: /^(min|max)$/,
    decides: /./,
    reason: "a bound that is NaN bounds nothing, or makes all NaN",
  },
  {
    operators: /ConvTranspose/,
    beyond: "everywhere",
    reason: "between strides, elements are read with a weight of 0: NaN and infinities reach outputs beside their own",
  },
  {
    operators: /Rotary|ComplexMul/,
    reason: "∞ times a cosine of 0 is NaN where the product is added, and none where it is left out",
  },
  {
    operators: /Conv|Winograd|ShuffledPointwise/,
    inputs: /^[Ww]$|weight/,
    beyond: "everywhere",
    reason: "an infinite weight over the padding is 0·∞ or left out",
  },
  {
    operators: /Winograd/,
    reason:
      "an infinity reaches all outputs of its tile: sums and differences of a tile's inputs are what is multiplied",
  },
  {
    operators: /^(GRU|LSTM|RNN)$|LSTM$/,
    reason: "a gate of 0 and an infinite state make NaN or 0 by how the new state is written",
  },
  {
    operators:
      /^ai\.onnx\.ml (?!ArrayFeatureExtractor|Binarizer|FeatureVectorizer|Scaler)|MoE|TreeScores|TreeWalk|OneHot|Multinomial|Bernoulli/,
    decides: /./,
    reason: "ONNX says nothing of NaN and infinities in these operators",
  },
  {
    operators: /Norm|LRN|CDist|Loss|Softmax|Multinomial|Bernoulli|Gelu|Optimizer|Adam|Adagrad|Momentum/,
    inputs: /^(scale|Scale|B|gamma|beta|bias|input_mean|input_var|weight|weights)$/,
    beyond: "everywhere",
    reason: "parameters that are infinite meet differences that are 0",
  },
];

const rulesFor = (module: OperatorModule): readonly FiniteRule[] =>
  finiteRules.filter(r => r.operators.test(keyOf(module)));
/** Those that hold for all inputs, and those for this one. */
const rulesOf = (module: OperatorModule, input?: string): readonly FiniteRule[] =>
  rulesFor(module).filter(r => !r.inputs || (input !== undefined && r.inputs.test(input)));

/** Does ONNX leave open what becomes of NaN and infinities in some input? */
export const leavesOpen = (module: OperatorModule): boolean => rulesFor(module).length > 0;
export const reachBeyond = (module: OperatorModule, inPeer: boolean): boolean =>
  rulesFor(module).some(r => (inPeer ? r.beyond : r.beyond === "everywhere"));
export const decides = (module: OperatorModule, input: string): boolean =>
  rulesFor(module).some(r => r.decides?.test(input));
/** Do draws keep NaN and infinities out of the input? */
export const isKeptFinite = (module: OperatorModule, input: string): boolean => rulesOf(module, input).length > 0;

/** What an input of a draw holds, of a draw that is as wild as this. */
export function flavourOf(module: OperatorModule, input: string, flavour: Flavour): Flavour {
  const rules = rulesOf(module, input);
  if (flavour === "plain" || rules.some(r => r.normal)) return "plain";
  return rules.length > 0 ? "tiny" : flavour;
}

/** Exact in moderate numbers only: angles have a documented limit, squares and cubes leave f32 where the reference's do not. */
const moderate = /^(Sin|Cos|Tan)$|Lp|LRN|L2|Norm|SumSquare|Prod|Det|Pow/;

/** How wild the numbers of a draw are. */
export function sampleOf(random: Random, module: OperatorModule): Flavour {
  if (random.chance(0.5)) return "plain";
  if (rulesOf(module).length > 0) return "tiny";
  const { tolerance = exact } = module;
  // what adds up overflows in f32 where the reference in f64 does not
  return tolerance.absolute === 0 && !moderate.test(keyOf(module)) && random.chance(0.4) ? "extreme" : "special";
}
