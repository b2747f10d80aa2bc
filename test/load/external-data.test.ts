// A model whose weights lie in a file beside it, through load(): read when they are packed, refused where they are not there.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { ModelSource } from "../../src/index.js";
import { load, Tensor } from "../../src/index.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

const COUNT = 4096;
const model = onnxModel({
  inputs: [value("x", elementType.f32, ["n", COUNT])],
  outputs: [value("y", elementType.f32)],
  initializers: [
    {
      name: "w",
      dataType: elementType.f32,
      dims: [BigInt(COUNT)],
      dataLocation: 1,
      externalData: [
        { key: "location", value: "weights/w.bin" },
        { key: "offset", value: "8" },
      ],
    },
  ],
  nodes: [node("Add", ["x", "w"], ["y"])],
});

describe("external data", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "azulejo-"));
    path = join(folder, "model.onnx");
    await mkdir(join(folder, "weights"));
    await writeFile(path, model);
    await writeFile(
      join(folder, "weights/w.bin"),
      Float32Array.from({ length: COUNT + 2 }, (_, i) => i - 2),
    );
    await writeFile(join(folder, "alone.onnx"), onnxModelElsewhere());
  });
  after(() => rm(folder, { recursive: true }));

  const sources: readonly [
    title: string,
    of: () => ModelSource,
    readExternal?: (name: string) => Promise<Uint8Array>,
  ][] = [
    ["beside a path", () => path],
    ["beside a file URL", () => pathToFileURL(path)],
    [
      "through the option readExternal",
      () => model,
      async name => {
        assert.equal(name, "weights/w.bin");
        return new Uint8Array(Float32Array.from({ length: COUNT + 2 }, (_, i) => i - 2).buffer);
      },
    ],
  ];
  it("through links, of which caches are made", { skip: process.platform === "win32" }, async () => {
    const snapshot = join(folder, "snapshot");
    await mkdir(join(snapshot, "weights"), { recursive: true });
    await symlink("../model.onnx", join(snapshot, "model.onnx"));
    await symlink("../../weights/w.bin", join(snapshot, "weights/w.bin"));
    const loaded = await load(join(snapshot, "model.onnx"), { threads: 1 });
    const { y } = await loaded.run({ x: new Tensor("f32", new Float32Array(COUNT), [1, COUNT]) });
    assert.equal(y!.data.at(-1), COUNT - 1);
    loaded.dispose();
  });
  for (const [title, of, readExternal] of sources)
    it(title, async () => {
      const loaded = await load(of(), { threads: 1, ...(readExternal ? { readExternal } : {}) });
      try {
        const { y } = await loaded.run({ x: new Tensor("f32", new Float32Array(2 * COUNT).fill(0.5), [2, COUNT]) });
        assert.deepEqual([...y!.data.slice(COUNT, COUNT + 3)], [0.5, 1.5, 2.5]);
        assert.equal(y!.data.at(-1), COUNT - 0.5);
      } finally {
        loaded.dispose();
      }
    });

  it("a missing file is named, with the model", async () => {
    const alone = join(folder, "alone.onnx");
    await assert.rejects(load(alone, { threads: 1 }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "model-external-data");
      assert.ok(
        error.message.startsWith(`${alone} keeps weights in "elsewhere.bin", which can't be opened (`),
        error.message,
      );
      assert.ok(error.message.endsWith("); put the file beside the model"), error.message);
      return true;
    });
  });
});

function onnxModelElsewhere(): Uint8Array {
  return onnxModel({
    outputs: [value("y", elementType.f32)],
    initializers: [
      {
        name: "w",
        dataType: elementType.f32,
        dims: [2n],
        dataLocation: 1,
        externalData: [{ key: "location", value: "elsewhere.bin" }],
      },
    ],
    nodes: [node("Neg", ["w"], ["y"])],
  });
}
