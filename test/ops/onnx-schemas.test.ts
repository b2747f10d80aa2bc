// Every operator, version and element type that ONNX has is there, or is listed here with the reason: what a model may hold is no question.
// Results are the business of other tests; here a node of each kind is compiled as far as kernels and host steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { constantValue } from "../../src/graph/constants.js";
import { cut, segmentsOf, usesHost } from "../../src/graph/cut.js";
import { type AttributeValue, type Graph, textDtype, type Value } from "../../src/graph/graph.js";
import { newestOpset } from "../../src/graph/make.js";
import type { Dtype } from "../../src/index.js";
import { dtypes } from "../../src/ir/dtypes.js";
import { Poly } from "../../src/ir/poly.js";
import { prepareGraph, programOf, whyConcrete } from "../../src/load/prepare.js";
import type { CaseInput, OperatorCase, OperatorModule } from "../../src/ops/operator.js";
import { fullRegistry } from "./full-registry.js";
import { operatorModules } from "./modules.js";
import { onnxCodeOf } from "../../src/ops/onnx-dtypes.js";
import { type OnnxSchema, onnxSchemas } from "./onnx-schemas.js";

const registry = fullRegistry();
const modules = new Map(operatorModules.map(m => [`${m.operator.domain ?? ""}/${m.operator.name}`, m]));
const titleOf = ({ domain, name }: OnnxSchema): string => (domain ? `${domain}.${name}` : name);

/** versions of operators that files no longer hold */
const olderVersions: Readonly<Record<string, string>> = {};

test("every operator of ONNX is there, in every version", () => {
  const missing = onnxSchemas.flatMap(schema => {
    const found = modules.get(`${schema.domain}/${schema.name}`);
    const title = titleOf(schema);
    if (!found) return [title];
    const [first, newest] = found.doc.opsets;
    return schema.versions.filter(v => v < first || v > newest).map(v => `${title}-${v}`);
  });
  assert.deepEqual(
    missing.filter(name => !(name in olderVersions)),
    [],
  );
  assert.deepEqual(
    Object.keys(olderVersions).filter(name => !missing.includes(name)),
    [],
    "they are there now: strike them out",
  );
});

/** element types that no dtype of ours is */
const foreign: Readonly<Record<string, string>> = {
  c64: "complex numbers have two floats in a last dim, as ONNX's own operators on them want",
  c128: "complex numbers have two floats in a last dim, as ONNX's own operators on them want",
  f6e2m3: "new in opset 28; no exporter writes it yet",
  f6e3m2: "new in opset 28; no exporter writes it yet",
};

/** The case with other element types for the inputs of one type parameter. */
function graphOf(
  { operator }: OperatorModule,
  c: OperatorCase,
  typeOf: (position: number, own: Dtype) => string,
): Graph {
  const variadic = operator.inputs.at(-1)?.endsWith("...") ? operator.inputs.at(-1)!.slice(0, -3) : undefined;
  const names = operator.inputs.flatMap(n =>
    n.endsWith("...")
      ? Object.keys(c.inputs).filter(k => k.startsWith(variadic!) && /^\d+$/.test(k.slice(variadic!.length)))
      : [n.replace("?", "")],
  );
  const values = names.map((name, i): Value | undefined => {
    const given = c.inputs[name];
    if (!given) return undefined;
    const type = typeOf(Math.min(i, operator.inputs.length - 1), given.dtype);
    if (type === "string") return { name, dtype: textDtype, dims: given.dims.map(Poly.int), text: true };
    const dtype = type as Dtype;
    if (!given.constant && !operator.content?.includes(name)) return { name, dtype, dims: given.dims.map(Poly.int) };
    return constantValue(name, dtype, given.dims, dataOf(given, dtype));
  });
  const last = values.findLastIndex(v => v !== undefined);
  const count = c.outputCount ?? 1;
  const isList = operator.outputs.at(-1)!.endsWith("...");
  const made = isList ? Array.from({ length: count }, (_, i) => `Y${i}`) : operator.outputs.slice(0, count);
  const outputs = made.map((n): Value => ({ name: `${n} out`, dtype: undefined, dims: undefined }));
  const inputs = values.slice(0, last + 1);
  const attributes = (c.attributes ?? {}) as Readonly<Record<string, AttributeValue>>;
  const node = {
    name: "n",
    domain: operator.domain ?? "",
    op: operator.name,
    opset: c.opset ?? newestOpset,
    inputs,
    outputs,
    attributes,
  };
  return {
    name: "case",
    inputs: inputs.filter(v => v !== undefined && !v.constant) as Value[],
    outputs,
    nodes: [node],
    symbols: [],
  };
}
function dataOf({ dims, data }: CaseInput, dtype: Dtype): (number | bigint)[] {
  const count = dims.reduce((a, b) => a * b, 1);
  const whole = dtypes[dtype].kind !== "float";
  return Array.from({ length: count }, (_, i) => {
    const x = Number(data?.[i] ?? 1);
    return dtype === "i64" || dtype === "u64" ? BigInt(Math.trunc(x)) : whole ? Math.trunc(x) : x;
  });
}

