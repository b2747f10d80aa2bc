// The built-in passes in their order. `load(…, { passes })` gets this list to change.
import { isHalfFloat } from "../../ir/float-bits.js";
import type { Registry } from "../../ops/registry.js";
import type { GraphNode } from "../graph.js";
import type { InferOptions } from "../infer.js";
import { infer } from "../infer.js";
import type { Pass } from "../pass.js";
import { hasNode } from "../values.js";
import { expandOperators } from "./expand.js";
import type { Evaluate } from "./fold-constants.js";
import { foldConstants } from "./fold-constants.js";
import type { IntegerProducts } from "./integer-words.js";
import { removeDeadCode } from "./remove-dead-code.js";
import { resolveIf } from "./resolve-if.js";
import { seedDraws } from "./seed-draws.js";
import { shareCommon } from "./share-common.js";
import { simplify } from "./simplify.js";
import { sinkConcat } from "./sink-concat.js";
import type { WideProducts } from "./widen-products.js";

export { type Evaluate, foldConstants } from "./fold-constants.js";
export type { IntegerProducts } from "./integer-words.js";
export type { WideProducts } from "./widen-products.js";
export { expandOperators, removeDeadCode, resolveIf, seedDraws, shareCommon, simplify, sinkConcat };

export interface PassOptions extends InferOptions {
  /** evaluates operators on constants; absent: those that inference does not know stay in the graph */
  readonly evaluate?: Evaluate;
  /** what multiplies 8-bit integers fastest where the graph is to run, asked where it has some; absent: pairs */
  readonly integerProducts?: () => Promise<IntegerProducts>;
  /** of 16-bit floats, for a target that multiplies f32; absent: none */
  readonly wideProducts?: WideProducts | undefined;
}

/** dims, dtypes and known values of all values anew */
export const inferTypes = (registry: Registry, options: InferOptions = {}): Pass => ({
  name: "infer",
  run: graph => infer(graph, registry, options),
});

/** A pass for graphs that hold certain nodes: its module is read when one does. */
const ofSome = (name: string, concerns: (node: GraphNode) => boolean, read: () => Promise<Pass>): Pass => ({
  name,
  run: async graph => (hasNode(graph, concerns) ? (await read()).run(graph) : graph),
});
const isGradient = ({ op }: GraphNode): boolean => op === "Gradient";
/** Does the node make integers of a model's numbers, or multiply them? */
export const isQuantized = ({ op }: GraphNode): boolean =>
  /^QLinear|Integer$|QuantizeLinear$|^DequantizeLinear$/.test(op);
const isHalf = ({ outputs }: GraphNode): boolean => outputs.some(v => isHalfFloat(v?.dtype));
const isRecurrent = ({ op, domain }: GraphNode): boolean => domain === "" && /^(LSTM|GRU|RNN)$/.test(op);
const isInstanceNormalization = ({ op }: GraphNode): boolean => op === "InstanceNormalization";
const isConvolution = ({ op }: GraphNode): boolean => /^(Conv|ConvTranspose|ConvInteger|QLinearConv)$/.test(op);
const quantized = (name: string, pass: Exclude<keyof typeof import("./of-quantized.js"), "pairIntegers">): Pass =>
  ofSome(name, isQuantized, async () => (await import("./of-quantized.js"))[pass]);
const convolutional = (name: string, pass: keyof typeof import("./of-convolutions.js")): Pass =>
  ofSome(name, isConvolution, async () => (await import("./of-convolutions.js"))[pass]);

export function defaultPasses(registry: Registry, options: PassOptions = {}): Pass[] {
  const { wideProducts } = options;
  return [
    seedDraws(registry),
    inferTypes(registry, options),
    // values still have the names by which a Gradient asks for them
    ofSome("differentiate", isGradient, async () => (await import("./differentiate.js")).differentiate(registry)),
    resolveIf,
    ofSome("recurrent-products", isRecurrent, async () => (await import("./recurrent-products.js")).recurrentProducts),
    ofSome("fold-groups", isInstanceNormalization, async () => (await import("./fold-groups.js")).foldGroups),
    expandOperators(registry),
    foldConstants(registry, options.evaluate),
    // before simplification: a Dropout whose mask nobody reads does nothing
    removeDeadCode,
    simplify,
    shareCommon,
    quantized("move-quantized", "moveQuantized"),
    convolutional("split-integer-groups", "splitIntegerGroups"),
    // before the folds into weights, which make floats of them
    ofSome("pair-integers", isQuantized, async () =>
      (await import("./of-quantized.js")).pairIntegers(await options.integerProducts?.()),
    ),
    quantized("fold-rescale", "foldRescale"),
    quantized("fold-quantization", "foldQuantization"),
    convolutional("fold-normalization", "foldNormalization"),
    convolutional("fold-padding", "foldPadding"),
    // after the folds, which look for whole convolutions
    convolutional("fold-shuffle", "foldShuffle"),
    convolutional("split-groups", "splitGroups"),
    ...(wideProducts
      ? [
          ofSome("widen-products", isHalf, async () =>
            (await import("./widen-products.js")).widenProducts(wideProducts),
          ),
        ]
      : []),
    convolutional("winograd", "winograd"),
    sinkConcat,
    // a slice of what both a convolution and a sum read
    { ...shareCommon, name: "share-common-again" },
    { ...removeDeadCode, name: "remove-dead-code-again" },
    // folded constants may have made more known, and a user's pass may have left types open
    { ...inferTypes(registry), name: "infer-again" },
  ];
}
