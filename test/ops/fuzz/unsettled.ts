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

/** Draws show something that is still to be decided or corrected; replay says what. */
export const unsettled: Readonly<Record<string, string>> = {};
