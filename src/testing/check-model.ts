// checkModel(): every value of a model on one target, against the same values from a judge that fuses nothing. The first node that departs is
// where to look; those after it read what it made.
import type { Graph, GraphNode, Value } from "../graph/graph.js";
import { concretize } from "../graph/concretize.js";
import { infer } from "../graph/infer.js";
import { describeNode } from "../graph/bind.js";
import { everyNode, subgraphs, valuesRead } from "../graph/values.js";
import { checkOptions } from "../load/check-options.js";
import { numbersOf } from "../load/per-run.js";
import { loadGraph } from "../load/load-graph.js";
import { readGraph, registryFor } from "../load/prepare.js";
import { openModel } from "../load/source.js";
import type { LoadOptions, ModelSource, Tensor } from "../runtime/api.js";
import type { HostValue } from "../runtime/host-value.js";
import { isTensor, isText } from "../runtime/host-value.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import type { ElementDeparture, Spread } from "./departure.js";
import { departureOf, toleranceOf } from "./departure.js";
import type { Judge } from "./judges.js";
import { checkedSeed, interpreterJudge, onnxRuntimeJudge } from "./judges.js";

/** For `checkModel`: options of `load`, and what values are held against. */
export interface CheckModelOptions extends LoadOptions {
  readonly judge: "interpreter" | "onnxruntime";
  /**
   * |got − want| ≤ tolerance · (|want| + the largest |want| of the tensor) for floats. Absent: by dtype, 1e-4 for f32, and where a value was
   * computed from narrower floats, what is allowed for those. Integers and booleans must be equal.
   */
  readonly tolerance?: number;
}

/** What `checkModel` compared, and what departs. */
export interface ModelCheck {
  readonly judge: string;
  readonly target: string;
  /** how many values were compared */
  readonly compared: number;
  readonly skipped: readonly { readonly value: string; readonly reason: string }[];
  /** the value with the largest difference in units of its tolerance; absent: all are equal */
  readonly largest?: Spread & { readonly value: string; readonly node: string };
  /** in the order of the graph; absent: none */
  readonly departures: readonly Departure[];
}

/** A value that departs from what the judge has. */
export interface Departure extends ElementDeparture {
  readonly value: string;
  readonly node: string;
  /** `Conv`, or with a domain `com.example.Swoosh` */
  readonly operator: string;
  /** it departs only where what it is made of is not stored: in the model as it is, fused throughout */
  readonly onlyFused: boolean;
}

/**
 * So many times the model runs with a share of its values as outputs: what is stored is not fused with its reader, so all others stay fused as
 * they are.
 */
const SHARES = 4;

/**
 * Runs a model and compares its values, one by one, with those of a judge that fuses nothing; the first node that departs is to blame.
 * @throws AzulejoError as load() and run() do; target where the judge is not there or can't run the model
 */
export async function checkModel(
  source: ModelSource,
  inputs: Readonly<Record<string, HostValue>>,
  { judge: judgeName, tolerance, ...options }: CheckModelOptions,
): Promise<ModelCheck> {
  checkOptions(options);
  if (tolerance !== undefined && !(tolerance >= 0))
    throw new AzulejoError("option", `tolerance: ${tolerance} is no number from 0 on; leave it out for the default`);
  if (judgeName !== "interpreter" && judgeName !== "onnxruntime")
    throw new AzulejoError(
      "option",
      `judge: "${String(judgeName)}" is not one of "interpreter", "onnxruntime"; choose one of them`,
    );
  const opened = await openModel(source, options);
  try {
    const read = await readGraph(opened, options);
    const inferred = await inferFor(read, inputs, options);
    const made = valuesOf(inferred);
    const judge: Judge =
      judgeName === "interpreter" ? interpreterJudge(read, options) : await onnxRuntimeJudge(opened, read);
    const { values, skipped } = await judge.choose(made);
    const names = values.map(v => v.name);
    const wanted = names.length > 0 ? await judge.run(names, inputs) : new Map<string, Tensor>();
    const tolerances = new Map(values.map(v => [v.name, tolerance ?? v.tolerance]));
    const comparison = new Comparison(wanted, tolerances);
    const target = await runShares(read, values, inputs, options, comparison);
    return { judge: judge.name, target, skipped: [...skipped, ...insideOf(inferred)], ...comparison.result(values) };
  } finally {
    await opened.close();
  }
}

