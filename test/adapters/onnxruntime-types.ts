// Type-level agreement with onnxruntime-common's declarations: programs written against those compile against ours.
// The compiler is the test: this file has nothing to run.
import type * as theirs from "onnxruntime-common";
import type * as ours from "../../src/adapters/onnxruntime/index.js";

/** Fails to compile where `Ours` can't stand in for `Theirs`. */
type StandsIn<Ours extends Theirs, Theirs> = Ours;

type Kept = "type" | "dims" | "size" | "data" | "getData" | "dispose";
export type Tensors = [
  StandsIn<Pick<ours.TypedTensor<"float32">, Kept>, Pick<theirs.TypedTensor<"float32">, Kept>>,
  StandsIn<Pick<ours.TypedTensor<"int64">, Kept>, Pick<theirs.TypedTensor<"int64">, Kept>>,
  StandsIn<Pick<ours.TypedTensor<"float16">, Kept>, Pick<theirs.TypedTensor<"float16">, Kept>>,
  StandsIn<ours.TypedTensor<"bool">["location"], theirs.Tensor.DataLocation>,
];

type Properties =
  | "inputNames"
  | "outputNames"
  | "inputMetadata"
  | "outputMetadata"
  | "release"
  | "startProfiling"
  | "endProfiling";
export type Sessions = [
  StandsIn<Pick<ours.InferenceSession, Properties>, Pick<theirs.InferenceSession, Properties>>,
  // Feeds and fetches of theirs are taken by ours.
  StandsIn<theirs.InferenceSession.FeedsType, ours.Feeds>,
  StandsIn<theirs.InferenceSession.RunOptions, ours.RunOptions>,
];

/** External data may be a URL object or a Blob of the browser there; ours takes what has bytes. */
type Compared = Omit<theirs.InferenceSession.SessionOptions, "externalData">;
export type Options = StandsIn<Compared, ours.SessionOptions>;
