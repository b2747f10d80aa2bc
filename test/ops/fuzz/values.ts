// What tensors of a draw hold: small numbers of both signs, whole ones (ties), and now and then what arithmetic has to survive.
import type { Dtype } from "../../../src/ir/dtypes.js";
import { dtypes, integerRange, isFloat } from "../../../src/ir/dtypes.js";
import { roundTo } from "../../../src/ir/float-bits.js";
import type { CaseInput } from "../../../src/ops/operator.js";
import { sizeOf } from "../../../src/ops/reference-tensors.js";
import type { Random } from "./random.js";

/**
 * "plain": small finite numbers; "tiny": −0 and subnormals are among them, where no range is said; "special": NaN, infinities, −0 and subnormals are among them; "extreme": the ends of the dtype too, for
 * operators that add nothing up.
 */
export type Flavour = "plain" | "tiny" | "special" | "extreme";

type Element = number | bigint;

/** Smallest positive number of the dtype, and its largest. */
const floatEnds: Readonly<Partial<Record<Dtype, readonly [number, number]>>> = {
  f64: [2 ** -1074, Number.MAX_VALUE],
  f32: [2 ** -149, (2 - 2 ** -23) * 2 ** 127],
  f16: [2 ** -24, 65504],
  bf16: [2 ** -133, (2 - 2 ** -7) * 2 ** 127],
};

function specialFloat(random: Random, dtype: Dtype, flavour: Flavour): number {
  const [tiny, huge] = floatEnds[dtype] ?? [0, 1];
  const sign = random.chance(0.5) ? 1 : -1;
  if (flavour === "tiny") return sign * random.pick([0, tiny, tiny * 3, tiny * 1024]);
  if (flavour === "extreme" && random.chance(0.5))
    return sign * random.pick([huge, huge / 2, 2 ** 31, 2 ** 24 + 2, 2 ** 15, 1e-10, tiny * 1024]);
  return random.pick([Number.NaN, sign * Infinity, sign * Infinity, sign * 0, sign * 0, sign * tiny, sign * tiny * 3]);
}

/** Floats of 8 and 4 bits have few values: any of them may come. */
const isByteFloat = (dtype: Dtype): boolean => isFloat(dtype) && dtypes[dtype].bits <= 8;

function floats(random: Random, { dtype, dims, range }: CaseInput, flavour: Flavour): number[] {
  const [low, high] = range ?? (dtype === "f8e8m0" ? [0.25, 4] : [-2, 2]);
  const whole = !range && random.chance(0.2);
  const one = (): number => {
    const x = low + random.unit() * (high - low);
    // halves: ties of rounding, equal elements
    return roundTo(dtype, whole ? Math.round(x * 2) / 2 : x);
  };
  const data = random.list(sizeOf(dims), one);
  if (flavour === "plain" || (flavour === "tiny" && range) || isByteFloat(dtype)) return data;
  const count = random.chance(0.2) ? data.length : random.int(1, 3);
  if (data.length > 0)
    for (let i = 0; i < count; i++)
      data[random.int(0, data.length - 1)] = roundTo(dtype, specialFloat(random, dtype, flavour));
  return data;
}

function integers(random: Random, { dtype, dims, range }: CaseInput, flavour: Flavour): Element[] {
  const [least, most] = integerRange(dtype);
  const [from, to] = range ?? [-10, 20];
  const low = Math.max(Math.min(from, Number(most)), Number(least));
  const high = Math.max(Math.min(to, Number(most)), low);
  const wide = flavour === "extreme" && !range;
  return random.list(sizeOf(dims), () => {
    if (!wide || random.chance(0.7)) return random.int(Math.ceil(low), Math.floor(high));
    return random.pick([least, most, least + 1n, most - 1n, most / 2n + 1n]);
  });
}

/** Data for an input; a `range` keeps integers inside, floats but for what is special. */
export function valuesOf(random: Random, input: CaseInput, flavour: Flavour): Element[] {
  if (input.dtype === "bool") return random.list(sizeOf(input.dims), () => random.int(0, 1));
  return isFloat(input.dtype) ? floats(random, input, flavour) : integers(random, input, flavour);
}
