// Where numbers of a model leave what their dtype can hold: by what its constants are, and by what operators do to large inputs.
import { describeNode } from "../../graph/bind.js";
import { constantDims, decode, numberOf, typedView } from "../../graph/constants.js";
import type { Graph, GraphNode, Value } from "../../graph/graph.js";
import { constantsOf, everyNode } from "../../graph/values.js";
import type { Dtype } from "../../ir/dtypes.js";
import { integerRange, is64BitInteger, isFloat } from "../../ir/dtypes.js";
import { type HalfFloat, isHalfFloat, isNarrowFloat, largestOf } from "../../ir/float-bits.js";

/** A number in a model that a smaller dtype, or a GPU, would not hold. */
export interface Risk {
  /** "overflow": infinities or NaN; "rounding": whole numbers that are not exact any more; "wrapping": integers that don't fit */
  readonly kind: "overflow" | "rounding" | "wrapping";
  /** the node or the constant */
  readonly where: string;
  /** what happens, from which numbers on */
  readonly message: string;
}

/** Constants are read up to this sum, the smallest first: reading all of a large model would take as long as loading it. */
const READ_LIMIT_BYTES = 256 << 20;
/** Sums of fewer elements overflow only where their elements nearly do. */
const SUM_LIMIT = 256;

export interface Risks {
  readonly risks: readonly Risk[];
  /** constants of a large model that were not looked into */
  readonly unread: { readonly count: number; readonly bytes: number };
}

/** The graph is inferred. */
export async function risksOf(graph: Graph, limitBytes = READ_LIMIT_BYTES): Promise<Risks> {
  const risks: Risk[] = [];
  const unread = { count: 0, bytes: 0 };
  const read = new Set<Value>();
  let sum = 0;
  const size = (v: Value): number => v.constant?.byteLength ?? 0;
  for (const v of [...constantsOf(graph)].sort((a, b) => size(a) - size(b))) {
    sum += size(v);
    if (sum > limitBytes) {
      unread.count++;
      unread.bytes += size(v);
      continue;
    }
    read.add(v);
    risks.push(...(await constantRisks(v)));
  }
  for (const node of everyNode(graph)) {
    if (node.domain !== "") continue;
    if (node.op === "Cast") risks.push(...(await castRisks(node, read)));
    const message = overflows[node.op]?.(node);
    if (message !== undefined) risks.push({ kind: "overflow", where: describeNode(node), message });
  }
  return { risks, unread };
}

async function constantRisks(v: Value): Promise<Risk[]> {
  const where = `constant "${v.name}"`;
  const { dtype } = v;
  if (!dtype || !(isFloat(dtype) || is64BitInteger(dtype))) return [];
  if (is64BitInteger(dtype)) {
    const inexact = await beyondFloat64(v);
    const message = `${inexact} of its ${dtype} are beyond 2^53: kernels compute with them exactly, shapes and axes can't be made of them`;
    return inexact > 0 ? [{ kind: "rounding", where, message }] : [];
  }
  const content = decode(dtype, await v.constant!.read());
  const nan = content.reduce((n, x) => n + (Number.isNaN(x) ? 1 : 0), 0);
  // in wider floats an infinity is meant: a mask, the bound of a Clip
  const infinite = isNarrowFloat(dtype) ? content.reduce((n, x) => n + (Math.abs(x) === Infinity ? 1 : 0), 0) : 0;
  return [
    ...(nan > 0
      ? [{ kind: "overflow", where, message: `${nan} of its ${content.length} elements are NaN` } as const]
      : []),
    ...(infinite > 0
      ? [
          {
            kind: "overflow",
            where,
            message: `${infinite} of its ${content.length} elements are infinite: a mask, or numbers beyond ${dtype}'s range that were converted`,
          } as const,
        ]
      : []),
  ];
}

