// .npy files: exact for every dtype, order and version; wrong files are refused in one sentence.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeNpy, encodeNpy } from "../../src/cli/npy.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { bytesOf, dtypes } from "../../src/ir/dtypes.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { arrayOf } from "../../src/runtime/tensor-bytes.js";
import { AzulejoError } from "../../src/support/errors.js";

/** A file as NumPy would write it, from its parts. */
function file(version: 1 | 2 | 3, dictionary: string, data: readonly number[]): Uint8Array {
  const header = new TextEncoder().encode(dictionary);
  const length =
    version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...header, ...data]);
}

const plain = (tensor: TensorData) => ({
  dtype: tensor.dtype,
  dims: tensor.dims,
  data: Array.from(tensor.data as Iterable<number | bigint>),
});

const refuses = (bytes: Uint8Array, message: string): void =>
  assert.throws(
    () => decodeNpy(bytes, "x.npy"),
    (error: unknown) => {
      assert(error instanceof AzulejoError);
      assert.equal(error.code, "input");
      assert.equal(error.message, message);
      return true;
    },
  );

test("what numpy.save writes for float32 of shape (2, 1) is written byte for byte", () => {
  const bytes = encodeNpy({ dtype: "f32", dims: [2, 1], data: Float32Array.of(1, -2) });
  const header = `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }".padEnd(117)}\n`;
  assert.equal(Buffer.from(bytes.subarray(0, 10)).toString("latin1"), "\x93NUMPY\x01\x00v\x00");
  assert.equal(new TextDecoder().decode(bytes.subarray(10, 128)), header);
  assert.deepEqual([...bytes.subarray(128)], [0, 0, 128, 63, 0, 0, 0, 192]);
});

test("a vector's shape has NumPy's trailing comma, a scalar's is empty, bytes have no order", () => {
  const text = (tensor: TensorData) => Buffer.from(encodeNpy(tensor)).toString("latin1");
  assert.match(text({ dtype: "u8", dims: [3], data: Uint8Array.of(1, 2, 3) }), /'descr': '\|u1', .*'shape': \(3,\), }/);
  assert.match(text({ dtype: "i64", dims: [], data: BigInt64Array.of(5n) }), /'descr': '<i8', .*'shape': \(\), }/);
});

test("decode(encode(x)) is x for every dtype, rank and bit pattern", () => {
  const tensors = fc
    .tuple(
      fc.constantFrom(...(Object.keys(dtypes) as Dtype[])),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    )
    .chain(([dtype, dims]) => {
      const byteLength = dims.reduce((product, dim) => product * dim, bytesOf(dtype));
      return fc
        .uint8Array({ minLength: byteLength, maxLength: byteLength })
        .map((bytes): TensorData => ({ dtype, dims, data: arrayOf(dtype, bytes) }));
    });
  const bits = ({ data }: TensorData) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  fc.assert(
    fc.property(tensors, tensor => {
      const back = decodeNpy(encodeNpy(tensor), "x.npy", tensor.dtype);
      assert.deepEqual([back.dtype, back.dims, bits(back)], [tensor.dtype, tensor.dims, bits(tensor)]);
    }),
  );
});

test("a Node Buffer, a view into a larger pool, is read like any other bytes", () => {
  const bytes = encodeNpy({ dtype: "i16", dims: [2], data: Int16Array.of(7, -7) });
  const pool = Buffer.concat([Buffer.of(1, 2, 3), bytes, Buffer.of(4)]);
  assert.deepEqual(plain(decodeNpy(pool.subarray(3, 3 + bytes.length), "x.npy")).data, [7, -7]);
});

test("column-major files become row-major tensors", () => {
  const data = [1, 4, 2, 5, 3, 6];
  const bytes = file(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }\n", data);
  assert.deepEqual(plain(decodeNpy(bytes, "x.npy")), { dtype: "i8", dims: [2, 3], data: [1, 2, 3, 4, 5, 6] });
});

test("column-major reading puts every element of a rank-3 array at its index", () => {
  const [A, B, C] = [2, 3, 4];
  const data: number[] = [];
  for (let c = 0; c < C; c++) for (let b = 0; b < B; b++) for (let a = 0; a < A; a++) data.push(a * 100 + b * 10 + c);
  const { data: got } = decodeNpy(
    file(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", data),
    "x.npy",
  );
  for (let a = 0; a < A; a++)
    for (let b = 0; b < B; b++)
      for (let c = 0; c < C; c++) assert.equal(got[(a * B + b) * C + c], a * 100 + b * 10 + c);
});

test("big-endian elements are turned round", () => {
  const bytes = file(1, "{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", [0, 0, 1, 2, 255, 255, 255, 254]);
  assert.deepEqual(plain(decodeNpy(bytes, "x.npy")).data, [258, -2]);
});

test("versions 2 and 3, Python 2's long integers and double quotes are read", () => {
  const two = file(2, '{"descr": "<u2", "fortran_order": False, "shape": (2L, 1L), }', [1, 0, 0, 1]);
  assert.deepEqual(plain(decodeNpy(two, "x.npy")), { dtype: "u16", dims: [2, 1], data: [1, 256] });
  const three = file(3, "{'shape': (), 'fortran_order': False, 'descr': '|b1'}", [1]);
  assert.deepEqual(plain(decodeNpy(three, "x.npy")), { dtype: "bool", dims: [], data: [1] });
});

test("a code that stands for several dtypes is read as the one that is wanted, else as the first", () => {
  const bytes = file(1, "{'descr': '|V1', 'fortran_order': False, 'shape': (2,), }", [0x38, 0xff]);
  assert.deepEqual(plain(decodeNpy(bytes, "x.npy", "f8e5m2")), { dtype: "f8e5m2", dims: [2], data: [0x38, 0xff] });
  assert.equal(decodeNpy(bytes, "x.npy").dtype, "f8e4m3fn");
  const integers = file(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), }", [0xff]);
  assert.deepEqual(plain(decodeNpy(integers, "x.npy", "i4")), { dtype: "i4", dims: [1], data: [-1] });
  assert.equal(decodeNpy(integers, "x.npy", "f32").dtype, "i8");
});

test("files that are not one plain array are refused with a remedy", () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  refuses(new Uint8Array(0), `"x.npy" does not begin like a .npy file; write it with numpy.save`);
  refuses(
    new TextEncoder().encode("PK\x03\x04 an archive"),
    `"x.npy" does not begin like a .npy file; write it with numpy.save`,
  );
  refuses(
    file(1, header, [0, 0, 0]),
    `"x.npy" holds 3 bytes of data where its header, f32[2], asks for 8; save it again`,
  );
  refuses(file(1, header, []).subarray(0, 40), `"x.npy" ends inside its header; save it again`);
  refuses(
    file(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (), }", []),
    `"x.npy" has elements of type "<c8"; convert it to one of f8, f4, f2, V2, i8, i4, i2, i1, u8, u4, u2, u1, b1, V1`,
  );
  const record = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
  refuses(file(1, record, []), `"x.npy" has a header that is not one plain array: ${record}; save an array of numbers`);
  const nine = file(1, header, []);
  nine[6] = 9;
  refuses(nine, `"x.npy" has version 9 of the format; use version 1, 2 or 3`);
});

test("no mutated file does more than give the project's own error", () => {
  const good = encodeNpy({ dtype: "f32", dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const bytes = good.slice(0, length);
      if (at < length) bytes[at] = byte;
      try {
        decodeNpy(bytes, "x.npy");
      } catch (error) {
        assert(error instanceof AzulejoError);
      }
    }),
    { numRuns: 1000 },
  );
});
