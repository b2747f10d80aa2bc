// The package as users get it: packed, installed into an empty project, and used from ESM, require, the command line, esbuild, Vite and tsc.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { build } from "vite";
import { commandOf, root } from "../../tools/project.js";
import type { Consumer } from "./consumer.js";
import { command, contribModel, expected, makeConsumer, pictureModel } from "./consumer.js";
import { patienceMs } from "../patience.js";

let consumer: Consumer;
let skip: string | undefined = "the npm registry can't be reached";
before(async () => {
  const made = await makeConsumer();
  if (made === undefined) return;
  consumer = made;
  skip = undefined;
});
after(() => consumer?.remove());

/** A test that needs the installed package. */
function installed(name: string, run: (print: (line: string) => void) => Promise<void>): void {
  test(name, { timeout: patienceMs }, async context => {
    if (skip !== undefined) context.skip(skip);
    else await run(line => context.diagnostic(line));
  });
}

/** Runs a program that prints JSON. */
async function json(...parameters: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await consumer.node(...parameters);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const useModel = `
  const model = await load("model.onnx");
  const { y } = await model.run({ x: { dtype: "f32", dims: [1, 2], data: Float32Array.of(1, 10) } });
  console.log(JSON.stringify({ dims: y.dims, data: [...y.data], tensor: y instanceof Tensor }));
  model.dispose();
`;
const result = { dims: [1, 3], data: expected, tensor: true };

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

installed("the tarball holds sources, code, declarations and documents, and nothing else", async print => {
  const paths = consumer.packed.map(({ path }) => path);
  const folders =
    /^(dist\/lib|dist\/src|src|docs|knowledge)\/|^(README(\.zh)?|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|^LICENSE$|^package\.json$/;
  assert.deepEqual(
    paths.filter(path => !folders.test(path)),
    [],
  );
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md", "docs/errors/input.md"])
    assert(paths.includes(path), path);
  // the examples are read and run in a clone
  const links = [...(await consumer.read("node_modules/azulejo/README.md")).matchAll(/\]\(([\w./-]+)\)/g)].map(
    m => m[1]!,
  );
  assert.deepEqual(
    links.filter(link => !link.startsWith("examples/") && !paths.includes(link)),
    [],
  );
  assert.equal(consumer.packed.find(({ path }) => path === "dist/lib/cli.js")!.mode & 0o111, 0o111);
  print(`${paths.length} files, ${consumer.packed.reduce((sum, { size }) => sum + size, 0)} bytes`);
});

installed("no path of the machine that built it is inside", async () => {
  const grep = await command("grep", ["-rlF", root, "node_modules/azulejo"], consumer.folder);
  assert.equal(grep.stdout, "");
});

installed("every source map names sources that are installed, or carries those of the protobuf library", async () => {
  const maps = consumer.packed.filter(({ path }) => path.endsWith(".map")).map(({ path }) => path);
  assert(maps.length > 0);
  const paths = new Set(consumer.packed.map(({ path }) => path));
  for (const path of maps) {
    const map = JSON.parse(await consumer.read(`node_modules/azulejo/${path}`)) as SourceMap;
    for (const [i, source] of map.sources.entries()) {
      if (typeof map.sourcesContent?.[i] === "string") {
        assert.match(source, /^node_modules\/@bufbuild\/protobuf\//);
        continue;
      }
      const target = new URL(source, `file:///${path}`).pathname.slice(1);
      assert(paths.has(target), `${path} names ${source}`);
    }
  }
});

installed("import { load } works", async () => {
  await consumer.write("esm.mjs", `import { load, Tensor } from "azulejo";\n${useModel}`);
  assert.deepEqual(await json("esm.mjs"), result);
});

installed("require() works", async () => {
  await consumer.write("common.cjs", `const { load, Tensor } = require("azulejo");\n(async () => {${useModel}})();`);
  assert.deepEqual(await json("--no-warnings", "common.cjs"), result);
});

installed(
  "azulejo new operator writes files whose test passes unedited, and fails where body and reference differ",
  async () => {
    const cli = ["node_modules/azulejo/dist/lib/cli.js", "new", "operator", "HardSwoosh", "--out", "operators"];
    assert.equal(
      (await consumer.node(...cli)).stdout,
      "wrote operators/hard-swoosh.mjs\nwrote operators/hard-swoosh.test.mjs\n",
    );
    const tested = await consumer.node("--test", "--test-reporter=tap", "operators/hard-swoosh.test.mjs");
    assert.match(tested.stdout, /^# pass 1\n# fail 0$/m, tested.stdout);
    // editors check the types in its comments
    const flags = [
      "--noEmit",
      "--allowJs",
      "--checkJs",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "",
    ];
    const checked = await command(
      process.execPath,
      [commandOf("typescript", "bin/tsc"), ...flags, "operators/hard-swoosh.mjs"],
      consumer.folder,
    );
    assert.equal(checked.status, 0, checked.stdout);
    const text = await consumer.read("operators/hard-swoosh.mjs");
    await consumer.write("operators/hard-swoosh.mjs", text.replace("alpha * x)", "alpha * x - 1)"));
    const changed = await consumer.node("--test", "--test-reporter=tap", "operators/hard-swoosh.test.mjs");
    assert.match(changed.stdout, /^# pass 0\n# fail 1$/m);
    assert.match(
      changed.stdout,
      /Operator "HardSwoosh" departs from its reference in \d+ runs; correct the one that is wrong:\n +both signs, on wasm, dims in numbers: output "Y": element \d+ is /,
    );
  },
);

installed("azulejo learn writes an exercise, fails its skeleton and passes its solution", async () => {
  const learn = (...parameters: string[]) =>
    consumer.node("node_modules/azulejo/dist/lib/cli.js", "learn", "1", ...parameters, "--lang", "en");
  assert.match((await learn("axpy.mjs", "--start")).stdout, /^wrote axpy\.mjs\n/);
  const skeleton = await learn("axpy.mjs");
  assert.equal(skeleton.status, 1, skeleton.stderr);
  assert.match(skeleton.stdout, /✖ 4 elements/);
  await consumer.write("axpy.mjs", (await learn("--solution")).stdout);
  const solved = await learn("axpy.mjs");
  assert.equal(solved.status, 0, solved.stdout + solved.stderr);
});

installed("a stack trace leads to the TypeScript source", async () => {
  await consumer.write(
    "trace.mjs",
    'import { load } from "azulejo";\nload(new Uint8Array(0)).catch(error => console.log(JSON.stringify(error.stack)));',
  );
  assert.match(String(await json("--enable-source-maps", "trace.mjs")), /node_modules\/azulejo\/src\/[\w/-]+\.ts:\d+/);
});

installed("azulejo/tile and azulejo/kernels: kernels run, eagerly and compiled", async () => {
  await consumer.write(
    "tile.mjs",
    `import { f32, grid, kernel } from "azulejo/tile";
     import { linear } from "azulejo/kernels";
     const twice = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => { Y.at(n).set(X.at(n).mul(2)); }));
     const f32s = (dims, ...data) => ({ dtype: "f32", dims, data: Float32Array.from(data) });
     const X = f32s([2], 1, -3);
     const one = linear({ epilogue: x => x.mul(10) });
     const { Y } = await one.run({ X: f32s([1, 2], 1, 2), W: f32s([2, 1], 3, 4), b: f32s([1], 5) });
     console.log(JSON.stringify([[...twice.eager({ X }).Y.data], [...(await twice.run({ X })).Y.data], [...Y.data]]));`,
  );
  assert.deepEqual(await json("tile.mjs"), [[2, -6], [2, -6], [160]]);
});

installed("azulejo/onnxruntime takes the place of onnxruntime", async () => {
  await consumer.write(
    "ort.mjs",
    `import { readFileSync } from "node:fs";
     import * as ort from "azulejo/onnxruntime";
     const session = await ort.InferenceSession.create(readFileSync("model.onnx"), { executionProviders: ["cpu"], intraOpNumThreads: 1 });
     const { y } = await session.run({ x: new ort.Tensor("float32", [1, 10], [1, 2]) });
     await session.release();
     console.log(JSON.stringify({ names: session.inputNames, shape: session.inputMetadata[0].shape, data: [...y.data], type: y.type }));`,
  );
  assert.deepEqual(await json("ort.mjs"), { names: ["x"], shape: ["batch", 2], data: expected, type: "float32" });
});

installed("the command runs the model, explains it and benches it", async () => {
  const azulejo = (...parameters: string[]) => command("node_modules/.bin/azulejo", parameters, consumer.folder);
  const run = await azulejo("run", "model.onnx", "--input", "x=[[1,10]]", "--json");
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(JSON.parse(run.stdout).outputs, { y: { dtype: "f32", dims: [1, 3], data: expected } });
  for (const stage of ["graph", "kernels", "loops", "code"]) {
    const { status, stdout, stderr } = await azulejo("explain", "model.onnx", "--stage", stage);
    assert.equal(status, 0, stderr);
    assert(stdout.length > 50, stdout);
  }
  const bench = await azulejo("bench", "model.onnx", "--runs", "3", "--json");
  assert.equal(JSON.parse(bench.stdout).steady.runs, 3, bench.stderr);
});

installed("the command's failures are one sentence, a code and a page that is there", async () => {
  const { status, stderr } = await consumer.node(
    "node_modules/azulejo/dist/lib/cli.js",
    "run",
    "model.onnx",
    "--input",
    "x=[1,10]",
  );
  assert.equal(status, 1);
  const [, page] = /^azulejo: .+\n\(\w+: see (.+)\)\n$/.exec(stderr) ?? assert.fail(stderr);
  assert.match(await consumer.read(page!), /^# (input|shape)\n/);
});

installed("without sharp, --image says what to install", async () => {
  await consumer.write("picture.onnx", pictureModel);
  const main = "node_modules/azulejo/dist/lib/cli.js";
  const { status, stderr } = await consumer.node(main, "run", "picture.onnx", "--image", "a.png");
  assert.equal(status, 1);
  const sentence = "--image needs the package sharp to decode pictures, which is not installed; run npm install sharp";
  assert.equal(stderr, `azulejo: ${sentence}\n(option: see node_modules/azulejo/docs/errors/option.md)\n`);
});

const browserProgram = `
  import { load, Tensor } from "azulejo";
  export async function main(bytes) {
    try {
      const model = await load(bytes);
      const { y } = await model.run({ x: { dtype: "f32", dims: [1, 2], data: Float32Array.of(1, 10) } });
      model.dispose();
      return { dims: y.dims, data: [...y.data], tensor: y instanceof Tensor };
    } catch ({ code, message }) {
      return { code, message };
    }
  }`;

/** Bundles for browsers run in Node too: what the host offers is found at run time, not at build time. */
async function runBundle(path: string, model = "model.onnx"): Promise<unknown> {
  const program = `import { readFileSync } from "node:fs"; import { main } from "./${path}"; console.log(JSON.stringify(await main(readFileSync("${model}"))));`;
  await consumer.write("run-bundle.mjs", program);
  return json("run-bundle.mjs");
}

const forBrowsers = {
  bundle: true,
  platform: "browser",
  format: "esm",
  minify: true,
  logLevel: "silent",
} satisfies esbuild.BuildOptions;

installed("esbuild bundles it for browsers without polyfills; the bundle computes", async () => {
  const entry = await consumer.write("app.js", browserProgram);
  const outfile = `${consumer.folder}/esbuild.mjs`;
  const { warnings } = await esbuild.build({ ...forBrowsers, entryPoints: [entry], outfile });
  assert.deepEqual(
    warnings.map(({ text }) => text),
    [],
  );
  assert.deepEqual(await runBundle("esbuild.mjs"), result);
});

installed("with splitting, operators beside ai.onnx are read when a model names them", async print => {
  const entry = await consumer.write("app.js", browserProgram);
  const outdir = `${consumer.folder}/split`;
  const { metafile } = await esbuild.build({
    ...forBrowsers,
    entryPoints: [entry],
    splitting: true,
    outdir,
    metafile: true,
    absWorkingDir: consumer.folder,
  });
  const first = filesAtFirst("split/app.js", metafile.outputs);
  const compiler = Object.keys(metafile.outputs).filter(name => name.includes("compile-model"));
  assert.equal(compiler.length, 1);
  const model = filesAtFirst(compiler[0]!, metafile.outputs, new Set(first));
  const rest = Object.keys(metafile.outputs).filter(name => !model.has(name));
  const sizes = await Promise.all([first, model, rest].map(gzippedSize));
  print(
    `browser bundle of the library, gzipped: ${sizes[0]} bytes for a kept model, ${sizes[1]} for one that it compiles, ${sizes[2]} more on demand`,
  );
  // issue "Foundation": browser bundle of the library at most 250 KB, the compiler included
  assert(sizes[1]! <= 250_000, `${sizes[1]} bytes gzipped`);
  await consumer.write("contrib.onnx", contribModel);
  assert.deepEqual(await runBundle("split/app.js"), result);
  assert.deepEqual(await runBundle("split/app.js", "contrib.onnx"), result);
  const domains = rest.filter(name => name.includes("other-domains"));
  assert.equal(domains.length, 1);
  assert.equal(rest.filter(name => name.includes("seldom")).length, 1);
  await consumer.write(domains[0]!, "throw new Error('is not served');");
  assert.deepEqual(await runBundle("split/app.js"), result);
  const problem =
    "The operators of com.microsoft can't be loaded (is not served); serve all files that the bundler wrote, from one folder";
  assert.deepEqual(await runBundle("split/app.js", "contrib.onnx"), { code: "target", message: problem });
});

/** A file and those that it reads before anything is called. */
function filesAtFirst(path: string, outputs: esbuild.Metafile["outputs"], into = new Set<string>()): Set<string> {
  if (into.has(path)) return into;
  into.add(path);
  for (const { path: next, kind } of outputs[path]!.imports)
    if (kind === "import-statement") filesAtFirst(next, outputs, into);
  return into;
}

async function gzippedSize(paths: Iterable<string>): Promise<number> {
  const codes = await Promise.all(Array.from(paths, path => consumer.read(path)));
  return codes.reduce((sum, code) => sum + gzipSync(code).length, 0);
}

installed("Vite bundles it; the bundle computes", async () => {
  await consumer.write("app.js", browserProgram);
  const lib = { entry: "app.js", formats: ["es" as const], fileName: "vite" };
  await build({ root: consumer.folder, configFile: false, logLevel: "silent", build: { lib, outDir: "vite-dist" } });
  assert.deepEqual(await runBundle("vite-dist/vite.js"), result);
});

const typed = `
  import { AzulejoError, load, type Model, type Operator } from "azulejo";
  import { f32, grid, kernel } from "azulejo/tile";
  import { InferenceSession, Tensor } from "azulejo/onnxruntime";
  export const double = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => { Y.at(n).set(X.at(n).mul(2)); }));
  export async function use(model: Model): Promise<number> {
    const { y } = await model.run({ x: { dtype: "f32", dims: [1], data: Float32Array.of(1) } });
    return y!.dims.length;
  }
  export const operators: Operator[] = [];
  export const loaded: Promise<Model> = load("model.onnx", { threads: 2, operators });
  export const data: Float32Array = new Tensor("float32", [1], [1]).data;
  export const session: Promise<InferenceSession> = InferenceSession.create("model.onnx");
  export const code = (error: AzulejoError): string => error.code;
  // @ts-expect-error: no such option
  load("model.onnx", { thread: 2 });
`;
const libraries = { "the ES library alone": "es2023", "the DOM library": "es2023,dom" };
for (const [name, lib] of Object.entries(libraries)) {
  installed(`declarations compile in a strict project with ${name} and no Node types`, async () => {
    const file = await consumer.write("typed.ts", typed);
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", lib, "--types", ""];
    const { status, stdout } = await command(
      process.execPath,
      [commandOf("typescript", "bin/tsc"), ...flags, file],
      consumer.folder,
    );
    assert.equal(status, 0, stdout);
  });
}
