// Preloaded into the processes of tests: V8 optimises JavaScript later. Most functions of a test run for less than a second, and optimising them took a fifth
// of all processor time (test/ops/cases: 85 s instead of 100 s; test/graph/print: 3 s instead of 5 s). Set here and not on the command line, where the
// library would take the flag for the user's and leave its own away; what the library sets while it compiles, it puts back to the engine's default.
import { setFlagsFromString } from "node:v8";

const major = Number(process.versions.node.split(".")[0]);
// as src/load/compiler-flags.ts
const flags = major < 22 ? ["--interrupt-budget=600000"] : ["--invocation-count-for-turbofan=100000"];
for (const flag of flags) setFlagsFromString(flag);
