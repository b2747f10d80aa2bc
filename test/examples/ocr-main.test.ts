// `npm start` as users run it: a process of its own, with the real models.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { usage } from "../../examples/ocr/node/arguments.js";
import { characterErrorRate } from "./character-error-rate.js";

const main = fileURLToPath(new URL("../../examples/ocr/main.js", import.meta.url));
const images = new URL("../../../examples/images/", import.meta.url);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-ocr-"));
});
after(() => rm(folder, { recursive: true }));

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `onStderr` sees what was written so far and may send a signal. */
function run(args: readonly string[], onStderr?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void) {
  return new Promise<Result>((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", text => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", text => {
      stderr += text;
      onStderr?.(stderr, signal => child.kill(signal));
    });
    child.on("error", reject).on("close", code => resolve({ code, stdout, stderr }));
  });
}

test("a reader of its output that goes is no error", async () => {
  const child = spawn(process.execPath, [main], { cwd: folder });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", text => (stderr += text));
  const code = await new Promise(resolve => child.on("close", resolve));
  assert.equal(code, 0, stderr);
});

test("reads the shipped picture: a table, where time went, and a drawing", async () => {
  const { code, stdout, stderr } = await run([]);
  assert.equal(code, 0, stderr);
  for (const word of [
    "text",
    "confidence",
    "position",
    "山风茶馆",
    "Jasmine pearls",
    "load detection",
    "load recognition",
  ]) {
    assert.ok(stdout.includes(word), `${word} is missing in\n${stdout}`);
  }
  assert.match(stdout, /Drawn in ocr-result\.png\n$/);
  const drawn = await sharp(join(folder, "ocr-result.png")).metadata();
  assert.deepEqual([drawn.format, drawn.width, drawn.height], ["png", 3200, 1200]);
});

test("--json says the same to programs, and nothing else", async () => {
  const { code, stdout } = await run(["--json", "--threads", "1", "--output", "drawn.webp"]);
  assert.equal(code, 0);
  const outcome = JSON.parse(stdout);
  assert.deepEqual([outcome.width, outcome.height, outcome.threads, outcome.output], [1600, 1200, 1, "drawn.webp"]);
  assert.deepEqual(Object.keys(outcome.loadMs), ["detection", "direction", "recognition"]);
  for (const step of ["picture", "detection", "direction", "recognition", "drawing"])
    assert.ok(outcome.stepsMs[step] > 0, step);
  const truth = await readFile(new URL("tea-house.txt", images), "utf8");
  const text = outcome.lines.map((line: { text: string }) => line.text).join("\n");
  assert.ok(characterErrorRate(text, truth) <= 0.02, text);
  for (const { confidence, corners } of outcome.lines) {
    assert.ok(confidence > 0.5 && confidence <= 1);
    assert.equal(corners.length, 4);
  }
});

test("says so when there is no text, and draws nothing", async () => {
  const path = join(folder, "empty.png");
  await writeFile(
    path,
    await sharp({ create: { width: 320, height: 240, channels: 3, background: "#eee" } })
      .png()
      .toBuffer(),
  );
  const { code, stdout, stderr } = await run([path, "--output", "nothing.png"]);
  assert.equal(code, 3);
  assert.equal(stdout, "");
  assert.ok(stderr.endsWith(`No text was found in "${path}"; if it is small, try --size 1920\n`), stderr);
  const largest = await run([path, "--size", "4096"]);
  assert.ok(largest.stderr.endsWith(`No text was found in "${path}"\n`), largest.stderr);
  await assert.rejects(readFile(join(folder, "nothing.png")));
});

test("--help", async () => {
  assert.deepEqual(await run(["--help"]), { code: 0, stdout: `${usage}\n`, stderr: "" });
});

test("failures are one sentence and an exit code", async () => {
  assert.deepEqual(await run(["no-such.jpg"]), {
    code: 1,
    stdout: "",
    stderr: 'There is no picture at "no-such.jpg"; check the path\n',
  });
  assert.deepEqual(await run(["--threads", "many"]), {
    code: 2,
    stdout: "",
    stderr: '--threads takes a whole number from 1 to 64, not "many"\n',
  });
});

test("Ctrl-C cancels", {
  skip: process.platform === "win32" ? "Windows has no SIGINT for child processes" : false,
}, async () => {
  let sent = false;
  const { code, stderr } = await run([], (_, kill) => {
    if (!sent) kill("SIGINT");
    sent = true;
  });
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Cancelled\.\n$/);
});
