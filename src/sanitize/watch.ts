// Watches a kernel while it is evaluated: where integers wrap around, casts lose the number, and NaN or infinity is born.
import { isFloat } from "../ir/dtypes.js";
import type { Evaluator, Observer } from "../ir/evaluate/evaluator.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import type { Value } from "../ir/evaluate/values.js";
import type { Kernel, Node, Store, Tensor } from "../ir/tile.js";
import { children } from "../ir/tile.js";
import { mergeNodes, nodesOf, rootsOfStore, storesOf } from "../ir/walk.js";
import { Births } from "./births.js";
import type { Doubt } from "./doubts.js";
import { Doubts } from "./doubts.js";
import type { Mistake } from "./mistakes.js";
import { joinWraps, mistakesOf } from "./mistakes.js";
import { nameOf } from "./name-of.js";

type Tell = (kind: Mistake, about: string, message: string, source: string | undefined) => void;

/** Where values first go wrong. */
export class Watch implements Observer {
  readonly #births = new Births();
  readonly #doubts = new Doubts();
  readonly #used: ReadonlySet<Node>;
  readonly #tell: Tell;
  constructor(kernel: Kernel, tell: Tell) {
    this.#used = usedBy(kernel);
    this.#tell = tell;
  }
  value(n: Node, value: Value, e: Evaluator): void {
    if (isFloat(n.dtype)) this.#births.value(n, value, e);
    this.#doubts.value(n, value, e, mistakesOf(n, value, e));
    if (this.#used.has(n)) for (const d of this.#doubts.of(value)) this.#judge(d, n.source);
  }
  store(s: Store, value: Value, when: Value | undefined): void {
    for (const d of this.#doubts.of(value, when)) this.#judge(d, s.source);
  }
  element(s: Store, written: Scalar, x: Scalar, old?: Scalar): void {
    const { name, dtype } = s.tensor;
    if (isFloat(dtype)) this.#births.element(s, written, x, old);
    else if (old !== undefined && joinWraps(s, x, old))
      this.#tell("overflow", name, messages.overflow(`"${name}" (${s.combine})`, dtype), s.source);
  }
  /** What to say of a tensor of the kernel that is not finite, and the line of it; undefined: its author writes such constants. */
  blame(
    kernel: Kernel,
    tensor: Tensor,
    { value, element }: { readonly value: number; readonly element: number },
  ): { readonly message: string; readonly source: string | undefined } | undefined {
    const blamed = this.#births.blame(storesOf(kernel).filter(s => s.tensor === tensor));
    const where = `"${tensor.name}" is ${value} at element ${element}, of finite inputs`;
    return blamed && { message: `${where}: ${blamed.why}`, source: blamed.source };
  }
  #judge({ mistake, node, source }: Doubt, user: string | undefined): void {
    this.#tell(mistake, node.name, messages[mistake](nameOf(node), node.dtype), source ?? user);
  }
}
const messages: Readonly<Record<Mistake, (what: string, dtype: string) => string>> = {
  overflow: (what, dtype) => `${what} leaves the range of ${dtype} and wraps around; use a wider dtype`,
  "lossy-cast": (what, dtype) => `${what} is cast to ${dtype}, which does not hold it; clamp it first`,
};
/** All elements of these count, whatever becomes of the result: what is reduced, read again or an index, and what says where to write. */
function usedBy(kernel: Kernel): Set<Node> {
  const readers = [...nodesOf(kernel), ...mergeNodes(kernel)].filter(n => n.kind !== "map" && n.kind !== "call");
  return new Set([
    ...readers.flatMap(children),
    ...storesOf(kernel).flatMap(s => rootsOfStore(s).filter(n => n !== s.value)),
  ]);
}
