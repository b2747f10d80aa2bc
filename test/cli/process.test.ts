// What only a process of its own shows: where its output goes to, and how it ends when that takes no more.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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

test("Ctrl-C ends a check that computes for hours on its only thread", async () => {
  const folder = mkdtempSync(join(tmpdir(), "azulejo-ctrl-c-"));
  try {
    const file = join(folder, "kernels.mjs");
    writeFileSync(
      file,
      `import { dot, f32, grid, kernel } from ${JSON.stringify(pathToFileURL(join(root, "dist/lib/tile.js")).href)};
export const product = kernel({ X: f32("M K"), W: f32("K N"), Y: f32("M N") }, ({ X, W, Y, M, N, K }) =>
  grid(M.tile(), N.tile(), (m, n) => { const k = K.all(); Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k)); }));
console.error("imported");
`,
    );
    const parameters = [join(root, "dist/lib/cli.js"), "check", file, "--dims", "M=3000,N=3000,K=3000"];
    const child = spawn(process.execPath, parameters, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr!.once("data", () => child.kill("SIGINT"));
    const signal = await new Promise(resolve => child.on("close", (_, by) => resolve(by)));
    assert.equal(signal, "SIGINT");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const full = "/dev/full";
test("a full disk is one, told in a sentence", { skip: !existsSync(full) && "there is no /dev/full" }, async () => {
  assert.deepEqual(await learn(openSync(full, "w")), {
    status: 1,
    err: "azulejo: standard output can't be written (ENOSPC: no space left on device, write); free some space or write elsewhere\n",
  });
});
