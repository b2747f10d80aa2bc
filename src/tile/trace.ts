// The recording under way: where nodes, stores and folds of the kernel's body go while its TypeScript runs once.
import type { Value } from "../ir/evaluate/values.js";
import type { Axis, DebugPoint, Fold, Kernel, Node, NodeOf, Segments, Store } from "../ir/tile.js";
import { node } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import { captureSite } from "./source.js";

/** What eager execution adds to recording: every node is computed as soon as it exists. */
export interface EagerHooks {
  computed(n: Node): void;
  value(n: Node): Value;
  stored(s: Store): void;
  debug(point: DebugPoint): void;
  grid(axes: readonly Axis[], segments: Pick<Kernel, "segments">, body: () => void): void;
  /** runs `step` on each block of the axis, handing it nodes that hold the state; returns nodes that hold the last state */
  fold(
    f: Fold,
    step: (state: readonly Node[]) => readonly Node[],
    merge?: (left: readonly Node[], right: readonly Node[]) => readonly Node[],
  ): readonly Node[];
}
export interface Recording {
  readonly name: string;
  grid: readonly Axis[] | undefined;
  segments?: Segments;
  readonly folds: Fold[];
  readonly stores: Store[];
  readonly debug: DebugPoint[];
  /** the innermost body being recorded: the grid's or a fold's */
  sink: { readonly stores: Store[]; readonly folds: Fold[] };
  /** axes of the folds over `.steps()` around: points, over which values vary without having them as axes of their own */
  readonly points: Set<Axis>;
  /** the axes of the cells whose program is being recorded */
  cells?: readonly Axis[] | undefined;
  /** the merge of a fold is being recorded */
  merging?: boolean;
  readonly eager?: EagerHooks;
  /** the body of a kernel that somebody wrote: its ranks are known. Bodies of operators serve all ranks, and may reduce over no index */
  authored?: true;
}

let current: Recording | undefined;
export const recording = (): Recording | undefined => current;

export function record(name: string, body: (r: Recording) => void, eager?: EagerHooks): Recording {
  const stores: Store[] = [];
  const folds: Fold[] = [];
  const r: Recording = {
    name,
    grid: undefined,
    folds,
    stores,
    debug: [],
    sink: { stores, folds },
    points: new Set(),
    ...(eager ? { eager } : {}),
  };
  const outer = current;
  current = r;
  try {
    body(r);
  } finally {
    current = outer;
  }
  return r;
}

/** Is the axis a point here: bound by a fold over `.steps()` around this place? */
export const isPoint = (a: Axis): boolean => current?.points.has(a) ?? false;

/** A mistake in tile source. `what` says what is wrong and the remedy; kernel and position are added here. */
export function kernelError(what: string, source = captureSite(20)?.text): AzulejoError {
  const where = current ? `kernel "${current.name}": ` : "";
  return new AzulejoError("kernel", `${where}${what}${source ? ` (${source})` : ""}`);
}

type Fields<K extends Node["kind"]> = Omit<NodeOf<K>, "id" | "name" | "source"> & { name?: string };
/** A node with the user's position, which is computed only when it is read. */
export function make<K extends Node["kind"]>(fields: Fields<K>, site = captureSite()): NodeOf<K> {
  const n = node<K>(fields as Parameters<typeof node<K>>[0]);
  if (site) Object.defineProperty(n, "source", { enumerable: true, configurable: true, get: () => site.text });
  current?.eager?.computed(n);
  return n;
}
