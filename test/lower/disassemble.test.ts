// The disassembler on a function written by hand, and on everything that the emitter makes of the kernels of the first stage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { disassemble } from "../../src/targets/wasm/disassemble.js";
import { emitFunctions } from "../../src/targets/wasm/emit.js";

test("control flow is indented, immediates are decoded, the closing end is left out", () => {
  const body = [
    [1, 2, 0x7b], // two v128 locals
    [0x20, 0, 0x04, 0x40], // local.get 0, if
    [0x41, 0x7f, 0x1a], // i32.const -1, drop
    [0x05], // else
    [0x20, 0, 0xfd, 0x00, 0, 0x90, 0x01, 0x21, 3], // local.get 0, v128.load offset=144, local.set 3
    [0x43, 0, 0, 0xc0, 0x3f, 0x1a], // f32.const 1.5, drop
    [0x0b, 0x0b],
  ].flat();
  assert.equal(
    disassemble(Uint8Array.from([body.length, ...body])),
    [
      "locals 2 v128",
      "local.get 0",
      "if",
      "  i32.const -1",
      "  drop",
      "else",
      "  local.get 0",
      "  v128.load offset=144",
      "  local.set 3",
      "  f32.const 1.5",
      "  drop",
      "end",
    ].join("\n"),
  );
});

test("what only the emitter chooses has a name too", () => {
  const body = [0, 0xfd, 0x85, 0x02, 0xfd, 0x86, 0x02, 0xfd, 0x56, 0, 4, 2, 0x0b];
  assert.equal(
    disassemble(Uint8Array.from([body.length, ...body])),
    ["locals none", "f32x4.relaxed_madd", "f32x4.relaxed_nmadd", "v128.load32_lane offset=4 2"].join("\n"),
  );
});

test("what is not known is shown as bytes to the end", () => {
  assert.equal(
    disassemble(Uint8Array.from([4, 0, 0x20, 1, 0xd2, 7, 0x0b])),
    "locals none\nlocal.get 1\nbytes d2 07 0b",
  );
});

test("loads and stores have the names of the text format", () => {
  const address = { kind: "const", type: "i32", value: 16 } as const;
  const at = { pointer: address, offset: 4 };
  const load = (op: "v128.16x4u" | "v128.splat32" | "i32.8s") => ({ kind: "load", op, at }) as const;
  const functions = (["v128.16x4u", "v128.splat32", "i32.8s"] as const).map(op => {
    const type = op === "i32.8s" ? ("i32" as const) : ("v128" as const);
    return { name: op, params: [], body: [{ kind: "set" as const, reg: { id: 0, name: "x", type }, value: load(op) }] };
  });
  const texts = emitFunctions(functions, { relaxedSimd: true }).functions.map(
    f => disassemble(f.code(i => i)).split("\n")[2],
  );
  assert.deepEqual(texts, ["v128.load16x4_u offset=4", "v128.load32_splat offset=4", "i32.load8_s offset=4"]);
});
