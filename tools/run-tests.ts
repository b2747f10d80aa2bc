// What `tools/test.ts` starts: hands test files to node:test in the order given, which `node --test` would sort by name. The tests' processes have
// this one's flags. Not here: which files, and in what order.
import { run } from "node:test";
import { dot, spec, tap } from "node:test/reporters";

const [concurrency, ...files] = process.argv.slice(2);
const results = run({ files, concurrency: Number(concurrency) });
results.on("test:fail", ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
const reporters = {
  dot: () => results.compose(dot),
  spec: () => results.compose(new spec()),
  tap: () => results.compose(tap),
};
const wanted = process.execArgv.find(flag => flag.startsWith("--test-reporter="))?.split("=")[1];
reporters[(wanted ?? "spec") as keyof typeof reporters]().pipe(process.stdout);
