// What only a process of its own shows: where its output goes to, and how it ends when that takes no more.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/project.js";

/** Exit status and standard error of `azulejo learn 1`, whose text goes to a stream. */
function learn(output: number | "pipe"): Promise<{ status: number | null; err: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [join(root, "dist/lib/cli.js"), "learn", "1"], {
      stdio: ["ignore", output, "pipe"],
    });
    let err = "";
    child.stdout?.destroy();
    child.stderr!.on("data", chunk => (err += chunk));
    child.on("close", status => resolve({ status, err }));
  });
}

test("a reader that has seen enough is no error", async () => {
  assert.deepEqual(await learn("pipe"), { status: 0, err: "" });
});

const full = "/dev/full";
test("a full disk is one, told in a sentence", { skip: !existsSync(full) && "there is no /dev/full" }, async () => {
  assert.deepEqual(await learn(openSync(full, "w")), {
    status: 1,
    err: "azulejo: standard output can't be written (ENOSPC: no space left on device, write); free some space or write elsewhere\n",
  });
});
