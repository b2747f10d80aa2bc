// Parts of values, for passes that divide the work of a node.
import { Poly } from "../../ir/poly.js";
import { constantValue } from "../constants.js";
import type { ConstantData, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";

/** A value like `v` but for one dim. */
export const withDim = (v: Value, name: string, dim: number, size: number): Value => ({
  name,
  dtype: v.dtype,
  dims: v.dims!.map((d, i) => (i === dim ? Poly.int(size) : d)),
});

/** Neighbouring channels (dim 1) of a value, by a Slice that is added to `made`. */
export function channels(made: GraphNode[], X: Value, name: string, first: number, count: number): Value {
  const bound = (what: string, n: number): Value => constantValue(`${name}/${what}`, "i64", [1], [n]);
  const out = withDim(X, name, 1, count);
  const inputs = [X, bound("starts", first), bound("ends", first + count), bound("axes", 1)];
  made.push(makeNode(name, "Slice", inputs, [out]));
  return out;
}

/** Neighbouring rows of a constant: a range of its bytes. */
export function part(v: Value, name: string, first: number, count: number): Value {
  const data = v.constant!;
  const rowBytes = data.byteLength / v.dims![0]!.constant;
  const start = first * rowBytes;
  const byteLength = count * rowBytes;
  const constant: ConstantData = {
    byteLength,
    read: async () => (await data.read()).subarray(start, start + byteLength),
    ...(data.readInto ? { readInto: (target, offset) => data.readInto!(target, start + offset) } : {}),
  };
  return { ...withDim(v, name, 0, count), constant };
}
