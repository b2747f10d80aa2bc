// Laws of what operators compute on indices and dims: positions, bounds, clamped slices, fractions.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { opaque, Poly, Sym } from "../../src/ir/poly.js";
import { boundsOf, larger, smaller } from "../../src/ops/bounds.js";
import { delinearise, linearise, reindex } from "../../src/ops/linear-index.js";
import type { NodeInfo } from "../../src/ops/operator.js";
import { sizeOf } from "../../src/ops/reference-tensors.js";
import { operator as reshape } from "../../src/ops/reshape.js";
import { scaleOf } from "../../src/ops/resize-coordinates.js";
import { operator as slice } from "../../src/ops/slice.js";

const names = ["n", "h", "w"].map(name => new Sym(name));
const evaluate = (p: Poly, dims: readonly number[]): number => p.evaluate(s => dims[names.indexOf(s)]!);

/** polynomials over three dims with div, mod, min and max in them */
const { poly } = fc.letrec<{ poly: Poly }>(tie => ({
  poly: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: -9, max: 9 }).map(n => Poly.int(n)),
    fc.constantFrom(...names).map(s => Poly.sym(s)),
    fc.tuple(tie("poly"), tie("poly")).map(([a, b]) => a.add(b)),
    fc.tuple(tie("poly"), fc.integer({ min: -3, max: 3 })).map(([a, c]) => a.mul(c)),
    fc
      .tuple(tie("poly"), fc.integer({ min: 1, max: 5 }), fc.constantFrom("div" as const, "mod" as const))
      .map(([a, c, op]) => opaque(op, a, Poly.int(c))),
    fc
      .tuple(tie("poly"), tie("poly"), fc.constantFrom("min" as const, "max" as const))
      .map(([a, b, op]) => opaque(op, a, b)),
  ),
}));
const dimsOf3 = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40));

test("bounds hold for all dims", () => {
  fc.assert(
    fc.property(poly, dimsOf3, (p, dims) => {
      const { low, high } = boundsOf(p);
      const value = evaluate(p, dims);
      assert(low <= value && value <= high, `${p.print()} is ${value}, outside ${low}..${high}`);
    }),
  );
});

test("the smaller and the larger of two polynomials are theirs for all dims", () => {
  fc.assert(
    fc.property(poly, poly, dimsOf3, (a, b, dims) => {
      const [x, y] = [evaluate(a, dims), evaluate(b, dims)];
      assert.equal(evaluate(smaller(a, b), dims), Math.min(x, y));
      assert.equal(evaluate(larger(a, b), dims), Math.max(x, y));
    }),
  );
});

const shape = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 });

test("a position and its indices are each other's inverse", () => {
  fc.assert(
    fc.property(shape, fc.nat(), (dims, seed) => {
      const sizes = dims.map(n => Poly.int(n));
      const position = seed % sizeOf(dims);
      const index = delinearise(Poly.int(position), sizes);
      index.forEach((i, d) => {
        assert(i.constant >= 0 && i.constant < dims[d]!);
      });
      assert.equal(linearise(index, sizes).constant, dims.length === 0 ? 0 : position);
    }),
  );
});

/** two shapes with the same number of elements: one list of factors, grouped in two ways */
const regrouped = fc
  .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
  .chain(factors => fc.tuple(fc.constant(factors), grouping(factors.length), grouping(factors.length)))
  .map(([factors, a, b]) => [group(factors, a), group(factors, b)] as const);
function grouping(n: number): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.integer({ min: 0, max: n }), { maxLength: 4 }).map(cuts => [...cuts].sort((x, y) => x - y));
}
const group = (factors: readonly number[], cuts: readonly number[]): number[] =>
  [...cuts, factors.length].map((cut, k) => sizeOf(factors.slice(k === 0 ? 0 : cuts[k - 1], cut)));

test("the element at an index of a reshaped tensor has the same position in the other", () => {
  fc.assert(
    fc.property(regrouped, fc.nat(), ([to, from], seed) => {
      const [out, source] = [to, from].map(dims => dims.map(n => Poly.int(n)));
      const position = seed % sizeOf(to);
      const index = delinearise(Poly.int(position), out!);
      assert.equal(linearise(reindex(index, out!, source!), source!).constant, position);
    }),
  );
});

test("dims that stay beside a squeezed or split one keep their index as it is", () => {
  const [n, h, w] = names.map(s => Poly.sym(s)) as [Poly, Poly, Poly];
  const [i, j, k] = [new Sym("i"), new Sym("j"), new Sym("k")].map(s => Poly.sym(s)) as [Poly, Poly, Poly];
  assert.deepEqual(
    reindex([i, Poly.zero, j, k], [n, Poly.one, h, w], [n, h, w]).map(p => p.print()),
    ["i", "j", "k"],
  );
  assert.deepEqual(
    reindex([i, j], [n, h.mul(w)], [n, h, w]).map(p => p.print()),
    ["i", "(j div w)", "(j mod w)"],
  );
});

