// How long dispatches take: by timestamps that the GPU writes around each, where the device has them, else by the clock of this process around
// submissions of one dispatch each.
import { type GpuBuffer, type GpuCommandEncoder, type GpuQuerySet, mapRead, usage } from "../../runtime/gpu.js";
import { now } from "../../runtime/platform.js";
import type { StepTime } from "../../runtime/target.js";
import type { SharedDevice } from "./device.js";

type PassOptions = NonNullable<Parameters<GpuCommandEncoder["beginComputePass"]>[0]>;

/** two timestamps a dispatch; a query set holds at most 4096 */
const MOST_DISPATCHES = 2048;
const NANOSECONDS = 1e6;

interface Begun {
  readonly kernel: string;
  readonly nodes: readonly string[];
}

export class Stopwatch {
  readonly #shared: SharedDevice;
  readonly #onStep: (step: StepTime) => void;
  readonly #start = now();
  readonly #set: GpuQuerySet | undefined;
  readonly #resolved: GpuBuffer | undefined;
  #begun: Begun[] = [];
  /** the GPU's clock when the first dispatch began, and ours */
  #zero: { readonly gpu: bigint; readonly here: number } | undefined;

  constructor(shared: SharedDevice, onStep: (step: StepTime) => void) {
    this.#shared = shared;
    this.#onStep = onStep;
    const { device } = shared;
    if (!device.features.has("timestamp-query")) return;
    this.#set = device.createQuerySet({ type: "timestamp", count: 2 * MOST_DISPATCHES });
    this.#resolved = device.createBuffer({ size: 16 * MOST_DISPATCHES, usage: usage.queryResolve | usage.copySource });
  }
  /** Is it the clock of this process that times submissions? Then what is copied before and after them is to be submitted apart. */
  get isByClock(): boolean {
    return !this.#set;
  }
  /** Does the next dispatch need a submission before it? */
  get isFull(): boolean {
    return this.#begun.length >= (this.#set ? MOST_DISPATCHES : 1);
  }
  /** The next dispatch, which gets a pass of its own. */
  begin(kernel: string, nodes: readonly string[]): { readonly pass: PassOptions | undefined } {
    const at = 2 * this.#begun.push({ kernel, nodes }) - 2;
    const querySet = this.#set;
    return {
      pass: querySet && {
        timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 },
      },
    };
  }
  onHost(kernel: string, nodes: readonly string[], start: number): void {
    this.#onStep({ kernel, nodes, where: "host", startMs: start - this.#start, timeMs: now() - start });
  }
  /** Before a submission: the times of what was begun since the last one, as soon as it is over. */
  resolve(encoder: GpuCommandEncoder): { read(): Promise<void> } | undefined {
    const begun = this.#begun;
    this.#begun = [];
    if (begun.length === 0)
      return this.#set ? undefined : { read: () => this.#shared.device.queue.onSubmittedWorkDone() };
    const here = now() - this.#start;
    if (!this.#set || !this.#resolved) return { read: () => this.#byClock(begun, here) };
    const { device } = this.#shared;
    const size = 16 * begun.length;
    const staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
    encoder.resolveQuerySet(this.#set, 0, 2 * begun.length, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, size);
    return { read: () => this.#byTimestamps(begun, staging, here) };
  }
  async #byClock(begun: readonly Begun[], startMs: number): Promise<void> {
    await this.#shared.device.queue.onSubmittedWorkDone();
    const timeMs = now() - this.#start - startMs;
    for (const step of begun) this.#onStep({ ...step, where: "submission", startMs, timeMs });
  }
  async #byTimestamps(begun: readonly Begun[], staging: GpuBuffer, here: number): Promise<void> {
    try {
      await staging.mapAsync(mapRead);
      const times = new BigUint64Array(staging.getMappedRange().slice(0));
      const zero = this.#zero ?? { gpu: times[0]!, here };
      this.#zero = zero;
      begun.forEach((step, i) => {
        const [from, to] = [times[2 * i]!, times[2 * i + 1]!];
        const startMs = zero.here + Number(from - zero.gpu) / NANOSECONDS;
        this.#onStep({ ...step, where: "gpu", startMs, timeMs: Number(to - from) / NANOSECONDS });
      });
    } finally {
      staging.destroy();
    }
  }
  destroy(): void {
    this.#set?.destroy();
    this.#resolved?.destroy();
  }
}
