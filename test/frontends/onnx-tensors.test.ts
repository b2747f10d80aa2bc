// Tensors of ONNX files: every element type in every field that may hold it, and external data.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { decode, numbersOf, typedView } from "../../src/graph/constants.js";
import type { Value } from "../../src/graph/graph.js";
import { memorySource } from "../../src/support/byte-source.js";
import type { TensorInit } from "./onnx-model.js";
import { elementType, f32Tensor, ints, node, onnxModel, value } from "./onnx-model.js";

const { f32 } = elementType;
const modelWith = (t: TensorInit): Uint8Array =>
  onnxModel({ outputs: [value("y", 0)], initializers: [{ name: "w", ...t }], nodes: [node("Identity", ["w"], ["y"])] });

async function readOne(t: TensorInit): Promise<Value> {
  return (await readOnnx(modelWith(t))).nodes[0]!.inputs[0]!;
}
const raw = (array: ArrayBufferView): Uint8Array<ArrayBuffer> =>
  new Uint8Array(array.buffer.slice(array.byteOffset, array.byteOffset + array.byteLength) as ArrayBuffer);

const inFields: readonly { dtype: string; dataType: number; fields: TensorInit; want: readonly number[] }[] = [
  { dtype: "f32", dataType: 1, fields: { floatData: [1.5, -2] }, want: [1.5, -2] },
  { dtype: "u8", dataType: 2, fields: { int32Data: [0, 255] }, want: [0, 255] },
  { dtype: "i8", dataType: 3, fields: { int32Data: [-128, 127] }, want: [-128, 127] },
  { dtype: "u16", dataType: 4, fields: { int32Data: [1, 65535] }, want: [1, 65535] },
  { dtype: "i16", dataType: 5, fields: { int32Data: [-32768, 5] }, want: [-32768, 5] },
  { dtype: "i32", dataType: 6, fields: { int32Data: [-(2 ** 31), 7] }, want: [-(2 ** 31), 7] },
  { dtype: "i64", dataType: 7, fields: { int64Data: [-5n, 2n ** 40n] }, want: [-5, 2 ** 40] },
  { dtype: "bool", dataType: 9, fields: { int32Data: [1, 0] }, want: [1, 0] },
  // 0x3c00 is 1 and 0xc000 is -2 in IEEE binary16; 0x3fc0 is 1.5 in bfloat16
  { dtype: "f16", dataType: 10, fields: { int32Data: [0x3c00, 0xc000] }, want: [1, -2] },
  { dtype: "f64", dataType: 11, fields: { doubleData: [0.1, -1e300] }, want: [0.1, -1e300] },
  { dtype: "u32", dataType: 12, fields: { uint64Data: [1n, 2n ** 32n - 1n] }, want: [1, 2 ** 32 - 1] },
  { dtype: "u64", dataType: 13, fields: { uint64Data: [1n, 2n ** 50n] }, want: [1, 2 ** 50] },
  { dtype: "bf16", dataType: 16, fields: { int32Data: [0x3fc0, 0x8000] }, want: [1.5, -0] },
  { dtype: "f8e4m3fn", dataType: 17, fields: { int32Data: [0x39, 0xfe] }, want: [1.125, -448] },
  { dtype: "f8e4m3fnuz", dataType: 18, fields: { int32Data: [0x39, 0xff] }, want: [0.5625, -240] },
  { dtype: "f8e5m2", dataType: 19, fields: { int32Data: [0x3d, 0x01] }, want: [1.25, 2 ** -16] },
  { dtype: "f8e5m2fnuz", dataType: 20, fields: { int32Data: [0x3d, 0xff] }, want: [0.625, -57344] },
  // two or four elements an entry, the first in the lowest bits
  { dtype: "u4", dataType: 21, fields: { int32Data: [0xf1] }, want: [1, 15] },
  { dtype: "i4", dataType: 22, fields: { int32Data: [0x87] }, want: [7, -8] },
  { dtype: "f4e2m1", dataType: 23, fields: { int32Data: [0xf1] }, want: [0.5, -6] },
  { dtype: "f8e8m0", dataType: 24, fields: { int32Data: [0, 128] }, want: [2 ** -127, 2] },
  { dtype: "u2", dataType: 25, fields: { int32Data: [0b1101] }, want: [1, 3] },
  { dtype: "i2", dataType: 26, fields: { int32Data: [0b1001] }, want: [1, -2] },
];

