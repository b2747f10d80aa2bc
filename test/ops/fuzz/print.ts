// A case as the source of one, so that a draw can be kept among an operator's cases.
import type { OperatorCase } from "../../../src/ops/operator.js";

export function printCase(c: OperatorCase): string {
  return print({ ...c, inputs: c.inputs });
}

export function print(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(print).join(", ")}]`;
  if (typeof x === "bigint") return `${x}n`;
  if (typeof x === "number") return Object.is(x, -0) ? "-0" : String(x);
  if (typeof x === "string") return JSON.stringify(x);
  if (x instanceof Map) return `new Map(${print([...x])})`;
  if (x instanceof Uint8Array && x.every(byte => byte >= 32))
    return `bytes(${JSON.stringify(new TextDecoder().decode(x))})`;
  if (ArrayBuffer.isView(x)) return `${x.constructor.name}.of(${String(x)})`;
  if (typeof x !== "object" || x === null) return String(x);
  return `{ ${Object.entries(x)
    .map(([k, v]) => `${/^\w+$/.test(k) ? k : JSON.stringify(k)}: ${typeof v === "function" ? "…" : print(v)}`)
    .join(", ")} }`;
}
