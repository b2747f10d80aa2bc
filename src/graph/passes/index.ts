// The built-in passes in their order. `load(…, { passes })` gets this list to change.
import type { Registry } from "../../ops/registry.js";
import type { InferOptions } from "../infer.js";
import { infer } from "../infer.js";
import type { Pass } from "../pass.js";
import { differentiate } from "./differentiate.js";
import { expandOperators } from "./expand.js";
import type { Evaluate } from "./fold-constants.js";
import { foldConstants } from "./fold-constants.js";
import { foldNormalization } from "./fold-normalization.js";
import { foldPadding } from "./fold-padding.js";
import { foldQuantization } from "./fold-quantization.js";
import { foldShuffle } from "./fold-shuffle.js";
import { moveQuantized } from "./move-quantized.js";
import { pairIntegers } from "./pair-integers.js";
import { removeDeadCode } from "./remove-dead-code.js";
import { resolveIf } from "./resolve-if.js";
import { seedDraws } from "./seed-draws.js";
import { shareCommon } from "./share-common.js";
import { simplify } from "./simplify.js";
import { sinkConcat } from "./sink-concat.js";
import { splitGroups } from "./split-groups.js";
import { winograd } from "./winograd.js";

export { type Evaluate, foldConstants } from "./fold-constants.js";
export {
  differentiate,
  expandOperators,
  foldNormalization,
  foldPadding,
  foldQuantization,
  foldShuffle,
  moveQuantized,
  pairIntegers,
  removeDeadCode,
  resolveIf,
  seedDraws,
  shareCommon,
  simplify,
  sinkConcat,
  splitGroups,
  winograd,
};

export interface PassOptions extends InferOptions {
  /** evaluates operators on constants; absent: those that inference does not know stay in the graph */
  readonly evaluate?: Evaluate;
}

/** dims, dtypes and known values of all values anew */
export const inferTypes = (registry: Registry, options: InferOptions = {}): Pass => ({
  name: "infer",
  run: graph => infer(graph, registry, options),
});

export function defaultPasses(registry: Registry, options: PassOptions = {}): Pass[] {
  return [
    seedDraws(registry),
    inferTypes(registry, options),
    // values still have the names by which a Gradient asks for them
    differentiate(registry),
    resolveIf,
    expandOperators(registry),
    foldConstants(registry, options.evaluate),
    // before simplification: a Dropout whose mask nobody reads does nothing
    removeDeadCode,
    simplify,
    shareCommon,
    moveQuantized,
    // before the folds into weights, which make floats of them
    pairIntegers,
    foldQuantization,
    foldNormalization,
    foldPadding,
    // after the folds, which look for whole convolutions
    foldShuffle,
    splitGroups,
    winograd,
    sinkConcat,
    // a slice of what both a convolution and a sum read
    { ...shareCommon, name: "share-common-again" },
    { ...removeDeadCode, name: "remove-dead-code-again" },
    // folded constants may have made more known, and a user's pass may have left types open
    { ...inferTypes(registry), name: "infer-again" },
  ];
}
