// azulejo/onnxruntime's Tensor: what onnxruntime's constructors, properties and methods do, with this project's errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TypedTensor as OrtTypedTensor } from "onnxruntime-common";
import { Tensor as OrtTensor } from "onnxruntime-common";
import type { TensorType, TypedTensor } from "../../src/adapters/onnxruntime/tensor.js";
import { fromTensorData, Tensor, toTensorData } from "../../src/adapters/onnxruntime/tensor.js";

const fails = (action: () => unknown, message: string | RegExp, code = "input"): void =>
  assert.throws(action, { name: "AzulejoError", code, message });

const made: readonly (readonly [TensorType, unknown])[] = [
  ["float32", Float32Array.of(1.5)],
  ["float64", Float64Array.of(1.5)],
  ["int8", Int8Array.of(-1)],
  ["int16", Int16Array.of(-1)],
  ["int32", Int32Array.of(-1)],
  ["int64", BigInt64Array.of(-1n)],
  ["uint8", Uint8Array.of(1)],
  ["uint16", Uint16Array.of(1)],
  ["uint32", Uint32Array.of(1)],
  ["uint64", BigUint64Array.of(1n)],
  ["string", ["a"]],
  ["bool", [true]],
];
for (const [type, data] of made) {
  test(`the type ${type} is told from its data and agrees with onnxruntime-common's Tensor`, () => {
    const ours = new (Tensor as new (data: unknown) => TypedTensor<TensorType>)(data);
    const theirs = new (OrtTensor as new (data: unknown) => OrtTypedTensor<TensorType>)(data);
    const facts = ({
      type,
      dims,
      size,
      data,
      location,
    }: Pick<typeof theirs, "type" | "dims" | "size" | "data" | "location">) => ({ type, dims, size, data, location });
    assert.deepEqual(facts(ours), facts(theirs));
    assert.equal(ours.type, type);
  });
}

test("named types take arrays of numbers; 64-bit ones numbers and BigInts; bool booleans and bytes", () => {
  assert.deepEqual(new Tensor("float32", [1, 2], [2, 1]).data, Float32Array.of(1, 2));
  assert.deepEqual(new Tensor("int64", [1, -2]).data, BigInt64Array.of(1n, -2n));
  assert.deepEqual(new Tensor("uint64", [1n]).data, BigUint64Array.of(1n));
  assert.deepEqual(new Tensor("bool", [true, false]).data, Uint8Array.of(1, 0));
  assert.deepEqual(new Tensor("bool", Uint8Array.of(1)).type, "bool");
  assert.deepEqual(new Tensor("uint8", Uint8ClampedArray.of(7)).data, Uint8Array.of(7));
  assert.equal(new Tensor("float32", [5], []).size, 1);
  assert.equal(new Tensor("float32", [], [0, 3]).size, 0);
});

test("float16 is bits, or a Float16Array of the same memory where the engine has one", () => {
  const bits = Uint16Array.of(0x3c00, 0xc000);
  const tensor = new Tensor("float16", bits, [2]);
  const data: ArrayBufferView = tensor.data;
  assert.equal(data.buffer, bits.buffer);
  assert.equal(data.constructor.name, "Float16Array" in globalThis ? "Float16Array" : "Uint16Array");
  assert.deepEqual(toTensorData("x", tensor), { dtype: "f16", dims: [2], data: bits });
});

test("with a Float16Array in the engine, its data is taken and passed on as bits", () => {
  // Stands in for the engine's own class on Node 20: the same storage under another name.
  class Float16Array extends Uint16Array {}
  const global = globalThis as { Float16Array?: unknown };
  const original = global.Float16Array;
  global.Float16Array = Float16Array;
  try {
    const tensor = new (Tensor as unknown as new (data: unknown) => TypedTensor<"float16">)(Float16Array.of(0x3c00));
    assert.equal(tensor.type, "float16");
    assert.equal(new Tensor("float16", Uint16Array.of(1)).data.constructor, Float16Array);
    const { dtype, data } = toTensorData("x", tensor);
    assert.deepEqual([dtype, [...(data as Uint16Array)]], ["f16", [0x3c00]]);
  } finally {
    if (original === undefined) delete global.Float16Array;
    else global.Float16Array = original;
  }
});

test("int4 and uint4 are two elements a byte, as in onnxruntime", () => {
  const bytes = Uint8Array.of(0x8f, 0x07);
  const ours = new Tensor("int4", bytes, [3]);
  const theirs = new OrtTensor("int4", bytes, [3]);
  assert.deepEqual([ours.type, ours.dims, ours.size, ours.data], [theirs.type, theirs.dims, theirs.size, theirs.data]);
  assert.deepEqual(toTensorData("x", theirs), { dtype: "i4", dims: [3], data: Int8Array.of(-1, -8, 7) });
  assert.deepEqual(fromTensorData("y", toTensorData("x", ours)).data, bytes);
  assert.deepEqual(toTensorData("x", new Tensor("uint4", bytes, [4])).data, Uint8Array.of(15, 8, 7, 0));
  fails(
    () => new Tensor("int4", Uint8Array.of(1, 2, 3, 4), [4]),
    "a Tensor of dims [4] has 4 elements in 2 bytes, but its data has 4; make them agree",
  );
  const anyTensor = Tensor as new (...parameters: unknown[]) => object;
  fails(
    () => new anyTensor("uint4", [1, 2]),
    'a Tensor of type "uint4" takes no array of numbers; pass a Uint8Array with two elements a byte',
  );
});

