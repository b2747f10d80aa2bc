// What a file's nodes make, and the file with more of that as outputs: for runtimes that take files only.
import type { ByteSource } from "../../support/byte-source.js";
import { decodeModel, modelWithOutputs } from "./proto.js";
import { skeleton } from "./wire.js";

/** Names of all values that nodes of the file's graph make; those inside of functions and subgraphs are not among them. */
export async function valuesMade(source: ByteSource): Promise<ReadonlySet<string>> {
  const { bytes } = await skeleton(source);
  const { graph } = decodeModel(bytes);
  return new Set(graph?.node.flatMap(n => n.output));
}

/**
 * The file with these values as further outputs, without their types. Nothing is decoded: of a message that occurs twice, protobuf joins the
 * lists (protobuf.dev/programming-guides/encoding, "Last One Wins"), so that a second graph that has outputs alone adds to those of the first.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const more = modelWithOutputs(names);
  const out = new Uint8Array(model.length + more.length);
  out.set(model);
  out.set(more, model.length);
  return out;
}
