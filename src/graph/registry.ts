// Operators by domain and name. Earlier lists win, so that a user's operator replaces a built-in one.
import type { Operator } from "../ops/operator.js";

export interface Registry {
  find(domain: string, op: string): Operator | undefined;
}

export function registryOf(...lists: readonly (readonly Operator[])[]): Registry {
  const byName = new Map<string, Operator>();
  const key = (domain: string, op: string): string => `${domain === "ai.onnx" ? "" : domain}:${op}`;
  for (const list of lists)
    for (const o of list) {
      const k = key(o.domain ?? "", o.name);
      if (!byName.has(k)) byName.set(k, o);
    }
  return { find: (domain, op) => byName.get(key(domain, op)) };
}
