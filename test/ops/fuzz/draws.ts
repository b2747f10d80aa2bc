// Draws by number: the same one whatever was drawn before it. What an operator refuses is drawn again; what it takes, its reference answers.
import type { Dims } from "../../../src/graph/graph.js";
import { infer } from "../../../src/graph/infer.js";
import { expandOperators } from "../../../src/graph/passes/index.js";
import { Poly } from "../../../src/ir/poly.js";
import type { OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import { AzulejoError } from "../../../src/support/errors.js";
import type { CaseGraph } from "../../../src/testing/case-graph.js";
import { graphOfCase, nodeOfCase } from "../../../src/testing/case-graph.js";
import { fullRegistry } from "../full-registry.js";
import { keyOf } from "./draw.js";
import { families } from "./families/index.js";
import { leavesOpen } from "./finite.js";
import { fromCases, resizedCase } from "./from-cases.js";
import type { Open } from "./planted.js";
import { openOf, plant } from "./planted.js";
import { Random } from "./random.js";
import { isLimited, within } from "./within.js";

export const registry = fullRegistry();

/** A draw that the operator takes, and what its reference makes of it. */
export interface Drawn {
  readonly module: OperatorModule;
  /** `Conv 17`: what replay takes */
  readonly label: string;
  readonly drawn: OperatorCase;
  readonly symbolic: boolean;
  readonly expected: CaseGraph;
  /** of draws with plants, the elements of outputs that ONNX leaves open */
  readonly open?: Open;
  /** the same model with other dims: runs of one compiled program */
  readonly others: readonly { readonly drawn: OperatorCase; readonly expected: CaseGraph }[];
}
/** What is wrong with a draw before anything is compiled. */
export interface Finding {
  readonly label: string;
  readonly drawn: OperatorCase;
  readonly problem: string;
}

/** so often is drawn anew where an operator refuses */
const tries = 60;
/** sizes that one compiled program is run with beside its own */
const mostOthers = 3;

/** Does the operator take it? @throws whatever has no code */
async function accepts(
  module: OperatorModule,
  drawn: OperatorCase,
  symbolic: boolean,
): Promise<"yes" | "no" | "in numbers"> {
  try {
    const inferred = infer(nodeOfCase(module, drawn, symbolic).graph, registry);
    // the parts of an operator may take less than the whole says
    const { outputs } = module.operator.expand
      ? infer(await expandOperators(registry).run(inferred), registry)
      : inferred;
    if (outputs.some(v => v.dims && isLarge(v.dims))) return "no";
    return outputs.every(v => v.dims) ? "yes" : "in numbers";
  } catch (e) {
    if (e instanceof AzulejoError && e.code !== "internal" && e.code !== "kernel") return "no";
    throw e;
  }
}

/** more than references in plain arrays are done with at once */
const isLarge = (dims: Dims): boolean => {
  const size = Poly.product(dims);
  return size.isConst && size.constant > 20_000;
};

/** undefined: the reference has no answer (an index outside, a division by nothing) */
function judged(module: OperatorModule, drawn: OperatorCase, symbolic: boolean): CaseGraph | undefined {
  try {
    const made = graphOfCase(module, drawn, registry, symbolic);
    const complete = made.want.every(t => Array.from(t.data as ArrayLike<unknown>).every(x => x !== undefined));
    return complete && made.graph.outputs.length > 0 && isDecided(module, drawn, made) ? made : undefined;
  } catch {
    return undefined;
  }
}

/** Quotients that f32 does not hold to the last digit, rounded to whole numbers, by the scale that they are divided by. */
const roundedBy: Readonly<Record<string, string>> = {
  "com.microsoft QLinearReduceMean": "reduced_scale",
  "com.microsoft QLinearAveragePool": "Y_scale",
  "com.microsoft QLinearGlobalAveragePool": "Y_scale",
};

/** Halfway between two whole numbers the last digit decides: then scales beside the drawn one give others. */
function isDecided(module: OperatorModule, drawn: OperatorCase, { want }: CaseGraph): boolean {
  const name = roundedBy[keyOf(module)];
  const scale = name === undefined ? undefined : drawn.inputs[name];
  if (!scale?.data) return true;
  return [1 - 2 ** -16, 1 + 2 ** -16].every(factor => {
    const data = scale.data!.map(x => Number(x) * factor);
    const beside = { ...drawn, inputs: { ...drawn.inputs, [name!]: { ...scale, data } } };
    const numbers = graphOfCase(module, beside, registry, false).want[0]!.data;
    return Array.from(want[0]!.data as ArrayLike<number>).every((x, i) => x === numbers[i]);
  });
}

/** A read outside of a tensor is a mistake then, not the draw's. */
export const staysInside = (module: OperatorModule): boolean =>
  families[keyOf(module)] !== undefined || isLimited(module);

/** The draw of this number; undefined where nothing came of many tries. */
export async function drawNumber(
  module: OperatorModule,
  seed: number,
  number: number,
): Promise<Drawn | Finding | undefined> {
  const label = `${keyOf(module)} ${number}`;
  const draw = families[keyOf(module)] ?? fromCases;
  for (let attempt = 0; attempt < tries; attempt++) {
    const random = new Random(`${seed} ${label} ${attempt}`);
    const made = draw(random, module);
    const drawn = made && within(module, made);
    if (!drawn) continue;
    try {
      if ((await accepts(module, drawn, false)) === "no") continue;
      const symbolic = random.chance(0.6) && (await accepts(module, drawn, true)) === "yes";
      const expected = judged(module, drawn, symbolic);
      if (!expected) continue;
      if (leavesOpen(module) && random.chance(0.4)) {
        const planted = withPlants(random, module, drawn, symbolic, expected);
        if (planted) return { module, label, symbolic, others: [], ...planted };
      }
      const others =
        symbolic && expected.graph.symbols.length > 0 ? await resizings(random, module, drawn, expected) : [];
      return { module, label, drawn, symbolic, expected, others };
    } catch (e) {
      return { label, drawn, problem: `an error without a code: ${String(e)}` };
    }
  }
  return undefined;
}

/** The draw with NaN and infinities in it, and which results those leave open. */
function withPlants(
  random: Random,
  module: OperatorModule,
  drawn: OperatorCase,
  symbolic: boolean,
  alone: CaseGraph,
): Pick<Drawn, "drawn" | "expected" | "open"> | undefined {
  const planted = plant(random, module, drawn);
  if (!planted) return undefined;
  // numbers that the operator does not take tell nothing
  const beside = planted.beside.flatMap(c => judged(module, c, symbolic) ?? []);
  const expected = judged(module, planted.drawn, symbolic);
  if (!expected) return undefined;
  const open = openOf(module, planted.decides, alone, [...beside, expected]);
  return { drawn: planted.drawn, expected: { ...expected, scales: alone.scales }, open };
}

async function resizings(
  random: Random,
  module: OperatorModule,
  drawn: OperatorCase,
  { graph }: CaseGraph,
): Promise<Drawn["others"]> {
  // a symbol is called after the size that it stands for
  const varying = new Set(graph.symbols.map(s => Number(s.name.slice(1))));
  if (module.operator.domain === "azulejo") return [];
  const out: { drawn: OperatorCase; expected: CaseGraph }[] = [];
  for (let i = 0; i < mostOthers; i++) {
    const made = resizedCase(random, drawn, module, varying);
    const other = made && within(module, made);
    if (!other || (await accepts(module, other, false)) === "no") continue;
    const expected = judged(module, other, false);
    if (expected) out.push({ drawn: other, expected });
  }
  return out;
}
