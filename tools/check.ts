// `node dist/tools/check.js`: what the compiler and the tests don't see. Runs before the tests in `npm test`.
// Each check returns its problems as sentences; none of them changes a file.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exampleProblems, layerProblems } from "./imports.js";
import { cycleOf, layers } from "./layers.js";
import { commandOf, filesBelow, root } from "./project.js";

interface Check {
  readonly name: string;
  readonly run: () => string[] | Promise<string[]>;
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const isTypeScript = (path: string): boolean => path.endsWith(".ts");

function checkLayers(): string[] {
  const cycle = cycleOf(layers);
  if (cycle !== undefined) return [`tools/layers.ts has a cycle: ${cycle.join(" → ")}`];
  const examples = existsSync(join(root, "examples")) ? filesBelow("examples", isTypeScript) : [];
  return [
    ...filesBelow("src", isTypeScript).flatMap(path => layerProblems(path, read(path))),
    ...examples.flatMap(path => exampleProblems(path, read(path))),
  ];
}

/** Runs a command; its whole output is the problem when it fails. */
function commandProblems(script: string, ...parameters: string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...parameters], { cwd: root });
    let output = "";
    child.stdout.on("data", chunk => (output += chunk));
    child.stderr.on("data", chunk => (output += chunk));
    child.on("error", reject);
    child.on("close", code => resolve(code === 0 ? [] : [output.trim()]));
  });
}

const typescript = (project: string): Promise<string[]> =>
  commandProblems(commandOf("typescript", "bin/tsc"), "-p", project);

const biome = (...parameters: string[]): Promise<string[]> =>
  commandProblems(commandOf("@biomejs/biome", "bin/biome"), ...parameters, "--diagnostic-level=error", ".");

/** Every code of src/support/errors.ts has a page docs/errors/<code>.md that begins with it, and no page lacks a code. */
function checkErrorPages(): string[] {
  const union = /export type ErrorCode =([^;]*);/.exec(read("src/support/errors.ts").replace(/\/\/.*$/gm, ""));
  const codes = [...(union?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(match => match[1]!);
  const pages = filesBelow("docs/errors").map(path => path.replace(/^docs\/errors\/|\.md$/g, ""));
  return [
    ...(codes.length === 0 ? ["src/support/errors.ts no longer declares ErrorCode as a union of strings"] : []),
    ...codes
      .filter(code => !pages.includes(code))
      .map(code => `error code "${code}" has no page docs/errors/${code}.md`),
    ...pages
      .filter(page => page !== "README" && !codes.includes(page))
      .map(page => `docs/errors/${page}.md explains a code that src/support/errors.ts does not have`),
    ...codes
      .filter(code => pages.includes(code) && !read(`docs/errors/${code}.md`).startsWith(`# ${code}\n`))
      .map(code => `docs/errors/${code}.md does not begin with "# ${code}"`),
  ];
}

const textFile = /\.(ts|js|mjs|json|md|html|css|yml|yaml|sh)$|(^|\/)\.ci\/run$/;
// Folders in which people's own files lie: a path into them is a path of one machine.
const machinePath = new RegExp(`(?<![\\w.$}/-])/(?:${["home", "root", "work", "Users"].join("|")})/[\\w.-]+`);

function checkMachinePaths(): string[] {
  return filesBelow(".", path => textFile.test(path) && path !== "package-lock.json").flatMap(path =>
    read(path)
      .split("\n")
      .flatMap((line, index) => {
        const found = machinePath.exec(line);
        return found === null ? [] : [`${path}:${index + 1} names a path of one machine: ${found[0]}`];
      }),
  );
}

/** Relative links of Markdown files, code blocks left out: each leads to a file or folder that is there. */
function checkLinks(): string[] {
  return filesBelow(".", path => path.endsWith(".md")).flatMap(path => {
    const text = read(path).replace(/```[\s\S]*?```|`[^`\n]*`/g, "");
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(match => match[1]!.replace(/#.*$/, ""))
      .filter(link => link !== "" && !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)))
      .map(link => `${path} links to ${link}, which does not exist`);
  });
}

const generators = ["dist/tools/generate-operators.js", "dist/tools/generate-api.js"].map(path => join(root, path));

const checks: readonly Check[] = [
  { name: "imports follow the layers", run: checkLayers },
  { name: "the core compiles with the ES library only", run: () => typescript("tsconfig.core.json") },
  { name: "the browser example compiles", run: () => typescript("examples/browser") },
  { name: "the WebGPU example compiles", run: () => typescript("examples/webgpu") },
  { name: "files are formatted", run: () => biome("format") },
  { name: "lint", run: () => biome("lint") },
  {
    name: "generated files are current",
    run: async () => (await Promise.all(generators.map(path => commandProblems(path, "--check")))).flat(),
  },
  { name: "every error code has a page", run: checkErrorPages },
  { name: "links in documents lead somewhere", run: checkLinks },
  { name: "no path of one machine", run: checkMachinePaths },
];

const results = await Promise.all(checks.map(async ({ name, run }) => ({ name, problems: await run() })));
for (const { name, problems } of results) {
  process.stdout.write(`${problems.length === 0 ? "✔" : "✖"} ${name}\n`);
  for (const problem of problems) process.stdout.write(`  ${problem.replace(/\n/g, "\n  ")}\n`);
}
if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
