// ValueInfoProto → dtype and dims; named dims become symbols shared over the file.
import type { Value, ValueType } from "../../graph/graph.js";
import { textDtype } from "../../graph/graph.js";
import { Poly, Sym } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { type DimensionProto, stringDataType, type TypeProto, type ValueInfoProto } from "./proto.js";
import { readDtype } from "./tensor.js";

/** A value with the type that the file declares; parts that it leaves open are undefined. */
export function declaredValue(info: ValueInfoProto, where: string, context: ReadContext): Value {
  return { name: info.name, ...declaredType(info, where, context) };
}

function declaredType(info: ValueInfoProto, where: string, context: ReadContext): ValueType {
  const type = info.type?.value;
  if (type?.case !== "tensorType") return info.type ? readType(info.type, where) : unknown;
  const dims = type.value.shape?.dim.map((d, axis) => readDim(d, `${info.name}_${axis}`, where, context));
  return { ...readType(info.type!, where), dims };
}

const unknown: ValueType = { dtype: undefined, dims: undefined };

/** A type without dims: elements of a container may have any. */
export function readType(proto: TypeProto, where: string): ValueType {
  const type = proto.value;
  switch (type?.case) {
    case undefined:
      return unknown;
    case "tensorType": {
      const { elemType } = type.value;
      if (elemType === stringDataType) return { dtype: textDtype, dims: undefined, text: true };
      return { dtype: elemType === 0 ? undefined : readDtype(elemType, where), dims: undefined };
    }
    case "sequenceType":
    case "optionalType": {
      const { elemType } = type.value;
      const kind = type.case === "sequenceType" ? "sequence" : "optional";
      return { ...unknown, container: { kind, of: elemType ? readType(elemType, where) : unknown } };
    }
    case "mapType": {
      const { keyType, valueType } = type.value;
      const text = keyType === stringDataType;
      const key: ValueType = {
        dtype: text ? textDtype : readDtype(keyType, where),
        dims: [],
        ...(text ? { text } : {}),
      };
      return { ...unknown, container: { kind: "map", key, of: valueType ? readType(valueType, where) : unknown } };
    }
    case "sparseTensorType":
      throw new AzulejoError(
        "operator-unsupported",
        `${where} is a sparse tensor, which Azulejo does not support; store it densely`,
      );
  }
}

/** `fallback` names a dim that the file leaves open; -1 is what older exporters write for one. */
function readDim(dim: DimensionProto, fallback: string, where: string, context: ReadContext): Poly {
  const { value } = dim;
  if (typeof value === "string" && value !== "") return namedDim(value, context);
  if (typeof value !== "bigint" || value === -1n) return openDim(fallback, context);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new AzulejoError(
      "model-format",
      `${where} has a dim of ${value}, which is not a size; export the model again`,
    );
  return Poly.int(Number(value));
}

/** An unnamed dim is known by the name that it is given here: in `model.inputs`, and in the option dims. */
function openDim(name: string, { symbols, fixedDims }: ReadContext): Poly {
  const sym = new Sym(name);
  if (!Object.hasOwn(fixedDims, name)) return Poly.sym(sym);
  symbols.set(name, symbols.get(name) ?? sym);
  return Poly.int(fixedDims[name]!);
}

function namedDim(name: string, { symbols, fixedDims }: ReadContext): Poly {
  const fixed = Object.hasOwn(fixedDims, name) ? fixedDims[name] : undefined;
  const sym = symbols.get(name) ?? new Sym(name);
  symbols.set(name, sym);
  return fixed === undefined ? Poly.sym(sym) : Poly.int(fixed);
}
