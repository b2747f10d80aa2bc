// What all parts of the ONNX frontend share while one file is read.
import type { FunctionProto } from "./proto.js";
import type { AttributeValue } from "../../graph/graph.js";
import type { Sym } from "../../ir/poly.js";
import type { ByteSource } from "../../support/byte-source.js";
import type { Payload } from "./wire.js";

export interface ReadContext {
  readonly source: ByteSource;
  readonly payloads: readonly Payload[];
  readonly irVersion: number;
  /** version of each operator set; "" is ai.onnx */
  readonly opsets: ReadonlyMap<string, number>;
  readonly functions: readonly FunctionProto[];
  /** inside the body of a function */
  readonly call?: {
    /** attributes that the call gives, and defaults of the function */
    readonly parameters: ReadonlyMap<string, AttributeValue>;
    /** functions that are being read, outermost first */
    readonly chain: readonly string[];
  };
  /** nodes that bodies of functions have brought so far: a small file must not become an endless graph */
  readonly inlined: { nodes: number };
  /** opens a file that the model names; each location once */
  readonly external: (location: string) => Promise<ByteSource>;
  /** named dims, shared by name over the whole file */
  readonly symbols: Map<string, Sym>;
  /** names of dims that the caller fixed */
  readonly fixedDims: Readonly<Record<string, number>>;
  /** see ReadOnnxOptions */
  readonly declaredTypes: boolean;
}
