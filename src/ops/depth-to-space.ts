// DepthToSpace: blocks of channels become blocks of pixels.
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { printDims, refuse, requireOneOf } from "./checks.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";

function checkedBlock(node: NodeInfo): number {
  const dims = node.dims.input!;
  const block: number = node.attributes.blocksize;
  requireOneOf("DepthToSpace", node, "mode", ["DCR", "CRD"]);
  if (block < 1) refuse("operator-attribute", "DepthToSpace", node, `blocksize is ${block}; use at least 1`);
  const sentence = `input is ${printDims(dims)}; it must have 4 dims, and channels in multiples of ${block * block}`;
  if (dims.length !== 4) refuse("shape", "DepthToSpace", node, sentence);
  requireMultiple("DepthToSpace", node, dims[1]!, block * block, sentence);
  return block;
}

export const operator: Operator = {
  name: "DepthToSpace",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { blocksize: { type: "int", required: true }, mode: { type: "string", default: "DCR" } },
  shape: node => {
    const block = checkedBlock(node);
    const [n, c, h, w] = node.dims.input!;
    return { output: [n!, opaque("div", c!, Poly.int(block * block)), h!.mul(block), w!.mul(block)] };
  },
  at: context => {
    const block = checkedBlock(context);
    const channels = context.outputs.output![1]!;
    const split = (i: AnyTile): [Poly, Poly] => {
      const p = polyOfIndex(i);
      return [opaque("div", p, Poly.int(block)), opaque("mod", p, Poly.int(block))];
    };
    return {
      output: (n, c, y, x) => {
        const [[row, dy], [column, dx]] = [split(y!), split(x!)];
        const inBlock = dy.mul(block).add(dx);
        const channel = polyOfIndex(c!);
        // DCR: the block is the outer part of the channels; CRD: the inner one
        const from =
          context.attributes.mode === "CRD"
            ? channel.mul(block * block).add(inBlock)
            : inBlock.mul(channels).add(channel);
        return context.inputs.input!.at(n!, indexTile(from), indexTile(row), indexTile(column));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ input }, { blocksize: b, mode = "DCR" }) => {
  const [n, c, h, w] = input!.dims as [number, number, number, number];
  const channels = c / (b * b);
  const read = elements(input!);
  const output = tabulate(input!.dtype, [n, channels, h * b, w * b], ([i, k, y, x]) => {
    const inBlock = (y! % b) * b + (x! % b);
    const from = mode === "CRD" ? k! * b * b + inBlock : inBlock * channels + k!;
    return read([i!, from, Math.floor(y! / b), Math.floor(x! / b)])!;
  });
  return { output };
};

const input = { dtype: "f32", dims: [2, 12, 3, 5] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "block outside", attributes: { blocksize: 2 }, inputs: { input } },
  { name: "block inside", attributes: { blocksize: 2, mode: "CRD" }, inputs: { input } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: dtype,
      attributes: { blocksize: 2 },
      inputs: { input: { dtype, dims: [1, 4, 3, 5] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Blocks of channels become blocks of pixels",
  dtypes: "any",
  opsets: [1, 28],
};
