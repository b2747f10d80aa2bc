// What a run fails with when a kernel meets an index outside of its tensor.
import { AzulejoError } from "../../support/errors.js";

export const indexError = (kernel: string | undefined, cause?: unknown): AzulejoError =>
  new AzulejoError(
    "bounds",
    `Kernel "${kernel ?? "?"}" stopped at an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours`,
    { cause },
  );
