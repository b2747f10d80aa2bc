// SpaceToDepth: blocks of pixels become blocks of channels.
import { opaque, Poly } from "../ir/poly.js";
import { printDims, refuse, requireOneOf } from "./checks.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";

function checkedBlock(node: NodeInfo): number {
  const dims = node.dims.input!;
  const block: number = node.attributes.blocksize;
  if (block < 1) refuse("operator-attribute", "SpaceToDepth", node, `blocksize is ${block}; use at least 1`);
  const sentence = `input is ${printDims(dims)}; it must have 4 dims, and height and width in multiples of ${block}`;
  if (dims.length !== 4) refuse("shape", "SpaceToDepth", node, sentence);
  for (const d of dims.slice(2)) requireMultiple("SpaceToDepth", node, d, block, sentence);
  return block;
}

export const operator: Operator = {
  name: "SpaceToDepth",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { blocksize: { type: "int", required: true }, mode: { type: "string", default: "DCR" } },
  shape: node => {
    requireOneOf("SpaceToDepth", node, "mode", ["DCR", "CRD"]);
    const block = checkedBlock(node);
    const [n, c, h, w] = node.dims.input!;
    return {
      output: [n!, c!.mul(block * block), opaque("div", h!, Poly.int(block)), opaque("div", w!, Poly.int(block))],
    };
  },
  at: context => {
    const block = checkedBlock(context);
    const channels = context.dims.input![1]!;
    return {
      output: (n, c, y, x) => {
        // DCR: the block outside of the channels; CRD: inside
        const within = Poly.int(block * block);
        const deep = context.attributes.mode === "DCR";
        const inBlock = deep ? opaque("div", polyOfIndex(c!), channels) : opaque("mod", polyOfIndex(c!), within);
        const row = polyOfIndex(y!)
          .mul(block)
          .add(opaque("div", inBlock, Poly.int(block)));
        const column = polyOfIndex(x!)
          .mul(block)
          .add(opaque("mod", inBlock, Poly.int(block)));
        const channel = deep ? opaque("mod", polyOfIndex(c!), channels) : opaque("div", polyOfIndex(c!), within);
        return context.inputs.input!.at(n!, indexTile(channel), indexTile(row), indexTile(column));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ input }, { blocksize: b, mode = "DCR" }) => {
  const [n, c, h, w] = input!.dims as [number, number, number, number];
  const read = elements(input!);
  const output = tabulate(input!.dtype, [n, c * b * b, h / b, w / b], ([i, k, y, x]) => {
    const [inBlock, channel] = mode === "DCR" ? [Math.floor(k! / c), k! % c] : [k! % (b * b), Math.floor(k! / (b * b))];
    return read([i!, channel, y! * b + Math.floor(inBlock / b), x! * b + (inBlock % b)])!;
  });
  return { output };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "blocks of 2", attributes: { blocksize: 2 }, inputs: { input: { dtype: "f32", dims: [2, 3, 4, 6] } } },
  {
    name: "blocks inside of channels",
    attributes: { blocksize: 2, mode: "CRD" },
    inputs: { input: { dtype: "f32", dims: [2, 3, 4, 6] } },
  },
  { name: "blocks of 3", attributes: { blocksize: 3 }, inputs: { input: { dtype: "u8", dims: [1, 2, 3, 9] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Blocks of pixels become blocks of channels",
  dtypes: "any",
  opsets: [1, 28],
};
