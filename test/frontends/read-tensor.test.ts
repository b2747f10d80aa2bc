// Tensor files (.pb) on their own, written with the protobuf library from the fields that onnx.proto defines.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "onnx-buf";
import { readOnnxTensor } from "../../src/frontends/onnx/index.js";

const file = (fields: MessageInitShape<typeof TensorProtoSchema>): Uint8Array =>
  toBinary(TensorProtoSchema, create(TensorProtoSchema, fields));

test("raw and typed data are read in every place that ONNX stores them", async () => {
  const raw = file({ dataType: 1, dims: [2n, 1n], rawData: new Uint8Array(Float32Array.of(1.5, -2).buffer) });
  assert.deepEqual(await readOnnxTensor(raw, "x.pb"), { dtype: "f32", dims: [2, 1], data: Float32Array.of(1.5, -2) });
  const typed = file({ dataType: 7, dims: [2n], int64Data: [3n, -4n] });
  assert.deepEqual(await readOnnxTensor(typed, "x.pb"), { dtype: "i64", dims: [2], data: BigInt64Array.of(3n, -4n) });
  const bool = file({ dataType: 9, dims: [], int32Data: [1] });
  assert.deepEqual(await readOnnxTensor(bool, "x.pb"), { dtype: "bool", dims: [], data: Uint8Array.of(1) });
});

test("bytes at any offset of a Node Buffer's pool are read, and the result shares nothing with them", async () => {
  const raw = file({
    dataType: 1,
    dims: [300n],
    rawData: new Uint8Array(Float32Array.from({ length: 300 }, (_, i) => i).buffer),
  });
  for (let offset = 0; offset < 4; offset++) {
    const pool = Buffer.concat([Buffer.alloc(offset), raw]);
    const { data } = await readOnnxTensor(pool.subarray(offset), "x.pb");
    pool.fill(0);
    assert.equal(data[299], 299, `offset ${offset}`);
  }
});

test("damaged and external tensors are refused", async () => {
  await assert.rejects(readOnnxTensor(Uint8Array.of(0x0a, 0xff), "x.pb"), {
    code: "model-format",
    message: /^"x\.pb" is not a serialized ONNX tensor \(.+\); write it anew$/,
  });
  const short = file({ dataType: 1, dims: [2n], rawData: Uint8Array.of(0, 0, 0, 0) });
  await assert.rejects(readOnnxTensor(short, "x.pb"), {
    code: "model-format",
    message: /^"x\.pb" has 4 bytes of data, but f32\[2\] needs 8;/,
  });
  const external = file({
    dataType: 1,
    dims: [1n],
    dataLocation: 1,
    externalData: [{ key: "location", value: "w.bin" }],
  });
  await assert.rejects(readOnnxTensor(external, "x.pb"), {
    code: "model-external-data",
    message: /^"x\.pb" keeps its data in "w\.bin", and a tensor file must hold it itself; save it with its data$/,
  });
});
