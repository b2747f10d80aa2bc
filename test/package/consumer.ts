// An empty project that installs packed tarballs, as a user's would: made once, used by all tests of a file. A package is packed once in a process.
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../tools/project.js";
import { f32Tensor, node, onnxModel, text, value } from "../frontends/onnx-model.js";

const execute = promisify(execFile);

export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; never throws. */
export async function command(
  file: string,
  parameters: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Output> {
  // What npm and node:test put into the environment would reach the inner npm and node.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD)/i.test(name)));
  try {
    const options = { cwd, env: { ...env, CI: "1", ...variables }, maxBuffer: 1 << 26 };
    const { stdout, stderr } = await execute(file, parameters, options);
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: typeof code === "number" ? code : 1, stdout, stderr };
  }
}

export interface Consumer {
  readonly folder: string;
  /** paths inside the tarball of the first package */
  readonly packed: readonly { readonly path: string; readonly mode: number; readonly size: number }[];
  write(path: string, content: string | Uint8Array): Promise<string>;
  read(path: string): Promise<string>;
  node(...parameters: string[]): Promise<Output>;
  remove(): Promise<void>;
}

const layer = {
  inputs: [value("x", 1, ["batch", 2])],
  outputs: [value("y", 1, ["batch", 3])],
  initializers: [f32Tensor("W", [2, 3], [1, 2, 3, 4, 5, 6]), f32Tensor("b", [3], [0, -100, 0.5])],
};
/** y = relu(x · W + b) with W 2 × 3: what every way of using the package has to compute. */
export const model: Uint8Array = onnxModel({
  ...layer,
  nodes: [node("MatMul", ["x", "W"], ["xW"]), node("Add", ["xW", "b"], ["s"]), node("Relu", ["s"], ["y"])],
});
/** The same by an operator of com.microsoft. */
export const contribModel: Uint8Array = onnxModel({
  ...layer,
  domains: { "com.microsoft": 1 },
  nodes: [{ ...node("FusedGemm", ["x", "W", "b"], ["y"], [text("activation", "Relu")]), domain: "com.microsoft" }],
});
/** for x = [1, 10] */
export const expected: readonly number[] = [41, 0, 63.5];

/** Takes a picture of 2 × 2 pixels. */
export const pictureModel: Uint8Array = onnxModel({
  inputs: [value("image", 1, [1, 3, 2, 2])],
  outputs: [value("y", 1, [1, 3, 2, 2])],
  nodes: [node("Relu", ["image"], ["y"])],
});

/** What a user's project is made of. */
export interface ProjectSpec {
  /** our packages, as folders from the root */
  readonly packages: readonly string[];
  /** package.json, given what npm takes for each of them; no script of another package is run */
  readonly manifest: (tarballs: Readonly<Record<string, string>>) => object;
}
const azulejoAlone: ProjectSpec = {
  packages: ["."],
  manifest: ({ ".": azulejo }) => ({ dependencies: { azulejo } }),
};

/** Packs and installs; undefined where the registry can't be reached for dependencies. */
export async function makeConsumer({ packages, manifest }: ProjectSpec = azulejoAlone): Promise<Consumer | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-consumer-"));
  const results: Packed[] = [];
  for (const path of packages) results.push(await pack(path));
  const tarballs = Object.fromEntries(packages.map((path, i) => [path, `file:${results[i]!.path}`]));
  const project = { name: "consumer", private: true, type: "module", ...manifest(tarballs) };
  await writeFile(join(folder, "package.json"), JSON.stringify(project, null, 2));
  const installing = await command("npm", ["install", ...npmFlags], folder);
  if (installing.status !== 0) {
    await rm(folder, { recursive: true });
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|network/i.test(installing.stderr)) return undefined;
    throw new Error(`npm install failed: ${installing.stderr}`);
  }
  await writeFile(join(folder, "model.onnx"), model);
  return {
    folder,
    packed: results[0]?.files ?? [],
    write: async (path, content) => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
      return join(folder, path);
    },
    read: path => readFile(join(folder, path), "utf8"),
    // each run compiles, and the user's cache stays as it is
    node: (...parameters) => command(process.execPath, parameters, folder, { AZULEJO_CACHE_BYTES: "0" }),
    remove: () => rm(folder, { recursive: true }),
  };
}

const npmFlags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"];

interface Packed {
  readonly path: string;
  readonly files: Consumer["packed"];
}
const known = new Map<string, Promise<Packed>>();
function pack(path: string): Promise<Packed> {
  const packing = known.get(path) ?? packNow(path);
  known.set(path, packing);
  return packing;
}
async function packNow(path: string): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-packed-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  // The build is current: npm test has just made it, and must not be disturbed while other tests run.
  const flags = ["--json", "--ignore-scripts", "--pack-destination", folder];
  const { status, stdout, stderr } = await command("npm", ["pack", ...flags, `./${path}`], root);
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  // npm 11 prints a list, npm 12 an object by name
  const [made] = Object.values(JSON.parse(stdout)) as { filename: string; files: Packed["files"] }[];
  return { path: join(folder, made!.filename), files: made!.files };
}
