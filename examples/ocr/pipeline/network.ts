// What the pipeline needs of a compiled model. A `Model` of azulejo is a Network; so is any other engine behind the same call.
import type { FloatTensor } from "./input.js";

export interface Network {
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  run(
    inputs: Readonly<Record<string, FloatTensor>>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<
    Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> | ArrayLike<bigint> }>
  >;
}

export interface FloatResult {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Runs a network of one input and one output, both f32. */
export async function apply(network: Network, input: FloatTensor, signal?: AbortSignal): Promise<FloatResult> {
  const results = await network.run({ [network.inputs[0]!.name]: input }, { signal });
  const name = network.outputs[0]!.name;
  const { dims, data } = results[name]!;
  if (!(data instanceof Float32Array))
    throw new TypeError(`The output "${name}" must be f32; is this a model of PP-OCR?`);
  return { dims, data };
}
