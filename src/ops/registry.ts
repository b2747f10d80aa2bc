// Which operator a node of a graph means: the user's first, then the usual ones of ai.onnx, and those beside them that were loaded.
import { AzulejoError } from "../support/errors.js";
import { builtInOperators, loadOtherDomains, loadSeldomOperators, otherDomains } from "./index.js";
import type { Operator } from "./operator.js";
import { watched } from "./user-operator.js";

export interface Registry {
  /** `domain` "" and "ai.onnx" are one; `opset` is the version of the domain in the file */
  find(domain: string, op: string, opset: number): Operator | undefined;
}

const keyOf = (domain: string, name: string): string => `${domain === "ai.onnx" ? "" : domain}:${name}`;

/** What a model names of operators. */
export interface NamedOperators {
  /** the nodes of all its graphs */
  readonly nodes: Iterable<{ readonly domain: string; readonly op: string }>;
  /** it computes with 8-bit integers */
  readonly isQuantized: boolean;
  /** further ones may be put in, which are not known before that is done */
  readonly mayBeAny: boolean;
}

/**
 * The operators beside the usual ones of ai.onnx that a model needs: their code lies in two files, that of ai.onnx and that of other domains and of
 * 8-bit integers, which are read for models that name one of them. Others start sooner, and pages that need neither are smaller.
 * @throws AzulejoError target, where their code can't be read
 */
export async function operatorsBeside(
  { nodes, isQuantized, mayBeAny }: NamedOperators,
  userOperators: readonly Operator[] = [],
): Promise<readonly Operator[]> {
  const known = new Set([...builtInOperators, ...userOperators].map(o => keyOf(o.domain ?? "", o.name)));
  let [seldom, other] = mayBeAny ? ["the library", "the library"] : [];
  for (const { domain, op } of nodes) {
    if (otherDomains.includes(domain)) other ??= domain;
    else if (!known.has(keyOf(domain, op))) seldom ??= op;
  }
  if (isQuantized) other ??= "quantised models";
  // what those of other domains expand to may be any of ai.onnx
  seldom ??= other;
  const lists = await Promise.all([
    seldom === undefined ? [] : read(loadSeldomOperators, seldom),
    other === undefined ? [] : read(loadOtherDomains, other),
  ]);
  return lists.flat();
}
async function read(load: () => Promise<readonly Operator[]>, named: string): Promise<readonly Operator[]> {
  try {
    return await load();
  } catch (cause) {
    throw new AzulejoError(
      "target",
      `The operators of ${named} can't be loaded (${(cause as Error).message}); serve all files that the bundler wrote, from one folder`,
      { cause },
    );
  }
}

/** The usual operators, those beside them that were loaded, preceded by the user's of any domain. */
export function createRegistry(userOperators: readonly Operator[] = [], beside: readonly Operator[] = []): Registry {
  const byKey = new Map([...builtInOperators, ...beside].map(o => [keyOf(o.domain ?? "", o.name), o]));
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
