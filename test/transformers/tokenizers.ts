// Tokenizer files as the tokenizers library writes them: WordPiece with BERT's template, and byte-level BPE.
const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const numbered = (tokens: readonly string[]): Record<string, number> =>
  Object.fromEntries(tokens.map((token, id) => [token, id]));

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const words = "the a blue tile tiles wall walls sun paint paints painted light small is are on in of and".split(" ");
const endings = ["er", "ing", "ed", "s", "ly"];
export const wordPieces: readonly string[] = [
  ..."[PAD] [UNK] [CLS] [SEP] [MASK] . , ? !".split(" "),
  ...words,
  ...letters.filter(letter => !words.includes(letter)),
  ...[...endings, ...letters.filter(letter => !endings.includes(letter))].map(piece => `##${piece}`),
];

/** tokenizer.json and tokenizer_config.json of BERT */
export function wordPieceTokenizer(): Record<string, object> {
  const vocab = numbered(wordPieces);
  const id = (token: string): number => vocab[token]!;
  const classify = { SpecialToken: { id: "[CLS]", type_id: 0 } };
  const separate = (type_id: number) => ({ SpecialToken: { id: "[SEP]", type_id } });
  const first = { Sequence: { id: "A", type_id: 0 } };
  const second = { Sequence: { id: "B", type_id: 1 } };
  const named = (token: string) => [token, { id: token, ids: [id(token)], tokens: [token] }] as const;
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: wordPieces.slice(0, 5).map((token, i) => special(i, token)),
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
      post_processor: {
        type: "TemplateProcessing",
        single: [classify, first, separate(0)],
        pair: [classify, first, separate(0), second, separate(1)],
        special_tokens: Object.fromEntries([named("[CLS]"), named("[SEP]")]),
      },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab,
      },
    },
    "tokenizer_config.json": {
      tokenizer_class: "BertTokenizer",
      do_lower_case: true,
      model_max_length: 64,
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      mask_token: "[MASK]",
    },
  };
}

/** The printable characters that stand for the 256 bytes (GPT-2's table): themselves where they can be seen, else from U+0100 on. */
function byteCharacters(): string[] {
  const seen = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : next++));
}

const merges: readonly (readonly [string, string])[] = [
  ["Ġ", "t"],
  ["h", "e"],
  ["Ġt", "he"],
  ["i", "l"],
  ["il", "e"],
  ["Ġt", "ile"],
  ["i", "n"],
  ["Ġ", "a"],
  ["Ġ", "b"],
  ["l", "u"],
  ["lu", "e"],
  ["Ġb", "lue"],
  ["a", "r"],
  ["Ġ", "w"],
];
const bpeTokens: readonly string[] = [
  ..."<s> </s> <pad> <unk>".split(" "),
  ...byteCharacters(),
  ...merges.map(pair => pair.join("")),
];
export const bytePairVocabulary: number = bpeTokens.length;
export const bytePairIds = { begin: 0, end: 1, padding: 2 } as const;

/** tokenizer.json and tokenizer_config.json of a Llama of the third generation */
export function bytePairTokenizer(): Record<string, object> {
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: bpeTokens.slice(0, 4).map((token, i) => special(i, token)),
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
        pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
        special_tokens: { "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] } },
      },
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab: numbered(bpeTokens),
        merges: merges.map(pair => pair.join(" ")),
      },
    },
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: 128,
      bos_token: "<s>",
      eos_token: "</s>",
      pad_token: "<pad>",
      unk_token: "<unk>",
      clean_up_tokenization_spaces: false,
    },
  };
}
