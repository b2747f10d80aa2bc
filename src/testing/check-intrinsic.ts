// Intrinsics held to their meaning: the code of each target on special values and random bits, against the interpreter.
import { newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { integerRange, isFloat } from "../ir/dtypes.js";
import { interpretKernel, type TensorArgument } from "../ir/evaluate/kernel.js";
import type { CodeTarget, Intrinsic } from "../ir/intrinsic.js";
import { hasCode } from "../ir/intrinsic.js";
import { Poly, Sym } from "../ir/poly.js";
import { rewrite } from "../ir/rewrite.js";
import { type Kernel, newAxis, type Node, node, type Tensor } from "../ir/tile.js";
import type { IntrinsicCall } from "../ir/walk.js";
import { dtypesOfCall, intrinsicCalls } from "../ir/walk.js";
import { KernelRuns } from "../load/kernel-runs.js";
import type { LoadOptions } from "../runtime/api.js";
import type { Schedule } from "../schedule/schedule.js";
import { AzulejoError } from "../support/errors.js";
import { mulberry32 } from "./random.js";

type TargetName = NonNullable<LoadOptions["target"]>;
type Call = IntrinsicCall & { readonly meaning: Node };
export interface IntrinsicProblem {
  readonly intrinsic: Intrinsic;
  readonly target: TargetName;
  readonly message: string;
}

const languages: Readonly<Record<string, CodeTarget>> = { wasm: "wasm", native: "c", webgpu: "wgsl" };
/** code is looked at as whole vectors and element by element */
const schedules: readonly Partial<Schedule>[] = [{}, { stage: { Y: { lane: "none" } } }];
/** random operands beside all pairs of special ones */
const RANDOM = 1000;
const MOST_SPECIAL = 3000;

/** Is there code for the target at all? */
export const hasCodeFor = (kernel: Kernel, target: TargetName): boolean =>
  callsOf(kernel).some(n => languages[target] && hasCode(n.intrinsic, languages[target], dtypesOfCall(n)));

/** For each intrinsic of the kernel and each target that has code for it: the first operands for which it departs from its meaning. */
export async function intrinsicProblems(
  kernel: Kernel,
  targets: readonly TargetName[],
  seed: number,
): Promise<IntrinsicProblem[]> {
  const problems: IntrinsicProblem[] = [];
  for (const call of new Map(callsOf(kernel).map(n => [n.intrinsic.name, n])).values()) {
    const alone = kernelOf(call);
    for (const target of targets) {
      const code = languages[target];
      if (!code || !hasCode(call.intrinsic, code, dtypesOfCall(call))) continue;
      const message = await departure(alone, call, target, seed).catch(refusal);
      if (message) problems.push({ intrinsic: call.intrinsic, target, message });
    }
  }
  return problems;
}

const callsOf = (kernel: Kernel): Call[] => intrinsicCalls(kernel).filter((n): n is Call => n.meaning !== undefined);

/** Y [N] = the intrinsic of tensors of N elements */
function kernelOf(call: Call): Kernel {
  const size = Poly.sym(new Sym("N"));
  const axis = newAxis("n", size);
  const index = [Poly.sym(axis.sym)];
  const tensor = (name: string, dtype: Dtype, role: Tensor["role"]): Tensor => ({ name, dtype, dims: [size], role });
  const inputs = call.args.map((a, k) => tensor(`X${k}`, a.dtype, "input"));
  const loads = inputs.map(t =>
    node<"load">({ kind: "load", tensor: t, index, fill: 0, axes: [axis], dtype: t.dtype }),
  );
  const operand = new Map(call.args.map((a, k) => [a, loads[k]!]));
  const { values } = rewrite(new Map(), new Map(), n => operand.get(n));
  const [value] = values([call]);
  const Y = tensor("Y", call.dtype, "output");
  const stores = [{ tensor: Y, index, value: value! }];
  const dims = [{ name: "N", size }];
  return { name: call.intrinsic.name, tensors: [...inputs, Y], dims, grid: [axis], stores, folds: [] };
}

/** Code that can't be compiled, in the words of who refuses it: there is no other mistake that a kernel of one intrinsic could have. */
function refusal(error: unknown): string {
  if (error instanceof AzulejoError && error.code === "kernel") return error.message;
  throw error;
}
async function departure(kernel: Kernel, call: Call, target: TargetName, seed: number): Promise<string | undefined> {
  const operands = operandsFor(
    call.args.map(a => a.dtype),
    seed,
  );
  const count = operands[0]?.data.length ?? 0;
  const inputs = Object.fromEntries(operands.map((t, k) => [`X${k}`, t]));
  const want = newArray(call.dtype, count);
  interpretKernel(
    kernel,
    { ...inputs, Y: { dtype: call.dtype, dims: [count], data: want } },
    { arithmetic: "stepwise" },
  );
  for (const schedule of target === "webgpu" ? [{}] : schedules) {
    const runs = new KernelRuns(kernel, schedule);
    try {
      const { Y } = await runs.run(inputs, { target, threads: 1 });
      for (let i = 0; i < count; i++) {
        const [a, b] = [Y!.data[i] as number | bigint, want[i] as number | bigint];
        const given = operands.map(t => t.data[i] as number | bigint);
        // WGSL may assume that there is neither NaN nor infinity, and take subnormal numbers for zero
        if (target === "webgpu" && ![a, b, ...given].every(isOrdinary)) continue;
        if (isSame(a, b, call.intrinsic.ulps, call.dtype)) continue;
        const shown = call.intrinsic.parameters.map((p, k) => `${p} = ${show(given[k]!)}`).join(", ");
        return `the code of intrinsic "${call.intrinsic.name}" for ${target} gives ${show(a)} for ${shown}, and its meaning ${show(b)}`;
      }
    } finally {
      runs.dispose();
    }
  }
  return undefined;
}
const show = (x: number | bigint): string => (Object.is(x, -0) ? "-0" : String(x));
const isOrdinary = (x: number | bigint): boolean =>
  typeof x === "bigint" || Number.isInteger(x) || (Number.isFinite(x) && Math.abs(x) >= 2 ** -126);

function isSame(a: number | bigint, b: number | bigint, ulps: number | undefined, dtype: Dtype): boolean {
  if (Object.is(a, b) || a === b) return Object.is(a, b) || ulps !== undefined || typeof a === "bigint";
  if (ulps === undefined || typeof a === "bigint" || typeof b === "bigint") return false;
  if (!isFloat(dtype)) return false;
  const [bits, lowest] = dtype === "f64" ? [52, -1074] : [23, -149];
  const unit = Math.max(2 ** (Math.floor(Math.log2(Math.abs(b))) - bits), 2 ** lowest);
  return Math.abs(a - b) <= ulps * unit;
}

/** Equal positions of the arrays are operands of one call. */
function operandsFor(dtypes: readonly Dtype[], seed: number): TensorArgument[] {
  const special = dtypes.map(specialValues);
  const pairs = Math.min(
    MOST_SPECIAL,
    special.reduce((p, s) => p * s.length, 1),
  );
  const next = mulberry32(seed);
  let stride = 1;
  return dtypes.map((dtype, k) => {
    const data = newArray(dtype, pairs + RANDOM);
    const values = special[k]!;
    for (let i = 0; i < pairs; i++) data[i] = values[Math.floor(i / stride) % values.length]! as never;
    stride *= values.length;
    const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    for (let i = words.length - (RANDOM * data.BYTES_PER_ELEMENT) / 4; i < words.length; i++) words[i] = next();
    return { dtype, dims: [data.length], data };
  });
}
function specialValues(dtype: Dtype): (number | bigint)[] {
  if (!isFloat(dtype)) {
    const [low, high] = integerRange(dtype);
    const all = [0n, 1n, 2n, 7n, 255n, BigInt(high) - 1n, BigInt(high), -1n, -2n, BigInt(low) + 1n, BigInt(low)];
    const inside = [...new Set(all.filter(x => x >= BigInt(low) && x <= BigInt(high)))];
    return dtype === "i64" || dtype === "u64" ? inside : inside.map(Number);
  }
  const [least, normal, most] =
    dtype === "f64" ? [2 ** -1074, 2 ** -1022, Number.MAX_VALUE] : [2 ** -149, 2 ** -126, 3.4028234663852886e38];
  const positive = [0, least, normal - least, normal, 0.5, 1, 1.5, 3, 65537, 2 ** 31, most, Number.POSITIVE_INFINITY];
  return [...positive, ...positive.map(x => -x), Number.NaN];
}
