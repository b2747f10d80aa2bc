// Graph IR: operators over values with symbolic dims. Immutable: a pass returns a new graph; values are identified by object.
import type { Dtype } from "../ir/dtypes.js";
import type { Poly, Sym } from "../ir/poly.js";

/** Dims are polynomials over the graph's symbols: from the file's named dims to the run, nothing is ever guessed. */
export type Dims = readonly Poly[];

/**
 * The content of a small tensor as far as it is known at compile time: integers are polynomials over the graph's symbols (a
 * Shape's output), floats numbers. Row-major; `undefined` for an unknown element.
 */
export interface KnownValue {
  readonly dims: readonly number[];
  readonly data: readonly (Poly | number | undefined)[];
}

/** Bytes of a constant, wherever they lie: a file, a URL, a buffer. Row-major, little-endian, in the value's dtype. */
export interface ConstantData {
  readonly byteLength: number;
  /** A fresh or shared view; callers do not write into it and do not keep it. */
  read(): Uint8Array | Promise<Uint8Array>;
  /** The bytes from `offset` on, as many as `target` has, without a copy between. Both begin at a whole element. */
  readInto?(target: Uint8Array, offset: number): Promise<void>;
}

/** Text is moved and compared as handles of 32 bits; what they stand for, only the host knows. */
export const textDtype: Dtype = "u32";

/** What a value can be: a tensor, or something that only the host can hold. */
export interface ValueType {
  /** undefined: the frontend does not know yet; infer() fills it in */
  readonly dtype: Dtype | undefined;
  /** undefined: unknown rank, or no tensor */
  readonly dims: Dims | undefined;
  /** a tensor of text; `dtype` is that of its handles */
  readonly text?: true;
  readonly container?: Container;
}
/** Values that hold values. `dtype` and `dims` of a container are undefined. */
export type Container =
  | { readonly kind: "sequence" | "optional"; readonly of: ValueType }
  | { readonly kind: "map"; readonly of: ValueType; readonly key: ValueType };

/** An edge of a graph, known by identity: its name, what it can be, and its content where that is known. */
export interface Value extends ValueType {
  readonly name: string;
  readonly constant?: ConstantData;
  /** content of a constant of text, row-major */
  readonly strings?: readonly string[];
  readonly known?: KnownValue;
}

export type AttributeValue =
  | number // ints and floats
  | bigint // ints beyond 2^53
  | string
  | readonly number[]
  | readonly string[]
  | { readonly tensor: Value } // a constant
  | { readonly type: ValueType } // of what an Optional may hold
  | { readonly graph: Graph };

/** One use of an operator. */
export interface GraphNode {
  /** the file's, or made from op and position: unique in its graph */
  readonly name: string;
  /** "" is ai.onnx */
  readonly domain: string;
  readonly op: string;
  /** version of the domain's operator set in the file */
  readonly opset: number;
  /** undefined: an optional input that is absent */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Dims that inference took to be equal though the file does not say so; a run that breaks it can't use what relied on it. */
export interface Equality {
  readonly left: Poly;
  readonly right: Poly;
  readonly node: string;
  /** asked for where nobody knows whether the node runs, in a branch or a body: checked, but nothing relies on it */
  readonly undecided?: true;
}

/** A model between front end and compiler: nodes over values, immutable. A pass gives a new one. */
export interface Graph {
  readonly name: string;
  /** without initializers */
  readonly inputs: readonly Value[];
  /** names of inputs in the file to which an initializer gives a value: constants here */
  readonly fixedInputs?: readonly string[];
  readonly outputs: readonly Value[];
  /** in topological order; subgraphs of If, Loop and Scan see the values of the graphs around them */
  readonly nodes: readonly GraphNode[];
  /** named dims of the inputs (`batch`, `height`), and those made for unnamed ones */
  readonly symbols: readonly Sym[];
  /** what inference has relied on since the graph was read, also for nodes that are gone: passes removed them because of it */
  readonly equalities?: readonly Equality[];
}
