// `azulejo doctor`: what this machine has to run models on.
import type { Command } from "commander";
import type { HostReport } from "../index.js";
import type { Library, Terminal } from "./library.js";
import { byteSize, count } from "./numbers.js";
import { table } from "./table.js";

export function addDoctorCommand(program: Command, library: Library, terminal: Terminal): void {
  program
    .command("doctor")
    .description("show what this machine has to run models on: targets, vectors, threads, memory, caches")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => {
      const report = await library.doctor();
      terminal.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    });
}

function reportText({ platform, processor, cores, memoryBytes, targets, cache }: HostReport): string {
  const machine = [platform, processor, count(cores, "core")].filter(Boolean).join(", ");
  const memory = memoryBytes ? `memory ${byteSize(memoryBytes.total)}, ${byteSize(memoryBytes.free)} free\n` : "";
  const rows = targets.map(t => [t.name, t.problem === undefined ? "ready" : "no", t.problem ?? t.facts.join(", ")]);
  const compiled = cache
    ? `compiled models in ${cache.folder}: ${count(cache.files, "file")}, ${byteSize(cache.bytes)} of at most ${byteSize(cache.limitBytes)}\n`
    : "";
  return `${machine}\n${memory}\n${table([{ head: "target" }, { head: "" }, { head: "why" }], rows)}\n${compiled}`;
}
