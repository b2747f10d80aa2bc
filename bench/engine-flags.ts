// Imported before the engine is asked what it can do: on Node 20 kernels are measured with fused multiply-adds, as `load` compiles them there.
import { setFlagsFromString } from "node:v8";

if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
