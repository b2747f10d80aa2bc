// `azulejo tune` of a module: what becomes of sets of sizes and of several kernels. Tuning itself is tested in test/tune.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { root } from "../../tools/project.js";
import { azulejo } from "./azulejo.js";

let folder = "";
let file = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-tune-command-"));
  file = join(folder, "kernels.mjs");
  const language = pathToFileURL(join(root, "dist/src/author/index.js")).href;
  await writeFile(
    file,
    `import { f32, grid, kernel } from ${JSON.stringify(language)};
export const twice = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).mul(2))));
export const sums = kernel({ X: f32("R C"), Y: f32("R") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => { const c = C.all(); Y.at(r).set(X.at(r, c).sum(c)); }));
`,
  );
});
after(() => rm(folder, { recursive: true }));

test("each kernel takes its own dims of each set, once, and there is one report", async () => {
  const sets = ["--dims", "N=64,R=4,C=8", "--dims", "N=128,C=8,R=4"];
  const { status, out } = await azulejo("tune", file, ...sets, "--list", "--json");
  assert.equal(status, 0);
  const { kernels } = JSON.parse(out);
  assert.deepEqual(
    kernels.map((k: { kernel: string; dims: object }) => [k.kernel, k.dims]),
    [
      ["sums", { R: 4, C: 8 }],
      ["twice", { N: 64 }],
      ["twice", { N: 128 }],
    ],
  );
});

test("the budget is that of all kernels together", async () => {
  const knowledge = join(folder, "base.jsonl");
  const sizes = Array.from({ length: 4 }, (_, i) => ["--dims", `N=${64 + i},R=${4 + i},C=8`]).flat();
  const { status, out } = await azulejo("tune", file, ...sizes, "--budget", "1ms", "--knowledge", knowledge);
  assert.equal(status, 0);
  assert.match(out, /budget over +[5-8] kernels not reached; run it again to go on/);
  assert.equal(out.match(/kept in/g)?.length, 1);
});
