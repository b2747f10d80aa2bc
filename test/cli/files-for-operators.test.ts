// `azulejo new operator`, the stubs of `azulejo doctor`, and `--operators`: files that are written, and files that are taken.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { operatorStub } from "../../src/cli/operator-files.js";
import { elementType, float, node, onnxModel, value } from "../frontends/onnx-model.js";
import { azulejo } from "./azulejo.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-operators-"));
  await writeFile(model(), bytes);
});
after(() => rm(folder, { recursive: true }));

const model = (): string => join(folder, "m.onnx");
const bytes = onnxModel({
  name: "m",
  domains: { "com.example": 1 },
  inputs: [value("x", elementType.f32, ["n"])],
  outputs: [value("y", elementType.f32, ["n"])],
  nodes: [
    { ...node("HardTwice", ["x"], ["h"], [float("slope", 1.5)], "a"), domain: "com.example" },
    { ...node("Swoosh", ["h", "x"], ["y"], [], "b"), domain: "com.example" },
  ],
});

test("new operator writes a file and its test, and leaves alone what is there", async () => {
  const out = join(folder, "new");
  const files = [join(out, "hard-twice.mjs"), join(out, "hard-twice.test.mjs")];
  const first = await azulejo("new", "operator", "HardTwice", "--domain", "com.mine", "--out", out);
  assert.deepEqual(first, { status: 0, out: files.map(f => `wrote ${f}\n`).join(""), err: "" });
  assert.match(await readFile(files[0]!, "utf8"), /name: "HardTwice",\n {2}domain: "com.mine",\n/);
  const again = await azulejo("new", "operator", "HardTwice", "--out", out);
  assert.deepEqual(
    [again.status, again.err],
    [
      1,
      `azulejo: --out: the file "${files[0]}" is there already; name another folder or remove it\n(option: see docs/errors/option.md)\n`,
    ],
  );
  assert.equal((await azulejo("new", "operator", "9x")).status, 2);
  assert.equal((await azulejo("new")).status, 2);
  assert.match((await azulejo("new", "operator", "--help")).out, /--domain <domain>[\s\S]*node --test/);
});

test("doctor names all missing operators, exits with 1, prints the first stub or writes all", async () => {
  const shown = await azulejo("doctor", model());
  assert.equal(shown.status, 1);
  assert.match(shown.out, /com\.example\.HardTwice +1 +f32 +1 +missing +missing/);
  assert.match(shown.out, /com\.example\.Swoosh +1 +\?, f32 +1 +missing +missing/);
  assert.match(
    shown.out,
    /"m" would not run: 2 problems\n\nHardTwice could begin like this; --stubs FOLDER writes all 2:\n/,
  );
  const out = join(folder, "stubs");
  const { missing, files, runs } = JSON.parse((await azulejo("doctor", model(), "--stubs", out, "--json")).out);
  assert.deepEqual(
    [runs, files, missing.map((m: { name: string }) => m.name)],
    [false, [join(out, "hard-twice.mjs"), join(out, "swoosh.mjs")], ["HardTwice", "Swoosh"]],
  );
  assert.deepEqual((await readdir(out)).sort(), ["hard-twice.mjs", "swoosh.mjs"]);
  assert.equal(await readFile(files[1], "utf8"), missing[1].stub);
});

test("a stub is an operator with the names and attributes that the model shows, and refuses to compute", async () => {
  const missing = { domain: "com.example", name: "HTTPSwish", nodes: ["a"], attributes: { slope: "float" } } as const;
  const { name, text } = operatorStub({ ...missing, inputs: 2, requiredInputs: 1, outputs: 2 });
  assert.equal(name, "http-swish.mjs");
  // tests have no package "azulejo" beside them
  const file = join(folder, name);
  const index = new URL("../../src/index.js", import.meta.url).href;
  await writeFile(file, text.replace('"azulejo"', JSON.stringify(index)));
  const { operator } = await import(file);
  assert.deepEqual(
    [operator.name, operator.domain, operator.inputs, operator.outputs, operator.attributes],
    ["HTTPSwish", "com.example", ["X0", "X1?"], ["Y0", "Y1"], { slope: { type: "float" } }],
  );
  assert.deepEqual(operator.shape({ dims: { X0: [1] } }), { Y0: [1], Y1: [1] });
  assert.throws(() => operator.at({}), {
    code: "operator-unsupported",
    message: "HTTPSwish of com.example is a stub; write what it computes",
  });
});

