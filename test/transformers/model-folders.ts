// Folders as transformers.js looks for them on disk: configuration, tokenizer, and one ONNX file for each precision.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from "onnx-buf";
import { bert } from "./bert.js";
import { llama, llamaSizes } from "./llama.js";
import type { Precision } from "./model-builder.js";
import { encoder, mergedDecoder, seq2seqSizes } from "./seq2seq.js";
import { bytePairIds, bytePairTokenizer, bytePairVocabulary, wordPieces, wordPieceTokenizer } from "./tokenizers.js";
import { imageSize, vit } from "./vit.js";

/** what transformers.js appends to the name of a file */
const suffixes: Readonly<Record<Precision, string>> = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  q4: "_q4",
  q4f16: "_q4f16",
};
const labels = ["tile", "wall", "sun", "paint"];

interface ModelFolder {
  /** weights in a file beside the model */
  readonly external?: true;
  readonly files: Readonly<Record<string, object>>;
  readonly precisions: readonly Precision[];
  /** by the name that the file begins with; one file alone is "model" */
  readonly make: Readonly<Record<string, (precision: Precision) => Uint8Array>>;
}

const bertConfig = {
  model_type: "bert",
  architectures: ["BertModel"],
  pad_token_id: 0,
  vocab_size: wordPieces.length,
};
/** by the name under which a pipeline asks for it */
const modelFolders: Readonly<Record<string, ModelFolder>> = {
  bert: {
    files: { "config.json": bertConfig, ...wordPieceTokenizer() },
    precisions: ["fp32", "fp16", "q8", "q4"],
    make: { model: precision => bert(precision, wordPieces.length) },
  },
  "bert-external": {
    external: true,
    files: {
      "config.json": { ...bertConfig, "transformers.js_config": { use_external_data_format: true } },
      ...wordPieceTokenizer(),
    },
    precisions: ["fp32"],
    make: { model: precision => bert(precision, wordPieces.length) },
  },
  llama: {
    files: {
      "config.json": {
        model_type: "llama",
        architectures: ["LlamaForCausalLM"],
        hidden_size: llamaSizes.hidden,
        num_attention_heads: llamaSizes.heads,
        num_key_value_heads: llamaSizes.kvHeads,
        num_hidden_layers: llamaSizes.layers,
        vocab_size: bytePairVocabulary,
        bos_token_id: bytePairIds.begin,
        eos_token_id: bytePairIds.end,
        pad_token_id: bytePairIds.padding,
      },
      "generation_config.json": {
        bos_token_id: bytePairIds.begin,
        eos_token_id: bytePairIds.end,
        pad_token_id: bytePairIds.padding,
      },
      ...bytePairTokenizer(),
    },
    precisions: ["fp32", "fp16", "q8", "q4", "q4f16"],
    make: { model: precision => llama(precision, bytePairVocabulary) },
  },
  t5: {
    files: {
      "config.json": {
        model_type: "t5",
        architectures: ["T5ForConditionalGeneration"],
        is_encoder_decoder: true,
        num_layers: 1,
        num_decoder_layers: 1,
        num_heads: seq2seqSizes.heads,
        d_model: seq2seqSizes.hidden,
        d_kv: seq2seqSizes.hidden / seq2seqSizes.heads,
        vocab_size: bytePairVocabulary,
        decoder_start_token_id: bytePairIds.padding,
        eos_token_id: bytePairIds.end,
        pad_token_id: bytePairIds.padding,
      },
      ...bytePairTokenizer(),
    },
    precisions: ["fp32"],
    make: {
      encoder_model: () => encoder(bytePairVocabulary),
      decoder_model_merged: () => mergedDecoder(bytePairVocabulary),
    },
  },
  vit: {
    files: {
      "config.json": {
        model_type: "vit",
        architectures: ["ViTForImageClassification"],
        id2label: Object.fromEntries(labels.entries()),
        label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
      },
      "preprocessor_config.json": {
        image_processor_type: "ViTImageProcessor",
        do_resize: true,
        do_rescale: true,
        do_normalize: true,
        image_mean: [0.5, 0.5, 0.5],
        image_std: [0.5, 0.5, 0.5],
        resample: 2,
        rescale_factor: 1 / 255,
        size: { height: imageSize, width: imageSize },
      },
    },
    precisions: ["fp32", "fp16", "q8"],
    make: { model: precision => vit(precision, labels.length) },
  },
};

export function writeModelFolders(folder: string): void {
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  for (const [name, { external, files, precisions, make }] of Object.entries(modelFolders)) {
    for (const [file, content] of Object.entries(files)) write(`${name}/${file}`, JSON.stringify(content));
    for (const precision of precisions)
      for (const [begin, model] of Object.entries(make)) {
        const file = `${begin}${suffixes[precision]}.onnx`;
        const parts = external ? withExternalData(model(precision), `${file}_data`) : { model: model(precision) };
        write(`${name}/onnx/${file}`, parts.model);
        if (parts.data) write(`${name}/onnx/${file}_data`, parts.data);
      }
  }
}

/** smaller ones stay in the model, as exporters leave them */
const LEAST_EXTERNAL_BYTES = 1024;

/** The weights of a model moved to a file that it names. */
function withExternalData(bytes: Uint8Array, location: string): { model: Uint8Array; data?: Uint8Array } {
  const model = fromBinary(ModelProtoSchema, bytes);
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const t of model.graph!.initializer) {
    const length = t.rawData.length;
    if (length < LEAST_EXTERNAL_BYTES) continue;
    t.externalData = Object.entries({ location, offset, length }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) }),
    );
    t.dataLocation = TensorProto_DataLocation.EXTERNAL;
    pieces.push(t.rawData);
    t.rawData = new Uint8Array();
    offset += length;
  }
  return { model: toBinary(ModelProtoSchema, model), data: Buffer.concat(pieces) };
}
