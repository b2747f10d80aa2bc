// What a program does with transformers.js: pipelines and the tensor operations that run small graphs of their own. The same
// functions run over onnxruntime-node, where their results are recorded, and over Azulejo.
import type { OutputReference } from "../models/references.js";
import { summarize } from "../models/references.js";

/** Of @huggingface/transformers, which is installed in the project that runs this alone. */
export interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => TensorLike;
  readonly RawImage: new (data: Uint8ClampedArray, width: number, height: number, channels: number) => unknown;
  readonly AutoModelForCausalLM: { from_pretrained(name: string, options: object): Promise<Generator> };
  readonly AutoTokenizer: { from_pretrained(name: string): Promise<(text: string) => Record<string, TensorLike>> };
  pipeline(task: string, model: string, options: object): Promise<Pipeline>;
  interpolate_4d(x: TensorLike, options: object): Promise<TensorLike>;
  matmul(a: TensorLike, b: TensorLike): Promise<TensorLike>;
  rfft(x: TensorLike, axis: TensorLike): Promise<TensorLike>;
  topk(x: TensorLike, k: number): Promise<[TensorLike, TensorLike]>;
  slice(x: TensorLike, starts: number[], ends: number[], axes: number[]): Promise<TensorLike>;
}
interface TensorLike {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Iterable<number | bigint>;
}
type Pipeline = ((input: unknown, options?: object) => Promise<unknown>) & { dispose(): Promise<void> };
type Generator = ((inputs: object) => Promise<Record<string, TensorLike>>) & {
  generate(options: object): Promise<TensorLike>;
  dispose(): Promise<void>;
};

/** A tensor as what is kept of it, or the words of a pipeline. */
export type Result = TensorResult | string | readonly Result[];
export interface TensorResult extends OutputReference {
  readonly type: string;
}
/** `device`: of transformers.js; absent: its default */
export type Scenario = (transformers: Transformers, device?: string) => Promise<Record<string, Result>>;

const plain = ({ type, dims, data }: TensorLike): Result => ({ type, ...summarize(dims, Array.from(data, Number)) });

const sines = (t: Transformers, ...dims: number[]): TensorLike => {
  const count = dims.reduce((a, b) => a * b, 1);
  return new t.Tensor(
    "float32",
    Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
    dims,
  );
};
const axis = (t: Transformers, value: bigint): TensorLike => new t.Tensor("int64", [value], []);

/** Each asks a second time with other dims: what was compiled for the first must serve, or be known not to. */
const graphs: Readonly<Record<string, Scenario>> = {
  "resize nearest": resize("nearest"),
  "resize bilinear": resize("bilinear"),
  "resize bicubic": resize("bicubic"),
  matmul: async t => ({
    matrices: plain(await t.matmul(sines(t, 2, 3), sines(t, 3, 2))),
    batches: plain(await t.matmul(sines(t, 2, 3, 5, 7), sines(t, 7, 2))),
  }),
  rfft: async t => ({
    even: plain(await t.rfft(sines(t, 2, 16), axis(t, 1n))),
    odd: plain(await t.rfft(sines(t, 1, 9), axis(t, 1n))),
  }),
  topk: async t => ({
    three: (await t.topk(sines(t, 2, 5, 7), 3)).map(plain),
    all: (await t.topk(sines(t, 40), 40)).map(plain),
  }),
  slice: async t => ({
    two: plain(await t.slice(sines(t, 4, 5, 7), [0, 1], [2, 3], [0, 2])),
    rest: plain(await t.slice(sines(t, 6, 3), [-2], [100], [0])),
  }),
};

function resize(mode: string): Scenario {
  return async t => ({
    smaller: plain(await t.interpolate_4d(sines(t, 2, 3, 5, 7), { size: [3, 4], mode })),
    larger: plain(await t.interpolate_4d(sines(t, 1, 2, 4, 3), { size: [9, 12], mode })),
  });
}

const on = (device: string | undefined): object => (device === undefined ? {} : { device });

const sentences = ["The blue tiles are on the wall.", "Is the sun painted?"];

