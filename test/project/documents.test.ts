// What the documents show is true: both READMEs hold the same, their code and that of the guides compiles, their commands exist.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import { runCommandLine } from "../../src/cli/program.js";
import { explain, type Pass } from "../../src/index.js";
import { commandOf, root } from "../../tools/project.js";
import { elementType, f32Tensor, i64Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";
import { patienceMs } from "../patience.js";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const [english, chinese] = [read("README.md"), read("README.zh.md")];

/** Code between fences of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(m => m[1] === language).map(m => m[2]!);

/** Comments are in the language of the document. */
const withoutComments = (code: string): string => code.replace(/ +(\/\/|#) .*$/gm, "");

test("both READMEs have the same headings, code and links", () => {
  const levels = (text: string): string[] => text.match(/^#+ /gm) ?? [];
  assert.deepEqual(levels(chinese), levels(english));
  for (const language of ["ts", "sh"]) {
    assert.ok(blocks(english, language).length > 0, language);
    assert.deepEqual(blocks(chinese, language).map(withoutComments), blocks(english, language).map(withoutComments));
  }
  const links = (text: string): string[] =>
    [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map(m => m[1]!.replace(".zh.md", ".md"))
      .filter(link => !link.startsWith("README"));
  assert.deepEqual(links(chinese), links(english));
});

/** Names that the READMEs' pieces take for granted. */
const given: Readonly<Record<string, string>> = {
  data: "data: Float32Array",
  swoosh: 'swoosh: import("azulejo").Operator',
  myPass: 'myPass: import("azulejo").Pass',
  signal: "signal: AbortSignal",
  inputs: 'inputs: Record<string, import("azulejo").TensorData>',
};

interface Listing {
  readonly document: string;
  /** where the guide says that the file lies; its relative imports start there */
  readonly folder?: string;
}
const listings: readonly Listing[] = [
  { document: "README.md" },
  { document: "examples/ocr/README.md" },
  { document: "docs/custom-operators.md" },
  { document: "docs/kernels.md" },
  { document: "docs/contributing/operator.md", folder: "src/ops" },
  { document: "docs/contributing/pass.md", folder: "src/graph/passes" },
];
const scratch = join(root, "out/documents");
after(() => rmSync(scratch, { recursive: true, force: true }));

function module({ folder }: Listing, code: string): string {
  const missing = Object.keys(given).filter(
    name =>
      new RegExp(`\\b${name}\\b(?!:)`).test(code) &&
      !new RegExp(`const ${name}\\b|const \\{[^}]*\\b${name}\\b`).test(code),
  );
  const rooted = code.replace(
    /from "(\.[^"]+)"/g,
    (_, path: string) => `from "../../${posix.join("dist", folder ?? ".", path)}"`,
  );
  return `${missing.map(name => `declare const ${given[name]};\n`).join("")}${rooted}\nexport {};\n`;
}

test("TypeScript in the documents compiles", { timeout: patienceMs }, () => {
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const names: string[] = [];
  for (const listing of listings) {
    const found = blocks(read(listing.document), "ts");
    assert.ok(found.length > 0, `${listing.document} shows no code`);
    for (const [at, code] of found.entries()) {
      names.push(`${listing.document.replace(/\W/g, "-")}-${at}.ts`);
      writeFileSync(join(scratch, names.at(-1)!), module(listing, code));
    }
  }
  // what the guide's file exports is what the generated lists and the tests take from it
  const guide = names.find(name => name.includes("contributing-operator"))!.replace(".ts", ".js");
  writeFileSync(
    join(scratch, "guide.ts"),
    `import type { OperatorModule } from "../../dist/src/ops/operator.js";\nimport * as guide from "./${guide}";\nexport const checked: OperatorModule = guide;\n`,
  );
  names.push("guide.ts");
  const options = { noEmit: true, noUnusedLocals: false, incremental: false, tsBuildInfoFile: null, rootDir: root };
  const project = join(scratch, "tsconfig.json");
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions: options, include: [], files: names }),
  );
  const { stdout } = spawnSync(process.execPath, [commandOf("typescript", "bin/tsc"), "-p", project], {
    encoding: "utf8",
  });
  assert.equal(stdout, "");
});

test("the pass of the guide does what it says, to floats and to integers", async () => {
  const listing = listings.find(l => l.document.endsWith("pass.md"))!;
  const file = join(scratch, "pass.mjs");
  mkdirSync(scratch, { recursive: true });
  writeFileSync(file, transformSync(module(listing, blocks(read(listing.document), "ts")[0]!), { loader: "ts" }).code);
  const { dropFactors } = (await import(pathToFileURL(file).href)) as { dropFactors: Pass };
  for (const [type, one] of [
    [elementType.f32, f32Tensor("one", [], [1])],
    [elementType.i64, i64Tensor("one", [], [1])],
  ] as const) {
    const model = onnxModel({
      inputs: [value("x", type, ["n"])],
      outputs: [value("y", type)],
      initializers: [one],
      nodes: [node("Mul", ["x", "one"], ["product"]), node("Abs", ["product"], ["y"])],
    });
    const passes = (builtIn: readonly Pass[]) => [builtIn.find(p => p.name === "infer")!, dropFactors];
    const text = await explain(model, { stage: "graph", passes });
    assert.match(text, /y: \w+\[n\] = Abs@\d+\(x\)/);
  }
});

test("the README counts no more operators than there are", () => {
  const [, count] = /^(\d+) operators\./m.exec(read("docs/operators.md"))!;
  for (const text of [english, chinese]) {
    const [, claimed] = /(\d+) (?:operators\]|多个算子\])/.exec(text)!;
    assert.ok(Number(claimed) <= Number(count) && Number(claimed) > 100, `${claimed} of ${count}`);
  }
});

test("the operator of the README is the one of the example", () => {
  const body = (code: string): string => code.slice(code.indexOf("export const swoosh"));
  const shown = blocks(english, "ts").find(code => code.includes("export const swoosh"))!;
  assert.equal(body(shown), body(read("examples/custom-operator/swoosh.ts")));
});

test("commands in the README exist, with the options that they are shown with", async () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const commands = blocks(english, "sh").flatMap(code => withoutComments(code).trim().split("\n"));
  for (const command of commands) {
    const script = /^npm (?:run )?(\S+)/.exec(command)?.[1];
    if (script !== undefined && script !== "install") assert.ok(scripts[script], command);
    const azulejo = /^npx azulejo ((?:new )?\w+) (.*)$/.exec(command);
    if (azulejo === null) continue;
    let help = "";
    const terminal = {
      out: (text: string) => (help += text),
      err: () => {},
      interactive: false,
      signal: new AbortController().signal,
    };
    const unused = (): never => assert.fail("help needs no library");
    await runCommandLine(
      [...azulejo[1]!.split(" "), "--help"],
      {
        load: unused,
        explain: unused,
        explainHtml: unused,
        doctor: unused,
        diagnose: unused,
        checkModel: unused,
        checkKernel: unused,
        tuneKernels: unused,
        tuneModel: unused,
        decodeTensor: unused,
      },
      terminal,
      "1",
    );
    for (const [option] of azulejo[2]!.matchAll(/--[\w-]+/g))
      assert.ok(help.includes(`${option} `), `${command}: ${option}`);
  }
});
