// Which operator a node of a graph means: the user's first, then the built-in ones, those of domains beside ai.onnx if they
// were loaded.
import { AzulejoError } from "../support/errors.js";
import { builtInOperators, loadOtherDomains, otherDomains } from "./index.js";
import type { Operator } from "./operator.js";
import { watched } from "./user-operator.js";

export interface Registry {
  /** `domain` "" and "ai.onnx" are one; `opset` is the version of the domain in the file */
  find(domain: string, op: string, opset: number): Operator | undefined;
}

const keyOf = (domain: string, name: string): string => `${domain === "ai.onnx" ? "" : domain}:${name}`;

/**
 * The operators of domains beside ai.onnx, where one of them is named here, and those of 8-bit integers, which lie in the same file: pages
 * that need neither are smaller.
 * @throws AzulejoError target, where their code can't be read
 */
export async function operatorsBeside(
  domains: ReadonlySet<string>,
  isQuantized: boolean,
): Promise<readonly Operator[]> {
  const named = otherDomains.find(name => domains.has(name)) ?? (isQuantized ? "quantised models" : undefined);
  if (named === undefined) return [];
  try {
    return await loadOtherDomains();
  } catch (cause) {
    throw new AzulejoError(
      "target",
      `The operators of ${named} can't be loaded (${(cause as Error).message}); serve all files that the bundler wrote, from one folder`,
      { cause },
    );
  }
}

/** Operators of ai.onnx, those of other domains that were loaded, preceded by the user's of any domain. */
export function createRegistry(
  userOperators: readonly Operator[] = [],
  ofOtherDomains: readonly Operator[] = [],
): Registry {
  const byKey = new Map([...builtInOperators, ...ofOtherDomains].map(o => [keyOf(o.domain ?? "", o.name), o]));
  const users = new Set<string>();
  for (const o of userOperators) {
    const key = keyOf(o.domain ?? "", o.name);
    if (users.has(key))
      throw new AzulejoError(
        "option",
        `operators: ${o.domain ? `${o.domain}.` : ""}${o.name} is given twice; leave one of them out`,
      );
    users.add(key);
    byKey.set(key, watched(o));
  }
  // one object knows all opsets of its operator (Operator.adapt), so the version does not choose between objects
  return { find: (domain, op) => byKey.get(keyOf(domain, op)) };
}
