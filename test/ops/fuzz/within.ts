// Inputs that say where to read or how far: their numbers are brought inside of what they point into, so that a read outside is a mistake.
import type { CaseInput, OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import { keyOf } from "./draw.js";
import { tamed } from "./tamed.js";

/** What limits the input's elements: with `signed`, −limit … limit − 1, else `first` … limit − 1 + first. */
interface Limit {
  /** of the element `at` */
  readonly of: (given: OperatorCase, at: number) => number;
  readonly signed?: true;
  readonly first?: number;
}

const axis = (c: OperatorCase, name: string, attribute: string, standard: number): number => {
  const { dims } = c.inputs[name]!;
  const at = (c.attributes?.[attribute] as number | undefined) ?? standard;
  return dims[at < 0 ? at + dims.length : at] ?? 0;
};
const dim =
  (name: string, at: number) =>
  (c: OperatorCase): number =>
    c.inputs[name]?.dims.at(at) ?? 0;
const along = (name: string, attribute = "axis", standard = 0): Limit => ({
  of: c => axis(c, name, attribute, standard),
  signed: true,
});
const steps: Limit = { of: c => dim("X", c.attributes?.layout === 1 ? 1 : 0)(c), first: 1 };

const limits: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  Gather: { indices: along("data") },
  GatherElements: { indices: along("data") },
  Scatter: { indices: along("data") },
  ScatterElements: { indices: along("data") },
  // tuples of positions, one for each of the leading dims
  ScatterND: {
    indices: { of: (c, at) => c.inputs.data!.dims[at % c.inputs.indices!.dims.at(-1)!] ?? 0, signed: true },
  },
  "com.microsoft GatherBlockQuantized": { indices: { of: c => axis(c, "data", "gather_axis", 0) } },
  "com.microsoft MatMulNBits": {
    g_idx: { of: c => Math.ceil(Number(c.attributes?.K) / Number(c.attributes?.block_size)) },
  },
  ReverseSequence: { sequence_lens: { of: c => axis(c, "input", "time_axis", 0), first: 1 } },
  TensorScatter: {
    write_indices: {
      of: c => {
        const [capacity, length] = [axis(c, "past_cache", "axis", -2), axis(c, "update", "axis", -2)];
        // a ring goes on at its start
        return c.attributes?.mode === "circular" ? capacity : capacity - length + 1;
      },
    },
  },
  GRU: { sequence_lens: steps },
  LSTM: { sequence_lens: steps },
  RNN: { sequence_lens: steps },
  "com.microsoft DynamicQuantizeLSTM": { sequence_lens: steps },
  NegativeLogLikelihoodLoss: { target: { of: dim("input", 1) } },
  SoftmaxCrossEntropyLoss: { labels: { of: dim("scores", 1) } },
  "com.microsoft TorchEmbedding": { indices: { of: dim("weight", 0) } },
  "ai.onnx.ml ArrayFeatureExtractor": { Y: { of: dim("X", -1) } },
  RoiAlign: { batch_indices: { of: dim("X", 0) } },
  "com.microsoft CropAndResize": { batch_indices: { of: dim("X", 0) } },
  RotaryEmbedding: { position_ids: { of: dim("cos_cache", 0) } },
  "com.microsoft RotaryEmbedding": {
    position_ids: {
      of: c => {
        const positions = dim("cos_cache", 0)(c);
        // one offset is that of a whole sequence
        return c.inputs.position_ids!.dims.length === 2 ? positions : positions - dim("input", -2)(c) + 1;
      },
    },
  },
  "com.microsoft WordConvEmbedding": { Sequence: { of: dim("C", 0) } },
  "com.microsoft QEmbedLayerNormalization": {
    input_ids: { of: dim("word_embedding", 0) },
    segment_ids: { of: dim("segment_embedding", 0) },
  },
  "com.microsoft MRotaryEmbedding": { position_ids: { of: dim("cos_cache", 0) } },
  "com.microsoft EmbedLayerNormalization": {
    input_ids: { of: dim("word_embedding", 0) },
    segment_ids: { of: dim("segment_embedding", 0) },
    position_ids: { of: dim("position_embedding", 0) },
  },
};

/** Do all inputs that point somewhere have a limit? Then a read outside is a finding. */
export const isLimited = (module: OperatorModule): boolean => limits[keyOf(module)] !== undefined;

/** undefined: there is nothing to point at, or the draw says nothing */
export function within(module: OperatorModule, wild: OperatorCase): OperatorCase | undefined {
  const tame = tamed[keyOf(module)];
  const drawn = tame ? tame(wild) : wild;
  const table = limits[keyOf(module)];
  if (!drawn) return undefined;
  if (!table) return drawn;
  const inputs: Record<string, CaseInput> = { ...drawn.inputs };
  for (const [name, { of, signed, first = 0 }] of Object.entries(table)) {
    const input = inputs[name];
    if (!input?.data) continue;
    // dtypes that data may have, indices have not
    if (input.dtype !== "i64" && input.dtype !== "i32") return undefined;
    if (input.data.some((_, at) => of(drawn, at) < 1)) return undefined;
    const inside = (x: number, at: number): number => {
      const limit = of(drawn, at);
      const low = signed ? -limit : first;
      const span = signed ? 2 * limit : limit;
      return low + ((((x - low) % span) + span) % span);
    };
    inputs[name] = { ...input, data: input.data.map((x, at) => inside(Number(x), at)) };
  }
  return { ...drawn, inputs };
}
