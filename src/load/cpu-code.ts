// Which CPU target's code explanations show: that of the chosen target, and WebAssembly's where it has none of its own.
import type { LoadOptions } from "../runtime/api.js";
import * as native from "../targets/c/explain.js";
import * as wasm from "../targets/wasm/explain.js";
import { targetOf } from "./targets.js";

export const cpuCodeOf = async (
  options: Pick<LoadOptions, "target">,
): Promise<({ readonly name: "native" } & typeof native) | ({ readonly name: "wasm" } & typeof wasm)> =>
  (await targetOf(options)).name === "native" ? { name: "native", ...native } : { name: "wasm", ...wasm };
