// Kernels of nodes that are alike are made once (src/graph/partition/likeness.ts): each must be what it is when its node is compiled alone,
// whatever was compiled before. The pairs here are almost alike.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { partition } from "../../src/graph/partition/partition.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { print } from "../../src/ir/print.js";
import { elementType, float, int, ints, node, onnxModel, text, value } from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";

const registry = fullRegistry();
const { f32 } = elementType;
type Dims = readonly (number | string)[];
interface Piece {
  readonly op: string;
  readonly inputs: readonly Dims[];
  readonly output: Dims;
  readonly attributes?: readonly ReturnType<typeof int>[];
}
const piece = (op: string, inputs: readonly Dims[], output: Dims, attributes: Piece["attributes"] = []): Piece => ({
  op,
  inputs,
  output,
  attributes,
});
const conv = (x: Dims, w: Dims, y: Dims, attributes: Piece["attributes"] = []): Piece =>
  piece("Conv", [x, w], y, attributes);
const same = text("auto_pad", "SAME_UPPER");
const by2 = ints("strides", [2, 2]);

/** the pieces side by side, each between two others so that there is something to fuse */
function fileOf(pieces: readonly Piece[]): Uint8Array {
  return onnxModel({
    inputs: pieces.flatMap((p, k) => p.inputs.map((dims, i) => value(`x${k}_${i}`, f32, dims))),
    outputs: pieces.map((p, k) => value(`y${k}`, f32, p.output)),
    nodes: pieces.flatMap((p, k) => {
      const inputs = p.inputs.map((_, i) => `x${k}_${i}`);
      return [
        node("Sigmoid", [inputs[0]!], [`before${k}`]),
        node(p.op, [`before${k}`, ...inputs.slice(1)], [`made${k}`], [...p.attributes!]),
        node("Exp", [`made${k}`], [`y${k}`]),
      ];
    }),
  });
}
/** the kernels of each piece, as text with their sizes */
async function kernelsOf(pieces: readonly Piece[]): Promise<string[]> {
  const graph = await runPasses(await readOnnx(fileOf(pieces)), defaultPasses(registry));
  const { steps } = partition(graph, registry);
  const texts = pieces.map(() => "");
  for (const step of steps) {
    assert(step.kind === "kernel");
    const [number] = /\d+$/.exec(Object.values(step.buffers)[0]!.name) ?? [];
    const sizes = [...step.symbols].map(([s, size]) => `${s.name} = ${size.print()}`);
    const buffers = Object.entries(step.buffers).map(
      ([name, b]) => `${name}: ${b.name.replace(/(?<=[a-z])\d+/, "")} [${b.dims.map(d => d.print()).join()}]`,
    );
    texts[Number(number)] += [print(step.kernel), ...sizes, ...buffers, ""].join("\n");
  }
  return texts;
}

