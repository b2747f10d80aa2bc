// BatchNormalization: X · f + (B − mean · f) with f = scale / √(var + epsilon) for each channel; in training mode mean and variance are
// those of the batch, and the running ones follow.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { moments, wide } from "./accumulate.js";
import { requireEntries } from "./broadcast.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type {
  Attributes,
  KernelContext,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";

const names = ["scale", "B", "input_mean", "input_var"] as const;

export const operator: Operator = {
  name: "BatchNormalization",
  inputs: ["X", ...names],
  // opsets before 14 listed the statistics of training as outputs of their own
  outputs: ["Y", "running_mean?", "running_var?", "saved_mean?", "saved_var?"],
  attributes: {
    epsilon: { type: "float", default: 1e-5 },
    momentum: { type: "float", default: 0.9 },
    training_mode: { type: "int", default: 0 },
    spatial: { type: "int", default: 1 },
    is_test: { type: "int" },
    consumed_inputs: { type: "ints" },
  },
  shape: node => {
    refuseOldTraining(node);
    checkChannels(node);
    const channels = [node.dims.scale![0]!];
    return { Y: node.dims.X!, running_mean: channels, running_var: channels };
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, running_mean: dtypes.input_mean!, running_var: dtypes.input_var! }),
  at: context => (context.attributes.training_mode === 1 ? training(context) : inference(context)),
};

/** One entry a channel; with spatial = 0 (before opset 9) the statistics have the dims of a sample, which reading checks. */
function checkChannels(node: NodeInfo): void {
  const X = node.dims.X!;
  if (node.attributes.spatial === 0) return;
  for (const name of names)
    requireEntries("BatchNormalization", node, name, { input: "X", what: "channels", count: X[1] ?? Poly.one });
}

function refuseOldTraining(node: NodeInfo): void {
  if (node.attributes.training_mode === 1 && node.opset >= 14) return;
  const extra = node.wanted.find(name => name !== "Y");
  if (extra)
    refuse(
      "operator-unsupported",
      "BatchNormalization",
      node,
      `the output ${extra} exists in training mode only (opset 14); export the model for inference`,
    );
}

function inference({ inputs, attributes }: KernelContext): Record<string, (...i: AnyTile[]) => AnyTile> {
  const X = inputs.X!;
  return {
    Y: (...i) => {
      // spatial = 0 (before opset 9): statistics for each element of a sample
      const channel = attributes.spatial === 0 ? i.slice(1) : [i[1] ?? 0];
      const [scale, B, mean, variance] = names.map(n => wide(inputs[n]!.at(...channel), X.dtype));
      const factor = scale!.div(variance!.add(attributes.epsilon).sqrt());
      return wide(X.at(...i), X.dtype)
        .mul(factor)
        .add(B!.sub(mean!.mul(factor)))
        .cast(X.dtype);
    },
  };
}

function training({ inputs, attributes }: KernelContext): Record<string, (...i: AnyTile[]) => AnyTile> {
  const X = inputs.X!;
  const statistics = (c: AnyTile): { mean: AnyTile; variance: AnyTile } => {
    const over = X.dims.map((d, j) => (j === 1 ? undefined : d.all()));
    const x = wide(X.at(...over.map(i => i ?? c)), X.dtype);
    return moments(
      x,
      over.filter(i => i !== undefined),
    );
  };
  const follow = (name: string, now: AnyTile, c: AnyTile): AnyTile => {
    const old = wide(inputs[name]!.at(c), X.dtype);
    return old
      .mul(attributes.momentum)
      .add(now.mul(1 - attributes.momentum))
      .cast(inputs[name]!.dtype);
  };
  return {
    Y: (...i) => {
      const { mean, variance } = statistics(i[1]!);
      const [scale, B] = ["scale", "B"].map(n => wide(inputs[n]!.at(i[1]!), X.dtype));
      const factor = scale!.div(variance.add(attributes.epsilon).sqrt());
      return wide(X.at(...i), X.dtype)
        .sub(mean)
        .mul(factor)
        .add(B!)
        .cast(X.dtype);
    },
    running_mean: c => follow("input_mean", statistics(c!).mean, c!),
    running_var: c => follow("input_var", statistics(c!).variance, c!),
  };
}

export const doc: OperatorDoc = {
  summary:
    "(X − mean) / √(variance + epsilon) · scale + B for each channel; training_mode = 1 takes mean and variance from the batch",
  dtypes: "float",
  opsets: [1, 15],
  limits: "training mode from opset 14 on",
};
/** worst measured on wasm in f32: 2.0 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, attributes): Record<string, ReferenceTensor> => {
  const X = inputs.X!;
  const x = elements(X);
  const train = attributes.training_mode === 1;
  const [epsilon, momentum] = [attributes.epsilon ?? 1e-5, attributes.momentum ?? 0.9];
  const statistic = (n: string): number[] => numbersOf(inputs[n]!);
  let [mean, variance] = [statistic("input_mean"), statistic("input_var")];
  // spatial = 0: a sample's elements have statistics of their own
  const channel = (i: readonly number[]): number =>
    attributes.spatial === 0 ? i.slice(1).reduce((at, v, j) => at * X.dims[j + 1]! + v, 0) : (i[1] ?? 0);
  if (train) {
    const sums = mean.map(() => [0, 0, 0]);
    forEachIndex(X.dims, i => {
      const s = sums[channel(i)]!;
      s[0]!++;
      s[1]! += Number(x(i));
    });
    forEachIndex(X.dims, i => {
      const s = sums[channel(i)]!;
      s[2]! += (Number(x(i)) - s[1]! / s[0]!) ** 2;
    });
    mean = sums.map(s => s[1]! / s[0]!);
    variance = sums.map(s => s[2]! / s[0]!);
  }
  const [scale, B] = [statistic("scale"), statistic("B")];
  const Y = tabulate(X.dtype, X.dims, i => {
    const c = channel(i);
    return ((Number(x(i)) - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * scale[c]! + B[c]!;
  });
  const follow = (name: string, now: readonly number[]): ReferenceTensor =>
    tabulate(inputs[name]!.dtype, [now.length], ([c]) => statistic(name)[c!]! * momentum + now[c!]! * (1 - momentum));
  if (!train) return { Y };
  return { Y, running_mean: follow("input_mean", mean), running_var: follow("input_var", variance) };
};

const of = (name: string, dims: readonly number[], attributes: Attributes = {}, dtype: Dtype = "f32"): OperatorCase => {
  const perChannel = { dtype, dims: [dims[1] ?? 1] };
  return {
    name: `${dtype} ${name}`,
    attributes,
    inputs: {
      X: { dtype, dims },
      scale: perChannel,
      B: perChannel,
      input_mean: perChannel,
      input_var: { ...perChannel, range: [0.5, 2] },
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("2-D", [2, 3, 5, 7], {}, d)),
  of("1-D", [2, 5, 11]),
  of("no space", [3, 7]),
  of("epsilon", [2, 3, 5], { epsilon: 0.01 }),
  of("training", [3, 4, 5, 2], { training_mode: 1, momentum: 0.8 }),
  of("no batch", [0, 3, 2, 2]),
];
