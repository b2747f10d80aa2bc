// The host as the core sees it in Node: files in pieces, addresses, flags that belong to the user.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { canBlock, canShareMemory, coreCount, openFile, overdueTurn, readBytes } from "../../src/runtime/platform.js";

const CONTENT = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) & 255);
let folder: string;
let file: string;
const server = http.createServer((request, response) => {
  if (request.url === "/model") response.writeHead(200, { "content-length": CONTENT.length }).end(CONTENT);
  else if (request.url === "/slow") response.writeHead(200, { "content-length": 2 }).write("a");
  else response.writeHead(404).end();
});
const address = (name: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${name}`;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "azulejo-"));
  file = path.join(folder, "model.bin");
  await writeFile(file, CONTENT);
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

test("a file is read in pieces, straight into shared memory, and ends where it ends", async () => {
  const opened = await openFile(file);
  try {
    assert.equal(opened.byteLength, CONTENT.length);
    const memory = new Uint8Array(new SharedArrayBuffer(5000));
    assert.equal(await opened.read(memory.subarray(100, 4100), 50_000), 4000);
    assert.deepEqual(memory.slice(100, 4100), CONTENT.slice(50_000, 54_000));
    assert.ok(memory.slice(0, 100).every(byte => byte === 0) && memory.slice(4100).every(byte => byte === 0));
    assert.equal(await opened.read(memory, 98_000), 2000);
    assert.equal(await opened.read(memory, 200_000), 0);
  } finally {
    await opened.close();
  }
});

test("everything at a path, a file URL, an address", async () => {
  for (const source of [
    file,
    pathToFileURL(file),
    pathToFileURL(file).href,
    address("/model"),
    new URL(address("/model")),
  ]) {
    const fractions: number[] = [];
    assert.deepEqual(await readBytes(source, { onProgress: f => fractions.push(f) }), CONTENT);
    assert.equal(fractions.at(-1), 1);
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    );
  }
  assert.deepEqual(await readBytes(address("/model")), CONTENT);
  assert.deepEqual(await readBytes("data:application/octet-stream;base64,AQID"), Uint8Array.of(1, 2, 3));
});

test("what can't be read is named", async () => {
  const missing = path.join(folder, "absent.onnx");
  await assert.rejects(readBytes(missing), (error: Error & { code: string }) => {
    assert.equal(error.code, "option");
    assert.equal(error.message, `"${missing}" can't be opened: there is no such file; check the path`);
    return true;
  });
  await assert.rejects(readBytes(address("/none")), {
    code: "option",
    message: `"${address("/none")}" can't be fetched: the server answers 404; check the address`,
  });
  await assert.rejects(readBytes("http://127.0.0.1:1/"), {
    code: "option",
    message: /^"http:\/\/127\.0\.0\.1:1\/" can't be fetched: .+; check the address and the connection$/,
  });
});

test("reading stops at the caller's signal", async () => {
  for (const source of [file, address("/model")])
    await assert.rejects(readBytes(source, { signal: AbortSignal.abort() }), { code: "aborted" });
  const controller = new AbortController();
  const onProgress = () => controller.abort();
  await assert.rejects(readBytes(address("/slow"), { signal: controller.signal, onProgress }), {
    code: "aborted",
    message: `Fetching "${address("/slow")}" was aborted by the caller's signal`,
  });
});

test("what Node offers", () => {
  assert.ok(coreCount() >= 1);
  assert.equal(canShareMemory(), true);
  assert.equal(canBlock(), true);
});

test("a flag of the command line is the user's: neither set nor restored", async () => {
  const engine = JSON.stringify(new URL("../../src/targets/wasm/machine-engine.js", import.meta.url).href);
  const kernels = JSON.stringify(new URL("./kernels.js", import.meta.url).href);
  const script = `import { compileModule } from ${engine}; import { testModule } from ${kernels};
    console.log((await compileModule(testModule(true).bytes, "auto")).flags.filter(flag => /liftoff|lazy/.test(flag)).join(" "))`;
  const flagsWith = async (...given: string[]) =>
    (await promisify(execFile)(process.execPath, [...given, "--input-type=module", "-e", script])).stdout.trim();
  assert.equal(await flagsWith(), "--no-liftoff --no-wasm-lazy-compilation");
  assert.equal(await flagsWith("--no-liftoff"), "--no-wasm-lazy-compilation");
  assert.equal(await flagsWith("--liftoff", "--wasm_lazy_compilation"), "");
});

for (const [host, lacking] of [
  ["Node", []],
  ["a page", ["setImmediate"]],
  ["a host with timers alone", ["setImmediate", "MessageChannel"]],
] as const)
  test(`the turn that is overdue comes after events: ${host}`, async () => {
    const globals = globalThis as unknown as Record<string, unknown>;
    const own = Object.fromEntries(lacking.map(name => [name, globals[name]]));
    let events = 0;
    setTimeout(() => events++, 1);
    try {
      for (const name of lacking) globals[name] = undefined;
      let turn = overdueTurn();
      assert.equal(turn, undefined, "the first to ask goes on");
      while (!turn) turn = overdueTurn();
      assert.equal(overdueTurn(), turn);
      while (events === 0) {
        await turn;
        do turn = overdueTurn();
        while (!turn);
      }
      await turn;
    } finally {
      Object.assign(globals, own);
    }
  });