const inRaw: readonly { dtype: string; dataType: number; data: ArrayBufferView; want: readonly number[] }[] = [
  { dtype: "f32", dataType: 1, data: Float32Array.of(0.5), want: [0.5] },
  { dtype: "u8", dataType: 2, data: Uint8Array.of(200), want: [200] },
  { dtype: "i8", dataType: 3, data: Int8Array.of(-3), want: [-3] },
  { dtype: "u16", dataType: 4, data: Uint16Array.of(65535), want: [65535] },
  { dtype: "i16", dataType: 5, data: Int16Array.of(-300), want: [-300] },
  { dtype: "i32", dataType: 6, data: Int32Array.of(-70000), want: [-70000] },
  { dtype: "i64", dataType: 7, data: BigInt64Array.of(-(2n ** 33n)), want: [-(2 ** 33)] },
  { dtype: "bool", dataType: 9, data: Uint8Array.of(2), want: [1] },
  { dtype: "f16", dataType: 10, data: Uint16Array.of(0x7c00), want: [Number.POSITIVE_INFINITY] },
  { dtype: "f64", dataType: 11, data: Float64Array.of(1e-310), want: [1e-310] },
  { dtype: "u32", dataType: 12, data: Uint32Array.of(2 ** 31), want: [2 ** 31] },
  { dtype: "u64", dataType: 13, data: BigUint64Array.of(9n), want: [9] },
  { dtype: "bf16", dataType: 16, data: Uint16Array.of(0xff80), want: [Number.NEGATIVE_INFINITY] },
  { dtype: "f8e5m2", dataType: 19, data: Uint8Array.of(0x7c), want: [Number.POSITIVE_INFINITY] },
  { dtype: "i4", dataType: 22, data: Uint8Array.of(0x0f), want: [-1] },
  { dtype: "u2", dataType: 25, data: Uint8Array.of(0x02), want: [2] },
];

describe("element types", () => {
  for (const { dtype, dataType, fields, want } of inFields)
    it(`${dtype} in ${Object.keys(fields)[0]}`, async () => {
      const w = await readOne({ dataType, dims: [2n], ...fields });
      assert.equal(w.dtype, dtype);
      assert.deepEqual(numbersOf(w.known), want);
    });
  for (const { dtype, dataType, data, want } of inRaw)
    it(`${dtype} in raw_data`, async () => {
      const w = await readOne({ dataType, dims: [], rawData: raw(data) });
      assert.equal(w.dtype, dtype);
      assert.deepEqual(numbersOf(w.known), want);
    });

  it("large float_data and double_data stay in the file", async () => {
    const numbers = Array.from({ length: 3000 }, (_, i) => i / 4);
    for (const [dataType, fields] of [
      [1, { floatData: numbers }],
      [11, { doubleData: numbers }],
    ] as const) {
      const w = await readOne({ dataType, dims: [3000n], ...fields });
      const bytes = await w.constant!.read();
      assert.deepEqual([...decode(w.dtype!, bytes)], numbers);
    }
  });

  it("tensors without elements need no data", async () => {
    const w = await readOne({ dataType: 1, dims: [0n, 5n] });
    assert.equal(w.constant!.byteLength, 0);
  });

  it("the ends of the 64-bit range are known, other integers beyond 2^53 are not", async () => {
    const w = await readOne({ dataType: 7, dims: [3n], int64Data: [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n] });
    assert.deepEqual(
      w.known!.data.map(x => (typeof x === "number" ? x : x?.constant)),
      [2 ** 63, -(2 ** 63), undefined],
    );
    const bytes = await w.constant!.read();
    assert.equal(typedView("i64", bytes)[2], 2n ** 53n + 1n);
  });

  it("the lists of a Constant keep all 64 bits", async () => {
    const list = [2n ** 62n + 1n, -(2n ** 63n) + 1n, 5n];
    const graph = await readOnnx(
      onnxModel({
        outputs: [value("y", 7)],
        nodes: [node("Constant", [], ["c"], [ints("value_ints", list)]), node("Identity", ["c"], ["y"])],
      }),
    );
    assert.deepEqual([...typedView("i64", await graph.nodes[0]!.inputs[0]!.constant!.read())], list);
  });

  const refused: readonly { title: string; tensor: TensorInit; code: string; message: string }[] = [
    {
      title: "fewer strings than elements",
      tensor: { dataType: 8, dims: [2n], stringData: [Uint8Array.of(65)] },
      code: "model-format",
      message:
        'Initializer "w" has 1 strings, but its dims are [2]; the file is damaged or was converted badly: export it again',
    },
    {
      title: "a type that ONNX does not define",
      tensor: { dataType: 77, dims: [1n], rawData: Uint8Array.of(1) },
      code: "model-format",
      message: 'Initializer "w" has element type 77, which ONNX does not define; export the model again',
    },
    {
      title: "too little data",
      tensor: { dataType: 1, dims: [2n, 2n], floatData: [1, 2, 3] },
      code: "model-format",
      message:
        'Initializer "w" has 12 bytes of data, but f32[2, 2] needs 16; the file is damaged or was converted badly: export it again',
    },
    {
      title: "no data",
      tensor: { dataType: 1, dims: [2n] },
      code: "model-format",
      message:
        'Initializer "w" has 0 bytes of data, but f32[2] needs 8; the file is damaged or was converted badly: export it again',
    },
    {
      title: "negative dims",
      tensor: { dataType: 1, dims: [-4n], floatData: [1] },
      code: "model-format",
      message: 'Initializer "w" has dims [-4], which are not sizes; export the model again',
    },
    {
      title: "dims of 2^63 - 1",
      tensor: { dataType: 1, dims: [2n ** 63n - 1n], floatData: [1] },
      code: "model-format",
      message: 'Initializer "w" has dims [9223372036854775807], which are not sizes; export the model again',
    },
    {
      title: "dims whose product is beyond all memory",
      tensor: { dataType: 1, dims: [2n ** 40n, 2n ** 40n], floatData: [1] },
      code: "model-format",
      message:
        'Initializer "w" has dims [1099511627776, 1099511627776], more elements than any memory holds; export the model again',
    },
  ];
  for (const { title, tensor, code, message } of refused)
    it(`refuses ${title}`, () => assert.rejects(readOne(tensor), { code, message }));
});

