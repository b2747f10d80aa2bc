// How to draw for operators whose own cases do not lead everywhere, by family.
import type { Draw } from "../draw.js";

export const families: Readonly<Record<string, Draw>> = {};
