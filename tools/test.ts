// `npm test -- [part of a path …] [--all] [--times] [--node-test-flags …]`: hands the compiled tests to node:test.
// `--all` asks for the full sweeps (AZULEJO_SWEEP=all in the tests' environment); `--times` says at the end what each file took.
// Node 20 knows no globs in `node --test`, and newer versions no folders, so the files are listed here; tools/run-tests.ts hands them over.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { rotation } from "../test/rotation.js";
import { filesBelow, root } from "./project.js";
import { testProcesses } from "./test-processes.js";
import { tableOfTimes, timesVariable } from "./test-times.js";

const all = process.argv.includes("--all");
const timed = process.argv.includes("--times");
const flags = process.argv
  .slice(2)
  .filter(argument => argument.startsWith("-") && !["--all", "--times"].includes(argument));
const parts = process.argv.slice(2).filter(argument => !argument.startsWith("-"));
const files = filesBelow("test", path => path.endsWith(".test.ts"))
  .filter(path => parts.length === 0 || parts.some(part => path.includes(part)))
  .map(path => `dist/${path.slice(0, -".ts".length)}.js`);
if (files.length === 0) {
  process.stderr.write(`No test file has ${parts.join(" or ")} in its path.\n`);
  process.exit(1);
}
// node:test leaves a core free by default: on two cores, half of the machine.
const preloaded = ["test-engine-flags.js", ...(timed ? ["test-times.js"] : [])];
const runner = [...preloaded.map(file => `--import=${new URL(file, import.meta.url).href}`), ...flags];
// what earlier runs or the user's own models left in the cache must not decide what is tested
const cache = mkdtempSync(join(tmpdir(), "azulejo-test-cache-"));
const times = join(cache, "times");
const { status } = spawnSync(
  process.execPath,
  [...runner, join(root, "dist/tools/run-tests.js"), String(availableParallelism()), ...testProcesses(files, cache)],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, AZULEJO_CACHE: cache, ...(all ? { AZULEJO_SWEEP: "all" } : {}), [timesVariable]: times },
  },
);
if (timed) process.stdout.write(tableOfTimes(times));
rmSync(cache, { recursive: true, force: true });
// of cases that take turns another share runs each day: test/rotation.ts
if (!all && status !== 0) process.stdout.write(`# The shares of this day: AZULEJO_SEED=${rotation} npm test\n`);
process.exit(status ?? 1);
