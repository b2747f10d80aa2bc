// Constant positions in dims that only a run tells: code is made for their being inside, and each run checks it before it starts.
import { isNonNegative } from "../../ir/bounds.js";
import { Poly } from "../../ir/poly.js";
import { describeNode } from "../bind.js";
import type { GraphNode } from "../graph.js";
import type { Precondition } from "../program.js";

/** Relies on the position being inside of the dim, both in the program's words; runs that break it end with an error, or are compiled apart. */
export type AssumeInside = (node: GraphNode, position: Poly, size: Poly, otherwise: "error" | "compiled apart") => void;

export class Positions {
  readonly #byKey = new Map<string, Precondition>();

  readonly assume: AssumeInside = (node, position, size, otherwise) => {
    const message = `${describeNode(node)}: position ${position.print()} is outside of the dim ${size.print()} for these inputs; give inputs for which it is inside, or correct the index`;
    const require = (left: Poly, relation: "le" | "lt", right: Poly): void => {
      const key = `${left.key} ${relation} ${right.key} ${otherwise}`;
      const code = otherwise === "error" ? ({ code: "bounds" } as const) : {};
      if (!this.#byKey.has(key)) this.#byKey.set(key, { left, relation, right, message, ...code });
    };
    if (!isNonNegative(position)) require(Poly.zero, "le", position);
    if (!isNonNegative(size.sub(1).sub(position))) require(position, "lt", size);
  };

  preconditions(): readonly Precondition[] {
    return [...this.#byKey.values()];
  }
}
