// AttributeProto → attribute value. Whether an operator has the attribute, and its default, is checked by inference.
import { constantValue } from "../../graph/constants.js";
import type { AttributeValue, Graph } from "../../graph/graph.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { type AttributeProto, attributeTypes as Type } from "./proto.js";
import { readSparse } from "./sparse.js";
import { readTensor } from "./tensor.js";
import { decodeText } from "./text.js";
import { readType } from "./types.js";

/** `where` names the node: `Node "conv1" (Conv)`; `readGraph` reads a subgraph in the scope of the node. */
export async function readAttributes(
  protos: readonly AttributeProto[],
  where: string,
  context: ReadContext,
  readGraph: (a: NonNullable<AttributeProto["g"]>, where: string) => Promise<Graph>,
): Promise<Record<string, AttributeValue>> {
  const out = new Map<string, AttributeValue>();
  for (const a of protos) {
    const here = `${where}, attribute "${a.name}",`;
    if (out.has(a.name)) throw new AzulejoError("model-format", `${here} is given twice; export the model again`);
    if (a.refAttrName === "") out.set(a.name, await readAttribute(a, here, context, readGraph));
    else {
      const value = parameter(a, here, context);
      if (value !== undefined) out.set(a.name, value);
    }
  }
  return Object.fromEntries(out);
}

/** Inside a function, an attribute of the call or the function's default; one that has neither is left out. */
function parameter(a: AttributeProto, where: string, { call }: ReadContext): AttributeValue | undefined {
  if (call) return call.parameters.get(a.refAttrName);
  throw new AzulejoError(
    "model-format",
    `${where} refers to attribute "${a.refAttrName}" of a function, but stands outside one; export the model again`,
  );
}

async function readAttribute(
  a: AttributeProto,
  where: string,
  context: ReadContext,
  readGraph: (a: NonNullable<AttributeProto["g"]>, where: string) => Promise<Graph>,
): Promise<AttributeValue> {
  switch (a.type || guessType(a)) {
    case Type.FLOAT:
      return a.f;
    case Type.INT:
      return Number.isSafeInteger(Number(a.i)) ? Number(a.i) : a.i;
    case Type.STRING:
      return decodeText(a.s);
    case Type.FLOATS:
      return a.floats;
    case Type.INTS:
      // the elements of a Constant, which are data: all 64 bits count
      if (a.name === "value_ints") return { tensor: constantValue("", "i64", [a.ints.length], a.ints) };
      return a.ints.map(i => integer(i, where));
    case Type.STRINGS:
      return a.strings.map(decodeText);
    case Type.TENSOR:
      if (!a.t) break;
      return { tensor: await readTensor(a.t, a.t.name, where, context) };
    case Type.SPARSE_TENSOR:
      if (!a.sparseTensor) break;
      return { tensor: await readSparse(a.sparseTensor, a.sparseTensor.values?.name ?? "", where, context) };
    case Type.TYPE_PROTO:
      if (!a.tp) break;
      return { type: readType(a.tp, where) };
    case Type.GRAPH:
      if (!a.g) break;
      return { graph: await readGraph(a.g, where) };
    default:
      throw new AzulejoError(
        "operator-unsupported",
        `${where} has the type ${nameOf(a.type)}, which Azulejo does not support; replace the node by one without it`,
      );
  }
  throw new AzulejoError("model-format", `${where} has no value; export the model again`);
}

const nameOf = (type: number): string | number =>
  Object.entries(Type).find(([, number]) => number === type)?.[0] ?? type;

/** Files of IR version 1 leave the type out: the field that is filled tells it. */
function guessType(a: AttributeProto): number {
  if (a.g) return Type.GRAPH;
  if (a.t) return Type.TENSOR;
  if (a.ints.length) return Type.INTS;
  if (a.floats.length) return Type.FLOATS;
  if (a.strings.length) return Type.STRINGS;
  if (a.s.length) return Type.STRING;
  return a.f !== 0 ? Type.FLOAT : Type.INT;
}

/** Numbers at the ends of the 64-bit range mean "to the end" in Slice and its kin; ±2^63 as numbers order them rightly. */
function integer(i: bigint, where: string): number {
  const n = Number(i);
  if (Number.isSafeInteger(n) || Math.abs(n) === 2 ** 63) return n;
  throw new AzulejoError(
    "operator-unsupported",
    `${where} holds ${i}, and integers beyond 2^53 are not supported in lists; use a smaller number`,
  );
}
