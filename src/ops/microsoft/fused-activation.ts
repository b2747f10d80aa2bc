// The activation that ONNX Runtime writes into a convolution or a matrix product, by name and parameters, as a node behind it.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { refuse } from "../checks.js";
import type { Attributes, Builder, NodeInfo } from "../operator.js";

/** Parameters in their order, with the defaults of the ONNX operators of these names. */
interface Activation {
  readonly defaults: readonly number[];
  readonly node: (build: Builder, x: Value, dtype: Dtype, p: readonly number[]) => Value;
  readonly value: (x: number, p: readonly number[]) => number;
}
const plain = (op: string, value: Activation["value"]): Activation => ({
  defaults: [],
  node: (build, x) => build.node(op, [x]),
  value,
});

const activations: Readonly<Record<string, Activation>> = {
  Relu: plain("Relu", x => Math.max(x, 0)),
  Tanh: plain("Tanh", x => Math.tanh(x)),
  Sigmoid: plain("Sigmoid", x => 1 / (1 + Math.exp(-x))),
  LeakyRelu: {
    defaults: [0.01],
    node: (build, x, _, [alpha]) => build.node("LeakyRelu", [x], { alpha }),
    value: (x, [alpha]) => (x >= 0 ? x : alpha! * x),
  },
  Clip: {
    defaults: [-3.402823466e38, 3.402823466e38],
    node: (build, x, dtype, p) => build.node("Clip", [x, ...p.map(v => build.constant(dtype, [], [v]))]),
    value: (x, [low, high]) => Math.min(Math.max(x, low!), high!),
  },
  HardSigmoid: {
    defaults: [0.2, 0.5],
    node: (build, x, _, [alpha, beta]) => build.node("HardSigmoid", [x], { alpha, beta }),
    value: (x, [alpha, beta]) => Math.max(0, Math.min(1, alpha! * x + beta!)),
  },
};

/** Parameters that lie in attributes of their own. */
export const parametersOf = (a: Attributes): readonly number[] =>
  [a.activation_alpha, a.activation_beta, a.activation_gamma].filter(p => p !== undefined);

/** `given` are the parameters that the node has, in their order. */
function activationOf(op: string, node: NodeInfo, name: string, given: readonly number[]) {
  const activation =
    activations[name] ??
    refuse(
      "operator-unsupported",
      op,
      node,
      `activation "${name}" is unknown; use one of ${Object.keys(activations).join(", ")}`,
    );
  return { ...activation, parameters: activation.defaults.map((d, k) => given[k] ?? d) };
}

export function activate(
  op: string,
  node: NodeInfo,
  build: Builder,
  x: Value,
  dtype: Dtype,
  given: readonly number[],
): Value {
  const name = node.attributes.activation as string;
  if (!name) return x;
  const { node: make, parameters } = activationOf(op, node, name, given);
  return make(build, x, dtype, parameters);
}

export function activationReference(name: string | undefined, given: readonly number[]): (x: number) => number {
  if (!name) return x => x;
  const { value, defaults } = activations[name]!;
  const parameters = defaults.map((d, k) => given[k] ?? d);
  return x => value(x, parameters);
}
