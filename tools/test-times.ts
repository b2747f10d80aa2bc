// Preloaded by `npm test -- --times`: each test file's process leaves a line with what it took, and `tableOfTimes` makes a table of them. Processor time is
// what Linux counts for the process, its threads and the processes that it waited for (compilers, browsers); elsewhere, without the latter.
import { appendFileSync, readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** where lines go: each `file \t seconds of processor time \t seconds by the clock` */
export const timesVariable = "AZULEJO_TEST_TIMES";

const processorSeconds = (): number => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6 + secondsOfChildren();
};

/** Fields 16 and 17 of /proc/self/stat, in hundredths of a second. */
function secondsOfChildren(): number {
  try {
    const fields = readFileSync("/proc/self/stat", "latin1").split(") ").pop()!.split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return 0;
  }
}

const lines = process.env[timesVariable];
if (lines !== undefined && isMainThread && /\.test\.m?js$/.test(process.argv[1] ?? ""))
  process.on("exit", () => {
    // a group's file lies elsewhere
    const file = process.argv[1]!.replace(/^.*\/(dist\/test\/|(?=[^/]+\.mjs$))/, "");
    appendFileSync(lines, `${file}\t${processorSeconds().toFixed(2)}\t${process.uptime().toFixed(2)}\n`);
  });

/** All files, the dearest first, and their sum. */
export function tableOfTimes(path: string): string {
  const rows = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map(line => line.split("\t"))
    .sort((a, b) => Number(b[1]) - Number(a[1]));
  const sum = rows.reduce((seconds, row) => seconds + Number(row[1]), 0);
  const lines = rows.map(([file, processor, clock]) => `# ${processor!.padStart(9)} ${clock!.padStart(9)}  ${file}`);
  return [`# processor     clock  file (seconds; ${sum.toFixed(0)} s of processor time)`, ...lines, ""].join("\n");
}
