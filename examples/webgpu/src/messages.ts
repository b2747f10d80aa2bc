// What the page and its engine say to each other. Types only.
import type { StepTime } from "azulejo";
import type { ReadLine } from "../../browser/src/messages.js";

export type { ReadLine };
export type Target = "webgpu" | "wasm";
export type NetworkName = "detection" | "direction" | "recognition";

export type Request =
  /** loads the networks there, in the place of those before */
  | { readonly kind: "start"; readonly target: Target }
  /** what is being read is no longer wanted */
  | { readonly kind: "stop" }
  /** a later one takes the place of an earlier one */
  | { readonly kind: "read"; readonly id: number; readonly picture: Blob | ImageBitmap; readonly longSide: number };

/** A kernel of one network as it ran; `startMs` counts from where reading began. */
export interface Span extends StepTime {
  readonly network: NetworkName;
}
export interface Ready {
  readonly kind: "ready";
  readonly target: Target;
  /** the GPU by its name, or how many threads */
  readonly where: string;
  readonly loadMs: number;
  readonly kernels: number;
  readonly constantBytes: number;
}
export interface Result {
  readonly kind: "result";
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly ReadLine[];
  readonly readMs: number;
  readonly spans: readonly Span[];
  readonly bytesUp: number;
  readonly bytesDown: number;
}
export type EngineMessage =
  /** `id`: of a reading; undefined: of loading */
  | { readonly kind: "progress"; readonly id: number | undefined; readonly step: string; readonly fraction: number }
  | Ready
  | Result
  | {
      readonly kind: "failure";
      readonly id: number | undefined;
      readonly message: string;
      /** WebGPU is what is missing: WebAssembly would do */
      readonly offersWasm: boolean;
    };
