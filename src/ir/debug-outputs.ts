// Debug points as outputs: a kernel that also writes what its author wants to see, so that every target can show it. A point inside of folds is
// written in every step, over their axes as well; where a value does not vary along one of them, that is its value as of the step that the index is in.
// What varies by segment is shown over the axis that is walked in segments.
import { Poly } from "./poly.js";
import { rewriteKernel } from "./rewrite-kernel.js";
import type { Axis, DebugPoint, Fold, Kernel, Node, Store, Tensor } from "./tile.js";
import { reach } from "./tile.js";
import { foldsOf, scopesOf } from "./walk.js";

/** A point as an output: which tensor holds it, and what of it is shown. */
export interface DebugOutput {
  readonly point: DebugPoint;
  readonly tensor: Tensor;
  /** of each dim: the axis, and whether all of its indices are shown. Of folds it does not vary along, the last is, of other axes the first. */
  readonly dims: readonly { readonly axis: Axis; readonly shown: "all" | "first" | "last" }[];
}

/** The kernel with an output for each debug point, and without points. Merges and `until` are left out, which change no result. */
export function withDebugOutputs(
  kernel: Kernel,
  points: readonly DebugPoint[],
): { readonly kernel: Kernel; readonly outputs: readonly DebugOutput[] } {
  const { debug: _, ...plain } = kernel;
  const { segments } = kernel;
  const { kernel: copy, fold, value } = rewriteKernel(plain);
  const around = chains(kernel);
  // values that only points use belong to folds as well
  const seen: Store[] = points.map(p => ({ tensor: tensorOf(p, [], 0), index: [], value: p.value }));
  const scopes = scopesOf({ folds: kernel.folds, stores: [...kernel.stores, ...seen] });
  const outputs = points.map((point, i): DebugOutput => {
    const scope = scopes.get(point.value);
    const chain = scope ? around.get(scope)! : [];
    const folds = chain.map(f => f.axis);
    const own = point.value.axes.filter(a => a !== segments?.at);
    if (segments && variesAlong(segments.at, point.value)) own.push(segments.axis);
    const outer = [...folds, ...kernel.grid];
    const axes = [...outer, ...own.filter(a => !outer.includes(a))];
    const tensor = tensorOf(point, axes, i);
    const store: Store = { tensor, index: axes.map(a => Poly.sym(a.sym)), value: value(point.value) };
    const stores = scope ? fold(scope).stores : (copy.stores as Store[]);
    stores.push(store);
    const dims = axes.map(axis => ({
      axis,
      shown:
        own.includes(axis) || chain.some(f => f.steps && f.axis === axis)
          ? ("all" as const)
          : folds.includes(axis)
            ? ("last" as const)
            : ("first" as const),
    }));
    return { point, tensor, dims };
  });
  // `until` skips steps, whose values would not be there
  for (const f of foldsOf(copy) as { merge?: unknown; until?: unknown }[]) {
    delete f.merge;
    delete f.until;
  }
  return { kernel: { ...copy, tensors: [...copy.tensors, ...outputs.map(o => o.tensor)] }, outputs };
}

const tensorOf = ({ name, value }: DebugPoint, axes: readonly Axis[], at: number): Tensor => ({
  name: `debug ${at} ${name}`,
  dtype: value.dtype,
  dims: axes.map(a => a.extent),
  role: "output",
});

/** Does the value hang on a point, also by what folds carry? */
function variesAlong(point: Axis, value: Node): boolean {
  const entered = new Set<Fold>();
  const varies = (roots: readonly Node[]): boolean =>
    reach(roots).some(n => {
      if (n.axes.includes(point)) return true;
      if ((n.kind !== "state" && n.kind !== "result") || entered.has(n.fold)) return false;
      entered.add(n.fold);
      return varies([...n.fold.init, ...n.fold.next]);
    });
  return varies([value]);
}

/** of each fold the folds around it, outermost first, itself last */
function chains(kernel: Kernel): Map<Fold, readonly Fold[]> {
  const out = new Map<Fold, readonly Fold[]>();
  const go = (folds: readonly Fold[], around: readonly Fold[]): void => {
    for (const f of folds) {
      out.set(f, [...around, f]);
      go(f.folds, [...around, f]);
    }
  };
  go(kernel.folds, []);
  return out;
}
