// Floor: the largest integer that is not above X.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import { foldRounding } from "./folds.js";

export const operator = /* @__PURE__ */ unary("Floor", x => x.floor(), { fold: foldRounding(Math.floor) });

export const doc = "X rounded down.";
export const reference = /* @__PURE__ */ unaryReference(Math.floor);
export const cases = /* @__PURE__ */ unaryCases(floats, [-20, 20]);
