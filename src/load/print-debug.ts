// debug() of tiles prints to the console, unless the caller takes what there is to see.
import { type DebugTile, debugText } from "../ir/debug-text.js";
import { printLine } from "../runtime/platform.js";

export const printDebug = (tile: DebugTile): void => printLine(debugText(tile));
