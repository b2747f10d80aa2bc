// Loop, Scan and SequenceMap: how their inputs and outputs go with those of their bodies, and what inference finds of them.
// Which of them run where is decided in cut.ts; how, by the host executor and the targets.
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import type { Attributes } from "../ops/operator.js";
import { AzulejoError } from "../support/errors.js";
import { describeNode } from "./bind.js";
import { numberOf } from "./constants.js";
import type { Dims, Graph, GraphNode, KnownValue, Value, ValueType } from "./graph.js";
import type { Found, NodeResult } from "./infer.js";
import type { UnknownDim } from "./value-types.js";
import { isMeasured, joinTypes, newMeasured, sameValueType, typeOf, unknownType } from "./value-types.js";
import { captured, substituteValues } from "./values.js";

const kinds: ReadonlySet<string> = new Set(["Loop", "Scan", "SequenceMap"]);
export const isIteration = (node: GraphNode): boolean => node.domain === "" && kinds.has(node.op);

export const bodyOf = (node: GraphNode): Graph => {
  const body = node.attributes.body;
  if (typeof body === "object" && "graph" in body) return body.graph;
  throw new AzulejoError("graph-invalid", `${describeNode(node)}: its body is missing; export the model again`);
};

/** How many values go round, and how many are read and made slice by slice. */
export interface Roles {
  readonly states: readonly (Value | undefined)[];
  readonly slices: readonly (Value | undefined)[];
  /** outputs that are stacked */
  readonly stacked: number;
}
export function rolesOf(node: GraphNode, attributes: Attributes): Roles {
  const first = node.op === "Loop" ? 2 : node.op === "Scan" && node.opset < 9 ? 1 : 0;
  const values = node.inputs.slice(first);
  const sliced = node.op === "Loop" ? 0 : node.op === "Scan" ? Number(attributes.num_scan_inputs) : values.length;
  const states = values.length - sliced;
  const given = node.op === "Loop" ? states + 2 : values.length;
  const body = bodyOf(node);
  const made = body.outputs.length - (node.op === "Loop" ? 1 : 0);
  if (states < 0 || body.inputs.length !== given || made < states || node.outputs.length > made)
    throw new AzulejoError(
      "graph-invalid",
      `${describeNode(node)}: its body has ${body.inputs.length} inputs and ${body.outputs.length} outputs, which does not fit ${node.inputs.length} inputs and ${node.outputs.length} outputs of the node; export the model again`,
    );
  return { states: values.slice(0, states), slices: values.slice(states), stacked: made - states };
}

type InferBody = (body: Graph) => Graph;

/** @throws AzulejoError graph-invalid, operator-unsupported */
export function inferIteration(
  node: GraphNode,
  attributes: Attributes,
  unknown: UnknownDim,
  inferBody: InferBody,
): NodeResult {
  const roles = rolesOf(node, attributes);
  const { body, types } =
    node.op === "Loop"
      ? inferLoop(node, roles, unknown, inferBody)
      : node.op === "Scan"
        ? inferScan(node, attributes, roles, unknown, inferBody)
        : inferMap(node, roles, inferBody);
  return { attributes: { ...node.attributes, body: { graph: body } }, types };
}

interface Inferred {
  readonly body: Graph;
  readonly types: readonly Found[];
}

const iterationType: ValueType = { dtype: "i64", dims: [] };
const conditionType: ValueType = { dtype: "bool", dims: [] };

function inferLoop(node: GraphNode, roles: Roles, unknown: UnknownDim, inferBody: InferBody): Inferred {
  const starts = !node.inputs[1] || knownTrue(node.inputs[1]);
  const round = (condition: ValueType & { known?: KnownValue }): { body: Graph; states: readonly ValueType[] } =>
    inferStates(bodyOf(node), [iterationType, condition], roles, 1, [], inferBody);
  const always: KnownValue = { dims: [], data: [Poly.one] };
  let { body, states } = round(starts ? { ...conditionType, known: always } : conditionType);
  const endless = starts && knownTrue(body.outputs[0]);
  if (starts && !endless) ({ body, states } = round(conditionType));
  const count = endless ? tripCount(node) : undefined;
  const ofOneRound = ofRounds(node, body);
  const types = node.outputs.map((o, i): Found => {
    if (i < states.length) return afterwards(states[i]!, o, unknown, ofOneRound);
    return stacked(body.outputs[1 + i]!, o, 0, count, unknown, ofOneRound);
  });
  return { body, types };
}

const knownTrue = (v: Value | undefined): boolean => {
  const x = v?.known?.data.length === 1 ? numberOf(v.known.data[0]) : undefined;
  return x !== undefined && x !== 0;
};

/** Rounds of a Loop that nothing ends early, where that is known before a run. */
function tripCount(node: GraphNode): Poly | undefined {
  const x = node.inputs[0]?.known?.data[0];
  return x === undefined ? undefined : x instanceof Poly ? x : Poly.int(x);
}

/** Types that hold in every round: those at the start, joined with those that the body gives until nothing changes. */
function inferStates(
  given: Graph,
  leading: readonly (ValueType & { readonly known?: KnownValue })[],
  roles: Roles,
  firstOutput: number,
  slices: readonly ValueType[],
  inferBody: InferBody,
): { body: Graph; states: readonly ValueType[] } {
  // of the first round's content nothing holds later
  let states: readonly ValueType[] = roles.states.map(v => (v ? typeOf(v) : unknownType));
  const open = openDims(given, leading.length);
  for (;;) {
    const body = inferBody(withInputs(given, [...leading, ...states, ...slices]));
    const joined = states.map((s, i) => joinTypes(s, body.outputs[firstOutput + i]!, axis => open(i, axis)));
    if (joined.every((t, i) => sameValueType(t, states[i]!))) return { body, states };
    states = joined;
  }
}

