// `azulejo new operator`: writes the file of an operator and its test, which pass as they are.
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { Terminal } from "./library.js";
import { operatorFiles } from "./operator-files.js";
import { writeNewFiles } from "./write-files.js";

const examples = `
Examples:
  azulejo new operator Swoosh --domain com.example --out operators
  node --test                                       it passes; change reference, cases and body to what your operator is
  azulejo run model.onnx --operators operators/swoosh.mjs --random
`;

export function addNewCommand(program: Command, terminal: Terminal): void {
  program
    .command("new")
    .summary("write files to begin with: new operator NAME")
    .description("Writes files to begin with.")
    .helpCommand(false)
    .command("operator")
    .summary("an operator with its reference, its cases and a test")
    .description(
      "Writes the file of an operator, with its reference and its cases, and a test. Files that are there are left alone.",
    )
    .argument("<name>", "the operator's name in models, such as Swoosh", operatorName)
    .option("--domain <domain>", "the domain of its nodes; ai.onnx overrides a built-in operator", "com.example")
    .option("--out <folder>", "where to write", ".")
    .option("--json", "print the paths as JSON")
    .addHelpText("after", examples)
    .action(async (name: string, { domain, out, json }: { domain: string; out: string; json?: boolean }) => {
      const files = await writeNewFiles(out, operatorFiles(name, domain), "--out");
      terminal.out(json ? `${JSON.stringify({ files })}\n` : files.map(file => `wrote ${file}\n`).join(""));
    });
}

/** Names of operators are identifiers in C, says ONNX's specification of its files. */
function operatorName(text: string): string {
  if (!/^[A-Za-z_]\w*$/.test(text))
    throw new InvalidArgumentError("It must be letters, digits and _, such as HardSwish.");
  return text;
}
