// ONNX Runtime's operator tests for the web (ort-web-ops): JSON with comments, one node a test, several sets of tensors a node. They
// become cases of a suite like those of ONNX. Nothing of them is copied.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AttributeValue, GraphNode, Value } from "../../src/graph/graph.js";
import { newestOpset } from "../../src/graph/make.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { dtypes, is64BitInteger } from "../../src/ir/dtypes.js";
import { Poly } from "../../src/ir/poly.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import type { Registry } from "../../src/ops/registry.js";
import { dataPath } from "../data.js";
import type { Skipped, SuiteCase } from "./suite.js";

interface WebTensor {
  readonly type: string;
  /** null: the optional input or output is absent */
  readonly data: readonly (number | string | boolean)[] | null;
  readonly dims: readonly number[];
}
interface WebTest {
  readonly name: string;
  readonly operator: string;
  readonly opset?: { readonly domain: string; readonly version: number };
  readonly attributes?: readonly { readonly name: string; readonly data: AttributeValue }[];
  readonly cases: readonly {
    readonly name: string;
    readonly inputs: readonly WebTensor[];
    readonly outputs: readonly WebTensor[];
  }[];
}

/** Declared element types that contradict ONNX, by test: a Shape is int64. */
const corrected: Readonly<Record<string, string>> = { "Shape op test": "int64" };

/**
 * Tests whose inputs all are positive, though one is written with a minus: 0.6368 is expected of −0.8, which is what x · sigmoid(1.702 · x)
 * is of 0.8. ONNX Runtime's list of tests leaves the file out, and its kernel gives −0.1632 of −0.8.
 */
const unsigned: ReadonlySet<string> = new Set(["QuickGelu test"]);
const signed = (test: WebTest, t: WebTensor): WebTensor =>
  unsigned.has(test.name) ? { ...t, data: t.data!.map(x => Math.abs(Number(x))) } : t;

/** Comments go, strings stay, whatever they hold. */
const withoutComments = (text: string): string =>
  text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string | undefined) => string ?? "");

/** All cases in the order of the files; undefined where the suite is not here. */
export function loadWebCases(registry: Registry): readonly (SuiteCase | Skipped)[] | undefined {
  const folder = dataPath("ort-web-ops/ops");
  if (!folder) return undefined;
  const used = new Map<string, number>();
  const unique = (name: string): string => {
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return count === 1 ? name : `${name} #${count}`;
  };
  return readdirSync(folder)
    .sort()
    .flatMap(file => {
      const tests = JSON.parse(withoutComments(readFileSync(join(folder, file), "utf8"))) as readonly WebTest[];
      const stem = file.replace(".jsonc", "");
      return tests.flatMap(test =>
        test.cases.map(c => caseOf(unique(`${stem}: ${test.name}: ${c.name}`), test, c, registry)),
      );
    });
}

function caseOf(
  name: string,
  test: WebTest,
  { inputs, outputs }: WebTest["cases"][number],
  registry: Registry,
): SuiteCase | Skipped {
  const { domain, version } = test.opset ?? { domain: "", version: newestOpset };
  const operator = registry.find(domain, test.operator, version);
  if (!operator) return { name, reason: `operator ${domain ? `${domain}.` : ""}${test.operator}` };
  const strange = [...inputs, ...outputs].find(t => t.data && !dtypeOf(t.type));
  if (strange) return { name, reason: `element type ${strange.type}` };
  const given: Record<string, ReferenceTensor> = {};
  const values = inputs.map((t, i): Value | undefined => {
    if (!t.data) return undefined;
    const tensor = tensorOf(signed(test, t));
    given[`input_${i}`] = tensor;
    return { name: `input_${i}`, dtype: tensor.dtype, dims: tensor.dims.map(n => Poly.int(n)) };
  });
  const made = outputs.map((t, i) => (t.data ? { name: `output_${i}`, dtype: undefined, dims: undefined } : undefined));
  const node: GraphNode = {
    name: test.operator,
    domain,
    op: test.operator,
    opset: version,
    inputs: values,
    outputs: made,
    attributes: Object.fromEntries((test.attributes ?? []).map(a => [a.name, a.data])),
  };
  const graph = {
    name,
    inputs: values.flatMap(v => v ?? []),
    outputs: made.flatMap(v => v ?? []),
    nodes: [node],
    symbols: [],
  };
  return {
    name,
    graph,
    inputs: given,
    outputs: outputs.flatMap(t => (t.data ? tensorOf({ ...t, type: corrected[test.name] ?? t.type }) : [])),
  };
}

/** float16 → f16, uint8 → u8; undefined: not among the dtypes */
function dtypeOf(type: string): Dtype | undefined {
  const short = type === "bool" ? type : type.replace("uint", "u").replace("int", "i").replace("float", "f");
  return short in dtypes ? (short as Dtype) : undefined;
}

function tensorOf({ type, data, dims }: WebTensor): ReferenceTensor {
  const dtype = dtypeOf(type)!;
  const element = (x: number | string | boolean): Element => (is64BitInteger(dtype) ? BigInt(x) : Number(x));
  return { dtype, dims, data: data!.map(element) as number[] };
}
