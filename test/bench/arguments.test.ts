// The command line of the benchmarks: what it takes, and what it says to what it doesn't.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BenchArguments, help, parseArguments } from "../../bench/arguments.js";

test("everything is measured unless something is picked", () => {
  const all = parseArguments([]) as BenchArguments;
  assert.deepEqual(
    [all.part, all.threads, all.engines, all.milliseconds, all.rounds],
    ["all", [1, 2], ["azulejo", "web", "node"], 2000, 3],
  );
  assert(all.isWanted("SqueezeNet 1.1"));
  const some = parseArguments(["models", "--only", "squeeze,MNIST", "--threads", "4", "--engines", "azulejo"]);
  assert(some !== "help" && some.isWanted("SqueezeNet 1.1") && some.isWanted("mnist") && !some.isWanted("VGG-19"));
  assert.deepEqual([some.part, some.threads, some.engines], ["models", [4], ["azulejo"]]);
});

test("--help names every option", () => {
  assert.equal(parseArguments(["--help"]), "help");
  for (const option of ["only", "threads", "engines", "seconds", "rounds", "json"])
    assert(help.includes(`--${option} `), option);
});

const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
  [
    ["mnist"],
    '"mnist" is not one of all, models, kernels, layers, tuner, kit, webgpu-sessions, page, webgpu; pick with --only',
  ],
  [["models", "kernels"], "one of all, models, kernels, layers, tuner, kit, webgpu-sessions, page, webgpu at a time"],
  [["page"], "page takes the files of reports"],
  [["--fast"], "Unknown option '--fast'"],
  [["--threads", "1,x"], '--threads takes whole numbers from 1 to 64, not "x"'],
  [["--rounds", "0"], '--rounds takes a whole number from 1 to 64, not "0"'],
  [["--seconds", ""], '--seconds takes a number above 0, not ""'],
  [["--engines", "gpu"], '--engines takes azulejo, native, web, node, not "gpu"'],
];
for (const [args, message] of wrong)
  test(`${args.join(" ")}: ${message}`, () => {
    assert.throws(() => parseArguments(args), { message });
  });