/** embeddings of two sentences of different lengths, then of one; the mask decides */
const extraction =
  (dtype: string, model = "bert"): Scenario =>
  async (t, device) => {
    const extract = await t.pipeline("feature-extraction", model, { dtype, ...on(device) });
    const pooled = (await extract(sentences, { pooling: "mean", normalize: true })) as TensorLike;
    const tokens = (await extract(sentences[1], { pooling: "none" })) as TensorLike;
    await extract.dispose();
    return { pooled: plain(pooled), tokens: plain(tokens) };
  };

const picture = (t: Transformers, width: number, height: number): unknown => {
  const data = Uint8ClampedArray.from({ length: width * height * 3 }, (_, i) => 127 + 120 * Math.sin(i / 17));
  return new t.RawImage(data, width, height, 3);
};
const classification =
  (dtype: string): Scenario =>
  async (t, device) => {
    const classify = await t.pipeline("image-classification", "vit", { dtype, ...on(device) });
    const pictures = [picture(t, 32, 32), picture(t, 50, 41)];
    const answers = (await classify(pictures, { top_k: 4 })) as { label: string; score: number }[][];
    await classify.dispose();
    const result = answers.map(list => {
      const scores = list.map(({ score }) => score);
      return [list.map(({ label }) => label).join(" "), plain({ type: "float32", dims: [list.length], data: scores })];
    });
    return { answers: result };
  };

const prompt = "green tea and ";
/** the prompt at once, then token after token with the cache of keys and values, greedily */
const generation =
  (dtype: string): Scenario =>
  async (t, device) => {
    const generate = await t.pipeline("text-generation", "llama", { dtype, ...on(device) });
    const [answer] = (await generate(prompt, { max_new_tokens: 24 })) as { generated_text: string }[];
    await generate.dispose();
    const tokenizer = await t.AutoTokenizer.from_pretrained("llama");
    const model = await t.AutoModelForCausalLM.from_pretrained("llama", { dtype, ...on(device) });
    const inputs = tokenizer(prompt);
    const { logits } = await model(inputs);
    const ids = await model.generate({ ...inputs, max_new_tokens: 8, num_beams: 1, do_sample: false });
    await model.dispose();
    return { text: answer!.generated_text, prompt: plain(inputs.input_ids!), logits: plain(logits!), ids: plain(ids) };
  };

/** an encoder once, a decoder of two branches for each token: the first without a cache, the others with one */
const translation: Scenario = async (t, device) => {
  const translate = await t.pipeline("text2text-generation", "t5", { dtype: "fp32", ...on(device) });
  const options = { max_new_tokens: 12, min_new_tokens: 12 };
  const [short] = (await translate("blue tile", options)) as { generated_text: string }[];
  const [long] = (await translate(prompt, options)) as { generated_text: string }[];
  await translate.dispose();
  return { short: short!.generated_text, long: long!.generated_text };
};

/** Where the cache of keys and values lies after a step, and where the logits do. */
export async function placesOfOutputs(t: Transformers, device: string): Promise<Record<string, string[]>> {
  const tokenizer = await t.AutoTokenizer.from_pretrained("llama");
  const model = await t.AutoModelForCausalLM.from_pretrained("llama", { dtype: "fp32", device });
  const outputs = (await model(tokenizer(prompt))) as Record<string, TensorLike & { readonly location: string }>;
  await model.dispose();
  const places = (kind: RegExp): string[] => [
    ...new Set(Object.entries(outputs).flatMap(([name, { location }]) => (kind.test(name) ? [location] : []))),
  ];
  return { cache: places(/^present/), logits: places(/^logits$/) };
}

const each = (name: string, dtypes: readonly string[], scenario: (dtype: string) => Scenario) =>
  Object.fromEntries(dtypes.map(dtype => [`${name} ${dtype}`, scenario(dtype)]));

export const scenarios: Readonly<Record<string, Scenario>> = {
  ...graphs,
  ...each("feature extraction", ["fp32", "fp16", "q8", "q4"], dtype => extraction(dtype)),
  "feature extraction, external data": extraction("fp32", "bert-external"),
  ...each("image classification", ["fp32", "fp16", "q8"], classification),
  "text to text": translation,
  ...each("text generation", ["fp32", "fp16", "q8", "q4", "q4f16"], generation),
};
