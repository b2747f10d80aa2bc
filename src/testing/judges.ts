// What a model is held against, value by value: our interpreter without fusion, or onnxruntime where the user has installed it.
import { valuesMade, withOutputs } from "../frontends/onnx/outputs.js";
import type { Graph } from "../graph/graph.js";
import { arrayTypes } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { loadGraph } from "../load/load-graph.js";
import type { OpenedModel } from "../load/source.js";
import type { LoadOptions } from "../runtime/api.js";
import { Tensor } from "../runtime/api.js";
import type { HostValue } from "../runtime/host-value.js";
import { isTensor, isText } from "../runtime/host-value.js";
import { installedPackage } from "../runtime/platform.js";
import { AzulejoError } from "../support/errors.js";
import type { MadeValue, ModelCheck } from "./check-model.js";

export interface Judge {
  readonly name: string;
  /** which values it can give, and why not the others */
  choose(
    values: readonly MadeValue[],
  ): Promise<{ readonly values: readonly MadeValue[] } & Pick<ModelCheck, "skipped">>;
  run(values: readonly string[], inputs: Readonly<Record<string, HostValue>>): Promise<ReadonlyMap<string, Tensor>>;
}

function chosen(
  values: readonly MadeValue[],
  problemOf: (v: MadeValue) => string | undefined,
): Awaited<ReturnType<Judge["choose"]>> {
  const problems = new Map(
    values.map(v => [v, v.problem ?? (v.dtype ? problemOf(v) : "its type is not known before a run")]),
  );
  return {
    values: values.filter(v => problems.get(v) === undefined),
    skipped: values.flatMap(v => (problems.get(v) === undefined ? [] : [{ value: v.name, reason: problems.get(v)! }])),
  };
}

/** Passes without which operators that are others can't run. */
const needed: ReadonlySet<string> = new Set(["seed-draws", "infer", "differentiate", "expand", "infer-again"]);

/** Both sides draw the same random numbers. */
export const checkedSeed = 0;

/** All values are stored, so nothing is fused away. */
export const interpreterJudge = (read: Graph, options: LoadOptions): Judge => ({
  name: "interpreter",
  choose: async values => chosen(values, () => undefined),
  run: async (names, inputs) => {
    const made = new Map(read.nodes.flatMap(n => n.outputs.map(v => [v?.name, v] as const)));
    const { schedules: _, editKernels: __, ...rest } = options;
    const model = await loadGraph(
      { ...read, outputs: names.map(name => made.get(name)!) },
      { ...rest, target: "interpreter", passes: list => list.filter(p => needed.has(p.name)) },
    );
    try {
      return new Map(
        Object.entries(await model.run<Record<string, Tensor>>(inputs, { signal: options.signal, seed: checkedSeed })),
      );
    } finally {
      model.dispose();
    }
  },
});

// ---- onnxruntime

interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView | readonly string[];
}
interface OrtSession {
  run(feeds: object, fetches: readonly string[]): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}
interface Ort {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly listSupportedBackends?: () => readonly { readonly name: string }[];
}

/** Element types that its JavaScript API has. */
const ortTypes: Readonly<Partial<Record<Dtype, string>>> = {
  f64: "float64",
  f32: "float32",
  f16: "float16",
  i64: "int64",
  i32: "int32",
  i16: "int16",
  i8: "int8",
  u64: "uint64",
  u32: "uint32",
  u16: "uint16",
  u8: "uint8",
  bool: "bool",
};

/** Azulejo's packages under these names hold Azulejo: a judge of itself. */
const isOurs = (ort: Ort): boolean => ort.listSupportedBackends?.().some(b => b.name === "native") ?? false;

function installedRuntime(): { readonly name: string; readonly ort: Ort } {
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    const ort = installedPackage(name) as Ort | undefined;
    if (ort?.InferenceSession && !isOurs(ort)) return { name, ort };
  }
  throw new AzulejoError(
    "target",
    "A check against onnxruntime needs the package onnxruntime-node or onnxruntime-web, and neither is installed here; run npm install onnxruntime-node, or check against the interpreter",
  );
}

/** @throws AzulejoError target where it is not installed */
export async function onnxRuntimeJudge(opened: OpenedModel, { outputs }: Graph): Promise<Judge> {
  const { name, ort } = installedRuntime();
  const inFile = await valuesMade(opened.source);
  const given = new Set(outputs.map(v => v.name));
  return {
    name,
    choose: async values =>
      chosen(values, ({ dtype, name: value }) =>
        !inFile.has(value)
          ? "no node of the file makes it"
          : ortTypes[dtype!] === undefined
            ? `${name} gives no ${dtype}`
            : undefined,
      ),
    run: async (values, inputs) => {
      try {
        return await runOrt(
          { ort, name, opened, inputs },
          values,
          values.filter(v => !given.has(v)),
        );
      } catch (cause) {
        if (cause instanceof AzulejoError) throw cause;
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new AzulejoError("target", `${name} can't run the model: ${reason}; check against the interpreter`, {
          cause,
        });
      }
    },
  };
}

interface OrtRun {
  readonly ort: Ort;
  readonly name: string;
  readonly opened: OpenedModel;
  readonly inputs: Readonly<Record<string, HostValue>>;
}
/** `further`: those that are no outputs of the file. */
async function runOrt(
  { ort, name, opened: { source, external }, inputs }: OrtRun,
  values: readonly string[],
  further: readonly string[],
): Promise<ReadonlyMap<string, Tensor>> {
  const file = await source.read(0, source.size);
  const externalData = [];
  for (const [path, s] of external) externalData.push({ path, data: await s.read(0, s.size) });
  const session = await ort.InferenceSession.create(withOutputs(file, further), {
    graphOptimizationLevel: "disabled",
    executionProviders: [name === "onnxruntime-web" ? "wasm" : "cpu"],
    logSeverityLevel: 3,
    ...(externalData.length > 0 ? { externalData } : {}),
  });
  try {
    const feeds = Object.entries(inputs).map(([input, v]) => [input, toOrt(ort, name, input, v)]);
    const results = await session.run(Object.fromEntries(feeds), values);
    return new Map(values.map(value => [value, fromOrt(results[value]!)]));
  } finally {
    await session.release();
  }
}

function toOrt(ort: Ort, name: string, input: string, value: HostValue): OrtTensor {
  const type = isTensor(value) && (isText(value) ? "string" : ortTypes[value.dtype]);
  if (!type) throw new AzulejoError("target", `${name} can't take the input "${input}"; check against the interpreter`);
  const { data, dims } = value as Tensor;
  return new ort.Tensor(type, data, dims);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  const dtype = (Object.keys(ortTypes) as Dtype[]).find(d => ortTypes[d] === type)!;
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
  const array = arrayTypes[dtype];
  return new Tensor(
    dtype,
    new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT) as never,
    dims.map(Number),
  );
}
