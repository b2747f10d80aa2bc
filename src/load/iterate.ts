// Loop, Scan and SequenceMap as the host runs them: a body for each round, slices in, results stacked.
import type { HostStep } from "../graph/cut.js";
import type { GraphNode, Value } from "../graph/graph.js";
import { describeNode } from "../graph/bind.js";
import { scanAxes } from "../graph/iteration.js";
import { bool, concatenate, int64, reshaped, slice, stack } from "../ops/host-tensors.js";
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { isSequence } from "../runtime/host-value.js";
import { newArray } from "../ir/arrays.js";
import { AzulejoError } from "../support/errors.js";
import type { HostScope } from "./host-scope.js";

type IterationStep = Extract<HostStep, { kind: "loop" | "scan" | "map" }>;

export interface Iterate {
  readonly step: IterationStep;
  readonly scope: HostScope;
  /** runs the body once */
  readonly round: (values: readonly HostValue[]) => Promise<readonly HostValue[]>;
}

export async function runLoop({ step, scope, round }: Iterate): Promise<readonly HostValue[]> {
  const [trip, condition] = step.node.inputs;
  const most = trip ? Number((await scope.tensor(trip)).data[0]) : Number.POSITIVE_INFINITY;
  let goes = condition ? Boolean((await scope.tensor(condition)).data[0]) : true;
  let states = await Promise.all(step.roles.states.map(v => v && scope.get(v)));
  const made: AnyTensor[][] = Array.from({ length: step.roles.stacked }, () => []);
  for (let i = 0; i < most && goes; i++) {
    const results = await round([int64([i], []), bool([goes], []), ...states]);
    goes = Boolean((results[0] as AnyTensor).data[0]);
    states = results.slice(1, 1 + states.length);
    made.forEach((list, k) => {
      list.push(results[1 + states.length + k] as AnyTensor);
    });
  }
  return [...states, ...made.map((list, k) => stacked(list, 0, step, 1 + states.length + k))];
}

/** The results of all rounds along an axis; without any round, nothing, as wide as is known. */
function stacked(list: readonly AnyTensor[], axis: number, { body, node }: IterationStep, output: number): AnyTensor {
  const [first] = list;
  if (!first) return nothing(body.outputs[output]!, axis, node);
  const other = list.find(t => t.dims.join() !== first.dims.join());
  if (other)
    throw new AzulejoError(
      "shape",
      `${describeNode(node)}: "${body.outputs[output]!.name}" has dims [${first.dims.join(", ")}] in one round and [${other.dims.join(", ")}] in another; what is stacked must keep its dims`,
    );
  return stack(list, axis < 0 ? axis + first.dims.length + 1 : axis);
}
function nothing({ name, dtype, dims = [], text }: Value, axis: number, node: GraphNode): AnyTensor {
  if (!dtype)
    throw new AzulejoError(
      "operator-unsupported",
      `${describeNode(node)}: it has no rounds, and nothing says which dtype "${name}" would have; give it a round, or export the model with types`,
    );
  const known = dims.map(d => (d.isConst ? d.constant : 0));
  const at = axis < 0 ? axis + known.length + 1 : axis;
  const all = [...known.slice(0, at), 0, ...known.slice(at)];
  return text ? { dtype: "string", dims: all, data: [] } : { dtype, dims: all, data: newArray(dtype, 0) };
}

export async function runScan({ step, scope, round }: Iterate): Promise<readonly HostValue[]> {
  const { roles, node } = step;
  const states = await Promise.all(roles.states.map(v => scope.tensor(v!)));
  const slices = await Promise.all(roles.slices.map(v => scope.tensor(v!)));
  if (node.opset >= 9) return scanOnce(step, states, slices, round);
  return scanBatches(step, states, slices, scope, round);
}

