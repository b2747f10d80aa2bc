// What a run fails with when a kernel meets an index outside of its tensor.
import { AzulejoError } from "../../support/errors.js";

export const indexError = (kernel: string | undefined, cause?: unknown): AzulejoError =>
  new AzulejoError(
    "bounds",
    `Kernel "${kernel ?? "?"}" stopped at an index outside its tensor; check the indices among the inputs of the model, or load it with { target: "interpreter" }, which names tensor and index`,
    { cause },
  );
