// The passes that only convolutions concern, as one module: read when a graph has one.
export { foldNormalization } from "./fold-normalization.js";
export { foldPadding } from "./fold-padding.js";
export { foldShuffle } from "./fold-shuffle.js";
export { splitGroups, splitIntegerGroups } from "./split-groups.js";
export { winograd } from "./winograd.js";
