// Mistakes in operators of users: one sentence that names operator and function, before a wrong number can come out.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Operator } from "../../src/index.js";
import { AzulejoError, load, Tensor } from "../../src/index.js";
import { literal } from "../../src/tile/index.js";
import { elementType, floats, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
const bytes = onnxModel({
  domains: { "com.example": 1 },
  inputs: [value("x", f32, ["n", 4])],
  outputs: [value("y", f32)],
  nodes: [{ ...node("Mine", ["x"], ["y"], [], "here"), domain: "com.example" }],
});
const mine: Operator = {
  name: "Mine",
  domain: "com.example",
  inputs: ["X"],
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X! }),
  at: ({ inputs }) => ({ Y: (...i) => inputs.X!.at(...i).mul(3) }),
};
const x = new Tensor("f32", Float32Array.of(1, 2, 3, 4), [1, 4]);

async function run(operator: object): Promise<Tensor> {
  const model = await load(bytes, { operators: [operator as Operator], threads: 1 });
  try {
    return (await model.run({ x })).y!;
  } finally {
    model.dispose();
  }
}
const { at: _, ...bodiless } = mine;
const onHost = (run: (inputs: { X: Tensor }) => unknown) => ({
  ...bodiless,
  host: { reason: "a test", types: ({ types }: { types: { X: object } }) => ({ Y: types.X }), run },
});

test("without a mistake it runs, and shapes may hold plain numbers", async () => {
  assert.deepEqual([...((await run(mine)).data as Float32Array)], [3, 6, 9, 12]);
  assert.deepEqual((await run({ ...mine, shape: () => ({ Y: [2, 2] }), at: atFirst })).dims, [2, 2]);
  assert.deepEqual((await run(onHost(({ X }) => ({ Y: X })))).data, x.data);
});
const atFirst: Operator["at"] = ({ inputs }) => ({ Y: (i, j) => inputs.X!.at(0, i!.mul(2).add(j!)) });

const mistakes: readonly (readonly [what: string, operator: object, sentence: string])[] = [
  [
    "at reads an input that is not there",
    { ...mine, at: ({ inputs }: { inputs: Record<string, Tensor> }) => ({ Y: () => inputs.Z!.dims }) },
    "its function at threw TypeError: Cannot read properties of undefined (reading 'dims')",
  ],
  [
    "at gives nothing",
    { ...mine, at: () => undefined },
    "its function at gives undefined, and must give an object with an entry for each output",
  ],
  ["at forgets an output", { ...mine, at: () => ({}) }, "its function at gives no function of the indices for Y"],
  [
    "a number in the place of a tile",
    { ...mine, at: () => ({ Y: () => 2 }) },
    "Y of its function at is 2 and no tile; make a number one with literal(dtype, number)",
  ],
  [
    "another dtype than inference has",
    {
      ...mine,
      at: ({ inputs }: Parameters<NonNullable<Operator["at"]>>[0]) => ({
        Y: (...i: never[]) => inputs.X!.at(...i).cast("i32"),
      }),
    },
    "Y of its function at is i32, and inference takes it for f32; cast it, or say so in dtypes",
  ],
  [
    "shape gives nothing",
    { ...mine, shape: () => undefined },
    "its function shape gives undefined, and must give an object with an entry for each output",
  ],
  [
    "dtypes names none",
    { ...mine, dtypes: () => ({ Y: "float32" }) },
    'its function dtypes gives "float32" for Y, which is none of f64, f32, f16, bf16, f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0, f4e2m1, i64, i32, i16, i8, i4, i2, u64, u32, u16, u8, u4, u2, bool',
  ],
  [
    "kernels gives no list",
    { ...bodiless, kernels: () => 3 },
    "its function kernels gives 3, and must give a list of kernels: [kernel(…).ir]",
  ],
  [
    "expand throws",
    {
      ...bodiless,
      expand: () => {
        throw new RangeError("no");
      },
    },
    "its function expand threw RangeError: no",
  ],
  [
    "run throws late",
    onHost(async () => {
      throw new Error("late");
    }),
    "its function host.run threw Error: late",
  ],
  ["run gives nothing", onHost(() => ({})), "Y of its function host.run is no tensor { dtype, dims, data }"],
  [
    "run gives another dtype",
    onHost(({ X }) => ({ Y: { dtype: "i32", dims: X.dims, data: new Int32Array(4) } })),
    "Y of its function host.run is i32, and host.types says f32",
  ],
  [
    "run gives other dims",
    onHost(() => ({ Y: { dtype: "f32", dims: [5], data: new Float32Array(5) } })),
    "Y of its function host.run has dims [5], and host.types says [n, 4]",
  ],
  [
    "run gives too few elements",
    onHost(({ X }) => ({ Y: { dtype: "f32", dims: X.dims, data: new Float32Array(3) } })),
    "Y of its function host.run has 3 elements, and its dims [1, 4] make 4",
  ],
];
for (const [what, operator, sentence] of mistakes)
  test(what, async () => {
    const message = `Operator "com.example.Mine": ${sentence}; correct the operator`;
    await assert.rejects(run(operator), { code: "operator-failed", message });
  });

