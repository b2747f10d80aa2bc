// GraphProto → Graph: names become values, Constant nodes and initializers become constants, nodes are put in order.
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from "./proto.js";
import { constantValue } from "../../graph/constants.js";
import type { Graph, GraphNode, Value } from "../../graph/graph.js";
import { textDtype } from "../../graph/graph.js";
import { makeNode } from "../../graph/make.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import { readAttributes } from "./attributes.js";
import type { ReadContext } from "./context.js";
import { enterFunction, functionOf } from "./functions.js";
import { domainOf, opsetOf } from "./opsets.js";
import { sortNodes } from "./order.js";
import { readSparse } from "./sparse.js";
import { readTensor } from "./tensor.js";
import { declaredValue } from "./types.js";

/** Values by name; a subgraph sees those of the graphs around it. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #absent = new Set<string>();
  readonly #outer: Scope | undefined;
  constructor(outer?: Scope) {
    this.#outer = outer;
  }
  get(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.get(name);
  }
  /** An input of a function, under the name that it has inside; undefined: the call leaves it out. */
  bind(name: string, value: Value | undefined): void {
    if (value) this.#values.set(name, value);
    else this.#absent.add(name);
  }
  /** Is it an optional input of a function that the call leaves out? */
  isAbsent(name: string): boolean {
    return this.#absent.has(name) || (!this.#values.has(name) && (this.#outer?.isAbsent(name) ?? false));
  }
  /** `name` is the file's, where the value is called otherwise: inside of a function. */
  define(value: Value, where: string, name = value.name): Value {
    if (this.#values.has(name))
      throw new AzulejoError(
        "graph-invalid",
        `${where} defines "${name}" a second time, and every value has one definition; export the model again`,
      );
    this.#values.set(name, value);
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
  for (const t of graph.sparseInitializer) {
    const name = t.values?.name ?? "";
    const where = `Initializer "${name}"${place}`;
    scope.define(await readSparse(t, name, where, context), where);
    initializers.add(name);
  }
  for (const t of graph.initializer) {
    const where = `Initializer "${t.name}"${place}`;
    scope.define(await readTensor(t, t.name, where, context), where);
    initializers.add(t.name);
  }
  const inputs: Value[] = [];
  const fixedInputs: string[] = [];
  for (const i of graph.input) {
    if (initializers.has(i.name)) {
      // IR 3 lists all weights among the inputs, later ones those that a run may replace: packing and folding need them fixed
      fixedInputs.push(i.name);
      continue;
    }
    const where = `Input "${i.name}"${place}`;
    inputs.push(scope.define(declaredValue(i, where, context), where));
  }
  const declared = new Map<string, Value>();
  for (const o of graph.output) {
    if (!declared.has(o.name)) declared.set(o.name, declaredValue(o, `Output "${o.name}"${place}`, context));
  }
  if (context.declaredTypes) declareOthers(graph, place, declared, context);
  const nodes = await readNodes(graph.node, place, scope, declared, context);
  // runs give outputs by name: one that the file lists twice is one; those of subgraphs go by position
  const names = graph.output.map(o => o.name);
  const outputs = (outer ? names : [...new Set(names)]).map(name => {
    const value = scope.get(name);
    if (value) return value;
    throw new AzulejoError(
      "graph-invalid",
      `Output "${name}"${place} is defined by no input, initializer or node; the file is damaged or was cut out of a larger model badly: export it again`,
    );
  });
  return { name: graph.name, inputs, ...(fixedInputs.length ? { fixedInputs } : {}), outputs, nodes };
}

/** Types that the file gives for values between nodes; one that can't be read is left to inference, which finds them all. */
function declareOthers(graph: GraphProto, place: string, declared: Map<string, Value>, context: ReadContext): void {
  for (const v of graph.valueInfo) {
    if (declared.has(v.name)) continue;
    try {
      declared.set(v.name, declaredValue(v, `Value "${v.name}"${place}`, context));
    } catch (error) {
      if (!(error instanceof AzulejoError)) throw error;
    }
  }
}

async function readNodes(
  protos: readonly NodeProto[],
  place: string,
  scope: Scope,
  declared: ReadonlyMap<string, Value>,
  context: ReadContext,
): Promise<GraphNode[]> {
  const names = uniqueNames(protos);
  const taken = new Set(names.values());
  const describe = (n: NodeProto): string => `Node "${names.get(n)}" (${n.opType})${place}`;
  const nodes: GraphNode[] = [];
  for (const proto of sortNodes(protos, describe)) {
    const where = describe(proto);
    const called = functionOf(proto, context);
    const read = await readNode(proto, names.get(proto)!, where, scope, context);
    if (called)
      for (const n of await inline(called, read, proto, where, scope, declared, context))
        nodes.push(distinct(n, taken));
    else if (isConstant(read)) scope.define(constantOf(read, proto.output[0] ?? "", where), where);
    else nodes.push({ ...read, outputs: proto.output.map(o => defineOutput(o, where, scope, declared)) });
  }
  return nodes;
}

/** The node under a name that is not taken yet. */
function distinct(node: GraphNode, taken: Set<string>): GraphNode {
  let { name } = node;
  while (taken.has(name)) name += "_";
  taken.add(name);
  return name === node.name ? node : { ...node, name };
}

/** The body of a function in the place of a call; its values see none of the caller's, and are named after the call. */
async function inline(
  f: FunctionProto,
  call: Omit<GraphNode, "outputs">,
  proto: NodeProto,
  where: string,
  scope: Scope,
  declared: ReadonlyMap<string, Value>,
  context: ReadContext,
): Promise<GraphNode[]> {
  if (call.inputs.length > f.input.length || proto.output.length > f.output.length)
    throw new AzulejoError(
      "graph-invalid",
      `${where} has ${call.inputs.length} inputs and ${proto.output.length} outputs, and the function has ${f.input.length} and ${f.output.length}; export the model again`,
    );
  const inner = await enterFunction(f, call.attributes, where, context, subgraphReader(context, scope));
  const body = new Scope();
  f.input.forEach((name, i) => {
    body.bind(name, call.inputs[i]);
  });
  const results = new Map(f.output.flatMap((name, i) => (proto.output[i] ? [[name, proto.output[i]] as const] : [])));
  const inside = new Map<string, Value>();
  for (const o of f.node.flatMap(n => n.output)) {
    const result = results.get(o);
    const given = result === undefined ? undefined : declared.get(result);
    inside.set(o, given ?? { name: result ?? `${call.name}/${o}`, dtype: undefined, dims: undefined });
  }
  const nodes = await readNodes(f.node, ` in ${where}`, body, inside, inner);
  const made = new Set(nodes.flatMap(n => n.outputs));
  for (const [name, result] of results) {
    const value = body.get(name);
    if (!value)
      throw new AzulejoError(
        "graph-invalid",
        `Output "${name}" of the function "${f.name}" is made by none of its nodes; export the model again`,
      );
    const output = made.has(value) ? value : (declared.get(result) ?? { ...bare(value), name: result });
    if (output !== value) nodes.push(makeNode(`copy of ${name}`, "Identity", [value], [output]));
    scope.define(output, where, result);
  }
  return nodes.map(n => ({ ...n, name: `${call.name}/${n.name}` }));
}
const bare = ({ name, dtype, dims }: Value): Value => ({ name, dtype, dims });

/** The outputs of the graph keep the type that the file declares until inference finds the real one. */
function defineOutput(
  name: string,
  where: string,
  scope: Scope,
  declared: ReadonlyMap<string, Value>,
): Value | undefined {
  if (name === "") return undefined;
  return scope.define(declared.get(name) ?? { name, dtype: undefined, dims: undefined }, where, name);
}

const subgraphReader =
  (context: ReadContext, scope: Scope) =>
  async (g: NonNullable<AttributeProto["g"]>, at: string): Promise<Graph> => ({
    ...(await readGraph(g, ` in ${at.replace(/,$/, "")}`, context, scope)),
    symbols: [],
  });

async function readNode(
  proto: NodeProto,
  name: string,
  where: string,
  scope: Scope,
  context: ReadContext,
): Promise<Omit<GraphNode, "outputs">> {
  const inputs = proto.input.map(n => {
    const value = n === "" ? undefined : scope.get(n);
    if (value || n === "" || scope.isAbsent(n)) return value;
    throw new AzulejoError(
      "graph-invalid",
      `${where} reads "${n}", which no input, initializer or node defines; the file is damaged or was cut out of a larger model badly: export it again`,
    );
  });
  const domain = domainOf(proto.domain);
  // they trust the dims that expansions give them
  if (domain === "azulejo")
    throw new AzulejoError(
      "operator-unknown",
      `${where} is of the domain "azulejo", whose operators only the compiler puts together; use operators of ONNX`,
    );
  const attributes = await readAttributes(proto.attribute, where, context, subgraphReader(context, scope));
  return { name, domain, op: proto.opType, opset: opsetOf(domain, where, context), inputs, attributes };
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

/** value, sparse_value, or one of value_float, value_floats, value_int, value_ints, value_string, value_strings (operator set 12) */
function constantOf(node: Omit<GraphNode, "outputs">, output: string, where: string): Value {
  const { value: dense, sparse_value, value_float, value_floats, value_int, value_ints } = node.attributes;
  const { value_string, value_strings } = node.attributes;
  const value = dense ?? sparse_value ?? value_ints;
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
    `${where} holds ${Object.keys(node.attributes).join(", ") || "nothing"}; use exactly one of value, sparse_value, value_float, value_floats, value_int, value_ints, value_string, value_strings`,
  );
}