test("--operators makes a model whole, for doctor and for run", async () => {
  const tile = new URL("../../src/tile/index.js", import.meta.url).href;
  const file = join(folder, "mine.mjs");
  await writeFile(
    file,
    `import { where } from ${JSON.stringify(tile)};
const shape = ({ dims }) => ({ Y: dims.X });
export const hardTwice = {
  name: "HardTwice", domain: "com.example", inputs: ["X"], outputs: ["Y"], attributes: { slope: { type: "float" } }, shape,
  at: ({ inputs, attributes }) => ({ Y: (...i) => inputs.X.at(...i).mul(attributes.slope) }),
};
export const swoosh = {
  name: "Swoosh", domain: "com.example", inputs: ["X", "B"], outputs: ["Y"], shape,
  at: ({ inputs }) => ({ Y: (...i) => where(inputs.B.at(...i).ge(0), inputs.X.at(...i), 0) }),
};
`,
  );
  const { status, out } = await azulejo("doctor", model(), "--operators", file, "--dims", "n=3");
  assert.equal(status, 0, out);
  assert.match(out, /com\.example\.Swoosh +1 +f32 +1 +tile/);
  const run = await azulejo("run", model(), "--operators", file, "--input", "x=[2,-4,6]", "--json");
  assert.deepEqual(JSON.parse(run.out).outputs.y.data, [3, 0, 9]);
});

test("--operators refuses what can't be imported, and what exports none", async () => {
  const none = join(folder, "none.mjs");
  await writeFile(none, "export const answer = 42;\n");
  const empty = await azulejo("doctor", model(), "--operators", none);
  assert.equal(
    empty.err,
    `azulejo: --operators "${none}" exports no operator; export objects { name, inputs, outputs, shape, at }, as azulejo new operator writes them\n(option: see docs/errors/option.md)\n`,
  );
  const refused = async (file: string): Promise<string> =>
    (await azulejo("doctor", model(), "--operators", file)).err.replace(/ imported from .*?;/, ";");
  const absent = join(folder, "absent.mjs");
  assert.equal(
    await refused(absent),
    `azulejo: --operators "${absent}" does not exist; check the path\n(option: see docs/errors/option.md)\n`,
  );
  const [wrong, lonely] = [join(folder, "wrong.mjs"), join(folder, "lonely.mjs")];
  await writeFile(wrong, "throw new Error('not today');\n");
  assert.equal(
    await refused(wrong),
    `azulejo: --operators "${wrong}" can't be imported: not today (${wrong}:1); mend the file\n(option: see docs/errors/option.md)\n`,
  );
  await writeFile(lonely, 'import "azulejo/tile";\n');
  assert.equal(
    await refused(lonely),
    `azulejo: --operators "${lonely}" can't be imported: Cannot find package 'azulejo'; run npm install azulejo in its folder or in one above\n(option: see docs/errors/option.md)\n`,
  );
});

