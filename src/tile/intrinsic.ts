// intrinsic(): an elementwise function of one's own, with a meaning in the language and code for targets that have better words for it.
import type { Dtype } from "../ir/dtypes.js";
import type { Intrinsic, IntrinsicCode } from "../ir/intrinsic.js";
import { unionAxes } from "../ir/tile.js";
import { captureSite } from "./source.js";
import type { AxesOf, Tile } from "./tile.js";
import { tileOf } from "./tile.js";
import { kernelError, make, recording } from "./trace.js";

type Parameters = Readonly<Record<string, Dtype>>;
type Operands<P extends Parameters> = { readonly [K in keyof P]: Tile<string, P[K]> };
/** An intrinsic's name, its code by target, and how close that comes to the meaning. */
export interface IntrinsicOptions extends IntrinsicCode {
  readonly name: string;
  /** by how many units of the last place code may differ from the meaning; absent: by none, the sign of zero included */
  readonly ulps?: number;
}
/** Takes tiles by name, like its meaning; the result varies over the axes of all of them. */
export type IntrinsicFunction<P extends Parameters, D extends Dtype> = <const O extends Operands<P>>(
  operands: O,
) => Tile<AxesOf<O[keyof O]>, D>;

/**
 * A function of single elements: `meaning` says in the language what it computes, and `wasm`, `c` and `wgsl` how a target does it. Targets without
 * code compile the meaning, interpreters compute it, and eager execution runs it. `azulejo check` holds each code to the meaning, on special values
 * and random bits. Operands and result are f32, f64, i32, u32, i64 or u64.
 * @throws AzulejoError kernel: a meaning that needs more than its operands, code that names what is no parameter
 */
export function intrinsic<const P extends Parameters, D extends Dtype>(
  parameters: P,
  meaning: (operands: Operands<P>) => Tile<string, D>,
  { name, ulps, wasm, c, wgsl }: IntrinsicOptions,
): IntrinsicFunction<P, D> {
  const site = captureSite();
  const names = Object.keys(parameters);
  const own: Intrinsic = {
    name,
    parameters: names,
    ...(ulps === undefined ? {} : { ulps }),
    ...(wasm === undefined ? {} : { wasm }),
    ...(c === undefined ? {} : { c }),
    ...(wgsl === undefined ? {} : { wgsl }),
  };
  if (site) Object.defineProperty(own, "source", { enumerable: true, get: () => site.text });
  return operands => {
    const given = operands as Readonly<Record<string, Tile<string, Dtype> | undefined>>;
    const args = names.map(p => {
      const x = given[p];
      if (!x || x.dtype !== parameters[p])
        throw kernelError(
          `operand "${p}" of ${name} is ${x ? x.dtype : "missing"}; it must be a tile of ${parameters[p]}`,
        );
      return x.node;
    });
    const meant = meaning(operands as never);
    // an eager run computes the meaning, where breakpoints stop
    if (recording()?.eager) return meant as never;
    const axes = unionAxes(...args.map(a => a.axes));
    const { node } = meant;
    return tileOf(
      make<"call">({ kind: "call", fn: name, args, axes, dtype: node.dtype, intrinsic: own, meaning: node }),
    ) as never;
  };
}
