// External data of a TensorProto: a range of a file beside the model. The model is untrusted, so its names stay below its folder.
import type { TensorProto } from "./proto.js";
import type { ConstantData } from "../../graph/graph.js";
import type { ByteSource } from "../../support/byte-source.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";

export async function externalData(
  t: TensorProto,
  byteLength: number,
  where: string,
  context: ReadContext,
): Promise<ConstantData> {
  const entries = new Map(t.externalData.map(e => [e.key, e.value]));
  const location = checkedLocation(entries.get("location") ?? "", where);
  const offset = wholeNumber(entries.get("offset") ?? "0", "offset", where);
  const length = entries.has("length") ? wholeNumber(entries.get("length")!, "length", where) : byteLength;
  if (length !== byteLength)
    throw new AzulejoError(
      "model-external-data",
      `${where} takes ${length} bytes of "${location}", but its dims and dtype need ${byteLength}; save the model with its data again`,
    );
  const file = await context.external(location);
  if (offset + length > file.size)
    throw new AzulejoError(
      "model-external-data",
      `${where} needs bytes ${offset} to ${offset + length} of "${location}", which has ${file.size}; the file is cut short or belongs to another model: fetch it again`,
    );
  return windowOf(file, offset, length);
}

/** A range of a source as constant data: nothing is read before it is asked for. */
export const windowOf = (source: ByteSource, start: number, byteLength: number): ConstantData => ({
  byteLength,
  read: () => source.read(start, byteLength),
  ...(source.readInto ? { readInto: (target, offset) => source.readInto!(start + offset, target) } : {}),
});

/** A relative path below the model's folder, with forward slashes. */
function checkedLocation(location: string, where: string): string {
  const parts = location.replaceAll("\\", "/").split("/");
  const outside =
    /^([a-zA-Z][a-zA-Z0-9+.-]*:|[\\/~])/.test(location) || parts.includes("..") || location.includes("\0");
  if (location === "" || outside)
    throw new AzulejoError(
      "model-external-data",
      `${where} has its data in ${JSON.stringify(location)}, which is not a path below the model's folder; put the file beside the model and save it with a relative location`,
    );
  return parts.filter(p => p !== "." && p !== "").join("/");
}

function wholeNumber(text: string, what: string, where: string): number {
  const n = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(n))
    throw new AzulejoError(
      "model-external-data",
      `${where} has the ${what} ${JSON.stringify(text)} in its external data, which is not a number of bytes; save the model with its data again`,
    );
  return n;
}
