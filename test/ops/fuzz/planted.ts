// Where ONNX does not say what becomes of NaN and infinities, they are planted among finite numbers: results that they do not reach must be
// those of the numbers alone, and what they do reach is open. So nothing crashes, hangs, or reads where it should not by them.
import type { Dtype } from "../../../src/ir/dtypes.js";
import { isFloat } from "../../../src/ir/dtypes.js";
import { roundTo } from "../../../src/ir/float-bits.js";
import type { CaseInput, OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import type { CaseGraph } from "../../../src/testing/case-graph.js";
import { decides, isKeptFinite, reachBeyond } from "./finite.js";
import type { Random } from "./random.js";
import { valuesOf } from "./values.js";

interface Planted {
  readonly drawn: OperatorCase;
  /** may any result come of it? */
  readonly decides: boolean;
  /** other finite numbers at the same places, near and far: what changes with them is reached */
  readonly beside: readonly OperatorCase[];
}

/** Floats that draws keep finite elsewhere; those of 8 bits and below hold what they hold, and what decides shapes is no number to compute with. */
const takesPlants = (module: OperatorModule, name: string, { dtype, data }: CaseInput): boolean =>
  isKeptFinite(module, name) &&
  ["f16", "bf16", "f32", "f64"].includes(dtype) &&
  data !== undefined &&
  data.length > 0 &&
  !module.operator.content?.includes(name);

/** A few elements of one input, or of several, become NaN and infinities; undefined where no input has floats. */
export function plant(random: Random, module: OperatorModule, drawn: OperatorCase): Planted | undefined {
  const names = Object.keys(drawn.inputs).filter(name => takesPlants(module, name, drawn.inputs[name]!));
  if (names.length === 0) return undefined;
  const chosen = random.shuffled(names).slice(0, random.chance(0.7) ? 1 : 2);
  const planted: Record<string, CaseInput> = { ...drawn.inputs };
  const near: Record<string, CaseInput> = { ...drawn.inputs };
  const far: Record<string, CaseInput> = { ...drawn.inputs };
  for (const name of chosen) {
    const input = drawn.inputs[name]!;
    const { data: _, ...open } = input;
    const others = valuesOf(random, open, "plain");
    const places = new Set(random.list(random.int(1, 3), () => random.int(0, input.data!.length - 1)));
    const put = (at: (i: number) => number | bigint): CaseInput => ({
      ...input,
      data: Array.from(input.data as ArrayLike<number>, (x, i) => (places.has(i) ? at(i) : x)) as number[],
    });
    planted[name] = put(() => random.pick([Number.NaN, Infinity, -Infinity]));
    near[name] = put(i => roundTo(input.dtype, Number(others[i])));
    far[name] = put(i => roundTo(input.dtype, Number(others[i]) * 8 + 9));
  }
  return {
    drawn: { ...drawn, inputs: planted },
    decides: chosen.some(name => decides(module, name)),
    beside: [near, far].map(inputs => ({ ...drawn, inputs })),
  };
}

/** By output, the elements that are open. */
export interface Open {
  readonly reached: readonly (readonly boolean[])[];
  /** may elements beyond those be no finite numbers? */
  readonly beyond: boolean;
  /** may all be any number? */
  readonly anything: boolean;
}

/** Elements differ between what the reference makes of a draw without the plants, with others, and with them. */
export function openOf(
  module: OperatorModule,
  anything: boolean,
  alone: CaseGraph,
  others: readonly CaseGraph[],
): Open {
  const reached = alone.want.map((want, output) =>
    Array.from(want.data as ArrayLike<unknown>, (x, i) => others.some(o => !Object.is(o.want[output]!.data[i], x))),
  );
  return { reached, beyond: reachBeyond(module, false), anything };
}
export const openInPeer = (module: OperatorModule, open: Open): Open => ({
  ...open,
  beyond: reachBeyond(module, true),
});

/** May the element be `got` where the reference has `want`? */
export function isOpen(
  { reached, beyond, anything }: Open,
  output: number,
  at: number,
  got: number,
  want: number,
  dtype: Dtype,
): boolean {
  if (anything) return true;
  if (!reached[output]![at] && !beyond) return false;
  if (!isFloat(dtype)) return true;
  return !Number.isFinite(got) || !Number.isFinite(want);
}
