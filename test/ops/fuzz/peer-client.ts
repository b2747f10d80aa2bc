// The other side of peer-process: one model at a time; a process that has ended is begun anew.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { join } from "node:path";
import { root } from "../../../tools/project.js";
import type { PeerAnswer, PeerRequest } from "./peer-process.js";

/** nothing of a draw's size takes as long: it hangs */
const patienceMs = 20_000;

export class PeerClient {
  #child: ChildProcess | undefined;

  async run(request: PeerRequest): Promise<PeerAnswer> {
    this.#child ??= fork(join(root, "dist/test/ops/fuzz/peer-process.js"), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const child = this.#child;
    return new Promise(resolve => {
      const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      const done = (answer: PeerAnswer): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      child.once("message", m => done(m as PeerAnswer));
      child.once("exit", (code, signal) => {
        this.#child = undefined;
        done({ error: `ends the process (${signal ?? code})` });
      });
      child.send(request);
    });
  }
  close(): void {
    this.#child?.disconnect();
    this.#child = undefined;
  }
}
