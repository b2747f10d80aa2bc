// The text of a worker, and the messages it takes and gives. It travels as a string (eval in Node, a Blob in browsers), because no
// bundler can break a string; a page whose Content-Security-Policy refuses Blobs serves the same text from a file of its own.
import { THREAD_BYTES } from "../cpu/program-layout.js";
import { CONTROL, TRAP } from "./machine-layout.js";
import type { Range, Transfer } from "../cpu/machine.js";
import type { WasmMemory, WasmModule } from "../../runtime/platform.js";

export type ToWorker =
  /** share the machine's memory, and serve runs for ever; no later message is read. `postsRuns`: say "left" after each run */
  | { kind: "share"; module: WasmModule; memory: WasmMemory; thread: number; postsRuns: boolean }
  /** have a memory of one's own, and serve the messages below */
  | { kind: "own"; module: WasmModule; pages: number }
  | { kind: "reserve"; id: number; pages: number }
  | { kind: "write"; id: number; transfers: readonly Transfer[] }
  | { kind: "run"; id: number; entry: number; inputs: readonly Transfer[]; outputs: readonly Range[] };

export type FromWorker =
  | { kind: "ready" }
  | { kind: "left" }
  | { kind: "failed"; reason: string }
  | { kind: "done"; id: number; outputs: Uint8Array[] }
  | { kind: "refused"; id: number; reason: string }
  | { kind: "trapped"; id: number; func: number; reason: string };

export const WORKER_SOURCE = `"use strict";
const parentPort = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
const port = parentPort ?? globalThis;
const text = error => (error instanceof Error ? error.message : String(error));
let memory, run;

const instantiate = (module, itsMemory) => {
  memory = itsMemory;
  run = new WebAssembly.Instance(module, { env: { memory } }).exports;
  port.postMessage({ kind: "ready" });
};

// the first trap of a run is written down for the thread that started it; messages would come too late for a synchronous run
const recordTrap = (words, thread, error) => {
  if (Atomics.compareExchange(words, ${CONTROL.trap + TRAP.claimed} / 4, 0, 1) !== 0) return;
  const reason = text(error).slice(0, ${TRAP.maxCharacters});
  words[${CONTROL.trap + TRAP.func} / 4] = words[(${CONTROL.threads} + thread * ${THREAD_BYTES}) / 4];
  words[${CONTROL.trap + TRAP.length} / 4] = reason.length;
  const characters = new Uint16Array(memory.buffer, ${CONTROL.trap + TRAP.text}, reason.length);
  for (let i = 0; i < reason.length; i++) characters[i] = reason.charCodeAt(i);
};

const serve = (thread, postsRuns) => {
  const words = new Int32Array(memory.buffer, 0, ${CONTROL.threads + 64 * THREAD_BYTES} / 4);
  const started = (thread === 0 ? ${CONTROL.startedFirst} : ${CONTROL.started}) / 4;
  for (let last = 0; ; ) {
    try {
      last = run.serve(thread, last);
    } catch (error) {
      recordTrap(words, thread, error);
      // the run can't end before this thread leaves it, so this is still its number
      last = Atomics.load(words, started);
      run.fail();
    }
    if (postsRuns) port.postMessage({ kind: "left" });
  }
};

const put = transfers => {
  for (const { address, bytes } of transfers) new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
};
// not slice(), whose result is zeroed first
const take = ({ address, byteLength }) => new Uint8Array(new Uint8Array(memory.buffer, address, byteLength));

const answer = {
  share({ module, memory: shared, thread, postsRuns }) {
    instantiate(module, shared);
    serve(thread, postsRuns);
  },
  own({ module, pages }) {
    instantiate(module, new WebAssembly.Memory({ initial: pages, maximum: 65536 }));
  },
  reserve({ id, pages }) {
    const missing = pages - memory.buffer.byteLength / 65536;
    if (missing > 0) memory.grow(missing);
    port.postMessage({ kind: "done", id, outputs: [] });
  },
  write({ id, transfers }) {
    put(transfers);
    port.postMessage({ kind: "done", id, outputs: [] });
  },
  run({ id, entry, inputs, outputs }) {
    put(inputs);
    new Int32Array(memory.buffer)[${CONTROL.entry} / 4] = entry;
    try {
      run.execute(0);
    } catch (error) {
      const func = new Int32Array(memory.buffer)[${CONTROL.threads} / 4];
      return port.postMessage({ kind: "trapped", id, func, reason: text(error) });
    }
    const results = outputs.map(take);
    port.postMessage({ kind: "done", id, outputs: results }, results.map(result => result.buffer));
  },
};

const onMessage = data => {
  try {
    answer[data.kind](data);
  } catch (error) {
    port.postMessage(data.id === undefined ? { kind: "failed", reason: text(error) } : { kind: "refused", id: data.id, reason: text(error) });
  }
};
// Node makes an event for each message of port.onmessage, and loads for the first one what takes 30 ms
if (parentPort) parentPort.on("message", onMessage);
else port.onmessage = ({ data }) => onMessage(data);
`;
