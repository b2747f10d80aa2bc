// A graph with host steps that runs: segments are compiled, what is between them runs here. Control flow over such parts, too.

import { describeNode } from "../graph/bind.js";
import type { HostProgram, HostStep } from "../graph/cut.js";
import { cut, programsIn, segmentsOf } from "../graph/cut.js";
import type { Graph, Value } from "../graph/graph.js";
import { hostNode } from "../graph/host-nodes.js";
import { valuesRead } from "../graph/values.js";
import type { Segment } from "../graph/segment.js";
import { bindSymbols, equalitiesHold } from "../graph/specialize.js";
import type { HostServices } from "../ops/operator.js";
import type { AnyTensor, HostValue } from "../runtime/host-value.js";
import { isTensor, isText } from "../runtime/host-value.js";
import { isGpuTensor } from "../runtime/gpu-tensor.js";
import { isFloat } from "../ir/dtypes.js";
import { now, overdueTurn, throwIfAborted } from "../runtime/platform.js";
import type { KernelReport, RunOptions, TargetReport, Transfer } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError, invariant } from "../support/errors.js";
import { type CompileContext, compileGraph, compilerOf, type Prepared } from "./compile-graph.js";
import { type CompiledGraph, emptyReport } from "./compiled-graph.js";
import { HostScope, TextTable } from "./host-scope.js";
import type { Iterate } from "./iterate.js";
import { runLoop, runMap, runScan } from "./iterate.js";
import { PerRun, type Runnable } from "./per-run.js";

