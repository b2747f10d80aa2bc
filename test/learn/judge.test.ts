// What learners are told: the failing case, the number that is wrong, a hint in their language, and the exit status.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { checkKernel } from "azulejo/testing";
import type { Library } from "../../src/cli/library.js";
import { runCommandLine } from "../../src/cli/program.js";
import { root } from "../../tools/project.js";

let folder: string;
before(() => {
  // inside of the project, so that `azulejo/tile` is found
  mkdirSync(join(root, "out"), { recursive: true });
  folder = mkdtempSync(join(root, "out/learn-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function learn(...parameters: string[]) {
  const text = { out: "", err: "" };
  const terminal = {
    out: (t: string) => {
      text.out += t;
    },
    err: (t: string) => {
      text.err += t;
    },
    interactive: false,
    signal: new AbortController().signal,
  };
  const library = { checkKernel } as unknown as Library;
  const status = await runCommandLine(["learn", ...parameters], library, terminal, "1");
  return { status, ...text };
}
const write = (name: string, code: string): string => {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
};
const axpy = (body: string, signature = 'A: f32(""), X: f32("N"), Y: f32("N"), Z: f32("N")'): string =>
  `import { f32, grid, kernel } from "azulejo/tile";
export const axpy = kernel({ ${signature} }, ({ A, X, Y, Z, N }) =>
  grid(N.tile(), n => {
    ${body}
  }),
);
`;

test("the list, a lesson and a solution are printed, in either language", async () => {
  const list = await learn("--lang", "en");
  assert.equal(list.status, 0);
  assert.match(list.out, /^ 1 {2}Add two vectors\n.*axpy/m);
  assert.match(list.out, /^10 {2}Thread style/m);
  assert.match((await learn("--lang", "zh")).out, /^ 1 {2}两个向量相加$/m);
  assert.match((await learn("1", "--lang", "en")).out, /^# 1 · Add two vectors\n/);
  assert.match((await learn("1", "--lang", "zh")).out, /^# 1 · 两个向量相加\n/);
  const solution = await learn("10", "--solution");
  assert.match(solution.out, /export const collatz = kernel/);
  const json = async (...parameters: string[]) => JSON.parse((await learn(...parameters, "--json")).out) as object;
  assert.deepEqual(await json("10", "--solution", "--lang", "en"), {
    lesson: 10,
    title: "Thread style: cells and scan",
    page: "docs/learn/solutions/10-cells.mjs",
    text: solution.out,
  });
  const { title, page } = (await json("1", "--lang", "zh")) as { title: string; page: string };
  assert.deepEqual([title, page], ["两个向量相加", "docs/learn/01-add.zh.md"]);
});
test("--start writes the skeleton once; the judge fails it", async () => {
  const file = join(folder, "start.mjs");
  const { status, out } = await learn("1", file, "--start", "--lang", "en");
  assert.equal(status, 0);
  assert.ok(out.startsWith(`wrote ${file}\naxpy: `), out);
  assert.equal(readFileSync(file, "utf8"), readFileSync(join(root, "docs/learn/exercises/01-add.mjs"), "utf8"));
  const again = await learn("1", file, "--start");
  assert.equal(again.status, 1);
  assert.match(again.err, /is there already/);
  const judged = await learn("1", file, "--lang", "en");
  assert.equal(judged.status, 1);
  assert.match(
    judged.out,
    /^✔ the signature\n✖ 4 elements, A = 2\n {2}eagerly, Z\[0\] is 0\.29552 and must be 0\.59104\n {2}hint: a scalar is/,
  );
});
test("a solution passes, and names the next lesson", async () => {
  const file = write("good.mjs", axpy("Z.at(n).set(A.at().mul(X.at(n)).add(Y.at(n)));"));
  const { status, out } = await learn("1", file, "--lang", "en");
  assert.equal(status, 0, out);
  assert.match(out, /done\. Next: azulejo learn 2\n$/);
  const json = JSON.parse((await learn("1", file, "--json")).out) as { passed: string[]; failure?: unknown };
  assert.deepEqual([json.passed.length, json.failure], [5, undefined]);
});
test("a value that is written as a number is found by the second case", async () => {
  const { status, out } = await learn("1", write("two.mjs", axpy("Z.at(n).set(X.at(n).mul(2).add(Y.at(n)));")));
  assert.equal(status, 1);
  assert.match(out, /✖ 1 (element|个元素)/);
});
test("what watching finds fails as well, though all cases pass", async () => {
  const { status, out } = await learn("9", join(root, "docs/learn/exercises/09-schedules.mjs"), "--lang", "en");
  assert.equal(status, 1);
  assert.match(out, /✔ 20 × 100\n✖ under watch, as azulejo check runs it\n {2}fold-tile: "Y" hangs on/);
});
test("a kernel under another name, with another signature, or that throws: each is a failure with a hint", async () => {
  const other = await learn("1", write("name.mjs", "export const add = 1;\n"), "--lang", "en");
  assert.deepEqual([other.status, other.out.split("\n")[0]], [1, "✖ the export"]);
  const code = axpy("Z.at(n).set(X.at(n).add(Y.at(n)));", 'A: f32("1"), X: f32("N"), Y: f32("N"), Z: f32("N")');
  const signature = await learn("1", write("signature.mjs", code), "--lang", "en");
  assert.match(signature.out, /✖ the signature\n.*A: f32, 1; .* must be A: f32, 0;/);
  const broken = await learn("1", write("broken.mjs", axpy("Z.at(n).set(X.at(n).plus(Y.at(n)));")));
  assert.equal(broken.status, 1);
  assert.match(broken.err, /plus is not a function/);
});
test("an export tuned that is no kernel is told as such, not as a kernel without blocks", async () => {
  const solution = readFileSync(join(root, "docs/learn/solutions/09-schedules.mjs"), "utf8");
  const file = write("tuned.mjs", solution.replace("logSumExp.with({ block: { r: 8 } })", "5"));
  const { status, out } = await learn("9", file, "--lang", "en");
  assert.equal(status, 1);
  assert.match(out, /✖ tuned walks blocks of 8 rows\n {2}tuned is no kernel\n/);
});

test("wrong command lines are refused", async () => {
  assert.equal((await learn("11")).status, 2);
  assert.equal((await learn("1", "--lang", "fr")).status, 2);
  const text = await learn("1", "notes.txt", "--start");
  assert.equal(text.status, 1);
  assert.ok(!existsSync("notes.txt"));
  assert.match((await learn("1", "missing.mjs")).err, /"missing\.mjs" does not exist/);
});
