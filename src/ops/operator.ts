// What an operator is: one object, in one file, for every target. Fusion is composition of the functions that `at` returns.

import type { AttributeValue, Dims, Graph, KnownValue, Value, ValueType } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import type { Poly } from "../ir/poly.js";
import type { Kernel } from "../ir/tile.js";
import type { HostValue } from "../runtime/host-value.js";
import type { DecodedImage } from "../runtime/image.js";
import type { AnyTile, DimValue } from "../tile/index.js";

/** Type and default of an attribute; `required` ones have no default. Checked before any function of the operator is called. */
export interface AttributeSpec {
  readonly type: "int" | "float" | "string" | "ints" | "floats" | "strings" | "tensor" | "graph" | "type";
  readonly default?: AttributeValue;
  readonly required?: boolean;
}
// biome-ignore lint/suspicious/noExplicitAny: attributes are checked against their specs at run time
export type Attributes = Readonly<Record<string, any>>;

/** An input of an operator inside a kernel: a tensor in memory or the inlined value of its producer; the reader can't tell. */
export interface Operand {
  readonly dtype: Dtype;
  readonly rank: number;
  readonly dims: readonly DimValue[];
  /** what is known of its content at compile time */
  readonly known: KnownValue | undefined;
  /** The element at the given indices; outside the dims it is 0. */
  at(...index: readonly (AnyTile | number)[]): AnyTile;
  /** The same operand, with `value` outside its dims. */
  fill(value: number): Operand;
}

/** What `shape`, `dtypes`, `values` and `at` know of a node. Variadic inputs are named X0, X1, … and also listed in `all`. */
export interface NodeInfo {
  readonly name: string;
  readonly opset: number;
  readonly attributes: Attributes;
  /** dims by input name; an absent optional input has no entry */
  readonly dims: Readonly<Record<string, Dims>>;
  readonly dtypes: Readonly<Record<string, Dtype>>;
  readonly known: Readonly<Record<string, KnownValue | undefined>>;
  /** names of the present inputs in order */
  readonly present: readonly string[];
  /** which outputs somebody wants */
  readonly wanted: readonly string[];
  /** how many outputs the node has in its file, wanted or not: an even Split divides by it */
  readonly outputCount: number;
  /**
   * Asks to rely on two symbolic dims being equal in every run: runs are checked, and dims that break it are compiled apart. Absent, or
   * false: the operator has to cope with both. Only during inference.
   */
  readonly assumeEqual?: (left: Poly, right: Poly) => boolean;
  /** In its place where nobody knows whether the node runs: runs are checked as well, but the operator may not rely on it. */
  readonly expectEqual?: (left: Poly, right: Poly) => void;
}

/**
 * A node inside a kernel. `dims` and `known` are the program's, so that constants stay visible to decisions and offsets; sizes of axes
 * come from `inputs` and `outputs`, which are the kernel's own words, so that kernels are shared between sizes.
 */
export interface KernelContext extends NodeInfo {
  readonly inputs: Readonly<Record<string, Operand>>;
  /** dims of the outputs, in the kernel's words */
  readonly outputs: Readonly<Record<string, Dims>>;
  /**
   * Asks to rely on a position being inside a dim of `size` in every run, both in the kernel's words: runs are checked before they start,
   * and those that break it end with an error or are compiled apart. Absent, or false (in a branch, which may never be taken): what reads
   * there has to check.
   */
  readonly assumeInside?: (position: Poly, size: Poly, otherwise: "error" | "compiled apart") => boolean;
}

/** A node that brings its own kernels. */
export interface WholeNode extends NodeInfo {
  /** dims of the wanted outputs */
  readonly outputs: Readonly<Record<string, Dims>>;
  /** inputs whose content is the same in every run; tensors of theirs that say so (Tensor.constant) are packed once */
  readonly constants: ReadonlySet<string>;
}

/** A node that is about to become others. */
export interface Expansion extends NodeInfo {
  /** present inputs by the operator's names, with dtype and dims */
  readonly inputs: Readonly<Record<string, Value>>;
  /** dims of the wanted outputs */
  readonly outputs: Readonly<Record<string, Dims>>;
}

