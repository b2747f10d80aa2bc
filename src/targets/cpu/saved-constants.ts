// The weights of a program as a part of what is kept of it, and back into a machine.
import type { SavedPart } from "../../runtime/target.js";
import type { Machine } from "./machine.js";
import type { ResidentProgram } from "./resident-program.js";

export const memoryPart = (bytes: Uint8Array): SavedPart => ({
  byteLength: bytes.byteLength,
  readInto: async (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
});

/** Where this thread does not see the machine's memory, a run of nothing has a range of it as its output. */
export function constantsPart(machine: Machine, { constants, arenaStart }: ResidentProgram): SavedPart {
  if (machine.view) return memoryPart(machine.view(constants));
  return {
    byteLength: constants.byteLength,
    async readInto(offset, target) {
      const nothing = machine.prepare([], { address: arenaStart, bytesPerThread: 0 });
      const range = { address: constants.address + offset, byteLength: target.length };
      const [bytes] = await machine.run(nothing, [], [range]);
      machine.release(nothing);
      target.set(bytes!);
    },
  };
}

export async function restoreConstants(
  part: SavedPart,
  machine: Machine,
  { constants }: ResidentProgram,
): Promise<void> {
  const view = machine.view?.(constants) ?? new Uint8Array(constants.byteLength);
  await part.readInto(0, view);
  if (!machine.view) await machine.write([{ address: constants.address, bytes: view }]);
}

export async function bytesOfPart(part: SavedPart): Promise<Uint8Array> {
  const bytes = new Uint8Array(part.byteLength);
  await part.readInto(0, bytes);
  return bytes;
}
