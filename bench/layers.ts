// Every kernel of a model by itself, in whole passes so that each finds in the caches what it finds in a run: arithmetic, traffic, time, and
// what the machine could do at most. One thread. Not here: how it is printed.
import { bindDims, type SymbolValues } from "../src/graph/program-dims.js";
import type { Buffer, KernelProgram } from "../src/graph/program.js";
import { bytesOf } from "../src/ir/dtypes.js";
import type { Poly, Sym } from "../src/ir/poly.js";
import { compileOptionsOf } from "../src/load/compile-options.js";
import { prepareGraph, programOf, readGraph, registryFor } from "../src/load/prepare.js";
import { openModel } from "../src/load/source.js";
import { targetOf } from "../src/load/targets.js";
import type { TensorData } from "../src/runtime/tensor.js";
import { KernelView } from "../src/schedule/view.js";
import { findCompiler } from "../src/targets/c/compiler.js";
import { nativeProblem } from "../src/targets/c/native-problem.js";
import { nativeKernels, PEAK_TURNS } from "../test/native/kernel-runner.js";
import { inputValues, type InputSpec } from "../test/models/inventory.js";
import { PEAK_FLOP, peakRunner, time } from "./kernels.js";

export interface LayerWork {
  readonly name: string;
  /** made when it is measured */
  readonly source: () => string | Uint8Array;
  readonly inputs: Readonly<Record<string, InputSpec>>;
}
export interface LayerFigure {
  readonly kernel: string;
  /** of the graph: what was fused into it */
  readonly nodes: readonly string[];
  /** dims of what it writes first */
  readonly dims: readonly number[];
  /** two for each product that is added up; what else is computed does not count */
  readonly flop: number;
  /** each tensor once */
  readonly bytes: number;
  readonly microseconds: number;
}
export interface LayerReport {
  readonly model: string;
  readonly target: "wasm" | "native";
  /** GFLOP/s of independent multiply-adds in vectors of the target, measured in the same minutes */
  readonly peak: number;
  /** GB/s read and written while 64 MiB are copied */
  readonly copy: number;
  readonly layers: readonly LayerFigure[];
}

const ROUNDS = 6;
const PASSES = 5;

/** Undefined: this machine has no native code. */
export async function measureLayers(work: LayerWork, target: LayerReport["target"]): Promise<LayerReport | undefined> {
  if (target === "native" && (await nativeProblem()) !== undefined) return undefined;
  const opened = await openModel(work.source(), {});
  const program = await programFor(opened, target);
  const executable = await (await targetOf({ target })).compile(program, compileOptionsOf({ threads: 1 }));
  const inputs = tensorsOf(work);
  // an engine's compiler settles meanwhile
  for (let i = 0; i < 10; i++) await executable.run(inputs);
  const peak = target === "native" ? await nativePeak() : wasmPeak();
  // inputs and outputs stay where they are: their copies would count among the first and the last step
  const onlySteps = new Set(program.steps.keys());
  const rates = { peak: 0, copy: 0 };
  let least: number[] | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    rates.peak = Math.max(rates.peak, peak());
    rates.copy = Math.max(rates.copy, copyRate());
    for (let pass = 0; pass < PASSES; pass++) {
      const times: number[] = [];
      await executable.run(inputs, { onStep: ({ timeMs }) => times.push(timeMs), onlySteps });
      least = least ? least.map((t, i) => Math.min(t, times[i]!)) : times;
    }
  }
  executable.dispose();
  await opened.close();
  const values = bindDims(program, name => inputs.get(name)?.dims);
  const layers = program.steps.flatMap((step, i): LayerFigure[] =>
    step.kind === "kernel" ? [{ ...costOf(step, values), microseconds: 1000 * least![i]! }] : [],
  );
  return { model: work.name, target, ...rates, layers };
}

async function programFor(
  opened: Awaited<ReturnType<typeof openModel>>,
  target: LayerReport["target"],
): Promise<KernelProgram> {
  const read = await readGraph(opened, {});
  const registry = await registryFor(read, {});
  return programOf((await prepareGraph(read, registry, { target })).graph, registry);
}

function tensorsOf({ inputs }: LayerWork): Map<string, TensorData> {
  return new Map(
    Object.entries(inputs).map(([name, spec], i): [string, TensorData] => [
      name,
      { dtype: "f32", dims: spec.dims, data: inputValues(spec, i + 1) },
    ]),
  );
}

/** From the tile IR: what the kernel has to do, however it is scheduled. */
function costOf(
  step: Extract<KernelProgram["steps"][number], { kind: "kernel" }>,
  values: SymbolValues,
): Omit<LayerFigure, "microseconds"> {
  const { kernel, buffers, symbols, nodes } = step;
  const number = (p: Poly): number => p.evaluate(s => values.get(s)!);
  const size = (s: Sym): number | undefined => {
    const p = symbols.get(s);
    return p && number(p);
  };
  const view = new KernelView(kernel, size);
  const flop = view.names.values
    .filter(n => n.kind === "reduce" && n.args.length === 2)
    .reduce((sum, n) => sum + 2 * view.volume([...n.axes, ...(n.kind === "reduce" ? n.over : [])]), 0);
  const dimsOf = (b: Buffer): number[] => b.dims.map(number);
  const bytes = Object.values(buffers)
    .map(b => dimsOf(b).reduce((p, d) => p * d, bytesOf(b.dtype)))
    .reduce((a, b) => a + b, 0);
  const first = kernel.tensors.find(t => t.role === "output");
  return { kernel: kernel.name, nodes, dims: first ? dimsOf(buffers[first.name]!) : [], flop, bytes };
}

// ---- what the machine could do

async function nativePeak(): Promise<() => number> {
  const compiler = await findCompiler();
  const { peak } = await nativeKernels([], compiler);
  const flop = PEAK_TURNS * 12 * 2 * compiler.lanes;
  return () => flop / Math.min(...Array.from({ length: 8 }, () => time(peak, 1))) / 1e6;
}
function wasmPeak(): () => number {
  const peak = peakRunner();
  for (let i = 0; i < 100; i++) peak();
  return () => PEAK_FLOP / Math.min(...Array.from({ length: 8 }, () => time(peak, 2))) / 1e6;
}
const COPIED_BYTES = 64 << 20;
function copyRate(): number {
  copied ??= [new Uint8Array(COPIED_BYTES).fill(1), new Uint8Array(COPIED_BYTES).fill(2)];
  const [from, to] = copied;
  const times = Array.from({ length: 4 }, () => time(() => to!.set(from!), 1));
  return (2 * COPIED_BYTES) / Math.min(...times) / 1e6;
}
let copied: readonly Uint8Array[] | undefined;