/** A node on the way from what a derivative is taken of to what it is taken by. */
export interface Differentiation extends Expansion {
  /** values of the outputs */
  readonly results: Readonly<Record<string, Value>>;
  /** derivatives by the outputs; an output that does not matter has none */
  readonly by: Readonly<Record<string, Value | undefined>>;
}

type GivenAttributes = Readonly<Record<string, AttributeValue | undefined>>;

/** Makes the nodes of an expansion: of the newest ai.onnx, or of another domain. Attributes that are undefined are left out. */
export interface Builder {
  /** a node's only output */
  node(op: string, inputs: readonly (Value | undefined)[], attributes?: GivenAttributes, domain?: string): Value;
  /** the first `count` outputs of a node */
  several(
    op: string,
    count: number,
    inputs: readonly (Value | undefined)[],
    attributes?: GivenAttributes,
    domain?: string,
  ): readonly Value[];
  constant(dtype: Dtype, dims: readonly number[], data: readonly (number | bigint)[]): Value;
  /** the nodes of a graph that is an attribute, with these values as its inputs; gives its outputs */
  inline(graph: Graph, inputs: readonly Value[]): readonly Value[];
}

/** What a node of a graph does: names, types and dims of its outputs, and a body in the kernel language, on the host, or in other operators. */
export interface Operator {
  readonly name: string;
  /** absent: ai.onnx */
  readonly domain?: string;
  /** names in the order of the file; "B?" is optional, a last "X..." is variadic */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /**
   * Inputs whose content must be known when the model is compiled (a Reshape's shape): `shape` throws "operator-unsupported" without
   * it. Test harnesses make constants of them; a session that compiles at the first run may do the same.
   */
  readonly content?: readonly string[];
  /** Old opsets become the newest: returns other attributes for a node of an older opset, or refuses with an error. */
  readonly adapt?: (node: NodeInfo) => Attributes;
  /** dtype of each output; absent: that of the first input */
  readonly dtypes?: (node: NodeInfo) => Readonly<Record<string, Dtype>>;
  /** dims of each output; throws AzulejoError("shape" | "operator-unsupported") with names and sizes */
  readonly shape: (node: NodeInfo) => Readonly<Record<string, Dims>>;
  /** content of small integer outputs, so that shape arithmetic folds away (Shape, Gather, Concat, Add, …) */
  readonly values?: (node: NodeInfo) => Readonly<Record<string, KnownValue | undefined>>;

  // exactly one of the following bodies
  /** each output as a function of its indices */
  readonly at?: (context: KernelContext) => Readonly<Record<string, (...index: AnyTile[]) => AnyTile>>;
  /** whole kernels, for operators that store more than one value an index (recurrent cells, scatter, in-place updates); tensors carry the operator's names */
  readonly kernels?: (node: WholeNode) => readonly Kernel[];
  /**
   * other nodes that take the place of this one: values for its outputs. A pass asks once types are known, so that fusion and layouts
   * see the parts and no target knows the whole.
   */
  readonly expand?: (node: Expansion, build: Builder) => Readonly<Record<string, Value>>;
  /** derivatives by the inputs, in the dims of the inputs; an input that it does not depend on smoothly has none */
  readonly derivative?: (node: Differentiation, build: Builder) => Readonly<Record<string, Value | undefined>>;
  /** spatial operators run fastest with the channel (dim 1) innermost in memory, of the first input, the outputs or both; the planner decides */
  readonly prefers?: "channels-last" | "channels-last-input" | "channels-last-output";
  /**
   * For each dim of the output, how far elements of one phase are apart: those that read alike (a transposed convolution's stride).
   * Where the size is a multiple, the planner walks phase by phase, and the body's divisions by it fold away.
   */
  readonly phases?: (node: NodeInfo) => readonly number[];
  /** the output is the inputs laid one after another along this axis: the planner lets their producers write in place */
  readonly concat?: (node: NodeInfo) => number;
  /**
   * Neighbours along this axis become one element of twice or four times the size, the first in its low bits: where the axis is innermost in
   * memory, the planner makes it the same memory. Undefined: elements do not go into whole ones.
   */
  readonly joins?: (node: NodeInfo) => number | undefined;
  /** same elements in the same row-major order under other dims (Reshape, Squeeze, Identity): costs nothing where the planner can alias */
  readonly reshape?: true;
  /**
   * the body only moves elements or compares them for equality, perhaps for some attributes alone, so that it is right for handles of text
   * as well; what it fills with 0 becomes the empty text
   */
  readonly text?: true | ((attributes: Attributes) => boolean);
  /**
   * Data decide the dims of the outputs: `host.types` says what is known of them. `expand` makes nodes of which only `azulejo.Prefix` is the
   * host's; where the types of the inputs are not known before a run, `host.run` does it all.
   */
  readonly measured?: true;
  /** does this node make text? (a Cast to it) */
  readonly makesText?: (node: NodeInfo) => boolean;
  /**
   * Runs in JavaScript: text, sequences, and results whose dims depend on data. Beside another body: only for nodes that read or make
   * text or a container.
   */
  readonly host?: HostBody;
}

