// What a model was loaded from may change while the model lives, and some runs have to compile again: then what is read is what was
// loaded, or the run says so.
import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { type LoadOptions, load, type Model, type ModelSource, Tensor } from "../../src/index.js";
import { openModel } from "../../src/load/source.js";
import { elementType, f32Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";

/** 100 KB of weights, more than a read ahead brings along */
const SIZE = 160;
const weights = (w: number): number[] => new Array(SIZE * SIZE).fill(w);
/** n decides the rank of y, so nothing is compiled before the first run. */
const model = (w: number): Uint8Array =>
  onnxModel({
    inputs: [value("x", elementType.f32, ["n", SIZE])],
    outputs: [value("y", elementType.f32)],
    initializers: [f32Tensor("w", [SIZE, SIZE], weights(w))],
    nodes: [node("MatMul", ["x", "w"], ["product"]), node("Squeeze", ["product"], ["y"])],
  });
const external = onnxModel({
  inputs: [value("x", elementType.f32, ["n", SIZE])],
  outputs: [value("y", elementType.f32)],
  initializers: [
    {
      name: "w",
      dataType: elementType.f32,
      dims: [BigInt(SIZE), BigInt(SIZE)],
      dataLocation: 1,
      externalData: [{ key: "location", value: "w.bin" }],
    },
  ],
  nodes: [node("MatMul", ["x", "w"], ["product"]), node("Squeeze", ["product"], ["y"])],
});

/** The first number of y, run after `change`; with weights of 2 it is 320. */
async function firstAfter(
  source: ModelSource,
  change: () => unknown,
  options: LoadOptions = {},
  meanwhile = (_loaded: Model): void => {},
): Promise<number> {
  const loaded = await load(source, { threads: 1, cache: false, ...options });
  try {
    await change();
    const running = loaded.run({ x: new Tensor("f32", new Float32Array(SIZE).fill(1), [1, SIZE]) });
    meanwhile(loaded);
    const { y } = await running;
    return y!.data[0] as number;
  } finally {
    loaded.dispose();
  }
}

describe("bytes that were loaded are the caller's again", () => {
  it("to be overwritten", async () => {
    const bytes = Uint8Array.from(model(2));
    assert.equal(await firstAfter(bytes, () => bytes.set(model(3))), 2 * SIZE);
  });
  it("to be transferred", async () => {
    const bytes = Uint8Array.from(model(2)).buffer;
    assert.equal(await firstAfter(bytes, () => structuredClone(bytes, { transfer: [bytes] })), 2 * SIZE);
  });
  it("but those of readExternal are not copied, and missed where they are gone", async () => {
    const bytes = new Uint8Array(Float32Array.from(weights(2)).buffer);
    const options = { readExternal: async () => bytes };
    assert.equal(await firstAfter(external, () => {}, options), 2 * SIZE);
    const transferred = () => structuredClone(bytes, { transfer: [bytes.buffer] });
    await assert.rejects(firstAfter(external, transferred, options), {
      code: "model-external-data",
      message:
        'the bytes of "w.bin" that readExternal gave were transferred or resized since; leave them alone until dispose()',
    });
  });
});

test("what is closed holds no bytes any more", async () => {
  const opened = await openModel(model(2));
  assert.equal((await opened.source.read(0, 4)).length, 4);
  await opened.close();
  assert.throws(() => opened.source.read(0, 4), { code: "disposed" });
});

describe("a file that was loaded", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "azulejo-"));
    path = join(folder, "model.onnx");
  });
  after(() => rm(folder, { recursive: true }));

  it("is not mixed with what is written to it afterwards", async () => {
    await writeFile(path, model(2));
    await assert.rejects(
      firstAfter(path, () => writeFile(path, model(3))),
      {
        code: "model-format",
        message: `${path} was written to since it was loaded, and these inputs need what it held; load it again`,
      },
    );
  });
  it("or bytes, with the model disposed of while a run compiles: the run says so", async () => {
    await writeFile(path, model(2));
    for (const source of [path, model(2)])
      await assert.rejects(
        firstAfter(
          source,
          () => {},
          {},
          loaded => loaded.dispose(),
        ),
        { name: "AzulejoError", code: "disposed", message: "The model was disposed" },
      );
  });
  it("may be replaced or removed", { skip: process.platform === "win32" }, async () => {
    await writeFile(path, model(2));
    const replace = async () => {
      await writeFile(`${path}.new`, model(3));
      await rename(`${path}.new`, path);
    };
    assert.equal(await firstAfter(path, replace), 2 * SIZE);
    assert.equal(await firstAfter(path, () => rm(path)), 3 * SIZE);
  });
});
