// Ceil: the smallest integer that is not below X.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import { foldRounding } from "./folds.js";

export const operator = /* @__PURE__ */ unary("Ceil", x => x.ceil(), { fold: foldRounding(Math.ceil) });

export const doc = "X rounded up.";
export const reference = /* @__PURE__ */ unaryReference(Math.ceil);
export const cases = /* @__PURE__ */ unaryCases(floats, [-20, 20]);
