// GraphProto → Graph: names become values, Constant nodes and initializers become constants, nodes are put in order.
import type { AttributeProto, GraphProto, NodeProto, SparseTensorProto } from "onnx-buf";
import { constantValue } from "../../graph/constants.js";
import type { Graph, GraphNode, Value } from "../../graph/graph.js";
import { textDtype } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import { readAttributes } from "./attributes.js";
import type { ReadContext } from "./context.js";
import { sortNodes } from "./order.js";
import { readTensor } from "./tensor.js";
import { declaredValue } from "./types.js";

/** Values by name; a subgraph sees those of the graphs around it. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #outer: Scope | undefined;
  constructor(outer?: Scope) {
    this.#outer = outer;
  }
  get(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.get(name);
  }
  define(value: Value, where: string): Value {
    if (this.#values.has(value.name))
      throw new AzulejoError(
        "graph-invalid",
        `${where} defines "${value.name}" a second time, and every value has one definition; export the model again`,
      );
    this.#values.set(value.name, value);
    return value;
  }
}

export async function readGraph(
  graph: GraphProto,
  place: string,
  context: ReadContext,
  outer?: Scope,
): Promise<Omit<Graph, "symbols">> {
  const scope = new Scope(outer);
  const initializers = new Set<string>();
  if (graph.sparseInitializer.length > 0) refuseSparse(graph.sparseInitializer[0]!, place);
  for (const t of graph.initializer) {
    const where = `Initializer "${t.name}"${place}`;
    scope.define(await readTensor(t, t.name, where, context), where);
    initializers.add(t.name);
  }
  const inputs: Value[] = [];
  for (const i of graph.input) {
    if (initializers.has(i.name)) continue; // IR 3 lists weights among the inputs too
    const where = `Input "${i.name}"${place}`;
    inputs.push(scope.define(declaredValue(i, where, context), where));
  }
  const declared = new Map<string, Value>();
  for (const o of graph.output) {
    const where = `Output "${o.name}"${place}`;
    if (declared.has(o.name))
      throw new AzulejoError("graph-invalid", `${where} is listed twice; list each output once`);
    declared.set(o.name, declaredValue(o, where, context));
  }
  const nodes = await readNodes(graph.node, place, scope, declared, context);
  const outputs = graph.output.map(o => {
    const value = scope.get(o.name);
    if (value) return value;
    throw new AzulejoError(
      "graph-invalid",
      `Output "${o.name}"${place} is defined by no input, initializer or node; the file is damaged or was cut out of a larger model badly: export it again`,
    );
  });
  return { name: graph.name, inputs, outputs, nodes };
}

function refuseSparse(t: SparseTensorProto, place: string): never {
  throw new AzulejoError(
    "operator-unsupported",
    `Initializer "${t.values?.name ?? ""}"${place} is a sparse tensor, which Azulejo does not support; store it densely`,
  );
}

async function readNodes(
  protos: readonly NodeProto[],
  place: string,
  scope: Scope,
  declared: ReadonlyMap<string, Value>,
  context: ReadContext,
): Promise<GraphNode[]> {
  const names = uniqueNames(protos);
  const describe = (n: NodeProto): string => `Node "${names.get(n)}" (${n.opType})${place}`;
  const nodes: GraphNode[] = [];
  for (const proto of sortNodes(protos, describe)) {
    const where = describe(proto);
    const read = await readNode(proto, names.get(proto)!, where, scope, context);
    if (isConstant(read)) scope.define(constantOf(read, proto.output[0] ?? "", where), where);
    else nodes.push({ ...read, outputs: proto.output.map(o => defineOutput(o, where, scope, declared)) });
  }
  return nodes;
}

/** The outputs of the graph keep the type that the file declares until inference finds the real one. */
function defineOutput(
  name: string,
  where: string,
  scope: Scope,
  declared: ReadonlyMap<string, Value>,
): Value | undefined {
  if (name === "") return undefined;
  return scope.define(declared.get(name) ?? { name, dtype: undefined, dims: undefined }, where);
}