/** Dims that change from round to round: one symbol for each. */
function openDims(body: Graph, first: number): (state: number, axis: number) => Poly {
  const made = new Map<string, Poly>();
  return (state, axis) => {
    const name = `${body.inputs[first + state]!.name}_${axis}`;
    const dim = made.get(name) ?? Poly.sym(newMeasured(name));
    made.set(name, dim);
    return dim;
  };
}

/** The body under other types of its inputs. */
export function withInputs(body: Graph, types: readonly (ValueType & { readonly known?: KnownValue })[]): Graph {
  const made = new Map<Value, Value>();
  body.inputs.forEach((v, i) => {
    const { known } = types[i]!;
    const value: Value = { name: v.name, ...typeOf(types[i]!), ...(known ? { known } : {}) };
    made.set(v, value);
  });
  const inner = substituteValues(body, v => made.get(v) ?? v);
  return { ...inner, inputs: body.inputs.map(v => made.get(v)!) };
}

/** What is known of a state when all rounds are over: dims that the rounds have in common. */
function afterwards(state: ValueType, output: Value | undefined, unknown: UnknownDim, ofOneRound: OfOneRound): Found {
  const dims = state.dims?.map((d, i) => (ofOneRound(d) ? unknown(output, i) : d));
  return { ...state, dims };
}

type OfOneRound = (d: Poly) => boolean;
/** A symbol that a round measures means nothing outside of it; one that was measured before the rounds does. */
function ofRounds(node: GraphNode, body: Graph): OfOneRound {
  const before = new Set<Sym>();
  for (const v of [...node.inputs, ...captured(body)])
    for (const p of [...(v?.dims ?? []), ...(v?.known?.data ?? [])])
      if (p instanceof Poly) for (const s of p.syms) before.add(s);
  return d => [...d.syms].some(s => isMeasured(s) && !before.has(s));
}

function stacked(
  slice: ValueType,
  output: Value | undefined,
  axis: number,
  count: Poly | undefined,
  unknown: UnknownDim,
  ofOneRound: OfOneRound,
): Found {
  const { dims, dtype, text } = slice;
  if (!dims) return { dtype, dims: undefined, ...(text ? { text } : {}) };
  const at = axis < 0 ? axis + dims.length + 1 : axis;
  const rest = dims.map((d, i) => (ofOneRound(d) ? unknown(output, i < at ? i : i + 1) : d));
  const all = [...rest.slice(0, at), count ?? unknown(output, at), ...rest.slice(at)];
  return { dtype, dims: all, ...(text ? { text } : {}) };
}

function inferScan(
  node: GraphNode,
  attributes: Attributes,
  roles: Roles,
  unknown: UnknownDim,
  inferBody: InferBody,
): Inferred {
  const batched = node.opset < 9;
  const axes = scanAxes(attributes, "scan_input_axes", roles.slices.length);
  const sliceAxis = (i: number, rank: number): number => (batched ? 1 : axes[i]! < 0 ? axes[i]! + rank : axes[i]!);
  const slices = roles.slices.map((v, i): ValueType => {
    const dims = v?.dims;
    const left = dims?.filter((_, d) => d !== sliceAxis(i, dims.length) && !(batched && d === 0));
    return { dtype: v?.dtype, dims: left, ...(v?.text ? { text: true } : {}) };
  });
  const unbatched = (v: Value | undefined): Value | undefined => (v && batched ? { ...v, dims: v.dims?.slice(1) } : v);
  const inner: Roles = { ...roles, states: roles.states.map(unbatched) };
  const { body, states } = inferStates(bodyOf(node), [], inner, 0, slices, inferBody);
  const sliced = roles.slices[0];
  const count = sliced?.dims?.[sliceAxis(0, sliced.dims.length)];
  const batch: Dims = batched && sliced?.dims ? sliced.dims.slice(0, 1) : [];
  const outAxes = scanAxes(attributes, "scan_output_axes", roles.stacked);
  const ofOneRound = ofRounds(node, body);
  const types = node.outputs.map((o, i): Found => {
    const found =
      i < states.length
        ? afterwards(states[i]!, o, unknown, ofOneRound)
        : stacked(body.outputs[i]!, o, batched ? 0 : outAxes[i - states.length]!, count, unknown, ofOneRound);
    return found.dims ? { ...found, dims: [...batch, ...found.dims] } : found;
  });
  return { body, types };
}

/** One axis for each; 0 where the file says nothing. */
export const scanAxes = (attributes: Attributes, name: string, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => (attributes[name] as readonly number[] | undefined)?.[i] ?? 0);

function inferMap(node: GraphNode, roles: Roles, inferBody: InferBody): Inferred {
  const elements = roles.slices.map((v): ValueType => (v?.container ? v.container.of : (v ?? unknownType)));
  const body = inferBody(withInputs(bodyOf(node), elements));
  const ofOneRound = ofRounds(node, body);
  const types = node.outputs.map((_, i): Found => {
    const { dims, ...rest } = body.outputs[i]!;
    const of: ValueType = { ...typeOf({ ...rest, dims }), dims: dims?.some(ofOneRound) ? undefined : dims };
    return { dtype: undefined, dims: undefined, container: { kind: "sequence", of } };
  });
  return { body, types };
}