test("check tells mistakes in the kernels of a file, with their lines, and takes the file's tensors", async () => {
  const tile = new URL("../../src/author/index.js", import.meta.url).href;
  const file = join(folder, "kernels.mjs");
  const text = `import { f32, grid, i32, kernel } from ${JSON.stringify(tile)};
export const picked = kernel({ X: f32("M"), I: i32("N"), Y: f32("N") }, ({ X, I, Y, N }) =>
  grid(N.tile(), n => Y.at(n).set(X.at(I.at(n)))));
export const rooted = kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
  grid(M.tile(), m => Y.at(m).set(X.at(m).SIGN.sqrt())));
export const checks = { picked: { tensors: { I: { dtype: "i32", dims: [2], data: Int32Array.of(1, 6) } }, dims: { M: 7 } } };
`;
  await writeFile(file, text.replace("SIGN", "sub(5)"));
  const bad = await azulejo("check", file);
  assert.equal(bad.status, 1);
  assert.match(
    bad.out,
    /rooted +not-finite +\/.*kernels\.mjs:5 +M=\d+ +"Y" is NaN at element 0, of finite inputs: it begins with ".*" \(sqrt\)/,
  );
  assert.match(bad.out, /\n1 finding in 2 kernels\n$/);
  const json = JSON.parse((await azulejo("check", file, "--json", "--seed", "2")).out);
  assert.deepEqual(json.kernels, ["picked", "rooted"]);
  assert.deepEqual(
    json.findings.map((f: { kernel: string; kind: string }) => [f.kernel, f.kind]),
    [["rooted", "not-finite"]],
  );
  const good = join(folder, "good.mjs");
  await writeFile(good, text.replace("SIGN", "abs()"));
  assert.deepEqual(await azulejo("check", good).then(({ status, out }) => [status, out]), [
    0,
    "2 kernels: picked, rooted. Nothing was found.\n",
  ]);
  const outside = await azulejo("check", good, "--dims", "M=6");
  assert.equal(outside.status, 1);
  assert.match(outside.out, /picked +bounds +.*:3 +.*"X" is read at 6 along dim 0, which has 6 indices/);
  const size = await azulejo("check", good, "--dims", "Q=6");
  assert.match(size.err, /^azulejo: --dims: no kernel has a dim "Q"; there are M, N\n\(option:/);
  const none = join(folder, "none.mjs");
  await writeFile(none, "export const answer = 42;\n");
  assert.match((await azulejo("check", none)).err, /exports no kernel; export what kernel\(…\) of azulejo\/tile gives/);
});

test("check: a kernel that can't be run hides nothing of the others", async () => {
  const tile = new URL("../../src/author/index.js", import.meta.url).href;
  const file = join(folder, "several.mjs");
  await writeFile(
    file,
    `import { f32, grid, kernel } from ${JSON.stringify(tile)};
const made = body => kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => body(X, Y, n)));
export const outside = made((X, Y, n) => Y.at(n.add(1)).set(X.at(n)));
export const rooted = made((X, Y, n) => Y.at(n).set(X.at(n).sub(5).sqrt()));
`,
  );
  const { status, out, err } = await azulejo("check", file);
  assert.equal(status, 1);
  assert.match(out, /^rooted +not-finite/m);
  assert.match(out, /\n1 finding in 1 kernel\n$/);
  assert.match(err, /^azulejo: kernel "outside": "Y" is written along dim 0 up to N/);
  const json = JSON.parse((await azulejo("check", file, "--json")).out);
  assert.deepEqual(json.kernels, ["rooted"]);
  assert.deepEqual([json.failed.length, json.failed[0].kernel, json.failed[0].error.code], [1, "outside", "input"]);
});

test("a kernel that is wrong, in its language or in its sizes, is told with its line and the name it is exported by", async () => {
  const tile = new URL("../../src/author/index.js", import.meta.url).href;
  const refused = async (name: string, body: string, ...command: string[]): Promise<string> => {
    const file = join(folder, name);
    const text = `import { f32, grid, kernel } from ${JSON.stringify(tile)};
export const shifted = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
  grid(N.tile(), n => ${body}));
`;
    await writeFile(file, text);
    const { err, status } = await azulejo(...command, file);
    assert.equal(status, 1);
    return err.replaceAll(`${folder}/`, "").replace(/\n\(.*\n$/, "");
  };
  const outside = await refused("outside.mjs", "Y.at(n.add(1)).set(X.at(n))", "check");
  assert.equal(
    outside,
    'azulejo: kernel "shifted": "Y" is written along dim 0 up to N, which must be below its size N (outside.mjs:3); none of 200 draws of sizes keeps that: write inside, or give dims or tensors that do',
  );
  const sizeless = await refused("sizeless.mjs", "Y.at(n).set(X.at(n))", "tune", "--list");
  assert.equal(sizeless, 'azulejo: kernel "shifted" needs the size of N; give --dims N=…');
  const rank = await refused("rank.mjs", "Y.at(n, n).set(X.at(n))", "check");
  assert.equal(
    rank,
    'azulejo: kernel "kernel": "Y" has 1 dims and is indexed with 2; give one index a dim (rank.mjs:3)',
  );
  const name = await refused("name.mjs", "Y.at(m).set(X.at(n))", "tune");
  assert.equal(name, 'azulejo: tune "name.mjs" can\'t be imported: m is not defined (name.mjs:3); mend the file');
  const syntax = await refused("syntax.mjs", "Y.at(n)..set(X.at(n))", "check");
  assert.match(syntax, /^azulejo: check "syntax\.mjs" can't be imported: .*; node --check syntax\.mjs shows where$/);
});
