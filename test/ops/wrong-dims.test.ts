// Every operator with dims that do not fit: each input of each case loses or gains a dim, or grows by one. The compiler refuses with a
// sentence, or compiles what makes sense after all; it never stumbles. What an operator refuses in numbers, a run of a model in which that
// dim is open is refused as well.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeNode } from "../../src/graph/bind.js";
import { constantValue } from "../../src/graph/constants.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import { bindDims } from "../../src/graph/program-dims.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import { prepareGraph, programOf } from "../../src/load/prepare.js";
import type { OperatorModule } from "../../src/ops/operator.js";
import { AzulejoError } from "../../src/support/errors.js";
import { CompiledProgram } from "../../src/targets/cpu/compiled-program.js";
import { KernelLibrary } from "../../src/targets/cpu/kernel-library.js";
import { isInTurn, LATER, rotation } from "../rotation.js";
import { fullRegistry } from "./full-registry.js";
import { fullSweep } from "./large-cases.js";
import { operatorModules } from "./modules.js";
import { graphOfCase } from "../../src/testing/case-graph.js";

const registry = fullRegistry();
const features = { relaxedSimd: false, tileProfile: "v8-modern" } as const;

/** in full sweeps all of an operator's cases are bent, else one of every other operator, another each day */
const casesOf = (module: OperatorModule) =>
  (module.cases?.() ?? []).filter((_, i, all) => fullSweep || (i + (rotation >> 1)) % all.length === 0);

const bends: Readonly<Record<string, (dims: readonly number[]) => readonly number[] | undefined>> = {
  "without its first dim": dims => (dims.length > 0 ? dims.slice(1) : undefined),
  "as a scalar": dims => (dims.length > 1 ? [] : undefined),
  "with a dim of 2 before": dims => [2, ...dims],
  "with its first dim one larger": dims => (dims.length > 0 ? dims.with(0, dims[0]! + 1) : undefined),
  "with its last dim one larger": dims => (dims.length > 1 ? dims.with(-1, dims.at(-1)! + 1) : undefined),
  "with its last dim 0": dims => (dims.length > 0 ? dims.with(-1, 0) : undefined),
};

/** The same value of other dims; a constant keeps none of its content. */
function bent(v: Value, dims: readonly number[]): Value {
  if (v.constant) return constantValue(v.name, v.dtype!, dims, new Array(dims.reduce((a, b) => a * b, 1)).fill(1));
  return { name: v.name, dtype: v.dtype, dims: dims.map(Poly.int) };
}
function replaced(graph: Graph, old: Value, value: Value): Graph {
  const swap = <V extends Value | undefined>(v: V) => (v === old ? value : v) as V;
  const nodes = graph.nodes.map(n => ({
    ...n,
    inputs: n.inputs.map(swap),
    outputs: n.outputs.map(o => o && { name: o.name, dtype: undefined, dims: undefined }),
  }));
  return { ...graph, inputs: graph.inputs.map(swap), nodes, outputs: nodes[0]!.outputs.flatMap(o => o ?? []) };
}

/** The dim that was bent as a symbol: compiled, unless it waits for numbers, and asked to run with the number. */
async function runOpen(graph: Graph, v: Value, dims: readonly number[]): Promise<void> {
  const axis = dims.findIndex((n, d) => !v.dims![d]!.equals(n));
  const size = new Sym("size");
  const open = { name: v.name, dtype: v.dtype, dims: dims.map(Poly.int).with(axis, Poly.sym(size)) };
  const prepared = await prepareGraph({ ...replaced(graph, v, open), symbols: [size] }, registry, {});
  if (prepared.graph.outputs.some(o => !o.dims)) throw new AzulejoError("shape", "it waits for numbers");
  const program = programOf(prepared.graph, registry);
  const sizes = new Map(graph.inputs.map(i => [i.name, i === v ? dims : i.dims!.map(d => d.constant)]));
  bindDims(program, name => sizes.get(name));
}
const isRefusal = (error: unknown): boolean => error instanceof AzulejoError && error.code !== "internal";

async function compile(graph: Graph, library: KernelLibrary): Promise<void> {
  const prepared = await prepareGraph(graph, registry, {});
  if (prepared.graph.outputs.some(v => !v.dims)) return;
  new CompiledProgram(programOf(prepared.graph, registry), library);
}

/** those of the domain azulejo trust the operators that expand to them, and no file may name them */
const operators = operatorModules.filter(m => m.operator.domain !== "azulejo");

describe("dims that do not fit are refused with a sentence", () => {
  for (const [at, module] of operators.entries())
    test(module.operator.name, { skip: isInTurn(at, 2) ? false : LATER }, async () => {
      // kernels of one structure are lowered once for all of them
      const library = new KernelLibrary({ code: "wasm", features });
      for (const testCase of casesOf(module)) {
        const { graph } = graphOfCase(module, testCase, registry, false);
        for (const input of new Set(graph.nodes[0]!.inputs))
          for (const [how, bend] of Object.entries(bends)) {
            const dims = input && bend(input.dims!.map(d => d.constant));
            if (!dims) continue;
            const where = `${testCase.name}, ${input.name} ${how}`;
            const refused = await compile(replaced(graph, input, bent(input, dims)), library).catch(
              (error: unknown) => {
                if (isRefusal(error)) return error as AzulejoError;
                throw new Error(`${where}: ${error}`, { cause: error });
              },
            );
            // parts of an operator may refuse in numbers what they can do
            const isOwn = refused?.code === "shape" && refused.message.startsWith(describeNode(graph.nodes[0]!));
            if (isOwn && !input.constant && dims.length === input.dims!.length)
              await assert.rejects(runOpen(graph, input, dims), isRefusal, `${where}, as a symbol`);
          }
      }
    });
});