/** Types for the dims of these inputs, and for their content where that decides. */
async function inferFor(
  read: Graph,
  inputs: Readonly<Record<string, HostValue>>,
  options: LoadOptions,
): Promise<Graph> {
  const registry = await registryFor(read, options);
  const tensors = Object.entries(inputs).filter((e): e is [string, TensorData] => isTensor(e[1]) && !isText(e[1]));
  const { graph } = await concretize(read, Object.fromEntries(tensors.map(([name, t]) => [name, t.dims])), {
    registry,
    prepare: async g => infer(g, registry),
    contentOf: name => numbersOf(inputs[name] as TensorData),
  });
  return graph;
}

/** A value that can be compared, and the node that makes it. */
export interface MadeValue {
  readonly name: string;
  readonly dtype: Value["dtype"] | undefined;
  /** why it is no tensor of numbers */
  readonly problem?: string;
  readonly node: GraphNode;
  /** what is allowed of its dtype, and of those that it is computed from */
  readonly tolerance: number;
}

function valuesOf(graph: Graph): readonly MadeValue[] {
  const tolerances = new Map<Value, number>();
  return graph.nodes.flatMap(node => {
    const inherited = Math.max(0, ...[...valuesRead(node)].map(v => tolerances.get(v) ?? 0));
    return node.outputs.flatMap((v): MadeValue[] => {
      if (!v) return [];
      const { name, dtype, container, text } = v;
      const tolerance = Math.max(inherited, dtype ? toleranceOf(dtype) : 0);
      tolerances.set(v, tolerance);
      const problem = container ? `it is a ${container.kind}` : text ? "it is text" : undefined;
      return [{ name, dtype, node, tolerance, ...(problem === undefined ? {} : { problem }) }];
    });
  });
}

/** Values of branches and bodies: they may be made never, or many times. */
const insideOf = (graph: Graph): ModelCheck["skipped"] =>
  graph.nodes.flatMap(node =>
    subgraphs(node).flatMap(inner =>
      [...everyNode(inner)].flatMap(n =>
        n.outputs.flatMap(v =>
          v
            ? [{ value: v.name, reason: `it is inside of ${describeNode(node)}, of which the results are compared` }]
            : [],
        ),
      ),
    ),
  );

/** First the model as it is, then with each share of its values as outputs. */
async function runShares(
  read: Graph,
  values: readonly MadeValue[],
  inputs: Readonly<Record<string, HostValue>>,
  options: LoadOptions,
  comparison: Comparison,
): Promise<string> {
  const made = new Map(read.nodes.flatMap(n => n.outputs.map(v => [v?.name, v] as const)));
  const shares = Math.min(SHARES, values.length);
  const parts = Array.from({ length: shares }, (_, share) =>
    values.filter((_, i) => i % shares === share).map(v => made.get(v.name)!),
  );
  let target = "";
  for (const [i, outputs] of [read.outputs, ...parts].entries()) {
    const model = await loadGraph({ ...read, outputs }, options);
    try {
      comparison.add(
        await model.run<Record<string, Tensor>>(inputs, { signal: options.signal, seed: checkedSeed }),
        i === 0,
      );
      target = model.report().target;
    } finally {
      model.dispose();
    }
  }
  return target;
}

class Comparison {
  readonly #wanted: ReadonlyMap<string, Tensor>;
  readonly #tolerances: ReadonlyMap<string, number>;
  readonly #compared = new Set<string>();
  readonly #departures = new Map<string, ElementDeparture & { onlyFused: boolean }>();
  #largest: (Spread & { readonly value: string }) | undefined;

  constructor(wanted: ReadonlyMap<string, Tensor>, tolerances: ReadonlyMap<string, number>) {
    this.#wanted = wanted;
    this.#tolerances = tolerances;
  }
  add(outputs: Readonly<Record<string, Tensor>>, fused: boolean): void {
    for (const [value, got] of Object.entries(outputs)) {
      const want = this.#wanted.get(value);
      if (!want) continue;
      this.#compared.add(value);
      const { departure, spread } = departureOf(got, want, this.#tolerances.get(value));
      if (spread && spread.share > (this.#largest?.share ?? 0)) this.#largest = { ...spread, value };
      // outputs of the model are among the shares too, which come later
      if (departure) this.#departures.set(value, { ...departure, onlyFused: fused });
    }
  }
  result(values: readonly MadeValue[]): Pick<ModelCheck, "compared" | "largest" | "departures"> {
    const departures = values.flatMap(({ name, node }): Departure[] => {
      const found = this.#departures.get(name);
      const operator = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
      return found ? [{ ...found, value: name, node: node.name, operator }] : [];
    });
    const largest = this.#largest;
    const node = values.find(v => v.name === largest?.value)?.node.name ?? "";
    return { compared: this.#compared.size, ...(largest ? { largest: { ...largest, node } } : {}), departures };
  }
}