const families: Readonly<Record<string, readonly Piece[]>> = {
  "sizes that are equal by chance": [
    piece(
      "MatMul",
      [
        [9, 9],
        [9, 9],
      ],
      [9, 9],
    ),
    piece(
      "MatMul",
      [
        [9, 10],
        [10, 9],
      ],
      [9, 9],
    ),
    piece(
      "MatMul",
      [
        [9, 10],
        [10, 10],
      ],
      [9, 10],
    ),
    piece(
      "MatMul",
      [
        [11, 9],
        [9, 10],
      ],
      [11, 10],
    ),
  ],
  "small sizes, and 1": [
    piece("Add", [[9, 9], [9]], [9, 9]),
    piece("Add", [[9, 7], [7]], [9, 7]),
    piece("Add", [[9, 1], [9]], [9, 9]),
    piece("Add", [[9, 6], [1]], [9, 6]),
    piece("Add", [[1, 9], [9]], [1, 9]),
  ],
  "padding that sizes decide": [
    conv([1, 10, 16, 16], [10, 10, 3, 3], [1, 10, 8, 8], [same, by2]),
    conv([1, 10, 17, 17], [10, 10, 3, 3], [1, 10, 9, 9], [same, by2]),
    conv([1, 10, 17, 16], [10, 10, 3, 3], [1, 10, 9, 8], [same, by2]),
    conv([1, 10, 19, 22], [10, 10, 3, 3], [1, 10, 10, 11], [same, by2]),
  ],
  "groups of which sizes tell how large they are": [
    conv([1, 20, 9, 9], [24, 10, 1, 1], [1, 24, 9, 9], [int("group", 2)]),
    conv([1, 20, 9, 9], [28, 10, 1, 1], [1, 28, 9, 9], [int("group", 2)]),
    conv([1, 16, 9, 9], [16, 1, 1, 1], [1, 16, 9, 9], [int("group", 16)]),
    conv([1, 12, 9, 9], [24, 1, 1, 1], [1, 24, 9, 9], [int("group", 12)]),
  ],
  "outputs that are walked in phases, or not": [
    piece(
      "ConvTranspose",
      [
        [1, 9, 8, 8],
        [9, 9, 2, 2],
      ],
      [1, 9, 16, 16],
      [by2],
    ),
    piece(
      "ConvTranspose",
      [
        [1, 9, 8, 8],
        [9, 9, 3, 3],
      ],
      [1, 9, 17, 17],
      [by2],
    ),
    piece(
      "ConvTranspose",
      [
        [1, 9, 2, 9],
        [9, 9, 2, 2],
      ],
      [1, 9, 4, 18],
      [by2],
    ),
  ],
  "attributes that print alike": [
    piece("LeakyRelu", [[9, 10]], [9, 10], [float("alpha", 0)]),
    piece("LeakyRelu", [[9, 10]], [9, 10], [float("alpha", -0)]),
    piece("LeakyRelu", [[9, 10]], [9, 10], [float("alpha", Number.NaN)]),
    piece("LeakyRelu", [[9, 10]], [9, 10], [float("alpha", Number.POSITIVE_INFINITY)]),
  ],
  "means of other numbers": [
    piece("ReduceMean", [[9, 9]], [9, 1], [ints("axes", [1])]),
    piece("ReduceMean", [[9, 10]], [9, 1], [ints("axes", [1])]),
    piece("ReduceMean", [["n", 10]], ["n", 1], [ints("axes", [1])]),
    piece("GlobalAveragePool", [[1, 9, 10, 10]], [1, 9, 1, 1]),
    piece("GlobalAveragePool", [[1, 9, 10, 11]], [1, 9, 1, 1]),
  ],
  "sizes that only a run tells": [
    piece(
      "Add",
      [
        ["n", 9],
        ["n", 9],
      ],
      ["n", 9],
    ),
    piece(
      "Add",
      [
        ["m", 9],
        ["m", 9],
      ],
      ["m", 9],
    ),
    piece("Softmax", [["n", "n"]], ["n", "n"]),
    piece("Softmax", [["n", "m"]], ["n", "m"]),
    piece("Flatten", [["n", 9, 10]], ["n", 90]),
  ],
  "blocks of channels that move": [
    piece("DepthToSpace", [[1, 36, 9, 9]], [1, 9, 18, 18], [int("blocksize", 2)]),
    piece("DepthToSpace", [[1, 40, 9, 9]], [1, 10, 18, 18], [int("blocksize", 2)]),
    piece("AveragePool", [[1, 9, 16, 16]], [1, 9, 8, 8], [ints("kernel_shape", [3, 3]), same, by2]),
    piece("AveragePool", [[1, 9, 17, 17]], [1, 9, 9, 9], [ints("kernel_shape", [3, 3]), same, by2]),
  ],
};

describe("kernels of nodes that are almost alike are their own", () => {
  for (const [name, pieces] of Object.entries(families))
    it(name, async () => {
      const alone: string[] = [];
      for (const p of pieces) alone.push(...(await kernelsOf([p])));
      assert(alone.every(text => text.includes("kernel")));
      assert.deepEqual(await kernelsOf([...pieces, ...pieces]), [...alone, ...alone]);
      const turned = pieces.toReversed();
      assert.deepEqual(await kernelsOf([...turned, ...turned]), [...alone.toReversed(), ...alone.toReversed()]);
    });

  it("those of nodes that are alike are one", async () => {
    const layers = [9, 10, 11].map(n => conv([1, n, 20, 20], [n, n, 1, 1], [1, n, 20, 20]));
    const graph = await runPasses(await readOnnx(fileOf(layers)), defaultPasses(registry));
    const kernels = partition(graph, registry).steps.flatMap(s => (s.kind === "kernel" ? [s.kernel] : []));
    assert.equal(new Set(kernels).size, kernels.length / 3);
  });
});
