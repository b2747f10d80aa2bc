// ShuffledPointwise: a 1×1 convolution over some channels of each of several groups. An operator of this project: the pass
// fold-shuffle makes it of a convolution in groups that reads shuffled channels, which so needs no shuffle.
import { dot } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "ShuffledPointwise",
  domain: "azulejo",
  // W: outputs × channels of a group × groups; a group begins per_group channels after the one before
  inputs: ["X", "W", "B?"],
  outputs: ["Y"],
  prefers: "channels-last",
  attributes: { per_group: { type: "int", required: true } },
  shape: ({ dims: { X, W } }) => ({ Y: [X![0]!, W![0]!, ...X!.slice(2)] }),
  at: ({ inputs: { X, W, B }, dtypes, attributes: { per_group } }) => {
    return {
      Y: (n, m, ...o) => {
        const channel = W!.dims[1]!.all("c");
        const group = W!.dims[2]!.all("g");
        const y = dot(X!.at(n!, group.mul(per_group).add(channel), ...o), W!.at(m!, channel, group), channel, group);
        return (B ? y.add(wide(B.at(m!), dtypes.X!)) : y).cast(dtypes.X!);
      },
    };
  },
};

export const doc: OperatorDoc = {
  summary: "A 1×1 convolution over a run of channels of each group: a part of Conv behind shuffled channels",
  dtypes: "float",
  opsets: [1, 1],
  limits: "made by the pass fold-shuffle",
};
/** that of Conv */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = ({ X, W, B }, { per_group }) => {
  const [x, w] = [elements(X!), elements(W!)];
  const [outputs, channels, groups] = W!.dims as [number, number, number];
  const Y = tabulate(X!.dtype, [X!.dims[0]!, outputs, ...X!.dims.slice(2)], ([n, m, ...o]) => {
    let sum = B ? Number(B.data[m!]) : 0;
    for (let c = 0; c < channels; c++)
      for (let g = 0; g < groups; g++) sum += Number(x([n!, g * per_group + c, ...o])) * Number(w([m!, c, g]));
    return sum;
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] =>
  floats.flatMap(dtype =>
    [
      { x: [2, 10, 3, 5], w: [4, 2, 3], per_group: 4 },
      { x: [1, 68, 4, 4], w: [68, 17, 4], per_group: 17 },
      { x: [1, 6, 7], w: [5, 1, 2], per_group: 3 },
    ].map(({ x, w, per_group }) => ({
      name: `${dtype} ${x.join("×")} by ${w.join("×")}, ${per_group} a group`,
      attributes: { per_group },
      inputs: { X: { dtype, dims: x }, W: { dtype, dims: w }, B: { dtype, dims: [w[0]!] } },
    })),
  );
