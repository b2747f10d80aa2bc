// `npm test -- [part of a path …] [--all] [--node-test-flags …]`: hands the compiled tests to node:test.
// `--all` asks for the full sweeps (AZULEJO_SWEEP=all in the tests' environment).
// Node 20 knows no globs in `node --test`, and newer versions no folders, so the files are listed here.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
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
// node:test leaves a core free by default: on two cores, half of the machine.
const runner = ["--test", "--test-reporter=spec", `--test-concurrency=${availableParallelism()}`];
// what earlier runs or the user's own models left in the cache must not decide what is tested
const cache = mkdtempSync(join(tmpdir(), "azulejo-test-cache-"));
const { status } = spawnSync(process.execPath, [...runner, ...flags, ...files], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, AZULEJO_CACHE: cache, ...(all ? { AZULEJO_SWEEP: "all" } : {}) },
});
rmSync(cache, { recursive: true, force: true });
process.exit(status ?? 1);