async function readNode(
  proto: NodeProto,
  name: string,
  where: string,
  scope: Scope,
  context: ReadContext,
): Promise<Omit<GraphNode, "outputs">> {
  const domain = proto.domain === "ai.onnx" ? "" : proto.domain;
  if (context.functions.some(f => f.name === proto.opType && (f.domain === "ai.onnx" ? "" : f.domain) === domain))
    throw new AzulejoError(
      "operator-unsupported",
      `${where} is a function that the file defines itself, which Azulejo does not support yet; inline the functions when you export the model`,
    );
  const inputs = proto.input.map(n => {
    const value = n === "" ? undefined : scope.get(n);
    if (value || n === "") return value;
    throw new AzulejoError(
      "graph-invalid",
      `${where} reads "${n}", which no input, initializer or node defines; the file is damaged or was cut out of a larger model badly: export it again`,
    );
  });
  const subgraph = async (g: NonNullable<AttributeProto["g"]>, at: string): Promise<Graph> => ({
    ...(await readGraph(g, ` in ${at.replace(/,$/, "")}`, context, scope)),
    symbols: [],
  });
  const attributes = await readAttributes(proto.attribute, where, context, subgraph);
  return { name, domain, op: proto.opType, opset: opsetOf(domain, where, context), inputs, attributes };
}

/** The first IR versions had one operator set and did not name it. A domain without version is a custom one: it has version 1. */
function opsetOf(domain: string, where: string, context: ReadContext): number {
  const version = context.opsets.get(domain);
  if (version !== undefined) return version;
  if (domain !== "" || context.irVersion < 3) return 1;
  throw new AzulejoError(
    "model-format",
    `${where} belongs to the standard operators, but the file does not say which version of them it uses; export the model again`,
  );
}

/** Names of nodes, made from op and position where the file has none, or the same one twice. */
function uniqueNames(protos: readonly NodeProto[]): Map<NodeProto, string> {
  const used = new Set(protos.map(p => p.name));
  const out = new Map<NodeProto, string>();
  const given = new Set<string>();
  protos.forEach((p, i) => {
    let name = p.name;
    if (name === "" || given.has(name)) {
      const base = name === "" ? `${p.opType}_${i}` : `${name}_${i}`;
      name = base;
      for (let k = 1; used.has(name); k++) name = `${base}_${k}`;
    }
    used.add(name);
    given.add(name);
    out.set(p, name);
  });
  return out;
}

const isConstant = (node: Omit<GraphNode, "outputs">): boolean => node.op === "Constant" && node.domain === "";

const textConstant = (name: string, dims: readonly number[], strings: readonly string[]): Value => ({
  name,
  dtype: textDtype,
  dims: dims.map(Poly.int),
  text: true,
  strings,
});

/** value, or one of value_float, value_floats, value_int, value_ints, value_string, value_strings (operator set 12) */
function constantOf(node: Omit<GraphNode, "outputs">, output: string, where: string): Value {
  const { value, value_float, value_floats, value_int, value_ints, value_string, value_strings } = node.attributes;
  if (Object.keys(node.attributes).length === 1) {
    if (typeof value === "object" && "tensor" in value) return { ...value.tensor, name: output };
    const scalar = value_float ?? value_int;
    if (typeof scalar === "number" || typeof scalar === "bigint") {
      const dtype: Dtype = value_float === undefined ? "i64" : "f32";
      return constantValue(output, dtype, [], [scalar]);
    }
    if (typeof value_string === "string") return textConstant(output, [], [value_string]);
    if (Array.isArray(value_strings))
      return textConstant(output, [value_strings.length], value_strings as readonly string[]);
    const list = value_floats ?? value_ints;
    if (Array.isArray(list))
      return constantValue(output, value_floats ? "f32" : "i64", [list.length], list as readonly number[]);
  }
  throw new AzulejoError(
    "operator-unsupported",
    `${where} holds ${Object.keys(node.attributes).join(", ") || "nothing"}; use exactly one of value, value_float, value_floats, value_int, value_ints, value_string, value_strings`,
  );
}