/** What a type of the inputs asks of the attributes. */
const attributesFor: Readonly<Record<string, (type: string) => OperatorCase["attributes"]>> = {
  // the result is as large
  BitCast: type => ({ to: onnxCodeOf(type as Dtype) }),
  // the result would have the dtype of the scale
  DequantizeLinear: type => (type === "f8e8m0" ? { output_dtype: 1 } : {}),
  "ai.onnx.ml.Imputer": type => (type.startsWith("i") ? { imputed_value_int64s: [1] } : {}),
  "ai.onnx.ml.OneHotEncoder": type => (type === "string" ? { cats_strings: ["a", "b"], cats_int64s: undefined } : {}),
  // no dtype to follow
  RandomNormalLike: () => ({ dtype: 1 }),
  RandomUniformLike: () => ({ dtype: 1 }),
};
/** Cases of operators that have none of their own, because a run tells the size of what they give. */
const furtherCases: Readonly<Record<string, OperatorCase>> = {
  Compress: { name: "", inputs: { input: { dtype: "f32", dims: [3, 4] }, condition: { dtype: "bool", dims: [12] } } },
  NonZero: { name: "", inputs: { X: { dtype: "f32", dims: [3, 4] } } },
  Unique: { name: "", inputs: { X: { dtype: "f32", dims: [3, 4] } } },
  NonMaxSuppression: {
    name: "",
    inputs: { boxes: { dtype: "f32", dims: [1, 5, 4] }, scores: { dtype: "f32", dims: [1, 2, 5] } },
  },
};

/** Why the graph can't be compiled; undefined: it can. */
async function problemOf(graph: Graph): Promise<string | undefined> {
  try {
    const { graph: prepared } = await prepareGraph(graph, registry, {});
    const parts = usesHost(prepared, registry)
      ? [...segmentsOf(cut(prepared, registry))].map(s => s.graph)
      : [prepared];
    for (const part of parts) if (whyConcrete(part) === undefined) programOf(part, registry);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** operator, type parameter and element type that is not there, with the reason */
const gaps: Readonly<Record<string, string>> = {
  "Col2Im T string": "it adds up what meets, and text has no sum",
  "GridSample T1 string": "it weighs what it reads, and text has no weights",
};
/** tried by suites and by tests of their own: control flow, containers, text and pictures */
const elsewhere: readonly string[] = [
  "ConcatFromSequence",
  "Constant",
  "If",
  "ImageDecoder",
  "Loop",
  "Optional",
  "OptionalGetElement",
  "OptionalHasElement",
  "RegexFullMatch",
  "Scan",
  "SequenceAt",
  "SequenceConstruct",
  "SequenceEmpty",
  "SequenceErase",
  "SequenceInsert",
  "SequenceLength",
  "SequenceMap",
  "SplitToSequence",
  "StringConcat",
  "StringNormalizer",
  "StringSplit",
  "TfIdfVectorizer",
  "ai.onnx.ml.CastMap",
  "ai.onnx.ml.CategoryMapper",
  "ai.onnx.ml.DictVectorizer",
  "ai.onnx.ml.LabelEncoder",
  "ai.onnx.ml.TreeEnsemble",
  "ai.onnx.ml.ZipMap",
  "ai.onnx.preview.FlexAttention",
  "ai.onnx.preview.training.Gradient",
];

test("every operator takes every element type that ONNX allows", async () => {
  const found: string[] = [];
  const stale = new Set(Object.keys(gaps));
  const untried: string[] = [];
  for (const schema of onnxSchemas) {
    const module = modules.get(`${schema.domain}/${schema.name}`);
    if (!module) continue;
    const newest = schema.versions.at(-1) ?? 1;
    const title = titleOf(schema);
    const further = furtherCases[title];
    const cases = further ? [further] : (module.cases?.() ?? []).filter(c => (c.opset ?? newestOpset) >= newest);
    const own = (_: number, dtype: Dtype): string => dtype;
    let base: OperatorCase | undefined;
    for (const c of cases.slice(0, 12))
      if ((await problemOf(graphOf(module, c, own))) === undefined) {
        base = c;
        break;
      }
    if (!base) {
      untried.push(title);
      continue;
    }
    const groups = new Map<string, { positions: number[]; types: readonly string[] }>();
    schema.inputs.forEach(([parameter, types], i) => {
      const key = parameter || `#${i}`;
      const group = groups.get(key) ?? { positions: [], types };
      group.positions.push(i);
      groups.set(key, group);
    });
    for (const [parameter, { positions, types }] of groups)
      for (const type of types) {
        if (type in foreign) continue;
        const attributes = { ...base.attributes, ...attributesFor[title]?.(type) };
        const graph = graphOf(module, { ...base, attributes }, (i, dtype) => (positions.includes(i) ? type : dtype));
        const problem = await problemOf(graph);
        const name = `${title} ${parameter} ${type}`;
        if (problem === undefined) continue;
        if (name in gaps) stale.delete(name);
        else found.push(`${name}: ${problem}`);
      }
  }
  assert.deepEqual(found, []);
  assert.deepEqual([...stale], [], "they work now: strike them out");
  assert.deepEqual(untried, elsewhere);
});
