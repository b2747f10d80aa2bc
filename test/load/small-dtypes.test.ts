// Dtypes of 8, 4 and 2 bits through load(): packed weights in a file, tensors that go in and come out, values that no element can hold.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load, Tensor } from "../../src/index.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { dtypes, integerRange } from "../../src/ir/dtypes.js";
import type { NarrowFloat } from "../../src/ir/float-bits.js";
import { floatFromBits } from "../../src/ir/float-bits.js";
import { packed } from "../../src/ir/packed.js";
import { onnxCodeOf } from "../../src/ops/onnx-dtypes.js";
import { elementType, f32Tensor, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const [K, N] = [6, 7];
const small = ["i4", "u4", "i2", "u2", "f4e2m1", "f8e4m3fn", "f8e5m2"] as const satisfies readonly Dtype[];
/** every code of the dtype that is a number, over and over */
function codes(dtype: (typeof small)[number]): Int8Array | Uint8Array {
  if (dtypes[dtype].kind !== "float") {
    const [low, high] = integerRange(dtype).map(Number) as [number, number];
    const data = Array.from({ length: K * N }, (_, i) => low + ((i * 5) % (high - low + 1)));
    return low < 0 ? Int8Array.from(data) : Uint8Array.from(data);
  }
  return Uint8Array.from({ length: K * N }, (_, i) => ((i * 3) % (1 << dtypes[dtype].bits)) & 0x3f);
}
const numbersOf = (dtype: (typeof small)[number], data: ArrayLike<number>): number[] =>
  Array.from(data, x => (dtypes[dtype].kind === "float" ? floatFromBits(dtype as NarrowFloat, x) : x));

for (const target of ["interpreter", "wasm"] as const)
  describe(`small dtypes on ${target}`, () => {
    for (const dtype of small)
      it(`weights of ${dtype} in blocks`, async () => {
        const weights = codes(dtype);
        const bytes = new Uint8Array(weights.buffer);
        const scales = Array.from({ length: 2 * N }, (_, i) => 2 ** ((i % 5) - 2));
        const bytesOfModel = onnxModel({
          inputs: [value("x", elementType.f32, ["rows", K])],
          outputs: [value("y", elementType.f32)],
          initializers: [
            {
              name: "w",
              dataType: onnxCodeOf(dtype),
              dims: [BigInt(K), BigInt(N)],
              rawData: (dtypes[dtype].bits < 8 ? packed(dtype, bytes) : bytes) as Uint8Array<ArrayBuffer>,
            },
            f32Tensor("scale", [2, N], scales),
          ],
          nodes: [
            node("DequantizeLinear", ["w", "scale"], ["d"], [int("axis", 0), int("block_size", 3)]),
            node("MatMul", ["x", "d"], ["y"]),
          ],
        });
        const model = await load(bytesOfModel, { target, threads: 1, engineFlags: "never" });
        try {
          const x = Float32Array.from({ length: 2 * K }, (_, i) => (i % 5) - 2);
          const { y } = await model.run({ x: new Tensor("f32", x, [2, K]) });
          const w = numbersOf(dtype, weights);
          const want = Array.from({ length: 2 * N }, (_, at) => {
            const [m, n] = [Math.floor(at / N), at % N];
            let sum = 0;
            for (let k = 0; k < K; k++) sum += x[m * K + k]! * w[k * N + n]! * scales[Math.floor(k / 3) * N + n]!;
            return sum;
          });
          assert.deepEqual([...(y!.data as Float32Array)], want);
        } finally {
          model.dispose();
        }
      });

    it("tensors have one entry an element, and values that no element can hold are refused", async () => {
      const bytes = onnxModel({
        inputs: [value("x", onnxCodeOf("i4"), ["n"])],
        outputs: [value("y", onnxCodeOf("i4")), value("z", onnxCodeOf("f8e4m3fn"))],
        nodes: [node("Identity", ["x"], ["y"]), node("Cast", ["x"], ["z"], [int("to", onnxCodeOf("f8e4m3fn"))])],
      });
      const model = await load(bytes, { target, threads: 1, engineFlags: "never" });
      try {
        const { y, z } = await model.run({ x: new Tensor("i4", Int8Array.of(-8, 7, 1), [3]) });
        assert.deepEqual([y!.dtype, y!.data], ["i4", Int8Array.of(-8, 7, 1)]);
        assert.deepEqual(
          Array.from(z!.data as Uint8Array, b => floatFromBits("f8e4m3fn", b)),
          [-8, 7, 1],
        );
        await assert.rejects(model.run({ x: new Tensor("i4", Int8Array.of(0, 8), [2]) }), {
          name: "AzulejoError",
          code: "input",
          message: 'Input "x" has 8 at element 1, and i4 holds -8 to 7, one element an entry; unpack or clamp it',
        });
      } finally {
        model.dispose();
      }
    });
  });
