// Draws that are whole files: operators whose values are text, containers or graphs, or whose sizes data decide. Each comes with what a
// judge of its own, written from the specification, says of it.
import type { HostMap, HostValue } from "../../../../src/runtime/host-value.js";
import { isTensor } from "../../../../src/runtime/host-value.js";
import type { Closeness } from "../../../../src/testing/difference.js";
import type { AttributeInit, ModelInit, ValueInit } from "../../../frontends/onnx-model.js";
import { value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import type { ItemType, Plain } from "./plain.js";
import { codeOf, hostTensor } from "./plain.js";

export type Values = Readonly<Record<string, HostValue>>;
export interface ModelRun {
  readonly inputs: Values;
  readonly outputs: Values;
}
export interface ModelDraw {
  readonly model: ModelInit;
  /** one loaded model runs them all */
  readonly runs: readonly ModelRun[];
  /** absent: equal */
  readonly closeness?: Closeness;
  /** why onnxruntime-node gives other values */
  readonly departure?: string;
}
/** undefined: what came out makes no sense, draw again */
export type DrawModel = (random: Random) => ModelDraw | undefined;

export const exactly: Closeness = { rtol: 0, atol: 0 };

export type Plains = Readonly<Record<string, Plain | readonly Plain[] | HostMap | undefined>>;
export interface PlainRun {
  readonly inputs: Plains;
  readonly outputs: Plains;
}
const hostValue = (x: Plain | readonly Plain[] | HostMap | undefined): HostValue => {
  if (x === undefined || x instanceof Map) return x;
  return Array.isArray(x) ? x.map(hostTensor) : hostTensor(x as Plain);
};
export const hostValues = (all: Plains): Values =>
  Object.fromEntries(Object.entries(all).map(([name, x]) => [name, hostValue(x)]));
export const hostRun = ({ inputs, outputs }: PlainRun): ModelRun => ({
  inputs: hostValues(inputs),
  outputs: hostValues(outputs),
});

/** Dims of inputs as a file may tell them: by numbers, by a name each, by one name for sizes that are equal in all runs, or not at all. */
export type Declared = "numbers" | "names" | "shared" | "open";
export const drawDeclared = (random: Random): Declared =>
  random.pick(["numbers", "names", "names", "shared", "shared", "open"] as const);

/** Inputs that are tensors. With numbers, there is one run. */
export function declaredInputs(runs: readonly PlainRun[], how: Declared): ValueInit[] {
  const dim = (name: string, axis: number): number | string => {
    const each = runs.map(r => (r.inputs[name] as Plain).dims[axis]!);
    if (how === "names") return `${name}${axis}`;
    return how === "numbers" || each.every(n => n === 1) ? each[0]! : `d${each.join("_")}`;
  };
  return Object.entries(runs[0]!.inputs).flatMap(([name, t]) =>
    isPlain(t)
      ? [value(name, codeOf(t.dtype), how === "open" ? undefined : t.dims.map((_, axis) => dim(name, axis)))]
      : [],
  );
}

export interface NodeUse {
  readonly op: string;
  readonly domain?: string;
  /** of the domain's operators */
  readonly version?: number;
  readonly opset?: number;
  readonly attributes?: readonly AttributeInit[];
  /** by output in order */
  readonly outputs: Readonly<Record<string, ItemType>>;
  /** inputs in order, and what comes out; called once for each run */
  readonly run: () => PlainRun;
  /** inputs that a file has, where they are no tensors */
  readonly declared?: readonly ValueInit[];
  readonly closeness?: Closeness;
}

/** What values decide is known once they are drawn. */
export const withDeparture = (draw: ModelDraw, departure: string | undefined): ModelDraw =>
  departure === undefined ? draw : { ...draw, departure };

/** A file of one node, run twice with other sizes where the file leaves them open. */
export function nodeDraw(random: Random, use: NodeUse): ModelDraw {
  const how = drawDeclared(random);
  const runs = how === "numbers" ? [use.run()] : [use.run(), use.run()];
  return {
    model: {
      opset: use.opset ?? 21,
      irVersion: 10,
      ...(use.domain ? { domains: { [use.domain]: use.version ?? 1 } } : {}),
      inputs: use.declared ? [...use.declared] : declaredInputs(runs, how),
      outputs: Object.entries(use.outputs).map(([name, dtype]) => value(name, codeOf(dtype))),
      nodes: [
        {
          opType: use.op,
          domain: use.domain ?? "",
          name: "node",
          input: Object.keys(runs[0]!.inputs),
          output: Object.keys(use.outputs),
          attribute: [...(use.attributes ?? [])],
        },
      ],
    },
    runs: runs.map(hostRun),
    ...(use.closeness ? { closeness: use.closeness } : {}),
  };
}
const isPlain = (x: unknown): x is Plain => isTensor(x as HostValue);
