// Types of values compared and joined, and dims that only a run can tell.
import { Poly, Sym } from "../ir/poly.js";
import type { Container, Dims, GraphNode, Value, ValueType } from "./graph.js";

export const unknownType: ValueType = { dtype: undefined, dims: undefined };

/** A value's type without its name and what is known of its content. */
export const typeOf = ({ dtype, dims, text, container }: ValueType): ValueType => ({
  dtype,
  dims,
  ...(text ? { text } : {}),
  ...(container ? { container } : {}),
});

export const sameDims = (a: Dims | undefined, b: Dims | undefined): boolean =>
  a === b || (!!a && !!b && a.length === b.length && a.every((d, i) => d.equals(b[i]!)));

export const sameValueType = (a: ValueType, b: ValueType): boolean =>
  a.dtype === b.dtype && a.text === b.text && sameDims(a.dims, b.dims) && sameContainer(a.container, b.container);

const sameContainer = (a: Container | undefined, b: Container | undefined): boolean =>
  a === b || (!!a && !!b && a.kind === b.kind && sameValueType(a.of, b.of));

/** What is true of both: dims that differ become `open`, other ranks unknown ones. */
export function joinTypes(a: ValueType, b: ValueType, open: (axis: number) => Poly | undefined): ValueType {
  const optional = a.container?.kind === "optional" ? a : b.container?.kind === "optional" ? b : undefined;
  if (optional && a.container?.kind !== b.container?.kind) return joinOptional(optional, optional === a ? b : a);
  if (a.container || b.container) {
    const container = a.container && b.container && joinContainers(a.container, b.container);
    return { dtype: undefined, dims: undefined, ...(container ? { container } : {}) };
  }
  const dims = joinDims(a.dims, b.dims, open);
  const dtype = a.dtype ?? b.dtype;
  return { dtype, dims, ...(a.text || b.text ? { text: true } : {}) };
}

/** A value that one side wraps in an optional and the other gives as it is. */
function joinOptional({ container }: ValueType, bare: ValueType): ValueType {
  const of = joinTypes(container!.of, bare, () => undefined);
  return { dtype: undefined, dims: undefined, container: { kind: "optional", of } };
}

function joinDims(
  a: Dims | undefined,
  b: Dims | undefined,
  open: (axis: number) => Poly | undefined,
): Dims | undefined {
  if (!a || !b || a.length !== b.length) return undefined;
  const out = a.map((d, i) => (d.equals(b[i]!) ? d : open(i)));
  return out.every(d => d !== undefined) ? out : undefined;
}

/** Elements of unlike dims have no dims in common; unlike kinds have nothing. */
export function joinContainers(a: Container, b: Container): Container | undefined {
  if (a.kind !== b.kind) return undefined;
  return { ...a, of: joinTypes(a.of, b.of, () => undefined) };
}

/** Symbols that stand for dims which a run tells: no input has them. */
const measured = new WeakSet<Sym>();
export const isMeasured = (s: Sym): boolean => measured.has(s);

export type UnknownDim = (output: Value | undefined, axis: number) => Poly;

/** The same symbol each time a node is inferred: the one that its output has from the last time. */
export const unknownDims =
  (node: GraphNode): UnknownDim =>
  (output, axis) => {
    const dim = output?.dims?.[axis];
    const [sym] = dim?.syms ?? [];
    if (dim && sym && measured.has(sym) && dim.equals(Poly.sym(sym))) return dim;
    return Poly.sym(newMeasured(`${output?.name ?? node.name}_${axis}`));
  };

export function newMeasured(name: string): Sym {
  const made = new Sym(name);
  measured.add(made);
  return made;
}
