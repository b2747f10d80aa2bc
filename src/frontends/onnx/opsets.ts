// Versions of operator sets: what a model, or a function inside of it, is written in.
import type { OperatorSetIdProto } from "./proto.js";
import { newestOpset } from "../../graph/make.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";

/** "ai.onnx" and "" are one domain. */
export const domainOf = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

export function readOpsets(imports: readonly OperatorSetIdProto[], who: string): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const o of imports) {
    const version = Number(o.version);
    const domain = domainOf(o.domain);
    if (version < 1 || (domain === "" && version > newestOpset))
      throw new AzulejoError(
        "operator-unsupported",
        `${who} uses version ${o.version} of the operators "${o.domain || "ai.onnx"}", and versions 1 to ${newestOpset} are supported; export it for one of them`,
      );
    out.set(domain, version);
  }
  return out;
}

/** The first IR versions had one operator set and did not name it. A domain without version is a custom one: it has version 1. */
export function opsetOf(domain: string, where: string, context: ReadContext): number {
  const version = context.opsets.get(domain);
  if (version !== undefined) return version;
  if (domain !== "" || context.irVersion < 3) return 1;
  throw new AzulejoError(
    "model-format",
    `${where} belongs to the standard operators, but the file does not say which version of them it uses; export the model again`,
  );
}
