// What LSTM, GRU and RNN share: directions, layouts, activations, and the arithmetic of a gate before its activation.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { expm1, log1p } from "./near-one.js";
import type { AttributeSpec, NodeInfo } from "./operator.js";

export const recurrentAttributes = {
  activations: { type: "strings" },
  activation_alpha: { type: "floats" },
  activation_beta: { type: "floats" },
  clip: { type: "float" },
  direction: { type: "string", default: "forward" },
  hidden_size: { type: "int" },
  layout: { type: "int", default: 0 },
  output_sequence: { type: "int" },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** Which way each direction walks, in the order of W's first dim. */
export function directionsOf(op: string, node: NodeInfo): readonly ("forward" | "reverse")[] {
  const direction = node.attributes.direction as string;
  if (direction === "bidirectional") return ["forward", "reverse"];
  if (direction === "forward" || direction === "reverse") return [direction];
  refuse("operator-attribute", op, node, `direction "${direction}" is unknown; use forward, reverse or bidirectional`);
}

/** Sizes by the words of the specification; layout 1 has the batch first. `gates` are stacked in W, R and B. */
export function recurrentDims(op: string, node: NodeInfo, gates: number): Readonly<Record<"Y" | "state", Dims>> {
  const { X, W, R } = node.dims as { X: Dims; W: Dims; R: Dims };
  if (X.length !== 3 || W.length !== 3 || R.length !== 3)
    refuse(
      "shape",
      op,
      node,
      `X of ${printDims(X)}, W of ${printDims(W)} and R of ${printDims(R)} must have 3 dims each`,
    );
  if (node.attributes.clip < 0)
    refuse("operator-attribute", op, node, `clip is ${node.attributes.clip}; use a bound above 0, or leave it out`);
  const directions = Poly.int(directionsOf(op, node).length);
  const features = `X has ${X[2]!.print()} features and W takes ${W[2]!.print()}; they must agree`;
  requireEqual(op, node, X[2]!, W[2]!, features);
  if (W[0]!.isConst && !W[0]!.equals(directions))
    refuse(
      "shape",
      op,
      node,
      `W has weights for ${W[0]!.constant} directions and direction "${node.attributes.direction}" has ${directions.constant}; set direction, or give W for each direction`,
    );
  const hidden = R[2]!;
  return layerDims(op, node, [X[0]!, X[1]!], hidden, {
    W: [directions, hidden.mul(gates), W[2]!],
    R: [directions, hidden.mul(gates), hidden],
    B: [directions, hidden.mul(2 * gates)],
  });
}

/** Dims of the results of a layer over `sequence` (steps and batch, in the layout's order); `weights` are those that its inputs must have. */
export function layerDims(
  op: string,
  node: NodeInfo,
  sequence: readonly [Poly, Poly],
  hidden: Poly,
  weights: Readonly<Record<string, Dims>>,
): Readonly<Record<"Y" | "state", Dims>> {
  const directions = Poly.int(directionsOf(op, node).length);
  const batchFirst = node.attributes.layout === 1;
  const [steps, batch] = batchFirst ? [sequence[1], sequence[0]] : sequence;
  const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const wanted: Readonly<Record<string, Dims>> = {
    ...weights,
    P: [directions, hidden.mul(3)],
    sequence_lens: [batch],
    initial_h: state,
    initial_c: state,
  };
  for (const [name, dims] of Object.entries(wanted)) requireDims(op, node, name, dims);
  return {
    Y: batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden],
    state,
  };
}

function requireDims(op: string, node: NodeInfo, name: string, wanted: Dims): void {
  const dims = node.dims[name];
  if (!dims) return;
  const sentence = `${name} of ${printDims(dims)} is not ${printDims(wanted)}; they must agree`;
  if (dims.length !== wanted.length) refuse("shape", op, node, sentence);
  dims.forEach((size, j) => {
    requireEqual(op, node, wanted[j]!, size, sentence);
  });
}

export type Activation = (x: AnyTile) => AnyTile;
const linear = (x: AnyTile, slope: number, offset = 0): AnyTile =>
  offset === 0 ? x.mul(slope) : x.mul(slope).add(offset);

/** Activations by name, with alpha and beta and their defaults. */
const activations: Readonly<
  Record<
    string,
    {
      readonly alpha?: number;
      readonly beta?: number;
      readonly f: (x: AnyTile, alpha: number, beta: number) => AnyTile;
    }
  >
> = {
  relu: { f: x => x.relu() },
  tanh: { f: x => x.tanh() },
  sigmoid: { f: x => x.sigmoid() },
  affine: { alpha: 1, beta: 0, f: (x, a, b) => linear(x, a, b) },
  leakyrelu: { alpha: 0.01, f: (x, a) => where(x.ge(0), x, x.mul(a)) },
  thresholdedrelu: { alpha: 1, f: (x, a) => where(x.gt(a), x, 0) },
  scaledtanh: { alpha: 1, beta: 1, f: (x, a, b) => linear(x, b).tanh().mul(a) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, f: (x, a, b) => linear(x, a, b).maximum(0).minimum(1) },
  elu: { alpha: 1, f: (x, a) => where(x.ge(0), x, expm1(x).mul(a)) },
  softsign: { f: x => x.div(x.abs().add(1)) },
  softplus: { f: x => x.maximum(0).add(log1p(x.abs().neg().exp())) },
};

/** The activations of one direction: `activations` lists those of all directions; alphas and betas are consumed by those that take one. */
export function activationsOf(
  op: string,
  node: NodeInfo,
  direction: number,
  defaults: readonly string[],
): readonly Activation[] {
  const given = node.attributes.activations as readonly string[] | undefined;
  const count = defaults.length * directionsOf(op, node).length;
  if (given && given.length !== count)
    refuse(
      "operator-attribute",
      op,
      node,
      `activations names ${given.length} functions; give ${count}, ${defaults.length} for each direction`,
    );
  const alphas = [...((node.attributes.activation_alpha as readonly number[] | undefined) ?? [])];
  const betas = [...((node.attributes.activation_beta as readonly number[] | undefined) ?? [])];
  const names = given ?? directionsOf(op, node).flatMap(() => defaults);
  const all = names.map(name => {
    const activation = activations[name.toLowerCase()];
    if (!activation)
      refuse(
        "operator-attribute",
        op,
        node,
        `the activation ${name} is unknown; use one of ${Object.keys(activations).join(", ")}`,
      );
    const alpha = activation.alpha === undefined ? 0 : (alphas.shift() ?? activation.alpha);
    const beta = activation.beta === undefined ? 0 : (betas.shift() ?? activation.beta);
    return (x: AnyTile) => activation.f(x, alpha, beta);
  });
  return all.slice(direction * defaults.length, (direction + 1) * defaults.length);
}

/** `clip` bounds what goes into an activation. */
export const clipped = (x: AnyTile, clip: number | undefined): AnyTile => (clip ? x.maximum(-clip).minimum(clip) : x);
