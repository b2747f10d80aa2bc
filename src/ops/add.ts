// Add: C = A + B; integers wrap around.
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { foldAdd } from "./folds.js";

export const operator = /* @__PURE__ */ binary("Add", (a, b) => a.add(b), { fold: foldAdd });

export const doc = "A + B with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a + b,
  (a, b) => a + b,
);
export const cases = /* @__PURE__ */ binaryCases(numbers);