/** Until opset 8 everything had a batch in front, with a length for each of its entries. */
async function scanBatches(
  step: IterationStep,
  states: readonly AnyTensor[],
  slices: readonly AnyTensor[],
  scope: HostScope,
  round: Iterate["round"],
): Promise<readonly HostValue[]> {
  const [lengths] = step.node.inputs;
  const batch = slices[0]!.dims[0]!;
  const most = slices[0]!.dims[1]!;
  const each = lengths ? Array.from((await scope.tensor(lengths)).data as BigInt64Array, Number) : [];
  const entry = (t: AnyTensor, b: number): AnyTensor => reshaped(slice(t, 0, b, b + 1), t.dims.slice(1));
  const results: (readonly AnyTensor[])[] = [];
  for (let b = 0; b < batch; b++) {
    const length = each[b] ?? most;
    const own = slices.map(t => slice(entry(t, b), 0, 0, length));
    const made = await scanOnce(
      step,
      states.map(t => entry(t, b)),
      own,
      round,
    );
    results.push(made.map((t, i) => (i < states.length ? t : padded(t, most))));
  }
  return results[0]!.map((_, i) =>
    stack(
      results.map(r => r[i]!),
      0,
    ),
  );
}
/** Zeros behind, up to the longest. */
function padded(t: AnyTensor, length: number): AnyTensor {
  const missing = length - t.dims[0]!;
  if (missing === 0 || t.dtype === "string") return t;
  const dims = [missing, ...t.dims.slice(1)];
  const zeros = newArray(
    t.dtype,
    dims.reduce((a, b) => a * b, 1),
  );
  return concatenate([t, { dtype: t.dtype, dims, data: zeros }], 0);
}

async function scanOnce(
  step: IterationStep,
  initial: readonly AnyTensor[],
  slices: readonly AnyTensor[],
  round: Iterate["round"],
): Promise<readonly AnyTensor[]> {
  const { attributes } = step.bound.info;
  const batched = step.node.opset < 9;
  const axes = scanAxes(attributes, "scan_input_axes", slices.length).map((a, i) =>
    a < 0 ? a + slices[i]!.dims.length : a,
  );
  const backwards = scanAxes(attributes, batched ? "directions" : "scan_input_directions", slices.length);
  const count = slices[0]!.dims[axes[0]!]!;
  let states = initial;
  const made: AnyTensor[][] = Array.from({ length: step.roles.stacked }, () => []);
  for (let i = 0; i < count; i++) {
    const parts = slices.map((t, k) => {
      const at = backwards[k] === 1 ? count - 1 - i : i;
      const part = slice(t, axes[k]!, at, at + 1);
      return reshaped(part, [...t.dims.slice(0, axes[k]), ...t.dims.slice(axes[k]! + 1)]);
    });
    const results = (await round([...states, ...parts])) as readonly AnyTensor[];
    states = results.slice(0, states.length);
    made.forEach((list, k) => {
      list.push(results[states.length + k]!);
    });
  }
  const outAxes = scanAxes(attributes, "scan_output_axes", made.length);
  const reversed = scanAxes(attributes, "scan_output_directions", made.length);
  const all = made.map((list, k) =>
    stacked(reversed[k] === 1 ? [...list].reverse() : list, outAxes[k]!, step, states.length + k),
  );
  return [...states, ...all];
}

export async function runMap({ step, scope, round }: Iterate): Promise<readonly HostValue[]> {
  const values = await Promise.all(step.roles.slices.map(v => v && scope.get(v)));
  const lengths = values.flatMap(v => (isSequence(v) ? [v.length] : []));
  if (lengths.some(n => n !== lengths[0]))
    throw new AzulejoError(
      "shape",
      `${describeNode(step.node)}: its sequences have ${lengths.join(", ")} elements, and they must have equally many; give sequences of one length`,
    );
  const made: HostValue[][] = step.body.outputs.map(() => []);
  for (let i = 0; i < (lengths[0] ?? 0); i++) {
    const results = await round(values.map(v => (isSequence(v) ? v[i] : v)));
    made.forEach((list, k) => {
      list.push(results[k]);
    });
  }
  return made;
}
