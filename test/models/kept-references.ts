// References of models as they lie in the repository. Apart from references.ts, which pages bundle.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/project.js";
import type { ModelReference } from "./references.js";

/** By model: what onnxruntime-node 1.30 gave (tools/record-references.ts). */
export const keptReferences = (): Readonly<Record<string, ModelReference>> =>
  JSON.parse(readFileSync(join(root, "test/models/references.json"), "utf8"));