const node = (dims: NodeInfo["dims"], known: NodeInfo["known"], attributes = {}): NodeInfo => ({
  name: "node",
  opset: 25,
  attributes,
  dims,
  dtypes: {},
  known,
  present: Object.keys(dims),
  wanted: ["output"],
  outputCount: 1,
});
const list = (data: readonly (Poly | number)[]) => ({ dims: [data.length], data });

test("a symbolic slice has the size that numbers give, also with bounds of unknown sign", () => {
  const bound = fc.integer({ min: -50, max: 50 });
  const step = fc.integer({ min: -3, max: 3 }).filter(s => s !== 0);
  fc.assert(
    fc.property(fc.nat(20), bound, bound, step, fc.boolean(), (size, start, end, stride, symbolic) => {
      const [n, h, w] = names.map(s => Poly.sym(s)) as [Poly, Poly, Poly];
      // h and w are not negative, so the bounds are h − 50 and w − 50
      const asked = symbolic ? [h.sub(50), w.sub(50)] : [Poly.int(start), Poly.int(end)];
      const one = [Poly.one];
      const dims = { data: [n], starts: one, ends: one, axes: one, steps: one };
      const { output } = slice.shape(
        node(dims, { starts: list([asked[0]!]), ends: list([asked[1]!]), axes: list([0]), steps: list([stride]) }),
      );
      // the specification clamps the start into the dim also where numpy would give nothing
      const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x < 0 ? x + size : x, low), high);
      const want =
        stride > 0 ? clamp(end, 0, size) - clamp(start, 0, size) : clamp(start, 0, size - 1) - clamp(end, -1, size - 1);
      assert.equal(
        evaluate(output![0]!, [size, start + 50, end + 50]),
        Math.max(Math.ceil(want / Math.abs(stride)), 0),
      );
    }),
  );
});

test("−1 in Reshape is exact for symbolic dims", () => {
  const [n, h, w] = names.map(s => Poly.sym(s)) as [Poly, Poly, Poly];
  const shapeOf = (data: readonly Poly[], asked: readonly (Poly | number)[]): string =>
    reshape
      .shape(node({ data, shape: [Poly.int(asked.length)] }, { shape: list(asked) }, { allowzero: 0 }))
      .reshaped!.map(d => d.print())
      .join(" ");
  assert.equal(shapeOf([n, Poly.int(24), h, w], [0, 2, -1, Poly.int(12), w]), "n 2 h 12 w");
  assert.equal(shapeOf([n, Poly.int(3), h.mul(2)], [-1, 6]), "n*h 6");
  assert.equal(shapeOf([n.add(1), Poly.int(4)], [-1]), "4 + 4*n");
});

test("a scale becomes the simplest fraction that is it in f32", () => {
  const text = (x: number): string => {
    const { numerator, denominator } = scaleOf(Math.fround(x), Poly.sym(names[0]!), false);
    return `${numerator.print()}/${denominator.print()}`;
  };
  assert.deepEqual([2, 0.5, 0.6, 1 / 3, 1.25, 0.1, 8 / 7].map(text), [
    "2/1",
    "1/2",
    "3/5",
    "1/3",
    "5/4",
    "1/10",
    "8/7",
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (p, q) => {
      const { numerator, denominator } = scaleOf(Math.fround(p / q), Poly.sym(names[0]!), false);
      assert.equal(numerator.constant * q, denominator.constant * p);
    }),
  );
  // of a dim in numbers, any scale is as close as f32 has it; else none that its denominators allow is closer
  const closest = (x: number, largest: number): number => {
    let least = Number.POSITIVE_INFINITY;
    for (let q = 1; q <= largest; q++) least = Math.min(least, Math.abs(Math.round(x * q) / q - x));
    return least;
  };
  fc.assert(
    fc.property(fc.float({ min: 0.125, max: 8, noNaN: true }), fc.boolean(), (x, isKnown) => {
      const { numerator, denominator } = scaleOf(x, isKnown ? Poly.int(20) : Poly.sym(names[0]!), false);
      const error = Math.abs(numerator.constant / denominator.constant - x);
      assert.ok(error <= Math.max(x * 2 ** -22, isKnown ? 0 : closest(x, 2 ** 15)), `${x}: ${error}`);
      assert.ok(denominator.constant <= (isKnown ? 2 ** 24 : 2 ** 15));
    }),
  );
});
