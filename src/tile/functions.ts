// The functions of `call` nodes: a native in float64, a body in the language for f32 and f64, and the error that the body may have.
// Interpreters use the native; lowering inlines the body, which `bodyOf` gives.

import { natives } from "../ir/natives.js";
import type { Node, NodeOf } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import { erf } from "./bodies/error-function.js";
import { exp, exp2, sigmoid, tanh } from "./bodies/exponential.js";
import type { Body } from "./bodies/format.js";
import { log, log2 } from "./bodies/logarithm.js";
import { pow, powInParts } from "./bodies/power.js";
import { cos, sin } from "./bodies/trigonometric.js";
import { isNonPositive } from "./ranges.js";
import { withoutSources } from "./source.js";
import type { AnyTile } from "./tile.js";
import { tileOf } from "./tile.js";

/**
 * Largest relative error of the body, measured in arithmetic that rounds after every operation (test/tile/functions.test.ts), over
 * all finite arguments unless `domain` narrows it. Results below the smallest normal number: half a unit of the last place more.
 */
export interface FunctionErrors {
  readonly f32: number;
  readonly f64: number;
  /** largest |x| for which the errors hold */
  readonly domain?: { readonly f32: number; readonly f64: number };
}
export interface TileFunction {
  readonly name: string;
  readonly arguments: number;
  readonly native: (...x: number[]) => number;
  readonly body: (args: readonly AnyTile[]) => AnyTile;
  /** for arguments in f32 on targets without f64, with its error; absent: the body needs none */
  readonly withoutF64?: { readonly body: (args: readonly AnyTile[]) => AnyTile; readonly error: number };
  readonly errors: FunctionErrors;
}

const unary = (name: string, body: Body, errors: FunctionErrors): TileFunction => ({
  name,
  arguments: 1,
  native: natives[name]!,
  body: ([x]) => body(x!, { nonPositive: isNonPositive(x!.node) }),
  errors,
});
const table: readonly TileFunction[] = [
  unary("exp", exp, { f32: 3e-7, f64: 5e-16 }),
  unary("exp2", exp2, { f32: 3e-7, f64: 5e-16 }),
  unary("log", log, { f32: 2e-7, f64: 5e-16 }),
  unary("log2", log2, { f32: 3e-7, f64: 6e-16 }),
  unary("tanh", tanh, { f32: 5e-7, f64: 9e-16 }),
  unary("erf", erf, { f32: 3e-7, f64: 1.2e-15 }),
  unary("sin", sin, { f32: 3e-7, f64: 6e-16, domain: { f32: 1e5, f64: 1e6 } }),
  unary("cos", cos, { f32: 3e-7, f64: 6e-16, domain: { f32: 1e5, f64: 1e6 } }),
  unary("sigmoid", sigmoid, { f32: 4e-7, f64: 8e-16 }),
  {
    name: "pow",
    arguments: 2,
    native: natives.pow!,
    body: ([x, y]) => pow(x!, y!),
    withoutF64: { body: ([x, y]) => powInParts(x!, y!), error: 2.5e-7 },
    errors: { f32: 1e-7, f64: 1e-15 },
  },
];
export const functions: ReadonlyMap<string, TileFunction> = new Map(table.map(f => [f.name, f]));

/** The function of a call node; unknown names can only come from parsed or hand-made IR. */
function functionOf(name: string): TileFunction {
  const f = functions.get(name);
  if (!f)
    throw new AzulejoError("kernel", `function "${name}" is not known; use one of ${[...functions.keys()].join(", ")}`);
  return f;
}

/** The tile IR that computes a call: what lowering puts in the node's place. f16 and bf16 are computed in f32. */
export function bodyOf(n: NodeOf<"call">, { hasF64 = true }: { readonly hasF64?: boolean } = {}): Node {
  const f = functionOf(n.fn);
  const body = hasF64 ? f.body : (f.withoutF64?.body ?? f.body);
  return withoutSources(() => {
    const args = n.args.map(tileOf);
    if (n.dtype === "f32" || n.dtype === "f64") return body(args).node;
    return body(args.map(a => a.cast("f32"))).cast(n.dtype).node;
  });
}
