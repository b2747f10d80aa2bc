// 3×3 convolutions with stride 1 by Winograd's minimal filtering F(2×2, 3×3) (arXiv:1509.09308): 16 multiplications for four outputs instead of 36.
// An image becomes 16 matrices of tiles × channels, each is multiplied by weights of its own, and their sums are the result. Worth it where
// channels outweigh the walks through memory. Weights are transformed in float64 and rounded once; results differ from the direct sum by rounding.
import { Poly } from "../../ir/poly.js";
import { filterRows, POINTS } from "../../ops/winograd.js";
import { constantDims, constantValue, typedView } from "../constants.js";
import type { ConstantData, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";

const PRODUCTS = POINTS * POINTS;
/** The transformed image and the products together; more would leave the caches, and weigh on the memory plan. */
const MOST_BYTES = 16 << 20;
/** Cycles of two threads for the two kernels more. */
const START_CYCLES = 30_000;

const transformBy =
  (scratch: Scratch): Rule =>
  node => {
    const [X, W, B] = node.inputs;
    const [Y] = node.outputs;
    if (node.op !== "Conv" || node.domain !== "" || !X?.dims || !Y?.dims || !W?.constant || W.dtype !== "f32")
      return undefined;
    const filters = constantDims(W.dims);
    const pads = plainPads(node, filters);
    const [x, y] = [constantDims(X.dims.slice(1)), constantDims(Y.dims.slice(1))];
    if (!filters || !pads || !x || !y || !pays(filters, y)) return undefined;
    const [k, c] = filters as [number, number];
    const [rows, columns] = y.slice(1).map(n => Math.ceil(n / 2)) as [number, number];
    const [n] = X.dims as [Poly];
    const count = n.mul(rows * columns);
    const value = (name: string, dims: readonly (Poly | number)[]): Value => ({
      name: `${node.name}/${name}`,
      dtype: Y.dtype,
      dims: dims.map(d => Poly.of(d)),
    });
    const tiles = value("tiles", [PRODUCTS, n, rows, columns, c]);
    const matrices = value("matrices", [PRODUCTS, count, c]);
    const products = value("products", [PRODUCTS, count, k]);
    const sums = value("sums", [PRODUCTS, n, rows, columns, k]);
    const cut = [2 * rows - y[1]!, 2 * columns - y[2]!];
    return {
      nodes: [
        own("WinogradInput", [X], tiles, { pads }),
        reshape(tiles, matrices, [PRODUCTS, -1, c]),
        makeNode(
          products.name,
          "MatMul",
          [matrices, transformed(W, `${node.name}/weights`, [k, c], scratch)],
          [products],
        ),
        reshape(products, sums, [PRODUCTS, -1, rows, columns, k]),
        { ...own("WinogradOutput", [sums, ...(B ? [B] : [])], Y, { cut }), name: node.name },
      ],
    };
  };
export const winograd: Pass = { name: "winograd", run: graph => rewriteEverywhere(graph, transformBy(new Scratch())) };

const own = (op: string, inputs: readonly Value[], output: Value, attributes: GraphNode["attributes"]): GraphNode => ({
  ...makeNode(output.name, op, inputs, [output], attributes),
  domain: "azulejo",
  opset: 1,
});
const reshape = (from: Value, to: Value, dims: readonly number[]): GraphNode =>
  makeNode(to.name, "Reshape", [from, constantValue(`${to.name}/dims`, "i64", [dims.length], dims)], [to]);

/** The padding of a 3×3 convolution with stride 1, if that is what the node is. */
function plainPads({ attributes }: GraphNode, filters: readonly number[] | undefined): readonly number[] | undefined {
  const { group = 1, strides, dilations, pads = [0, 0, 0, 0], auto_pad = "NOTSET" } = attributes;
  const isOnes = (list: unknown): boolean => !list || (list as readonly number[]).every(n => n === 1);
  const isPlain = group === 1 && isOnes(strides) && isOnes(dilations) && auto_pad === "NOTSET";
  return isPlain && filters?.slice(2).join() === "3,3" ? (pads as readonly number[]) : undefined;
}

/**
 * Cycles a pixel of 128-bit vectors: eight multiply-adds a cycle in contractions; about five a vector for each transformed value of the
 * image, sixteen a vector for each output, and what is written and read between.
 */
function pays([k, c]: readonly number[], [, height, width]: readonly number[]): boolean {
  const pixels = height! * width!;
  const channels = c! + k!;
  if (16 * pixels * channels > MOST_BYTES || pixels < 16) return false;
  const covered = (4 * Math.ceil(height! / 2) * Math.ceil(width! / 2)) / pixels;
  const direct = 1.125 * c! * k!;
  return 1.1 * covered * (0.5 * c! * k! + 9 * c! + 8 * k!) + START_CYCLES / pixels < direct;
}

/**
 * G g Gᵀ of each filter g: for each of the 16 values a matrix, channels × outputs. Whoever packs them asks for one part after the other: the
 * filters are read once, and each part is computed where it is wanted.
 */
function transformed(W: Value, name: string, [k, c]: readonly [number, number], scratch: Scratch): Value {
  const byteLength = PRODUCTS * 4 * c * k;
  const source = W.constant!;
  let filters: Promise<Uint8Array> | undefined;
  const read = async (): Promise<Uint8Array> => {
    // what it gives may be shared, and is not ours to write into
    if (!source.readInto) return source.read();
    const bytes = scratch.take(source.byteLength);
    await source.readInto(bytes, 0);
    return bytes;
  };
  const into = async (target: Uint8Array, offset: number): Promise<void> => {
    filters ??= read();
    const bytes = await filters;
    transformInto(target, offset, typedView("f32", bytes) as Float32Array, k, c);
    if (offset + target.length < byteLength) return;
    filters = undefined;
    if (source.readInto) scratch.give(bytes);
  };
  const constant: ConstantData = {
    byteLength,
    read: async () => {
      const out = new Uint8Array(byteLength);
      await into(out, 0);
      return out;
    },
    readInto: into,
  };
  return { name, dtype: "f32", dims: [PRODUCTS, c, k].map(n => Poly.int(n)), constant };
}

/**
 * Memory for one layer's filters after the other. Fresh arrays would lie there until V8 collects garbage, which it puts off while they are below
 * 64 MiB; and what is free here may go at any time.
 */
class Scratch {
  #free: WeakRef<Uint8Array> | undefined;
  take(byteLength: number): Uint8Array {
    const free = this.#free?.deref();
    this.#free = undefined;
    return free && free.length >= byteLength ? free.subarray(0, byteLength) : new Uint8Array(byteLength);
  }
  give(bytes: Uint8Array): void {
    this.#free = new WeakRef(new Uint8Array(bytes.buffer));
  }
}

/** Filters whose values are written side by side: a line of the cache. */
const SIDE_BY_SIDE = 16;

/** Elements from byte `offset` on, as many as `target` holds. */
function transformInto(target: Uint8Array, offset: number, filters: Float32Array, k: number, c: number): void {
  const out = new Float32Array(target.buffer, target.byteOffset, target.length / 4);
  const first = offset / 4;
  const matrix = c * k;
  for (let p = Math.floor(first / matrix); p * matrix < first + out.length; p++) {
    const start = p * matrix;
    const [from, to] = [Math.max(first, start), Math.min(first + out.length, start + matrix)];
    transformMatrix(p, { out: out.subarray(from - first, to - first), from: from - start, filters, k, c });
  }
}

interface MatrixPart {
  readonly out: Float32Array;
  /** elements of the matrix before it */
  readonly from: number;
  readonly filters: Float32Array;
  readonly k: number;
  readonly c: number;
}
/**
 * Matrix `p`: one, three or nine of a filter's numbers add up to an element. Outputs lie with filters innermost, weights with channels: a
 * few filters at a time, so that both are walked along their lines.
 */
function transformMatrix(p: number, { out, from, filters, k, c }: MatrixPart): void {
  const { factors, places, count } = tapsOf(p);
  const [f0, f1, f2] = [factors[0]!, factors[1]!, factors[2]!];
  const [f3, f4, f5] = [factors[3]!, factors[4]!, factors[5]!];
  const [f6, f7, f8] = [factors[6]!, factors[7]!, factors[8]!];
  const [p0, p1, p2] = [places[0]!, places[1]!, places[2]!];
  const step = 9 * c;
  const to = from + out.length;
  const firstChannel = Math.floor(from / k);
  for (let filter = 0; filter < k; filter += SIDE_BY_SIDE)
    for (let channel = firstChannel; channel * k < to; channel++) {
      const row = channel * k;
      let at = Math.max(from, row + filter);
      const end = Math.min(to, row + Math.min(k, filter + SIDE_BY_SIDE));
      let w = 9 * ((at - row) * c + channel);
      if (count === 1) for (; at < end; at++, w += step) out[at - from] = f0 * filters[w + p0]!;
      else if (count === 3)
        for (; at < end; at++, w += step)
          out[at - from] = f0 * filters[w + p0]! + f1 * filters[w + p1]! + f2 * filters[w + p2]!;
      else
        for (; at < end; at++, w += step)
          out[at - from] =
            f0 * filters[w]! +
            f1 * filters[w + 1]! +
            f2 * filters[w + 2]! +
            f3 * filters[w + 3]! +
            f4 * filters[w + 4]! +
            f5 * filters[w + 5]! +
            f6 * filters[w + 6]! +
            f7 * filters[w + 7]! +
            f8 * filters[w + 8]!;
    }
}

interface Taps {
  readonly factors: Float64Array;
  readonly places: Int32Array;
  readonly count: number;
}
const taps = new Map<number, Taps>();
/** Which of a filter's nine numbers matrix `p` adds up, and how often: four of nine on the mean. */
function tapsOf(p: number): Taps {
  const known = taps.get(p) ?? madeTaps(p);
  taps.set(p, known);
  return known;
}
function madeTaps(p: number): Taps {
  const [row, column] = [filterRows[Math.floor(p / POINTS)]!, filterRows[p % POINTS]!];
  const all = row.flatMap((r, i) => column.map((x, j) => ({ place: 3 * i + j, factor: r * x })));
  const used = all.filter(({ factor }) => factor !== 0);
  const factors = new Float64Array(9);
  const places = new Int32Array(9);
  used.forEach(({ place, factor }, i) => {
    factors[i] = factor;
    places[i] = place;
  });
  return { factors, places, count: used.length };
}
