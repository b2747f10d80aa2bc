// ZipMap: every row of a matrix as a map from the labels of its columns.
import type { HostMap } from "../../runtime/host-value.js";
import type { TensorData } from "../../runtime/tensor.js";
import { refuse, requireRanks } from "../checks.js";
import { mapOf, sequenceOf, tensorType, textOf } from "../host-types.js";
import type { NodeInfo, Operator, OperatorDoc } from "../operator.js";

const op = "ZipMap";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Z"],
  attributes: { classlabels_int64s: { type: "ints" }, classlabels_strings: { type: "strings" } },
  shape: () => ({}),
  host: {
    reason: "it makes maps",
    types: node => {
      requireRanks(op, node, { X: [1, 2] });
      const labels = labelsOf(node);
      const columns = node.dims.X?.at(-1);
      if (columns?.isConst && columns.constant !== labels.length) wrongColumns(node, columns.constant, labels.length);
      const key = typeof labels[0] === "string" ? textOf([]) : tensorType("i64", []);
      return { Z: sequenceOf(mapOf(key, tensorType("f32", []))) };
    },
    run: ({ X }, node) => {
      const { dims, data } = X as TensorData;
      const labels = labelsOf(node);
      const columns = dims.at(-1)!;
      if (columns !== labels.length) wrongColumns(node, columns, labels.length);
      const rows = dims.length === 1 ? 1 : dims[0]!;
      return {
        Z: Array.from(
          { length: rows },
          (_, r): HostMap => new Map(labels.map((l, c) => [l, Number(data[r * columns + c])])),
        ),
      };
    },
  },
};

function labelsOf(node: NodeInfo): readonly (string | bigint)[] {
  const { classlabels_int64s: integers = [], classlabels_strings: texts = [] } = node.attributes;
  if ((integers.length === 0) === (texts.length === 0))
    refuse(
      "operator-attribute",
      op,
      node,
      "one of classlabels_int64s and classlabels_strings must be given, and only one; change the list of labels",
    );
  return texts.length > 0 ? texts : integers.map(BigInt);
}

function wrongColumns(node: NodeInfo, columns: number, labels: number): never {
  refuse("shape", op, node, `X has ${columns} columns for ${labels} labels; give one column for each label`);
}

export const doc: OperatorDoc = {
  summary: "Every row of a matrix as a JavaScript Map from labels of columns, text or bigint, to numbers",
  dtypes: "f32",
  opsets: [1, 1],
};
