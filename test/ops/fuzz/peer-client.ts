// The other side of peer-process: one model at a time; a process that has ended is begun anew.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { join } from "node:path";
import { root } from "../../../tools/project.js";
import { isSaturated, saturationProbe } from "../peer-saturation.js";
import type { PeerAnswer, PeerRequest } from "./peer-process.js";

/** nothing of a draw's size takes as long: it hangs */
const patienceMs = 60_000;

export class PeerClient {
  #child: ChildProcess | undefined;
  #saturates: Promise<boolean> | undefined;

  /** Do its sums of u8 times i8 saturate on this processor? Asked once. */
  saturates(): Promise<boolean> {
    this.#saturates ??= this.run(saturationProbe).then(answer => {
      if ("error" in answer) throw new Error(answer.error);
      return isSaturated(answer.outputs[0]!.data as Int32Array);
    });
    return this.#saturates;
  }

  async run(request: PeerRequest): Promise<PeerAnswer> {
    const child = this.#started();
    return new Promise(resolve => {
      const done = (answer: PeerAnswer): void => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        resolve(answer);
      };
      const onMessage = (m: unknown): void => done(m as PeerAnswer);
      const onExit = (code: number | null, signal: string | null): void =>
        done({ error: `ends the process (${signal ?? code})` });
      const timer = setTimeout(() => {
        this.#forget(child);
        child.kill("SIGKILL");
        done({ error: `ends the process (no answer in ${patienceMs} ms)` });
      }, patienceMs);
      child.once("message", onMessage);
      child.once("exit", onExit);
      child.send(request);
    });
  }
  #started(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(join(root, "dist/test/ops/fuzz/peer-process.js"), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    // it may end after its answer too, when nobody waits; what is sent to it then is answered by its exit
    child.on("exit", () => this.#forget(child));
    child.on("error", () => this.#forget(child));
    this.#child = child;
    return child;
  }
  #forget(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
  }
  close(): void {
    this.#child?.disconnect();
    this.#child = undefined;
  }
}
