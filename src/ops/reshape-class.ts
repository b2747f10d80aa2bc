// What Reshape, Flatten, Squeeze, Unsqueeze and Identity share: the same elements in the same order under other dims.

import type { Dims, KnownValue } from "../graph/graph.js";
import type { AnyTile } from "../tile/index.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { knownDims, regroup } from "./known-values.js";
import { reindex } from "./linear-index.js";
import type { KernelContext, NodeInfo, Operator } from "./operator.js";

/** The parts of an operator whose output holds the elements of `input` in their order. */
export function reshapeClass(
  input: string,
  output: string,
  dimsOf: (node: NodeInfo) => Dims,
): Pick<Operator, "shape" | "values" | "reshape" | "at"> {
  return {
    shape: node => ({ [output]: dimsOf(node) }),
    values: node => ({ [output]: knownUnder(node.known[input], dimsOf(node)) }),
    reshape: true,
    at: context => ({ [output]: (...index) => readReshaped(context, input, output, index) }),
  };
}

function knownUnder(known: KnownValue | undefined, dims: Dims): KnownValue | undefined {
  const sizes = knownDims(dims);
  return known && sizes ? regroup(known, sizes) : undefined;
}

/** For a consumer that is inlined where the planner could not alias. */
function readReshaped(context: KernelContext, input: string, output: string, index: readonly AnyTile[]): AnyTile {
  const data = context.inputs[input]!;
  const own = data.dims.map(d => d.poly);
  const from = reindex(index.map(polyOfIndex), context.outputs[output]!, own);
  return data.at(...from.map(indexTile));
}
