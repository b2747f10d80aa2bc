// A kernel with other values or tensors in the place of some: folds, which values refer to, are made anew.
import { rewrite } from "./rewrite.js";
import type { CodeTarget } from "./intrinsic.js";
import { hasCode } from "./intrinsic.js";
import { type Fold, type Kernel, type Node, nextId, node, type Store, type Tensor } from "./tile.js";
import { nodesOf } from "./walk.js";

/** The value that stands for another; `made` gives what became of a value. Undefined: it stays, with its operands rewritten. */
export type Replace = (n: Node, made: (n: Node) => Node) => Node | undefined;

export interface RewrittenKernel {
  readonly kernel: Kernel;
  /** what became of a fold, and of a value */
  readonly fold: (f: Fold) => Fold;
  readonly value: (n: Node) => Node;
}
export function rewriteKernel(
  kernel: Kernel,
  replace: Replace = () => undefined,
  tensors: ReadonlyMap<Tensor, Tensor> = new Map(),
): RewrittenKernel {
  const tensorOf = (t: Tensor): Tensor => tensors.get(t) ?? t;
  const folds = new Map<Fold, Fold>();
  const made = (n: Node): Node => values([n])[0]!;
  const { values, index } = rewrite(new Map(), tensors, n =>
    n.kind === "state"
      ? node<"state">({ ...n, fold: foldOf(n.fold) })
      : n.kind === "result"
        ? node<"result">({ ...n, fold: foldOf(n.fold) })
        : replace(n, made),
  );
  const storeOf = (s: Store): Store => {
    const source = Object.getOwnPropertyDescriptor(s, "source");
    const out: Store = {
      ...s,
      ...{ tensor: tensorOf(s.tensor), index: s.index.map(index), value: made(s.value) },
      ...(s.when ? { when: made(s.when) } : {}),
    };
    // a position is computed when it is read
    if (source) Object.defineProperty(out, "source", source);
    return out;
  };
  const foldOf = (f: Fold): Fold => {
    let out = folds.get(f);
    if (!out) {
      out = { ...f, id: nextId(), init: values(f.init), next: [], stores: [], folds: [] };
      folds.set(f, out);
      out.folds.push(...f.folds.map(foldOf));
      out.stores.push(...f.stores.map(storeOf));
      out.next = values(f.next);
      if (f.merge) out.merge = values(f.merge);
    }
    return out;
  };
  const copy = {
    ...kernel,
    tensors: kernel.tensors.map(tensorOf),
    ...(kernel.segments && { segments: { ...kernel.segments, offsets: tensorOf(kernel.segments.offsets) } }),
    folds: kernel.folds.map(foldOf),
    stores: kernel.stores.map(storeOf),
  };
  return { kernel: copy, fold: foldOf, value: made };
}

/** Intrinsics as a target has them: a call of its code, or where it has none the meaning. */
export function withCodeOf(kernel: Kernel, target: CodeTarget): Kernel {
  if (!nodesOf(kernel).some(n => n.kind === "call" && n.meaning)) return kernel;
  return rewriteKernel(kernel, (n, made) => {
    if (n.kind !== "call" || !n.meaning || !n.intrinsic) return undefined;
    const dtypes = [n.dtype, ...n.args.map(a => a.dtype)];
    if (!hasCode(n.intrinsic, target, dtypes)) return made(n.meaning);
    const { meaning, ...call } = n;
    return node<"call">({ ...call, args: n.args.map(made) });
  }).kernel;
}
