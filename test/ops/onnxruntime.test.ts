// References of operators that ONNX does not specify, against the runtime that does: onnxruntime-node, where bench/peers is installed.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { typedView } from "../../src/graph/constants.js";
import type { Graph, GraphNode } from "../../src/graph/graph.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { onnxCodeOf } from "../../src/ops/onnx-dtypes.js";
import type { OperatorModule, ReferenceTensor } from "../../src/ops/operator.js";
import { exact } from "../../src/ops/reference-tensors.js";
import { root } from "../../tools/project.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { float, floats, int, ints, onnxModel, strings, text, value } from "../frontends/onnx-model.js";
import { fullRegistry } from "./full-registry.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { operatorModules } from "./modules.js";
import type { CaseGraph } from "../../src/testing/case-graph.js";
import { graphOfCase } from "../../src/testing/case-graph.js";
import { closenessOf, difference, fromTensorData, toTensorData } from "../../src/testing/difference.js";

interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}
interface Ort {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, OrtTensor>>; release(): Promise<void> }>;
  };
}

const peer = join(root, "bench/peers/node_modules/onnxruntime-node");
const registry = fullRegistry();
const ortType = (dtype: Dtype): string =>
  dtype === "bool" ? dtype : dtype.replace(/^u/, "uint").replace(/^i/, "int").replace(/^f/, "float");
const dtypeOf = (type: string): Dtype =>
  (type === "bool" ? type : type.replace("uint", "u").replace("int", "i").replace("float", "f")) as Dtype;

function attributesOf(module: OperatorModule, node: GraphNode): readonly AttributeInit[] {
  return Object.entries(node.attributes).flatMap(([name, v]): AttributeInit[] => {
    const type = module.operator.attributes![name]!.type;
    if (type === "int") return [int(name, v as number)];
    if (type === "float") return [float(name, v as number)];
    if (type === "string") return [text(name, v as string)];
    if ((v as readonly unknown[]).length === 0) return [];
    if (type === "strings") return [strings(name, v as string[])];
    return type === "ints" ? [ints(name, v as number[])] : [floats(name, v as number[])];
  });
}

/** Domains whose references are compared, and the version that the peer is asked for. */
const versions: Readonly<Record<string, number>> = { "com.microsoft": 1, "ai.onnx.ml": 3 };

/** All inputs become inputs of the graph, in the dims that they have. */
function modelOf(module: OperatorModule, graph: Graph, want: readonly ReferenceTensor[]): Uint8Array {
  const node = graph.nodes[0]!;
  const domain = node.domain;
  const inputs = node.inputs.flatMap(v =>
    v
      ? value(
          v.name,
          onnxCodeOf(v.dtype!),
          v.dims!.map(d => d.constant),
        )
      : [],
  );
  return onnxModel({
    opset: 21,
    domains: domain ? { [domain]: versions[domain]! } : {},
    inputs,
    outputs: graph.outputs.map((v, i) => value(v.name, onnxCodeOf(want[i]!.dtype))),
    nodes: [
      {
        opType: node.op,
        domain,
        name: "node",
        // absent ones are named too: some kernels of the peer read their list of inputs without asking how long it is
        input: Array.from(
          { length: Math.max(module.operator.inputs.length, node.inputs.length) },
          (_, i) => node.inputs[i]?.name ?? "",
        ),
        output: node.outputs.map(v => v?.name ?? ""),
        attribute: [...attributesOf(module, node)],
      },
    ],
  });
}

async function runPeer(
  ort: Ort,
  module: OperatorModule,
  { graph, inputs, want }: CaseGraph,
): Promise<ReferenceTensor[]> {
  const session = await ort.InferenceSession.create(modelOf(module, graph, want), {
    logSeverityLevel: 4,
    graphOptimizationLevel: "disabled",
  });
  const feeds: Record<string, OrtTensor> = {};
  for (const v of graph.nodes[0]!.inputs) {
    if (!v) continue;
    if (v.constant) {
      const data = typedView(v.dtype!, (await v.constant.read()).slice());
      const dims = v.dims!.map(d => d.constant);
      feeds[v.name] = new ort.Tensor(ortType(v.dtype!), data, dims);
      continue;
    }
    const { dtype, dims, data } = toTensorData(inputs[v.name]!);
    feeds[v.name] = new ort.Tensor(ortType(dtype), data, dims);
  }
  try {
    const results = await session.run(feeds);
    return graph.outputs.map(v => {
      const { type, dims, data } = results[v.name]!;
      return fromTensorData({ dtype: dtypeOf(type), dims, data: data as never });
    });
  } finally {
    await session.release();
  }
}

/** What onnxruntime-node says where its CPU provider has no kernel for these types. */
const lacking = /Kernel not found|Type 'tensor.*is invalid|Could not find an implementation/;

/** Cases that end the peer's process (1.30): it reads an absent input. */
const crashing: ReadonlySet<string> = new Set(["ConvTransposeWithDynamicPads, no pads, no bias"]);

interface Account {
  passed: number;
  gaps: number;
  readonly failures: string[];
  /** cases that the peer does not take: it is stricter with ranks, or has no kernel for the dtype */
  readonly refused: string[];
}

async function account(ort: Ort, module: OperatorModule, all: Account): Promise<void> {
  const { name } = module.operator;
  const refusals: string[] = [];
  let answered = 0;
  for (const testCase of module.cases?.() ?? []) {
    const expected = graphOfCase(module, testCase, registry, false);
    const label = `${name}, ${testCase.name}`;
    if (crashing.has(label)) {
      refusals.push(`${label}: ends the process`);
      continue;
    }
    const got = await runPeer(ort, module, expected).catch((e: Error) => e);
    if (got instanceof Error) {
      refusals.push(`${label}: ${got.message}`);
      continue;
    }
    answered++;
    const gap = gapOf("onnxruntime-node", label, "references");
    const failure = failureOf(gap, label, problemOf(module, expected, got));
    if (failure) all.failures.push(failure);
    else if (gap) all.gaps++;
    else all.passed++;
  }
  all.refused.push(...refusals);
  // an operator of which nothing runs, though it is there, is one that this test asks for in a wrong way
  if (answered === 0 && !refusals.some(r => lacking.test(r))) all.failures.push(...refusals);
}

test("references of com.microsoft and ai.onnx.ml give what onnxruntime-node gives", async t => {
  if (!existsSync(peer))
    return t.skip("onnxruntime-node is not here; npm install --ignore-scripts --prefix bench/peers");
  const ort = createRequire(import.meta.url)(peer) as Ort;
  const all: Account = { passed: 0, gaps: 0, failures: [], refused: [] };
  const only = process.env.AZULEJO_OPERATOR;
  for (const module of operatorModules) {
    const { domain, name } = module.operator;
    if (domain && domain in versions && (!only || name === only)) await account(ort, module, all);
  }
  t.diagnostic(
    `${all.passed} passed, ${all.gaps} known gaps, ${all.refused.length} cases that onnxruntime-node refuses`,
  );
  if (process.env.AZULEJO_SKIPS) for (const r of all.refused) t.diagnostic(`  ${r}`);
  assert.deepEqual(all.failures, []);
});

function problemOf(module: OperatorModule, { want, scales }: CaseGraph, got: readonly ReferenceTensor[]) {
  for (const [i, w] of want.entries()) {
    const { relative, absolute } = module.tolerance ?? exact;
    // another implementation has errors of its own
    const loose = { relative: 4 * relative + 16, absolute: 4 * absolute + 16 };
    const problem = difference(got[i]!, w, closenessOf(loose, w.dtype, scales[i]!));
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}
