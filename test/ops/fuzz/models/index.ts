// How to draw whole files, by operator.
import { flexAttention, gradient } from "./attention.js";
import { nonMaxSuppression } from "./boxes.js";
import { tfIdfVectorizer } from "./grams.js";
import { ifDraw, sequenceMap } from "./graphs.js";
import { castMap, categoryMapper, dictVectorizer, labelEncoder, zipMap } from "./labels.js";
import { loop, scan } from "./loops.js";
import type { DrawModel } from "./model-draw.js";
import { constant, imageDecoder } from "./pictures.js";
import { sequenceDraws } from "./sequences.js";
import { compress, dynamicTimeWarping, nonZero, removePadding, unique, uniqueOfMicrosoft } from "./sizes.js";
import { regexFullMatch, stringConcat, stringNormalizer, stringSplit, tokenizer } from "./texts.js";
import { pairwiseCoupling, treeEnsemble } from "./trees.js";

export const modelDraws: Readonly<Record<string, DrawModel>> = {
  Compress: compress,
  NonZero: nonZero,
  Unique: unique,
  "com.microsoft Unique": uniqueOfMicrosoft,
  "com.microsoft RemovePadding": removePadding,
  "com.microsoft DynamicTimeWarping": dynamicTimeWarping,
  NonMaxSuppression: nonMaxSuppression,
  StringConcat: stringConcat,
  StringSplit: stringSplit,
  StringNormalizer: stringNormalizer,
  RegexFullMatch: regexFullMatch,
  TfIdfVectorizer: tfIdfVectorizer,
  "com.microsoft Tokenizer": tokenizer,
  "ai.onnx.ml LabelEncoder": labelEncoder,
  "ai.onnx.ml CategoryMapper": categoryMapper,
  "ai.onnx.ml DictVectorizer": dictVectorizer,
  "ai.onnx.ml CastMap": castMap,
  "ai.onnx.ml ZipMap": zipMap,
  "ai.onnx.ml TreeEnsemble": treeEnsemble,
  "azulejo PairwiseCoupling": pairwiseCoupling,
  ...sequenceDraws,
  Constant: constant,
  ImageDecoder: imageDecoder,
  "ai.onnx.preview FlexAttention": flexAttention,
  "ai.onnx.preview.training Gradient": gradient,
  If: ifDraw,
  Loop: loop,
  Scan: scan,
  SequenceMap: sequenceMap,
};
