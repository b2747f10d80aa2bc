// Operators that are not drawn for, and those whose draws are not judged yet, with the reason. An entry that is no operator's fails.

const host =
  "it runs in JavaScript, on text, containers or results whose size depends on data; its tests compare it with onnxruntime's";
const graphs = "it is made of a graph, which networks and chains of operators test";

/** Nothing to draw: no tensors alone, or no reference. */
export const notDrawn: Readonly<Record<string, string>> = {
  Compress: host,
  ConcatFromSequence: host,
  Constant: host,
  ImageDecoder: host,
  "com.microsoft DynamicTimeWarping": host,
  "com.microsoft RemovePadding": host,
  "com.microsoft Tokenizer": host,
  "com.microsoft Unique": host,
  "ai.onnx.ml CastMap": host,
  "ai.onnx.ml CategoryMapper": host,
  "ai.onnx.ml DictVectorizer": host,
  "ai.onnx.ml LabelEncoder": host,
  "azulejo PairwiseCoupling": host,
  "azulejo Prefix": host,
  "ai.onnx.ml ZipMap": host,
  NonMaxSuppression: host,
  NonZero: host,
  OptionalGetElement: host,
  OptionalHasElement: host,
  Optional: host,
  RegexFullMatch: host,
  SequenceAt: host,
  SequenceConstruct: host,
  SequenceEmpty: host,
  SequenceErase: host,
  SequenceInsert: host,
  SequenceLength: host,
  SplitToSequence: host,
  StringConcat: host,
  StringNormalizer: host,
  StringSplit: host,
  TfIdfVectorizer: host,
  Unique: host,
  If: graphs,
  Loop: graphs,
  Scan: graphs,
  SequenceMap: graphs,
  "azulejo While": graphs,
  "azulejo WriteRow": graphs,
  "ai.onnx.preview FlexAttention": graphs,
  "ai.onnx.preview.training Gradient": graphs,
  "ai.onnx.ml TreeEnsemble": graphs,
};

const loss = "a few draws in a hundred leave the tolerance, which was measured on the operator's own cases";

/** Draws show something that is still to be decided or corrected; replay says what. */
export const unsettled: Readonly<Record<string, string>> = {
  "com.microsoft CropAndResize":
    "of an image without pixels, it reads the element before the first, which no result holds",
  "com.microsoft SkipLayerNormalization": loss,
  "com.microsoft RestorePadding":
    "offsets that name a place twice are drawn, where the operator keeps the last token and the reference the first",
  "ai.onnx.ml LinearClassifier":
    "of two labels with one row and no transform, the first one's score is −s here, and 1 − s in onnxruntime (replay --seed 2, draw 24)",
};