const asking = (name: string, more: object = {}) => ({
  ...mine,
  attributes: { slope: { type: "float" } },
  at: ({ inputs, attributes }: Parameters<NonNullable<Operator["at"]>>[0]) => ({
    Y: (...i: never[]) => inputs.X!.at(...i).mul(attributes[name] as number),
  }),
  ...more,
});
test("an attribute that is missing and has no default is named by what fails without it", async () => {
  await assert.rejects(run(asking("slope")), {
    code: "operator-attribute",
    message:
      'Mine "here": attribute "slope" (float) is missing and has no default, and the operator\'s function at read it and failed (undefined stands beside a tile of f32 and is no number; use a number or a tile); give it a default or a value, or make it required',
  });
  await assert.rejects(
    run(
      asking("slope", {
        shape: ({ dims, attributes }: { dims: { X: unknown }; attributes: { slope: number } }) =>
          attributes.slope.toFixed() && { Y: dims.X },
      }),
    ),
    { code: "operator-attribute", message: /^Mine "here": attribute "slope" .*function shape read it and failed/ },
  );
  await assert.rejects(run(asking("other")), { code: "kernel", message: /^undefined stands beside a tile of f32/ });
  const optional = asking("slope", {
    at: ({ inputs, attributes }: Parameters<NonNullable<Operator["at"]>>[0]) => ({
      Y: (...i: never[]) => inputs.X!.at(...i).mul((attributes.slope as number | undefined) ?? 2),
    }),
  });
  assert.deepEqual([...((await run(optional)).data as Float32Array)], [2, 4, 6, 8]);
});

test("optional inputs, any number of inputs, other dtypes, and outputs that nobody wants", async () => {
  const blend: Operator = {
    name: "Blend",
    domain: "com.example",
    inputs: ["Bias?", "X..."],
    outputs: ["Count", "Y"],
    attributes: { scales: { type: "floats", required: true } },
    dtypes: ({ dtypes }) => ({ Count: "i32", Y: dtypes.X0! }),
    shape: ({ dims }) => ({ Count: dims.X0!, Y: dims.X0! }),
    at: ({ inputs, attributes, present }) => {
      const names = present.filter(name => name !== "Bias");
      return {
        Count: () => literal("i32", names.length),
        Y: (...i) => {
          const terms = names.map((name, k) => inputs[name]!.at(...i).mul(attributes.scales[k]));
          if (inputs.Bias) terms.push(inputs.Bias.at(...i));
          return terms.reduce((a, b) => a.add(b));
        },
      };
    },
  };
  const blended = (given: string[], outputs: string[]) =>
    onnxModel({
      domains: { "com.example": 1 },
      inputs: ["a", "b", "c"].map(name => value(name, f32, [2])),
      outputs: outputs.filter(name => name !== "").map(name => value(name, name === "count" ? elementType.i32 : f32)),
      nodes: [{ ...node("Blend", given, outputs, [floats("scales", [1, 10, 100])]), domain: "com.example" }],
    });
  const tensor = (...data: number[]) => new Tensor("f32", Float32Array.from(data), [2]);
  const inputs = { a: tensor(1, 2), b: tensor(3, 4), c: tensor(5, 6) };
  for (const [given, outputs, want] of [
    [["", "a", "b"], ["count", "y"], { count: [2, 2], y: [31, 42] }],
    [["c", "a", "b"], ["", "y"], { y: [36, 48] }],
    [["c", "a"], ["count"], { count: [1, 1] }],
  ] as const) {
    const model = await load(blended([...given], [...outputs]), { operators: [blend], threads: 1 });
    const results = await model.run(inputs);
    model.dispose();
    assert.deepEqual(
      Object.fromEntries(Object.entries(results).map(([name, t]) => [name, Array.from(t.data as Int32Array)])),
      want,
    );
  }
});

test("an operator in the place of a built-in one gets its nodes of all opsets, and fuses", async () => {
  const leaky: Operator = {
    name: "Relu",
    inputs: ["X"],
    outputs: ["Y"],
    shape: ({ dims }) => ({ Y: dims.X! }),
    at: ({ inputs }) => ({
      Y: (...i) => {
        const value = inputs.X!.at(...i);
        return value.maximum(value.mul(0.5));
      },
    }),
  };
  for (const opset of [6, 17]) {
    const chain = onnxModel({
      opset,
      inputs: [value("x", f32, [4])],
      outputs: [value("y", f32)],
      nodes: [
        node("Neg", ["x"], ["n"], [], "n"),
        node("Relu", ["n"], ["r"], [], "r"),
        node("Abs", ["r"], ["y"], [], "a"),
      ],
    });
    const model = await load(chain, { operators: [leaky], threads: 1 });
    const { y } = await model.run({ x: new Tensor("f32", Float32Array.of(1, -2, 3, -4), [4]) });
    assert.deepEqual([...(y!.data as Float32Array)], [0.5, 2, 1.5, 4]);
    assert.deepEqual(
      model.report().kernels.map(k => [...k.nodes].sort()),
      [["a", "n", "r"]],
    );
    model.dispose();
  }
});

test("a dim that is no number is refused with the node's name", async () => {
  await assert.rejects(run({ ...mine, shape: () => ({ Y: [1.5] }) }), {
    code: "shape",
    message:
      'Mine "here": the operator gives 1.5 as a dim of its output Y; give sums and products of the inputs\' dims, or whole numbers',
  });
});

test("what an operator refuses itself arrives as it is", async () => {
  const shape = () => {
    throw new AzulejoError("shape", "X must be square; pad it");
  };
  await assert.rejects(run({ ...mine, shape }), { code: "shape", message: "X must be square; pad it" });
});
