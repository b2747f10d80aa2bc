// Draws made of an operator's own cases: other sizes, dtypes, attributes, opsets and values, fewer optional inputs. What an operator declares
// suffices, so that a new one is drawn for as soon as it has a case. Much of what comes out is refused, and drawn again.
import { newestOpset } from "../../../src/graph/make.js";
import type { Dtype } from "../../../src/ir/dtypes.js";
import { dtypes, integerRange, isFloat } from "../../../src/ir/dtypes.js";
import type { AttributeSpec, CaseInput, OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import { sizeOf } from "../../../src/ops/reference-tensors.js";
import type { Draw } from "./draw.js";
import { flavourOf, sampleOf } from "./finite.js";
import type { Random } from "./random.js";
import { size } from "./random.js";
import type { Flavour } from "./values.js";
import { valuesOf } from "./values.js";

/** What the cases of an operator have been seen with. */
interface Seen {
  readonly cases: readonly OperatorCase[];
  /** dtypes by input */
  readonly dtypes: ReadonlyMap<string, readonly Dtype[]>;
  readonly attributes: ReadonlyMap<string, readonly unknown[]>;
}

const seen = new WeakMap<OperatorModule, Seen>();
function seenOf(module: OperatorModule): Seen {
  const known = seen.get(module);
  if (known) return known;
  const cases = module.cases?.() ?? [];
  const kinds = new Map<string, Set<Dtype>>();
  const attributes = new Map<string, Map<string, unknown>>();
  for (const c of cases) {
    for (const [name, { dtype }] of Object.entries(c.inputs))
      kinds.set(name, (kinds.get(name) ?? new Set()).add(dtype));
    for (const [name, v] of Object.entries(c.attributes ?? {}))
      attributes.set(name, (attributes.get(name) ?? new Map<string, unknown>()).set(JSON.stringify(v) ?? "", v));
  }
  const made: Seen = {
    cases,
    dtypes: new Map([...kinds].map(([k, v]) => [k, [...v]])),
    attributes: new Map([...attributes].map(([k, v]) => [k, [...v.values()]])),
  };
  seen.set(module, made);
  return made;
}

/** Elements that a case may have, so that references in plain arrays stay quick. */
const mostElements = 3000;

export const fromCases: Draw = (random, module) => {
  const { cases } = seenOf(module);
  if (cases.length === 0) return undefined;
  const base = random.pick(cases);
  const typed = random.chance(0.5) ? otherDtype(random, base, module) : base;
  if (module.operator.domain === "azulejo") return insider(random, typed, module);
  const attributes = random.chance(0.5) ? otherAttributes(random, typed, module) : (typed.attributes ?? {});
  const opset = otherOpset(random, base, module);
  const inputs = otherInputs(random, typed, module);
  if (Object.values(inputs).some(i => sizeOf(i.dims) > mostElements)) return undefined;
  const required = module.operator.outputs.filter(n => !n.endsWith("?")).length;
  const some = required > 0 && required < module.operator.outputs.length && random.chance(0.4);
  const outputCount = base.outputCount ?? (some ? required : undefined);
  return {
    name: base.name,
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    ...(opset === undefined ? {} : { opset }),
    ...(outputCount === undefined ? {} : { outputCount }),
    inputs,
  };
};

/** Operators that only expansions make: what they take was checked before, so that only their numbers are drawn anew. */
function insider(random: Random, base: OperatorCase, module: OperatorModule): OperatorCase {
  const flavour = sampleOf(random, module);
  const inputs = Object.entries(base.inputs).map(([name, input]) => {
    const decided = module.operator.content?.includes(name) ?? false;
    return [
      name,
      decided ? input : withValues(random, calmed(module, name, input), flavourOf(module, name, flavour)),
    ] as const;
  });
  return { ...base, inputs: Object.fromEntries(inputs) };
}

/** One dtype becomes another that the same input has in other cases, wherever it stands. */
function otherDtype(random: Random, base: OperatorCase, module: OperatorModule): OperatorCase {
  const [name] = Object.keys(base.inputs);
  if (name === undefined) return base;
  const from = base.inputs[name]!.dtype;
  const to = random.pick(seenOf(module).dtypes.get(name)!);
  const decided = (k: string): boolean => module.operator.content?.includes(k) ?? false;
  const cast = (i: CaseInput): CaseInput => {
    if (i.dtype !== from) return i;
    const { data, ...rest } = i;
    // numbers of another kind are drawn anew, and so are those that it does not hold
    return dtypes[to].kind === dtypes[from].kind && (data ?? []).every(x => isHeld(to, x))
      ? { ...i, dtype: to }
      : { ...rest, dtype: to };
  };
  return {
    ...base,
    inputs: Object.fromEntries(Object.entries(base.inputs).map(([k, i]) => [k, decided(k) ? i : cast(i)])),
  };
}

function isHeld(dtype: Dtype, x: number | bigint): boolean {
  if (isFloat(dtype) || dtype === "bool") return true;
  const [low, high] = integerRange(dtype);
  return x >= low && x <= high;
}

function otherAttributes(random: Random, { attributes = {} }: OperatorCase, module: OperatorModule) {
  // what old opsets had as attributes and new ones have as inputs is changed only where a case has it
  const inputs = new Set(module.operator.inputs.map(n => n.replace(/\?|\.\.\./, "").toLowerCase()));
  const specs = Object.entries(module.operator.attributes ?? {}).filter(
    ([name]) => name in attributes || !(inputs.has(name.toLowerCase()) || oldHints.has(name)),
  );
  if (specs.length === 0) return attributes;
  const out = { ...attributes };
  for (let i = random.int(1, 2); i > 0; i--) {
    const [name, spec] = random.pick(specs);
    const value = otherAttribute(random, name, spec, out[name], seenOf(module).attributes.get(name) ?? []);
    if (value === undefined) delete out[name];
    else out[name] = value;
  }
  return out;
}

/** Attributes that only the oldest opsets give a meaning. */
const oldHints: ReadonlySet<string> = new Set(["consumed_inputs", "broadcast", "spatial", "is_test"]);
/** Numbers that name something, such as a dtype: others than those of the cases say nothing. */
const codes = /^to$|type|bits|mode|block_size|^k$|_heads$/;

const flags = [0, 1];
function otherAttribute(
  random: Random,
  name: string,
  { type, default: standard }: AttributeSpec,
  given: unknown,
  among: readonly unknown[],
): unknown {
  // without a seed, a node's name decides what is drawn
  if (name !== "seed" && random.chance(0.15)) return undefined;
  if (among.length > 0 && (random.chance(0.5) || codes.test(name))) return random.pick(among);
  // below 0, it is a root of a negative number that is drawn
  if (name === "epsilon") return given;
  const value = given ?? standard;
  if (type === "float") return Math.fround(random.chance(0.2) ? 0 : random.unit() * 4 - 2);
  if (type === "int" && typeof value === "number") {
    if (name === "axis") return random.int(-3, 3);
    return flags.includes(value) ? random.pick(flags) : value + random.int(-1, 1);
  }
  if (type !== "ints" || !Array.isArray(value) || value.length === 0) return given;
  const at = random.int(0, value.length - 1);
  return value.map((x: number, i) => (i === at ? x + random.int(-1, 2) : x));
}

function otherOpset(random: Random, base: OperatorCase, { operator, doc }: OperatorModule): number | undefined {
  if (operator.domain || base.opset !== undefined || random.chance(0.7)) return base.opset;
  return random.int(doc.opsets[0], newestOpset);
}

type Inputs = Readonly<Record<string, CaseInput>>;

function otherInputs(random: Random, { inputs }: OperatorCase, module: OperatorModule): Inputs {
  const { operator } = module;
  const flavour: Flavour = sampleOf(random, module);
  const isContent = (name: string): boolean => operator.content?.includes(name) ?? false;
  const optional = new Set(operator.inputs.filter(n => n.endsWith("?")).map(n => n.slice(0, -1)));
  const dropping = random.chance(0.2);
  const kept = Object.entries(inputs).filter(([name]) => !(dropping && optional.has(name) && random.chance(0.5)));
  // a size that stands in several places is one number of the model more often than not
  const resized = new Map<number, number>();
  const share = random.pick([0, 0.5, 1]);
  for (const n of new Set(kept.flatMap(([name, i]) => (isContent(name) ? [] : i.dims))))
    if (random.chance(share)) resized.set(n, size(random));
  const alone = random.chance(0.25);
  return Object.fromEntries(
    kept.map(([name, input]) => {
      if (isContent(name)) return [name, otherContent(random, input)];
      const dims = input.dims.map(n => (alone && random.chance(0.3) ? size(random) : (resized.get(n) ?? n)));
      return [name, withValues(random, calmed(module, name, { ...input, dims }), flavourOf(module, name, flavour))];
    }),
  );
}

/** Shapes, axes and the like: mostly as they are. */
function otherContent(random: Random, input: CaseInput): CaseInput {
  const { data } = input;
  if (!data || data.length === 0 || random.chance(0.7)) return input;
  const at = random.int(0, data.length - 1);
  if (input.dtype === "bool") return { ...input, data: data.map(() => random.int(0, 1)) };
  return { ...input, data: data.map((x, i) => (i === at ? Number(x) + random.pick([-1, 1, -data.length, 2]) : x)) };
}

/** Data of the given dims: whole numbers that a case spells out (indices, lengths) are taken from there. */
export function withValues(random: Random, input: CaseInput, flavour: Flavour): CaseInput {
  const { data: given, ...rest } = input;
  const numbers = given?.map(Number).filter(Number.isFinite) ?? [];
  if (!given || numbers.length === 0 || isFloat(input.dtype)) {
    const range = numbers.length > 0 ? ([Math.min(...numbers), Math.max(...numbers)] as const) : input.range;
    // other dims keep to the range too: a scale that a case spells out stays positive
    const ranged = { ...rest, ...(range ? { range } : {}) };
    return { ...ranged, data: valuesOf(random, ranged, flavour) };
  }
  const count = sizeOf(input.dims);
  if (count === given.length && random.chance(0.7)) return input;
  return { ...rest, data: random.list(count, () => random.pick(given)) };
}

/** States that are fed back grow chaotic with large weights: then the last digit of one step decides a later one. */
function calmed(module: OperatorModule, name: string, input: CaseInput): CaseInput {
  if (!isFloat(input.dtype) || !/^(GRU|LSTM|RNN)$|LSTM$/.test(module.operator.name)) return input;
  // recurrent weights whose rows have a length of less than 1
  const most = name === "R" ? Math.min(1 / Math.sqrt(Math.max(input.dims.at(-1)!, 1)), 0.3) : 0.3;
  return name === "R" || !input.range ? { ...input, range: [-most, most] } : input;
}

/** The same case with other numbers for the sizes that became symbols: what one compiled program must cope with. */
export function resizedCase(
  random: Random,
  drawn: OperatorCase,
  module: OperatorModule,
  varying: ReadonlySet<number>,
): OperatorCase | undefined {
  const { operator } = module;
  const flavour = sampleOf(random, module);
  const fixed = (name: string): boolean =>
    (operator.content?.includes(name) ?? false) || drawn.inputs[name]!.constant === true;
  const resized = new Map<number, number>();
  for (const [name, { dims }] of Object.entries(drawn.inputs))
    if (!fixed(name)) for (const n of dims) if (varying.has(n) && !resized.has(n)) resized.set(n, size(random));
  const inputs = Object.entries(drawn.inputs).map(([name, input]) => {
    if (fixed(name)) return [name, input] as const;
    const dims = input.dims.map(n => resized.get(n) ?? n);
    // drawn data of floats is no range
    const { data, ...open } = input;
    const next = isFloat(input.dtype) || input.range || !data ? open : input;
    return [
      name,
      withValues(random, calmed(module, name, { ...next, dims }), flavourOf(module, name, flavour)),
    ] as const;
  });
  if (inputs.some(([, i]) => sizeOf(i.dims) > mostElements)) return undefined;
  return { ...drawn, inputs: Object.fromEntries(inputs) };
}