export class CutGraph implements Runnable {
  readonly #program: HostProgram;
  readonly #context: CompileContext;
  readonly #compiled: ReadonlyMap<Segment, CompiledGraph>;
  readonly #services: HostServices;
  /** values that one segment makes and only others read: on a device with memory of its own they stay there */
  readonly #between: ReadonlySet<Value>;
  readonly #graph: Graph;
  /** for runs whose dims are not equal where passes took them to be */
  readonly #otherwise: PerRun;
  /** of the last run: what the host read and wrote in the middle of it is told by the segments around */
  #transfers: Transfer[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(
    prepared: Prepared,
    program: HostProgram,
    context: CompileContext,
    compiled: ReadonlyMap<Segment, CompiledGraph>,
  ) {
    this.#graph = prepared.graph;
    this.#otherwise = new PerRun({
      symbols: prepared.graph.symbols,
      compile: compilerOf(prepared, context),
      empty: emptyReport(context.target.name, context.compileOptions.threads),
    });
    this.#program = program;
    this.#context = context;
    this.#compiled = compiled;
    this.#between = context.target.place ? betweenSegments(program) : new Set();
    const { imageDecoder } = context.options;
    this.#services = {
      decodeImage: async encoded => (await import("./images/decode-image.js")).decodeImage(encoded, imageDecoder),
    };
  }
  static async create(prepared: Prepared, context: CompileContext): Promise<CutGraph> {
    const program = cut(prepared.graph, context.registry);
    checkHostSteps(program, context);
    const compiled = new Map<Segment, CompiledGraph>();
    for (const segment of segmentsOf(program))
      compiled.set(segment, await compileGraph({ graph: segment.graph, read: segment.graph }, context));
    return new CutGraph(prepared, program, context, compiled);
  }
  run(inputs: ReadonlyMap<string, TensorData>, options?: RunOptions): Promise<Map<string, TensorData>>;
  run(inputs: ReadonlyMap<string, HostValue>, options?: RunOptions): Promise<Map<string, HostValue>>;
  async run(inputs: ReadonlyMap<string, HostValue>, options: RunOptions = {}): Promise<Map<string, HostValue>> {
    if (!this.#disposed && !this.#holds(inputs, options))
      return this.#otherwise.run(inputs as ReadonlyMap<string, TensorData>, options);
    const result = this.#queue.then(async () => {
      this.#checkUsable();
      this.#transfers = [];
      const scope = new HostScope(undefined, options.symbols);
      for (const v of this.#program.inputs) scope.set(v, inputs.get(v.name));
      try {
        await this.#run(this.#program, scope, options);
        const outputs = new Map<string, never>();
        for (const v of this.#program.outputs) outputs.set(v.name, (await this.#output(v, scope, options)) as never);
        for (const value of outputs.values()) scope.onGpu.delete(value);
        return outputs;
      } finally {
        for (const t of scope.onGpu) t.dispose();
      }
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }
  #holds(inputs: ReadonlyMap<string, HostValue>, { symbols }: RunOptions): boolean {
    if (!this.#graph.equalities?.length) return true;
    const dims = [...inputs].flatMap(([name, value]) => (isTensor(value) ? [[name, value.dims] as const] : []));
    return equalitiesHold(this.#graph, bindSymbols(this.#graph, Object.fromEntries(dims), symbols));
  }
  #checkUsable(): void {
    if (this.#disposed) throw new AzulejoError("disposed", `Model "${this.#program.name}" was disposed; load it again`);
  }
  async #output(v: Value, scope: HostScope, { onGpu }: RunOptions): Promise<HostValue> {
    if (!onGpu?.has(v.name)) return scope.get(v);
    const value = await scope.anywhere(v);
    if (!isTensor(value) || isText(value) || isGpuTensor(value)) return value;
    const placed = await this.#context.target.place!(value);
    if (isGpuTensor(placed)) scope.onGpu.add(placed);
    return placed;
  }
  /** Runs a program whose inputs are in scope; gives its outputs. */
  async #steps(program: HostProgram, scope: HostScope, options: RunOptions): Promise<readonly HostValue[]> {
    await this.#run(program, scope, options);
    return Promise.all(program.outputs.map(v => scope.get(v)));
  }
  async #run(program: HostProgram, scope: HostScope, options: RunOptions): Promise<void> {
    for (const step of program.steps) {
      await overdueTurn();
      throwIfAborted(options.signal, `run of "${this.#program.name}"`);
      this.#checkUsable();
      await this.#step(step, scope, options);
    }
  }
  async #step(step: HostStep, scope: HostScope, options: RunOptions): Promise<void> {
    switch (step.kind) {
      case "segment":
        return this.#segment(step.segment, scope, options);
      case "operator": {
        const startMs = now();
        await operate(step, scope, this.#services);
        const { node } = step.bound;
        const timeMs = now() - startMs;
        return options.onStep?.({ kernel: node.op, nodes: [node.name], where: "host", startMs, timeMs });
      }
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
    for (const [i, v] of segment.inputs.entries()) {
      const value = await scope.anywhere(v);
      const tensor = isGpuTensor(value) ? value : texts.encode(await scope.tensor(v));
      given.set(segment.graph.inputs[i]!.name, tensor as TensorData);
    }
    const onGpu = new Set(
      segment.outputs.flatMap((v, i) =>
        this.#between.has(v) || options.onGpu?.has(v.name) ? [segment.graph.outputs[i]!.name] : [],
      ),
    );
    const compiled = this.#compiled.get(segment)!;
    const results = await compiled.run(given, { ...options, symbols: scope.symbols, onGpu });
    this.#transfers.push(...(compiled.report().transfers ?? []));
    segment.outputs.forEach((v, i) => {
      const result: AnyTensor = results.get(segment.graph.outputs[i]!.name)!;
      if (isGpuTensor(result)) scope.onGpu.add(result);
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
      ...(this.#context.target.place ? { transfers: this.#transfers } : {}),
    };
  }
  dispose(): void {
    this.#disposed = true;
    for (const c of this.#compiled.values()) c.dispose();
    this.#otherwise.dispose();
  }
}

/** Made by a segment, read by other segments alone, and of floats: sizes and indices are wanted on the host. */
function betweenSegments(program: HostProgram): ReadonlySet<Value> {
  const made = new Set<Value>();
  const onHost = new Set<Value>(program.outputs);
  for (const step of program.steps) {
    if (step.kind === "segment") {
      for (const v of step.segment.outputs) if (!v.text && v.dtype && isFloat(v.dtype)) made.add(v);
    } else if (step.kind === "operator") for (const v of Object.values(step.bound.inputs)) onHost.add(v);
    else for (const v of valuesRead(step.node)) onHost.add(v);
  }
  return new Set([...made].filter(v => !onHost.has(v)));
}

/** Whoever asked for an error where the GPU can't compute gets one. @throws AzulejoError target */
function checkHostSteps(program: HostProgram, { target, options }: CompileContext): void {
  if (target.name !== "webgpu" || options.onUnsupported !== "error") return;
  const [first] = hostSteps(program);
  if (first !== undefined)
    throw new AzulejoError(
      "target",
      `${first}: this is computed on the host, and onUnsupported is "error"; leave it out, or use { onUnsupported: "host" }`,
    );
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
