// Runs a model with an unknown operator: first the error that names it, then the run with fifteen lines that define it.
import { AzulejoError, load, Tensor } from "azulejo";
import { isMain } from "../is-main.js";
import { swooshModel } from "./model.js";
import { swoosh } from "./swoosh.js";

const SIZE = 32;

export async function main(print: (line: string) => void): Promise<void> {
  const bytes = swooshModel(1.5);
  try {
    await load(bytes);
  } catch (error) {
    if (!(error instanceof AzulejoError)) throw error;
    print(`without the operator: [${error.code}] ${error.message}`);
  }
  const model = await load(bytes, { operators: [swoosh] });
  try {
    const pixels = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => (i % 255) / 255);
    const { result } = await model.run({ image: new Tensor("f32", pixels, [1, 3, SIZE, SIZE]) });
    print(
      `with it: result is ${result!.dtype} [${result!.dims.join(", ")}], first values ${Array.from(result!.data.slice(0, 3) as Float32Array, x => x.toFixed(4)).join(" ")}`,
    );
    for (const kernel of model.report().kernels) print(`kernel ${kernel.name}: ${kernel.nodes.join(" + ")}`);
  } finally {
    model.dispose();
  }
}

if (isMain(import.meta.url)) await main(console.log);
