// WriteRow: one row of a tensor that others fill as well; a part of the loops that Loop and Scan become. An operator of this project.
// It writes in place: the partition gives its output the memory of the whole.
import type { Operator, OperatorDoc } from "./operator.js";
import { gridKernel, KernelSizes } from "./whole-kernel.js";

export const operator: Operator = {
  name: "WriteRow",
  domain: "azulejo",
  inputs: ["row", "slice"],
  outputs: ["output"],
  // the partition makes the node and knows how many rows there are
  shape: () => ({}),
  kernels: node => {
    const sizes = new KernelSizes();
    const output = sizes.tensor("output", node.dtypes.slice!, node.outputs.output!, "inout");
    const row = sizes.tensor("row", node.dtypes.row!, []);
    const slice = sizes.tensor("slice", node.dtypes.slice!, node.dims.slice!);
    const write = gridKernel("write_row", sizes, [row, slice, output], output.dims.slice(1), (views, inner) => {
      views.output!.at(views.row!.at().cast("i32"), ...inner).accumulate(views.slice!.at(...inner), "last");
    });
    return [write];
  },
};

export const doc: OperatorDoc = {
  summary: "A row of a tensor that is filled in place: a part of Loop and Scan",
  dtypes: "any",
  opsets: [1, 1],
};
