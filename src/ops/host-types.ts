// Types of values as bodies on the host state them.
import type { Dims, ValueType } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import type { HostNode } from "./operator.js";

export const unknown: ValueType = { dtype: undefined, dims: undefined };
const textType: ValueType = { dtype: "u32", dims: undefined, text: true };

export const tensorType = (dtype: ValueType["dtype"], dims: Dims | undefined): ValueType => ({ dtype, dims });
export const textOf = (dims: Dims | undefined): ValueType => ({ ...textType, dims });
export const withDims = ({ dtype, text }: ValueType, dims: Dims | undefined): ValueType => ({
  dtype,
  dims,
  ...(text ? { text } : {}),
});
/** A tensor of known rank whose dims only a run tells. */
export const openDims = (node: HostNode, output: string, rank: number): Dims =>
  Array.from({ length: rank }, (_, axis) => node.unknownDim(output, axis));

export const sequenceOf = (of: ValueType): ValueType => ({ ...unknown, container: { kind: "sequence", of } });
export const mapOf = (key: ValueType, of: ValueType): ValueType => ({
  ...unknown,
  container: { kind: "map", key, of },
});
export const optionalOf = (of: ValueType): ValueType => ({ ...unknown, container: { kind: "optional", of } });

/** The type without what a graph knows beside it. */
export const plain = ({ dtype, dims, text, container }: ValueType): ValueType => ({
  dtype,
  dims,
  ...(text ? { text } : {}),
  ...(container ? { container } : {}),
});
/** What a sequence or an optional holds. */
export const elementType = (t: ValueType | undefined): ValueType => t?.container?.of ?? unknown;

/** Elements of which the first is like the others in all but, perhaps, some dims. */
export function commonType(types: readonly ValueType[]): ValueType {
  const [first, ...others] = types.map(plain);
  if (!first) return unknown;
  const dims = first.dims;
  const same = dims && others.every(t => t.dims?.length === dims.length && t.dims.every((d, i) => d.equals(dims[i]!)));
  return { ...first, dims: same ? dims : undefined };
}

/** An element that a run picks: its rank where that is known, its dims where they are numbers. */
export const pickedType = (node: HostNode, output: string, of: ValueType): ValueType => ({
  ...of,
  dims: of.dims?.map((d, axis) => (d.isConst ? d : node.unknownDim(output, axis))),
});

export const int = Poly.int;
