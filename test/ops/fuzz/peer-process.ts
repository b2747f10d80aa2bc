// A process that runs models in onnxruntime-node: what ends it (a division by zero inside) ends no test.
import { createRequire } from "node:module";
import type { Ort, PeerTensor } from "../peer.js";
import { bitsOf, peer, runPeerModel } from "../peer.js";

export interface PeerRequest {
  readonly model: Uint8Array;
  readonly inputs: readonly PeerTensor[];
  /** by name; the input whose memory each takes, or none */
  readonly outputs: Readonly<Record<string, string | undefined>>;
}
export type PeerAnswer = { readonly outputs: readonly PeerTensor[] } | { readonly error: string };

if (process.send) {
  const ort = createRequire(import.meta.url)(peer) as Ort;
  process.on("message", async ({ model, inputs, outputs: wanted }: PeerRequest) => {
    try {
      const results = await runPeerModel(ort, model, inputs, wanted);
      const outputs = Object.entries(results).map(([name, { type, dims, data }]) => ({
        name,
        type,
        dims,
        data: bitsOf({ type, data }),
      }));
      process.send!({ outputs } satisfies PeerAnswer);
    } catch (e) {
      process.send!({ error: e instanceof Error ? e.message : String(e) } satisfies PeerAnswer);
    }
  });
}
