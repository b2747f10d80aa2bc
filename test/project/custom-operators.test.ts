// The operators of docs/custom-operators.md, as they stand there: each agrees with its reference on every target, and does what the page
// says of it in a model.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { doctor, load, Tensor } from "azulejo";
import type { CheckedOperator } from "azulejo/testing";
import { checkModel, checkOperator } from "azulejo/testing";
import { transform } from "esbuild";
import { isInTurn, LATER } from "../rotation.js";
import { root } from "../../tools/project.js";
import { elementType, float, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const page = readFileSync(join(root, "docs/custom-operators.md"), "utf8");
const scratch = join(root, "out/custom-operators");
const modules = new Map<string, CheckedOperator>();
before(async () => {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  for (const [at, [, code]] of [...page.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
    if (!code!.includes("export const operator")) continue;
    const file = join(scratch, `operator-${at}.mjs`);
    writeFileSync(file, (await transform(code!, { loader: "ts" })).code);
    const module = (await import(pathToFileURL(file).href)) as CheckedOperator;
    modules.set(module.operator.name, module);
  }
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const names = ["Swoosh", "Windows", "SampleRows", "Repeat", "Positive", "MovingAverage", "Gelu"];

test("the page shows these operators", () => {
  assert.deepEqual([...modules.keys()], names);
});

for (const [at, name] of names.entries())
  test(`${name} agrees with its reference on every target`, async t => {
    // a C compiler takes more time than all else
    const natively = isInTurn(at, names.length);
    if (!natively) t.diagnostic(`on native it ${LATER}`);
    const there = (await doctor()).targets.flatMap(s => (s.problem === undefined ? s.name : []));
    await checkOperator(modules.get(name)!, { targets: there.filter(target => natively || target !== "native") });
  });

for (const name of names)
  test(`the cases of ${name} find a reference that is wrong`, async () => {
    const module = modules.get(name)!;
    const wrong: CheckedOperator = {
      ...module,
      reference: (...given) =>
        Object.fromEntries(
          Object.entries(module.reference(...given)).map(([output, t]) => [
            output,
            { ...t, data: Array.from(t.data as ArrayLike<number>, x => x * 1.01 + 0.01) },
          ]),
        ),
    };
    await assert.rejects(checkOperator(wrong, { targets: ["interpreter"] }), { code: "mismatch" });
  });

const { f32 } = elementType;
const operators = () => [...modules.values()].map(m => m.operator);

test("they work together in a model, symbolic dims and data-dependent ones included, and fuse", async () => {
  const custom = (op: string, inputs: string[], outputs: string[], attributes: Parameters<typeof node>[3] = []) => ({
    ...node(op, inputs, outputs, attributes, op),
    domain: "com.example",
  });
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", f32, ["rows", "columns"])],
    outputs: [value("positive", f32), value("largest", f32)],
    nodes: [
      custom("Windows", ["x"], ["sum", "largest"], [int("size", 3)]),
      node("Gelu", ["sum"], ["g"], [], "gelu"),
      custom("Swoosh", ["g"], ["s"], [float("slope", 2)]),
      custom("MovingAverage", ["s"], ["m"]),
      custom("Positive", ["m"], ["p"]),
      node("Neg", ["p"], ["n"], [], "negate"),
      node("Abs", ["n"], ["positive"], [], "restore"),
    ],
    opset: 20,
  });
  const x = new Tensor(
    "f32",
    Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 1.7)),
    [4, 10],
  );
  const found = await checkModel(bytes, { x }, { judge: "interpreter", operators: operators() });
  assert.deepEqual([found.departures, found.skipped, found.compared], [[], [], 8]);
  const model = await load(bytes, { operators: operators(), threads: 1 });
  const { positive, largest } = await model.run({ x });
  assert.deepEqual(largest!.dims, [4, 8]);
  assert(positive!.dims[0]! > 0 && positive!.dims[0]! < 32 && (positive!.data as Float32Array).every(v => v > 0));
  const { kernels, notes } = model.report();
  model.dispose();
  assert(
    kernels.some(k => k.nodes.includes("Windows") && k.nodes.includes("Swoosh")),
    JSON.stringify(kernels),
  );
  assert(
    notes.some(n => n.includes('Positive "Positive" (the data decide how large its result is)')),
    notes.join("\n"),
  );
});

test("the Gelu of the page takes the place of the built-in one", async () => {
  const bytes = onnxModel({
    inputs: [value("x", f32, [3])],
    outputs: [value("y", f32)],
    nodes: [node("Gelu", ["x"], ["y"])],
    opset: 20,
  });
  const results: number[] = [];
  for (const list of [[], [modules.get("Gelu")!.operator]]) {
    const model = await load(bytes, { operators: list, threads: 1 });
    const { y } = await model.run({ x: new Tensor("f32", Float32Array.of(-1, 0.5, 2), [3]) });
    results.push(Number(y!.data[2]));
    model.dispose();
  }
  const [builtIn, own] = results;
  assert(Math.abs(builtIn! - 1.9545) < 1e-3, String(builtIn));
  assert(Math.abs(own! - 2 / (1 + Math.exp(-1.702 * 2))) < 1e-5, String(own));
});

test("content that comes with a run decides dims as well", async () => {
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", f32, ["n"]), value("times", elementType.i64, [])],
    outputs: [value("y", f32)],
    nodes: [{ ...node("Repeat", ["x", "times"], ["y"]), domain: "com.example" }],
  });
  const model = await load(bytes, { operators: operators(), threads: 1 });
  for (const times of [2, 3, 1]) {
    const x = new Tensor("f32", Float32Array.of(1, 2), [2]);
    const { y } = await model.run({ x, times: new Tensor("i64", BigInt64Array.of(BigInt(times)), []) });
    assert.deepEqual([...(y!.data as Float32Array)], Array(times).fill([1, 2]).flat());
  }
  model.dispose();
});