/** The ends of the range mean "to the end". */
const ends: ReadonlySet<bigint> = new Set([2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n, 2n ** 64n - 1n]);
async function beyondFloat64({ dtype, constant }: Value): Promise<number> {
  const view = typedView(dtype!, await constant!.read()) as BigInt64Array;
  return view.reduce((n, x) => n + (Number.isSafeInteger(Number(x)) || ends.has(x) ? 0 : 1), 0);
}

async function castRisks(node: GraphNode, read: ReadonlySet<Value>): Promise<Risk[]> {
  const [input, output] = [node.inputs[0], node.outputs[0]];
  const [from, to] = [input?.dtype, output?.dtype];
  if (!input || !from || !to || input.text || output?.text) return [];
  const where = describeNode(node);
  if (!input.constant) return to !== "bool" && !isFloat(from) && isHalfFloat(to) ? [roundingOf(where, from, to)] : [];
  if (!read.has(input)) return [];
  const content = decode(from, await input.constant.read());
  const lost = content.reduce((n, x) => n + (Number.isFinite(x) && !fits(x, from, to) ? 1 : 0), 0);
  if (lost === 0) return [];
  const kind = isFloat(to) ? "overflow" : "wrapping";
  return [
    {
      kind,
      where,
      message: `${lost} of ${content.length} elements of the constant "${input.name}" do not fit into ${to}`,
    },
  ];
}

const roundingOf = (where: string, from: Dtype, to: HalfFloat): Risk => ({
  kind: "rounding",
  where,
  message: `${from} becomes ${to}, which has no odd numbers above ${to === "f16" ? 2048 : 256}`,
});
/** Floats that become integers saturate, which is a loss all the same. */
function fits(x: number, from: Dtype, to: Dtype): boolean {
  if (to === "bool") return true;
  if (isFloat(to)) return !isNarrowFloat(to) || Math.abs(x) <= largestOf(to);
  const [low, high] = integerRange(to);
  const whole = isFloat(from) ? Math.trunc(x) : x;
  return whole >= Number(low) && whole <= Number(high);
}

// ---- operators that make large numbers of moderate ones; only f16 is narrow enough for that to happen in models that were trained in f32

const F16_LARGEST = 65504;
type Overflow = (node: GraphNode) => string | undefined;
const inF16 =
  (f: Overflow): Overflow =>
  node =>
    node.outputs[0]?.dtype === "f16" && node.inputs[0]?.dtype === "f16" ? f(node) : undefined;
const above = (x: number): string => `is ∞ in f16 for inputs above ${x.toPrecision(4)}, where its result is stored`;

/** Inputs whose magnitudes are squared and added up reach the limit at √(limit / n). */
const summing = (power: 1 | 2): Overflow =>
  inF16(node => {
    const n = elementsPerResult(node);
    if (n === undefined || n < SUM_LIMIT) return undefined;
    const mean = (F16_LARGEST / n) ** (1 / power);
    const what = power === 1 ? "mean" : "root mean square";
    return `adds up ${n} elements in f32 and stores f16: ∞ where their ${what} is above ${mean.toPrecision(3)}`;
  });

function elementsPerResult({ inputs, outputs }: GraphNode): number | undefined {
  const [from, to] = [constantDims(inputs[0]?.dims), constantDims(outputs[0]?.dims)];
  if (!from || !to) return undefined;
  const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  return size(from) / Math.max(1, size(to));
}

const overflows: Readonly<Record<string, Overflow>> = {
  Exp: inF16(() => above(Math.log(F16_LARGEST))),
  Sinh: inF16(() => above(Math.asinh(F16_LARGEST))),
  Cosh: inF16(() => above(Math.acosh(F16_LARGEST))),
  Pow: inF16(({ inputs }) => {
    const exponent = numberOf(inputs[1]?.known?.data[0]);
    return exponent !== undefined && exponent >= 2 ? above(F16_LARGEST ** (1 / exponent)) : undefined;
  }),
  Mul: inF16(({ inputs: [a, b] }) => (a === b ? above(Math.sqrt(F16_LARGEST)) : undefined)),
  ReduceSum: summing(1),
  ReduceL1: summing(1),
  ReduceSumSquare: summing(2),
};
