// Small random graphs over values of one dtype: as nodes for a file, and what they come to, element by element.
import type { Dtype } from "../../../../src/ir/dtypes.js";
import { isFloat } from "../../../../src/ir/dtypes.js";
import { roundTo } from "../../../../src/ir/float-bits.js";
import type { NodeInit } from "../../../frontends/onnx-model.js";
import { int, node, tensorAttribute } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import type { Plain } from "./plain.js";
import { at, build, drawPlain, joined, plain, tensorInit } from "./plain.js";

/** One operation: its node, and its result from those of what it reads. */
interface Step {
  readonly op: string;
  readonly reads: readonly string[];
  readonly makes: string;
  readonly attributes?: NodeInit["attribute"];
  readonly of: (...given: readonly Plain[]) => Plain;
}
/** Named values, the results of steps over others. */
export interface Expression {
  readonly nodes: readonly NodeInit[];
  readonly result: string;
  /** `given` names what it reads */
  readonly evaluate: (given: Readonly<Record<string, Plain>>) => Plain;
}

/** Sums and products of integers wrap around at the dtype's size, floats are rounded to it. */
function stored(dtype: Dtype, x: number | bigint): number | bigint {
  if (typeof x === "bigint") return dtype === "i64" ? BigInt.asIntN(64, x) : x;
  return dtype === "i32" ? Number(BigInt.asIntN(32, BigInt(x))) : roundTo(dtype, x);
}

/** Tensors of equal rank, of which one may have dims of 1 where the other has more. */
function elementwise(dtype: Dtype, f: (...x: readonly (number | bigint)[]) => number | bigint) {
  return (...given: readonly Plain[]): Plain => {
    const rank = Math.max(...given.map(t => t.dims.length));
    const dims = Array.from({ length: rank }, (_, d) => {
      const own = given.map(t => t.dims[d - rank + t.dims.length] ?? 1);
      return own.find(n => n !== 1) ?? 1;
    });
    return build(dtype, dims, index =>
      stored(
        dtype,
        f(
          ...given.map(t => {
            const tail = index.slice(rank - t.dims.length);
            return at(
              t,
              tail.map((i, d) => (t.dims[d] === 1 ? 0 : i)),
            ) as number;
          }),
        ),
      ),
    );
  };
}
type Item = number | bigint;
/** NaN where one of them is: also the largest and the smallest of numbers with NaN are NaN. */
const withNaN = (x: Item, y: Item): number | undefined => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : undefined);
type Binary = readonly [op: string, f: (x: never, y: never) => number | bigint];
const binary: readonly Binary[] = [
  ["Add", (x: number, y: number) => x + y],
  ["Sub", (x: number, y: number) => x - y],
  ["Max", (x: Item, y: Item) => withNaN(x, y) ?? [x, y].reduce((a, b) => (a > b ? a : b))],
  ["Min", (x: Item, y: Item) => withNaN(x, y) ?? [x, y].reduce((a, b) => (a < b ? a : b))],
];
const unary: readonly Binary[] = [
  ["Neg", (x: number) => -x],
  ["Abs", (x: number) => (x < 0 ? -x : x)],
];
const floatUnary: readonly Binary[] = [
  ...unary,
  ["Relu", (x: number) => Math.max(x, 0)],
  ["Tanh", (x: number) => Math.tanh(x)],
];

export interface Grammar {
  readonly dtype: Dtype;
  /** of every value that is read, of equal dims or dims of 1; all have this rank at most */
  readonly reads: readonly string[];
  /** names of what is made begin with it */
  readonly prefix: string;
  /** the result has the dims of this value */
  readonly like?: string;
  /** may the first axis become another size? Then values of other sizes are not combined with what comes of it. */
  readonly resizes?: boolean;
}

/** A chain of up to five steps in which every step reads what the last one made. */
export function drawExpression(random: Random, { dtype, reads, prefix, like, resizes = false }: Grammar): Expression {
  const steps: Step[] = [];
  let last = random.pick(reads);
  const make = (): string => `${prefix}${steps.length}`;
  const add = (step: Omit<Step, "makes">): void => {
    const makes = make();
    steps.push({ ...step, makes });
    last = makes;
  };
  for (let count = random.int(1, 5); count > 0; count--) {
    const kind = random.unit();
    if (kind < 0.55) {
      const [op, f] = random.pick(binary);
      add({ op, reads: random.shuffled([last, random.pick(reads)]), of: elementwise(dtype, f as never) });
    } else if (kind < 0.7) {
      const constant = drawPlain(random, dtype, [], { range: [-2, 2] });
      const name = make();
      steps.push({
        op: "Constant",
        reads: [],
        makes: name,
        attributes: [tensorAttribute("value", tensorInit(name, constant))],
        of: () => constant,
      });
      const [op, f] = random.pick(binary);
      add({ op, reads: [last, name], of: elementwise(dtype, f as never) });
    } else {
      const [op, f] = random.pick(isFloat(dtype) ? floatUnary : unary);
      add({ op, reads: [last], of: elementwise(dtype, f as never) });
    }
  }
  if (like !== undefined) {
    const [own, zero, sub] = [last, make(), elementwise(dtype, ((x: number, y: number) => x - y) as never)];
    steps.push({ op: "Sub", reads: [like, like], makes: zero, of: sub });
    add({ op: "Add", reads: [own, zero], of: elementwise(dtype, binary[0]![1] as never) });
  }
  if (resizes && random.chance(0.6)) {
    const own = last;
    add({ op: "Concat", reads: [own, own], attributes: [int("axis", 0)], of: (a, b) => joined([a!, b!], 0) });
  }
  return { nodes: steps.map(nodeOf), result: last, evaluate: given => valueOf(steps, last, given) };
}
const nodeOf = ({ op, reads, makes, attributes = [] }: Step): NodeInit =>
  node(op, [...reads], [makes], [...attributes]);

function valueOf(steps: readonly Step[], result: string, given: Readonly<Record<string, Plain>>): Plain {
  const values = new Map(Object.entries(given));
  for (const { reads, makes, of } of steps) values.set(makes, of(...reads.map(name => values.get(name)!)));
  return values.get(result)!;
}

/** i64 beside other dtypes: a whole number of a body's own as a value of the expression's dtype. */
export const castNode = (from: string, to: string, code: number): NodeInit =>
  node("Cast", [from], [to], [int("to", code)]);
export const scalar = (dtype: Dtype | "bool", x: number): Plain => plain(dtype, [], [x]);
