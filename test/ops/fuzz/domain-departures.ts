// Where onnxruntime-node 1.30 and the references of com.microsoft and ai.onnx.ml differ, and why: measured, or open in what is written of the operator.
import type { PeerDeparture } from "./departure.js";
import { holds, holdsInfinity, holdsNaN } from "./departure.js";

export const domainDepartures: readonly PeerDeparture[] = [
  {
    operators: /^ai\.onnx\.ml LinearRegressor$/,
    when: ({ attributes = {} }) => attributes.post_transform === "SOFTMAX" && (attributes.targets ?? 1) === 1,
    reason: "a softmax of one target, which is 1, is left out there",
  },
  {
    operators: /^ai\.onnx\.ml LinearClassifier$/,
    when: ({ attributes = {} }) =>
      /^SOFTMAX/.test(String(attributes.post_transform)) &&
      ((attributes.intercepts as readonly number[] | undefined)?.length ?? 0) === 1,
    reason:
      "of two labels with one row it leaves a softmax out, and gives 1 − s and s (measured with SOFTMAX and SOFTMAX_ZERO)",
  },
  {
    operators: /^com\.microsoft FastGelu$/,
    when: c => (c.inputs.X?.dims.at(-1) ?? 1) === 1 && c.inputs.bias?.dims.length === 1,
    reason:
      "in f16, the sum of rows of one element and a bias is as long as the bias there, where in f32 it has the dims of X",
  },
  {
    operators: /^com\.microsoft MultiHeadAttention$/,
    when: ({ attributes = {}, inputs: { query, key } }) =>
      attributes.unidirectional === 1 &&
      key !== undefined &&
      key.dims[key.dims.length === 4 ? 2 : 1] !== query!.dims[1],
    reason: "the last query sees all keys there, also where there are more keys than queries",
  },
  {
    operators: /^com\.microsoft Q?MoE$/,
    when: ({ inputs: { router_probs: router } }) => {
      const experts = router!.dims[1]!;
      const rows = Array.from({ length: router!.dims[0]! }, (_, t) =>
        router!.data!.slice(t * experts, (t + 1) * experts),
      );
      return rows.some(row => new Set(row.map(Number)).size < experts);
    },
    reason: "which of two experts comes first that are rated alike is open",
  },
  {
    operators: /^com\.microsoft MoE$/,
    when: c => c.inputs.input!.dtype === "f16",
    reason:
      "its product of f16 takes no notice that weights lie with rows for outputs: it reads experts×rows×columns as experts×columns×rows",
  },
  {
    operators: /^com\.microsoft QMoE$/,
    when: ({ attributes = {} }) => (attributes.normalize_routing_weights ?? 0) === 0,
    reason: "it weighs the chosen experts as if normalize_routing_weights were 1",
  },
  {
    operators: /^com\.microsoft QMoE$/,
    when: ({ attributes = {} }) => (attributes.swiglu_fusion ?? 0) !== 0 && attributes.activation_type !== "swiglu",
    reason:
      "beside another activation too, it takes fc1 for a layer of twice the rows: the second token of an expert goes to fc2 with what the next expert's fc1 gives the first (measured: equal), and the rows behind the last expert's lie outside",
  },
  {
    operators: /^com\.microsoft SparseAttention$/,
    when: ({ inputs: { key_total_sequence_lengths: lengths, total_sequence_length: total } }) =>
      lengths!.data!.some(length => Number(length) !== Number(total!.data![0])),
    reason:
      "where a batch has fewer keys than total_sequence_length, it writes weights of one row length and reads them with another",
  },
  {
    operators: /^com\.microsoft SparseAttention$/,
    when: holdsInfinity,
    reason:
      "keys that are hidden score the least number of the type there: where all keys that a query sees score −∞, it gives the mean of the hidden values, and 0 here (measured)",
  },
  {
    operators: /^com\.microsoft WordConvEmbedding$/,
    when: ({ inputs: { Sequence: words } }) => {
      const [count, length] = words!.dims as [number, number];
      return Array.from({ length: count }, (_, i) => words!.data?.[i * length]).some(id => !(Number(id) > 0));
    },
    reason: "a word that begins with no character leaves there what lay in memory, and gives zeros here",
  },
  {
    operators: /CDist/,
    when: c => holds(c, x => !Number.isFinite(x)),
    reason:
      "it computes distances by a product of matrices, in which infinities meet: from ∞, 1 to 1, 1 it is NaN, and ∞ here",
  },
  {
    operators: /^com\.microsoft MatMulBnb4$/,
    when: c => c.attributes?.transB === 0,
    reason:
      "with transB 0 the result has the dims of A · B, and the numbers of A · Bᵀ, which reads behind the weights' end",
  },
  {
    operators: /^com\.microsoft MatMulNBits$/,
    when: c => c.inputs.g_idx !== undefined && c.inputs.zero_points?.dtype === "u8",
    reason: "with g_idx it takes no notice of packed zero points: all are 8",
  },
  {
    operators: /^com\.microsoft QLinearSoftmax$/,
    when: ({ inputs: { X }, attributes: { axis = -1, opset } = {} }) => {
      const from = Number(axis) < 0 ? Number(axis) + X!.dims.length : Number(axis);
      const row = Number(opset) < 13 ? X!.dims.slice(from) : [X!.dims[from]];
      return row.every(n => n === 1);
    },
    reason: "a probability of 1 that Y_scale makes 256 wraps around to 0, where 255 is the largest byte",
  },
  {
    operators: /^com\.microsoft DynamicQuantizeLSTM$/,
    when: c => holdsNaN(c) || holdsInfinity(c),
    reason: "it makes bytes of X by the range of all X, which NaN and infinities take from all",
  },
  {
    operators: /^com\.microsoft DynamicQuantizeLSTM$/,
    reason:
      "it makes bytes of X and, in each step, of the hidden state, where here only the weights are bytes: doc.limits says so",
    // two steps of a byte over the range of what comes out
    within: { relative: 0, absolute: 2 ** 16 },
  },
  {
    operators: /^ai\.onnx\.ml SVMClassifier$/,
    when: ({ attributes = {} }) =>
      /^SOFTMAX/.test(String(attributes.post_transform)) &&
      (attributes.classlabels_ints as readonly number[] | undefined)?.length === 2 &&
      !attributes.prob_a,
    reason: "of two labels without shares it leaves a softmax out, and gives −s and s (measured with SOFTMAX)",
  },
  {
    operators: /^ai\.onnx\.ml TreeEnsembleClassifier$/,
    when: ({ attributes = {} }) => {
      const {
        class_treeids: trees,
        class_nodeids: nodes,
        class_ids: ids,
      } = attributes as Record<string, readonly number[]>;
      const named = nodes!.map((node, k) => `${trees![k]}/${node}/${ids![k]}`);
      return new Set(ids).size === 1 && new Set(named).size < named.length;
    },
    reason:
      "where leaves speak of one class alone, the first weight of a leaf counts, and here their sum (measured: 0.5 of 0.5 and 0.75)",
  },
];