/** Without `types` and `run`: the front end or control flow takes care of it. */
export interface HostBody {
  /** why no kernel can do it */
  readonly reason: string;
  /** what is known of the outputs before a run */
  readonly types?: (node: HostNode) => Readonly<Record<string, ValueType>>;
  readonly run?: (inputs: HostValues, node: HostNode, services: HostServices) => HostValues | Promise<HostValues>;
}
/** What a body on the host can ask for. */
export interface HostServices {
  /** undefined: the bytes are no picture, or a damaged one */
  readonly decodeImage: (encoded: Uint8Array) => Promise<DecodedImage | undefined>;
}
/** Values by name; absent inputs have no entry, an empty optional is undefined. */
export type HostValues = Readonly<Record<string, HostValue>>;

/** What a body on the host knows of its node. */
export interface HostNode extends NodeInfo {
  /** types by input name */
  readonly types: Readonly<Record<string, ValueType>>;
  /** A dim that only a run tells: the same symbol each time the node is inferred. */
  readonly unknownDim: (output: string, axis: number) => Poly;
}

/** A float64 reference on plain arrays, the judge of an operator. */
export interface ReferenceTensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  /** numbers, booleans as 0 and 1; 64-bit integers as bigint */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}
/** What an operator means, in float64 on plain arrays: all outputs by name. */
export type Reference = (
  inputs: Readonly<Record<string, ReferenceTensor>>,
  attributes: Attributes,
  node: { readonly present: readonly string[]; readonly opset: number; readonly outputCount: number },
) => Readonly<Record<string, ReferenceTensor>>;

/** |got − want| ≤ 2⁻²³ · (relative·|want| + absolute·scale); see docs/testing.md for `scale` */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** What an operator's file exports beside `operator`, apart so that bundles drop it. */
export interface OperatorCase {
  readonly name: string;
  readonly attributes?: Attributes;
  /** absent: the newest that the operator knows */
  readonly opset?: number;
  /** of a variadic list; absent: all that are named */
  readonly outputCount?: number;
  readonly inputs: Readonly<Record<string, CaseInput>>;
}
/** An input of a case: its data, or random numbers within a range (absent: the harness's, small and of both signs). */
export interface CaseInput {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  /** integers beyond 2⁵³ are bigint */
  readonly data?: readonly (number | bigint)[];
  readonly range?: readonly [low: number, high: number];
  /** known at compile time, as shapes, axes and the like are in models; `Operator.content` are it anyway */
  readonly constant?: boolean;
}

/** A line of docs/operators.md. */
export interface OperatorDoc {
  readonly summary: string;
  /** element types of the data inputs: "any", "float", "integer", "number", "bool", or a sentence */
  readonly dtypes: string;
  /** first and newest version of the operator that is understood; later opsets of the file are taken as the newest */
  readonly opsets: readonly [first: number, newest: number];
  /** what is left out */
  readonly limits?: string;
}

/** The exports of an operator's file. */
export interface OperatorModule {
  readonly operator: Operator;
  /** absent where the operator has no meaning on plain tensors (control flow), or where its expansion is its meaning (a graph as attribute) */
  readonly reference?: Reference;
  /** a function, so that bundles drop it */
  readonly cases?: () => readonly OperatorCase[];
  readonly tolerance?: Tolerance;
  readonly doc: OperatorDoc;
}