test("dims may be assigned, reshape shares the data, getData gives it", async () => {
  const tensor = new Tensor(Float32Array.of(1, 2, 3, 4), [4]);
  const matrix = tensor.reshape([2, 2]);
  assert.equal(matrix.data, tensor.data);
  assert.deepEqual(matrix.dims, [2, 2]);
  assert.equal(await tensor.getData(), tensor.data);
  tensor.dims = [1, 4];
  assert.deepEqual(tensor.dims, [1, 4]);
});

test("a disposed tensor has no data and no location", () => {
  const tensor = new Tensor(Float32Array.of(1));
  tensor.dispose();
  assert.equal(tensor.location, "none");
  fails(() => tensor.data, "this Tensor was used after dispose(); keep it until then", "disposed");
});

test("wrong types, data and dims are refused with a remedy", () => {
  const anyTensor = Tensor as new (...parameters: unknown[]) => object;
  fails(
    () => new anyTensor("float33", [1]),
    'Tensor has no type "float33"; use one of float32, float64, float16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, int4, uint4, bool, string',
  );
  fails(
    () => new anyTensor("float32", Int8Array.of(1)),
    'a Tensor of type "float32" needs a Float32Array; got Int8Array',
  );
  fails(
    () => new anyTensor("string", Int8Array.of(1)),
    'a Tensor of type "string" needs an array of strings; got Int8Array',
  );
  fails(
    () => new anyTensor([1, 2]),
    `the type of a Tensor can't be told from an array of numbers; name it: new Tensor("float32", data, dims)`,
  );
  fails(() => new anyTensor(null), "the type of a Tensor can't be told from null; pass a typed array");
  fails(
    () => new Tensor("float32", [1, 2, 3], [2, 2]),
    "a Tensor of dims [2,2] has 4 elements, but its data has 3; make them agree",
  );
  fails(() => new anyTensor("toString", [1]), /^Tensor has no type "toString"; use one of float32, /);
  fails(
    () => new Tensor("int64", [1.5]),
    'a Tensor of type "int64" can\'t hold its list: The number 1.5 cannot be converted to a BigInt because it is not an integer; pass whole numbers or BigInts',
  );
  fails(
    () => new anyTensor("int32", [1n]),
    'a Tensor of type "int32" can\'t hold its list: Cannot convert a BigInt value to a number; pass numbers',
  );
  fails(() => new Tensor("float32", [1], [-1]), "dims of a Tensor are a list of whole numbers, 0 or more; got [-1]");
  fails(() => new anyTensor("float32", [1], 1), "dims of a Tensor are a list of whole numbers, 0 or more; got 1");
});

test("what onnxruntime's Tensor has and this one has not says so", () => {
  const names = ["fromImage", "fromTexture", "fromMLTensor"] as const;
  const statics = Tensor as unknown as Record<string, () => unknown>;
  for (const name of names)
    assert.throws(() => statics[name]!(), { code: "target", message: new RegExp(`has no Tensor.${name}\\(\\); `) });
  const tensor = new Tensor("float32", [1]) as unknown as Record<string, () => unknown>;
  for (const name of ["toDataURL", "toImageData"])
    assert.throws(() => tensor[name]!(), { code: "target", message: new RegExp(`has no ${name}\\(\\); `) });
  fails(() => tensor.texture, "azulejo/onnxruntime has no textures; use data, or gpuBuffer", "target");
  fails(() => tensor.mlTensor, "azulejo/onnxruntime has no MLTensors; use data, or gpuBuffer", "target");
});

test("a pinned buffer is a Tensor like others", () => {
  const data = Float32Array.of(1, 2);
  const tensor = Tensor.fromPinnedBuffer("float32", data);
  assert.deepEqual([tensor.dims, tensor.location], [[2], "cpu"]);
  assert.equal(tensor.data, data);
  assert.deepEqual(Tensor.fromPinnedBuffer("float32", data, [2, 1]).dims, [2, 1]);
});

test("numbers of another width are not read as bits of float16", () => {
  const floats = { type: "float16", dims: [2], data: Float32Array.of(1, 2) };
  assert.equal(toTensorData("x", floats).data, floats.data);
});

test("any object with onnxruntime's properties can be fed; plain values can't", () => {
  const theirs = new OrtTensor("int32", [1, 2], [2]);
  assert.deepEqual(toTensorData("x", theirs), { dtype: "i32", dims: [2], data: Int32Array.of(1, 2) });
  fails(
    () => toTensorData("x", Float32Array.of(1)),
    'the value fed to input "x" is not a Tensor; make one: new Tensor("float32", data, dims)',
  );
  fails(
    () => toTensorData("x", null),
    'the value fed to input "x" is not a Tensor; make one: new Tensor("float32", data, dims)',
  );
  assert.deepEqual(toTensorData("x", new Tensor(["a"])), { dtype: "string", dims: [1], data: ["a"] });
  fails(
    () => fromTensorData("y", { dtype: "bf16", dims: [1], data: Uint16Array.of(1) }),
    `output "y" is bf16, which onnxruntime's Tensor has no type for; use load() of "azulejo"`,
  );
});
