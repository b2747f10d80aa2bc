// ONNX file → Graph. Weights stay where they are: constants refer to ranges of the source. Every input is untrusted: whatever
// the bytes, the result is a graph or an AzulejoError.
import type { Graph, GraphNode, Value } from "../../graph/graph.js";
import { makeNode } from "../../graph/make.js";
import type { Sym } from "../../ir/poly.js";
import type { ByteSource } from "../../support/byte-source.js";
import { memorySource } from "../../support/byte-source.js";
import { AzulejoError } from "../../support/errors.js";
import { shown } from "../../support/named-options.js";
import type { ReadContext } from "./context.js";
import { readOpsets } from "./opsets.js";
import { decodeModel, type ModelProto } from "./proto.js";
import { readGraph } from "./read-graph.js";
import { skeleton } from "./wire.js";

export interface ReadOnnxOptions {
  /** fixes symbolic dims by name: `{ batch: 1 }` */
  readonly dims?: Readonly<Record<string, number>>;
  /**
   * Do values that nodes make begin with the types that the file says they have (value_info)? Inference finds its own; what it can't find is
   * then as declared, for tools that look at models which don't run.
   */
  readonly declaredTypes?: boolean;
  /** Opens a file that the model names, given as a path below the model's folder with forward slashes. */
  readonly openExternal?: (location: string) => ByteSource | Promise<ByteSource>;
}

/** @throws AzulejoError model-format, model-external-data, graph-invalid, operator-unsupported, option */
export async function readOnnx(
  source: ByteSource | Uint8Array | ArrayBuffer,
  options: ReadOnnxOptions = {},
): Promise<Graph> {
  const from = source instanceof Uint8Array || source instanceof ArrayBuffer ? memorySource(source) : source;
  await refuseOtherFormats(from);
  const { bytes, payloads } = await skeleton(from);
  const model = decoded(bytes, from);
  const proto = model.graph;
  if (!proto)
    throw new AzulejoError(
      "model-format",
      `${from.name} has no graph, so it is not an ONNX model; check that it is the right file`,
    );
  const context: ReadContext = {
    source: from,
    payloads,
    irVersion: Number(model.irVersion),
    opsets: readOpsets(model.opsetImport, from.name),
    functions: model.functions,
    inlined: { nodes: 0 },
    external: externalFiles(options.openExternal, from),
    symbols: new Map(),
    fixedDims: checkedDims(options.dims ?? {}),
    declaredTypes: options.declaredTypes ?? false,
  };
  const graph = withMadeOutputs(await readGraph(proto, "", context));
  refuseUnknownDims(context, graph);
  return { ...graph, symbols: symbolsOf(graph.inputs) };
}

async function refuseOtherFormats(source: ByteSource): Promise<void> {
  if (source.size === 0)
    throw new AzulejoError("model-format", `${source.name} is empty; check that it was downloaded completely`);
  const head = await source.read(0, Math.min(source.size, 16));
  const text = Array.from(head, b => String.fromCharCode(b)).join("");
  const other = text.startsWith("GGUF")
    ? "a GGUF file"
    : text.startsWith("version https:/")
      ? "a Git LFS pointer, not the file itself"
      : text.startsWith("<")
        ? "a web page, as servers send for addresses that they do not have"
        : text.slice(4, 8) === "ORTM"
          ? "a model in ORT format"
          : text.startsWith("PK\x03\x04")
            ? "a ZIP archive"
            : undefined;
  if (other) throw new AzulejoError("model-format", `${source.name} is ${other}; give the .onnx file`);
}

function decoded(bytes: Uint8Array, source: ByteSource): ModelProto {
  try {
    return decodeModel(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AzulejoError(
      "model-format",
      `${source.name} is not a readable ONNX file (${why}); it may be damaged or of another format: fetch or export it again`,
      { cause },
    );
  }
}

function externalFiles(
  open: ReadOnnxOptions["openExternal"],
  model: ByteSource,
): (location: string) => Promise<ByteSource> {
  const files = new Map<string, Promise<ByteSource>>();
  const openOne = async (location: string): Promise<ByteSource> => {
    if (!open)
      throw new AzulejoError(
        "model-external-data",
        `${model.name} keeps weights in "${location}", and a model given as bytes has no folder; give its path or URL, or the option readExternal`,
      );
    try {
      return await open(location);
    } catch (cause) {
      if (cause instanceof AzulejoError && cause.code === "aborted") throw cause;
      throw new AzulejoError(
        "model-external-data",
        `${model.name} keeps weights in "${location}", which can't be opened (${cause instanceof Error ? cause.message : cause}); put the file beside the model`,
        { cause },
      );
    }
  };
  return location => {
    const file = files.get(location) ?? openOne(location);
    files.set(location, file);
    return file;
  };
}

function checkedDims(dims: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  for (const [name, size] of Object.entries(dims))
    if (!Number.isSafeInteger(size) || size < 0)
      throw new AzulejoError("option", `Option dims: "${name}" is ${shown(size)}; give a whole number, 0 or more`);
  return dims;
}

function refuseUnknownDims({ fixedDims, symbols }: ReadContext, { inputs }: Pick<Graph, "inputs">): void {
  const names = new Set([...symbols.keys(), ...symbolsOf(inputs).map(s => s.name)]);
  for (const name of Object.keys(fixedDims))
    if (!names.has(name))
      throw new AzulejoError(
        "option",
        `Option dims: the model has no dim named "${name}"; ${names.size ? `it has ${[...names].map(n => `"${n}"`).join(", ")}` : "all its dims are numbers"}`,
      );
}

/** Every output is made by a node: an input or a constant that is one too is copied. */
function withMadeOutputs<G extends Omit<Graph, "symbols">>(graph: G): G {
  const made = new Set(graph.nodes.flatMap(n => n.outputs));
  const names = new Set(graph.nodes.map(n => n.name));
  const copies: GraphNode[] = [];
  const outputs = graph.outputs.map((v, i) => {
    if (made.has(v)) return v;
    const { name, dtype, dims } = v;
    const copy: Value = { name, dtype, dims };
    let nodeName = `Identity_${graph.nodes.length + i}`;
    while (names.has(nodeName)) nodeName += "_";
    copies.push(makeNode(nodeName, "Identity", [v], [copy]));
    return copy;
  });
  return copies.length === 0 ? graph : { ...graph, nodes: [...graph.nodes, ...copies], outputs };
}

function symbolsOf(inputs: readonly Value[]): Sym[] {
  const out = new Set<Sym>();
  for (const i of inputs) for (const d of i.dims ?? []) for (const s of d.syms) out.add(s);
  return [...out];
}
