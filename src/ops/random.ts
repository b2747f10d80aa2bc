// What operators that draw random numbers share: seeds, and numbers by the position of an element in its tensor.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile, Seed } from "../tile/index.js";
import { normal, randomBits, uniform } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import type { KernelContext } from "./operator.js";

/** The seed of a node: that of its file; else of the run, by which runs differ, with the node's name, by which nodes do. */
export function seedOf({ attributes, name, inputs }: Pick<KernelContext, "attributes" | "name" | "inputs">): Seed {
  if (attributes.seed !== undefined) return seedBits(attributes.seed);
  const own = [hash(name, 0x811c9dc5), hash(name, 0x050c5d1f)] as const;
  const run = inputs.run_seed;
  return run ? [run.at(0).xor(own[0]), run.at(1).xor(own[1])] : own;
}
/** The bits of a seed. */
export function seedBits(seed: number | bigint): readonly [low: number, high: number] {
  const [low, high] = new Uint32Array(new Float64Array([Number(seed)]).buffer);
  return [low!, high!];
}
/** FNV-1a over the characters, from a basis */
function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Bits of the element at an index: its position in row-major order counts, however memory lies. */
function bitsAt(seed: Seed, index: readonly (AnyTile | number)[], dims: Dims): readonly AnyTile[] {
  const position = index.reduce((sum: Poly, i, d) => sum.mul(dims[d]!).add(polyOfIndex(i)), Poly.zero);
  return randomBits(seed, indexTile(position));
}
const drawn = (dtype: Dtype): "f32" | "f64" => (computeDtype(dtype) === "f64" ? "f64" : "f32");

/** In [0, 1), in the compute dtype of `dtype`. */
export function uniformAt(seed: Seed, index: readonly (AnyTile | number)[], dims: Dims, dtype: Dtype): AnyTile {
  const [a, b] = bitsAt(seed, index, dims);
  return uniform(drawn(dtype), a!, b!);
}
/** Standard normal, in the compute dtype of `dtype`. */
export const normalAt = (seed: Seed, index: readonly (AnyTile | number)[], dims: Dims, dtype: Dtype): AnyTile =>
  normal(drawn(dtype), bitsAt(seed, index, dims));
