// Kernels are measured with fused multiply-adds on Node 20 too, as `load` compiles them there. Imported before the engine is asked what it can do, and called before modules are
// compiled: the library puts the flag back after it has compiled one.
import { setFlagsFromString } from "node:v8";

export function allowFusedProducts(): void {
  if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
allowFusedProducts();
