// `npm test -- [part of a path …] [--all] [--node-test-flags …]`: hands the compiled tests to node:test.
// `--all` asks for the full sweeps (AZULEJO_SWEEP=all in the tests' environment).
// Node 20 knows no globs in `node --test`, and newer versions no folders, so the files are listed here; tools/run-tests.ts hands them over.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { rotation } from "../test/rotation.js";
import { filesBelow, root } from "./project.js";

const all = process.argv.includes("--all");
const flags = process.argv.slice(2).filter(argument => argument.startsWith("-") && argument !== "--all");
const parts = process.argv.slice(2).filter(argument => !argument.startsWith("-"));
const files = filesBelow("test", path => path.endsWith(".test.ts"))
  .filter(path => parts.length === 0 || parts.some(part => path.includes(part)))
  .map(path => `dist/${path.slice(0, -".ts".length)}.js`);
if (files.length === 0) {
  process.stderr.write(`No test file has ${parts.join(" or ")} in its path.\n`);
  process.exit(1);
}
/** Files that take longest, which begin first, so that no core ends long before the other: a minute of processor time and less. The order of the others is theirs by name. */
const longest = [
  "ops/cases", "transformers/transformers", "package/package", "ops/fuzz/fuzz", "ops/suites", "browser/operators", "browser/example", "lower/word-products",
  "browser/webgpu-operators", "ops/references", "ops/wrong-dims", "models/compile", "ops/host-suites", "author/library", "load/kept-models", "learn/lessons", "examples/ocr-", "native/", "models/",
  "project/", "lower/library-fuzz", "author/", "ops/", "graph/real-models", "load/index-errors", "lower/", "browser/", "examples/", "cli/", "tune/",
]; // biome-ignore format: a list
const rank = (file: string): number => {
  const at = longest.findIndex(part => file.startsWith(`dist/test/${part}`));
  return at < 0 ? longest.length : at;
};
files.sort((a, b) => rank(a) - rank(b));
// node:test leaves a core free by default: on two cores, half of the machine.
const runner = [`--import=${new URL("test-engine-flags.js", import.meta.url).href}`, ...flags];
// what earlier runs or the user's own models left in the cache must not decide what is tested
const cache = mkdtempSync(join(tmpdir(), "azulejo-test-cache-"));
const { status } = spawnSync(
  process.execPath,
  [...runner, join(root, "dist/tools/run-tests.js"), String(availableParallelism()), ...files],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, AZULEJO_CACHE: cache, ...(all ? { AZULEJO_SWEEP: "all" } : {}) },
  },
);
rmSync(cache, { recursive: true, force: true });
// of cases that take turns another share runs each day: test/rotation.ts
if (!all && status !== 0) process.stdout.write(`# The shares of this day: AZULEJO_SEED=${rotation} npm test\n`);
process.exit(status ?? 1);
