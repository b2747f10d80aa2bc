// A graph with host steps that runs: segments are compiled, what is between them runs here. Control flow over such parts, too.

import { describeNode } from "../graph/bind.js";
import type { HostProgram, HostStep } from "../graph/cut.js";
import { cut, programsIn, segmentsOf } from "../graph/cut.js";
import type { Graph, Value } from "../graph/graph.js";
import { hostNode } from "../graph/host-nodes.js";
import type { Segment } from "../graph/segment.js";
import type { HostServices } from "../ops/operator.js";
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { isText } from "../runtime/host-value.js";
import { throwIfAborted } from "../runtime/platform.js";
import type { KernelReport, RunOptions, TargetReport } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError, invariant } from "../support/errors.js";
import { type CompileContext, compileGraph } from "./compile-graph.js";
import { type CompiledGraph, emptyReport } from "./compiled-graph.js";
import { HostScope, TextTable } from "./host-scope.js";
import type { Iterate } from "./iterate.js";
import { runLoop, runMap, runScan } from "./iterate.js";
import type { Runnable } from "./per-run.js";

export class CutGraph implements Runnable {
  readonly #program: HostProgram;
  readonly #context: CompileContext;
  readonly #compiled: ReadonlyMap<Segment, CompiledGraph>;
  readonly #services: HostServices;
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(program: HostProgram, context: CompileContext, compiled: ReadonlyMap<Segment, CompiledGraph>) {
    this.#program = program;
    this.#context = context;
    this.#compiled = compiled;
    const { imageDecoder } = context.options;
    this.#services = {
      decodeImage: async encoded => (await import("./images/decode-image.js")).decodeImage(encoded, imageDecoder),
    };
  }
  /** The graph went through inference and passes. */
  static async create(graph: Graph, context: CompileContext): Promise<CutGraph> {
    const program = cut(graph, context.registry);
    const compiled = new Map<Segment, CompiledGraph>();
    for (const segment of segmentsOf(program)) compiled.set(segment, await compileGraph(segment.graph, context));
    return new CutGraph(program, context, compiled);
  }
  run(inputs: ReadonlyMap<string, TensorData>, options?: RunOptions): Promise<Map<string, TensorData>>;
  run(inputs: ReadonlyMap<string, HostValue>, options?: RunOptions): Promise<Map<string, HostValue>>;
  run(inputs: ReadonlyMap<string, HostValue>, options: RunOptions = {}): Promise<Map<string, never>> {
    const result = this.#queue.then(async () => {
      if (this.#disposed)
        throw new AzulejoError("disposed", `Model "${this.#program.name}" was disposed; load it again`);
      const scope = new HostScope(undefined, options.symbols);
      for (const v of this.#program.inputs) scope.set(v, inputs.get(v.name));
      const values = await this.#steps(this.#program, scope, options);
      return new Map(this.#program.outputs.map((v, i) => [v.name, values[i] as never]));
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }
  /** Runs a program whose inputs are in scope; gives its outputs. */
  async #steps(program: HostProgram, scope: HostScope, options: RunOptions): Promise<readonly HostValue[]> {
    for (const step of program.steps) {
      throwIfAborted(options.signal, `run of "${this.#program.name}"`);
      await this.#step(step, scope, options);
    }
    return Promise.all(program.outputs.map(v => scope.get(v)));
  }
  async #step(step: HostStep, scope: HostScope, options: RunOptions): Promise<void> {
    switch (step.kind) {
      case "segment":
        return this.#segment(step.segment, scope, options);
      case "operator":
        return operate(step, scope, this.#services);
      case "if": {
        const taken = await isTrue(step.node.inputs[0]!, scope);
        const values = await this.#steps(taken ? step.then : step.else, new HostScope(scope), options);
        return assign(step.node.outputs, values, scope);
      }
      default: {
        const iterate: Iterate = {
          step,
          scope,
          round: values => {
            const inner = new HostScope(scope);
            step.body.inputs.forEach((v, i) => {
              inner.set(v, values[i]);
            });
            return this.#steps(step.body, inner, options);
          },
        };
        const run = step.kind === "loop" ? runLoop : step.kind === "scan" ? runScan : runMap;
        return assign(step.node.outputs, await run(iterate), scope);
      }
    }
  }
  async #segment(segment: Segment, scope: HostScope, options: RunOptions): Promise<void> {
    const texts = new TextTable();
    const given = new Map<string, TensorData>();
    for (const [i, v] of segment.inputs.entries())
      given.set(segment.graph.inputs[i]!.name, texts.encode(await scope.tensor(v)) as TensorData);
    const results = await this.#compiled.get(segment)!.run(given, { ...options, symbols: scope.symbols });
    segment.outputs.forEach((v, i) => {
      const result: AnyTensor = results.get(segment.graph.outputs[i]!.name)!;
      scope.set(v, v.text ? texts.decode(result) : result);
    });
  }
  report(): TargetReport {
    const parts = [...this.#compiled.values()].map(c => c.report());
    const sum = (f: (r: TargetReport) => number): number => parts.reduce((n, r) => n + f(r), 0);
    const steps = hostSteps(this.#program);
    const times: Record<string, number> = {};
    for (const r of parts) for (const [name, ms] of Object.entries(r.timesMs)) times[name] = (times[name] ?? 0) + ms;
    return {
      ...emptyReport(this.#context.target.name, this.#context.compileOptions.threads),
      codeBytes: sum(r => r.codeBytes),
      functions: sum(r => r.functions),
      kernels: parts.flatMap((r): readonly KernelReport[] => r.kernels),
      constantBytes: sum(r => r.constantBytes),
      arenaBytes: sum(r => r.arenaBytes),
      arenaLowerBoundBytes: sum(r => r.arenaLowerBoundBytes),
      flags: [...new Set(parts.flatMap(r => r.flags))],
      notes: [...(steps.length ? [`host steps: ${steps.join("; ")}`] : []), ...new Set(parts.flatMap(r => r.notes))],
      timesMs: times,
    };
  }
  dispose(): void {
    this.#disposed = true;
    for (const c of this.#compiled.values()) c.dispose();
  }
}

/** What the host does, with the reason: a line of the report. */
function hostSteps(program: HostProgram): string[] {
  return program.steps.flatMap(step => {
    if (step.kind === "segment") return [];
    const node = step.kind === "operator" ? step.bound.node : step.node;
    const reason = step.kind === "if" ? "its branches need the host" : step.bound.operator.host!.reason;
    return [`${describeNode(node)} (${reason})`, ...programsIn(step).flatMap(hostSteps)];
  });
}

async function operate(
  { bound }: Extract<HostStep, { kind: "operator" }>,
  scope: HostScope,
  services: HostServices,
): Promise<void> {
  const { operator, node, inputs, outputs } = bound;
  const given: Record<string, HostValue> = {};
  for (const [name, v] of Object.entries(inputs)) given[name] = await scope.get(v);
  const run = operator.host?.run;
  invariant(run, `${describeNode(node)} has no body on the host`);
  const results = await run(given, hostNode(bound), services);
  for (const [name, v] of Object.entries(outputs)) scope.set(v, results[name]);
}

async function isTrue(v: Value, scope: HostScope): Promise<boolean> {
  const t = await scope.tensor(v);
  return !isText(t) && Boolean(t.data[0]);
}

function assign(outputs: readonly (Value | undefined)[], values: readonly HostValue[], scope: HostScope): void {
  outputs.forEach((o, i) => {
    if (o) scope.set(o, values[i]);
  });
}
