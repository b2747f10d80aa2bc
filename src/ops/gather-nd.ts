// GatherND: slices picked by index tuples, which lie along the last dim of `indices`.
import { requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { readPosition } from "./gathered-index.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";

interface Picking {
  /** leading dims that data and indices share */
  readonly batch: number;
  /** length of an index tuple */
  readonly tuple: number;
}

function pickingOf(node: NodeInfo): Picking {
  const [data, indices] = [node.dims.data!, node.dims.indices!];
  const batch = node.attributes.batch_dims as number;
  const dtype = node.dtypes.indices!;
  if (dtype !== "i64" && dtype !== "i32")
    refuse("graph-invalid", "GatherND", node, `indices is ${dtype}; cast it to i64`);
  const last = indices.at(-1);
  if (!last?.isConst)
    refuse(
      "operator-unsupported",
      "GatherND",
      node,
      `the last dim of indices is ${last?.print() ?? "missing"}; it must be a number when the model is compiled`,
    );
  const tuple = last.constant;
  if (batch < 0 || batch >= indices.length || batch + tuple > data.length)
    refuse(
      "shape",
      "GatherND",
      node,
      `batch_dims ${batch} and index tuples of ${tuple} do not fit data of ${data.length} dims; their sum must be at most that`,
    );
  return { batch, tuple };
}

export const operator: Operator = {
  name: "GatherND",
  inputs: ["data", "indices"],
  outputs: ["output"],
  attributes: { batch_dims: { type: "int", default: 0 } },
  shape: node => {
    const { batch, tuple } = pickingOf(node);
    const { data, indices } = node.dims;
    const sentence = `data is ${printDims(data!)} and indices ${printDims(indices!)}; their first ${batch} dims, the batch, must agree`;
    for (let d = 0; d < batch; d++) requireEqual("GatherND", node, data![d]!, indices![d]!, sentence);
    return { output: [...node.dims.indices!.slice(0, -1), ...node.dims.data!.slice(batch + tuple)] };
  },
  at: context => {
    const { data, indices } = context.inputs;
    const { batch, tuple } = pickingOf(context);
    const picks = indices!.rank - 1;
    return {
      output: (...index) => {
        const positions = Array.from({ length: tuple }, (_, k) =>
          readPosition(context, indices!, [...index.slice(0, picks), k], data!.dims[batch + k]!.poly),
        );
        return data!.at(...index.slice(0, batch), ...positions, ...index.slice(picks));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ data, indices }, { batch_dims: batch = 0 }) => {
  const tuple = indices!.dims.at(-1)!;
  const picks = indices!.dims.length - 1;
  const [read, pick] = [elements(data!), elements(indices!)];
  const dims = [...indices!.dims.slice(0, -1), ...data!.dims.slice(batch + tuple)];
  const output = tabulate(data!.dtype, dims, i => {
    const at = [...i.slice(0, batch)];
    for (let k = 0; k < tuple; k++) {
      const picked = Number(pick([...i.slice(0, picks), k]));
      at.push(picked < 0 ? picked + data!.dims[batch + k]! : picked);
    }
    return read([...at, ...i.slice(picks)])!;
  });
  return { output };
};

const data = { dtype: "f32", dims: [2, 3, 4] } as const;
export const cases = (): readonly OperatorCase[] => [
  {
    name: "elements",
    inputs: { data, indices: { dtype: "i64", dims: [2, 3], data: [0, 2, 3, 1, -1, 0] } },
  },
  { name: "rows", inputs: { data, indices: { dtype: "i64", dims: [2, 1, 2], data: [0, 1, 1, 2] } } },
  {
    name: "in batches",
    attributes: { batch_dims: 1 },
    inputs: { data, indices: { dtype: "i64", dims: [2, 1], data: [1, 0] } },
  },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows`,
      inputs: { data: { dtype, dims: [3, 2, 9] }, indices: { dtype: "i64", dims: [2, 2], data: [2, 1, 0, -1] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "Slices picked by index tuples", dtypes: "any", opsets: [11, 13] };