describe("external data", () => {
  const entries = (e: Record<string, string>): TensorInit => ({
    dataType: f32,
    dims: [2n],
    dataLocation: 1,
    externalData: Object.entries(e).map(([key, v]) => ({ key, value: v })),
  });
  const file = new Uint8Array(Float32Array.of(9, 8, 7, 6).buffer);
  const openExternal = (location: string) => {
    if (location !== "weights/w.bin") throw new Error(`ENOENT: ${location}`);
    return memorySource(file, location);
  };

  it("is a range of a file beside the model", async () => {
    const opened: string[] = [];
    const graph = await readOnnx(modelWith(entries({ location: "./weights/w.bin", offset: "4", length: "8" })), {
      openExternal: l => {
        opened.push(l);
        return openExternal(l);
      },
    });
    assert.deepEqual(opened, ["weights/w.bin"]);
    assert.deepEqual(numbersOf(graph.nodes[0]!.inputs[0]!.known), [8, 7]);
  });
  it("without offset and length starts at 0 and takes what the dims need", async () => {
    const graph = await readOnnx(modelWith(entries({ location: "weights/w.bin" })), { openExternal });
    assert.deepEqual(numbersOf(graph.nodes[0]!.inputs[0]!.known), [9, 8]);
  });

  const outside = [
    "/etc/passwd",
    "../w.bin",
    "a/../../w.bin",
    "a\\..\\..\\w",
    "C:\\w.bin",
    "file:///w",
    "http://x/w",
    "~/w",
    "",
  ];
  for (const location of outside)
    it(`refuses ${JSON.stringify(location)}`, () =>
      assert.rejects(readOnnx(modelWith(entries({ location })), { openExternal: () => assert.fail("opened") }), {
        code: "model-external-data",
        message: `Initializer "w" has its data in ${JSON.stringify(location)}, which is not a path below the model's folder; put the file beside the model and save it with a relative location`,
      }));

  const refused: readonly [title: string, e: Record<string, string>, message: string][] = [
    [
      "a missing file",
      { location: "v.bin" },
      'model keeps weights in "v.bin", which can\'t be opened (ENOENT: v.bin); put the file beside the model',
    ],
    [
      "a file that is too short",
      { location: "weights/w.bin", offset: "12" },
      'Initializer "w" needs bytes 12 to 20 of "weights/w.bin", which has 16; the file is cut short or belongs to another model: fetch it again',
    ],
    [
      "a length that does not fit the dims",
      { location: "weights/w.bin", length: "4" },
      'Initializer "w" takes 4 bytes of "weights/w.bin", but its dims and dtype need 8; save the model with its data again',
    ],
    [
      "an offset that is not a number",
      { location: "weights/w.bin", offset: "-4" },
      'Initializer "w" has the offset "-4" in its external data, which is not a number of bytes; save the model with its data again',
    ],
  ];
  for (const [title, e, message] of refused)
    it(`refuses ${title}`, () =>
      assert.rejects(readOnnx(modelWith(entries(e)), { openExternal }), { code: "model-external-data", message }));

  it("needs a way to open files", () =>
    assert.rejects(readOnnx(modelWith(entries({ location: "w.bin" }))), {
      code: "model-external-data",
      message:
        'model keeps weights in "w.bin", and a model given as bytes has no folder; give its path or URL, or the option readExternal',
    }));
});

it("f32 weights in memory are what was written", async () => {
  const graph = await readOnnx(
    onnxModel({
      outputs: [value("y", f32)],
      initializers: [f32Tensor("w", [2, 2], [1, 2, 3, 4])],
      nodes: [node("Identity", ["w"], ["y"])],
    }),
  );
  assert.deepEqual([...decode("f32", await graph.nodes[0]!.inputs[0]!.constant!.read())], [1, 2, 3, 4]);
});
