// What page and reader say to each other. Types only.
import type { Quad } from "../../ocr/pipeline/geometry.js";

/** To the reader: a picture to read. A later one takes its place. */
export interface ReadRequest {
  readonly id: number;
  readonly picture: Blob;
}

export interface ReadLine {
  readonly text: string;
  /** 0..1 */
  readonly confidence: number;
  readonly quad: Quad;
}

export type ReaderMessage =
  /** `step` is for people; `fraction` of the whole, 0..1 */
  | { readonly kind: "progress"; readonly id: number | undefined; readonly step: string; readonly fraction: number }
  | { readonly kind: "ready"; readonly threads: number; readonly loadMs: number; readonly codeBytes: number }
  | {
      readonly kind: "result";
      readonly id: number;
      readonly width: number;
      readonly height: number;
      readonly lines: readonly ReadLine[];
      readonly readMs: number;
    }
  | { readonly kind: "failure"; readonly id: number | undefined; readonly message: string };
