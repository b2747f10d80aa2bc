// SqueezeNet 1.1 with 8 bits, calibrated on two random pictures: node dist/bench/quantize.js MODEL.onnx OUT.onnx
import { readFile, writeFile } from "node:fs/promises";
import { Tensor } from "../src/index.js";
import { randomNumbers } from "../test/models/inventory.js";
import { quantizedModel } from "../test/models/quantize.js";

const [from, to] = process.argv.slice(2) as [string, string];
const dims = [1, 3, 224, 224];
const picture = (seed: number) => ({
  data: new Tensor(
    "f32",
    randomNumbers(
      dims.reduce((a, b) => a * b, 1),
      4,
      seed,
    ),
    dims,
  ),
});
await writeFile(to, await quantizedModel(await readFile(from), [picture(1), picture(2)]));
