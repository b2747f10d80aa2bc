// Nodes that make no sense, as data: what an operator says about them, code and sentence, word for word.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownValue } from "../../src/graph/graph.js";
import { newestOpset } from "../../src/graph/make.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { isFloat } from "../../src/ir/dtypes.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { Attributes, NodeInfo } from "../../src/ops/operator.js";
import type { ErrorCode } from "../../src/support/errors.js";
import { AzulejoError } from "../../src/support/errors.js";
import { fullRegistry } from "./full-registry.js";

export interface Refusal {
  readonly op: string;
  /** absent: ai.onnx */
  readonly domain?: string;
  /** inputs as "dtype dims": a word is a symbol; "=" gives content */
  readonly inputs: Readonly<Record<string, string>>;
  readonly attributes?: Attributes;
  readonly opset?: number;
  readonly wanted?: readonly string[];
  readonly outputCount?: number;
  readonly code: ErrorCode;
  readonly says: string;
}

const symbols = new Map<string, Poly>();
function dimOf(word: string): Poly {
  if (/^\d+$/.test(word)) return Poly.int(Number(word));
  if (!symbols.has(word)) symbols.set(word, Poly.sym(new Sym(word)));
  return symbols.get(word)!;
}

interface Input {
  readonly dtype: Dtype;
  readonly dims: readonly Poly[];
  readonly known: KnownValue | undefined;
}
function inputOf(text: string): Input {
  const [type, content] = text.split(" = ");
  const [dtype, ...words] = type!.split(" ") as [Dtype, ...string[]];
  const data = content?.split(" ").map(x => (isFloat(dtype) ? Number(x) : Poly.int(Number(x))));
  return { dtype, dims: words.map(dimOf), known: data && { dims: words.map(Number), data } };
}

export function infoOf(r: Refusal): NodeInfo {
  const operator = fullRegistry().find(r.domain ?? "", r.op, newestOpset)!;
  const inputs = Object.entries(r.inputs).map(([name, text]) => [name, inputOf(text)] as const);
  const field = <K extends keyof Input>(key: K) => Object.fromEntries(inputs.map(([name, i]) => [name, i[key]]));
  const defaults = Object.entries(operator.attributes ?? {}).flatMap(([k, s]) =>
    s.default === undefined ? [] : [[k, s.default]],
  );
  return {
    name: "n",
    opset: r.opset ?? newestOpset,
    attributes: { ...Object.fromEntries(defaults), ...r.attributes },
    dims: field("dims"),
    dtypes: field("dtype"),
    known: field("known"),
    present: Object.keys(r.inputs),
    wanted: r.wanted ?? operator.outputs.slice(0, 1),
    outputCount: r.outputCount ?? 1,
  };
}

export function testRefusals(refusals: readonly Refusal[]): void {
  for (const r of refusals)
    test(r.says, () => {
      const operator = fullRegistry().find(r.domain ?? "", r.op, newestOpset)!;
      const info = infoOf(r);
      const infer = (): unknown => [operator.dtypes?.(info), operator.shape(info)];
      assert.throws(infer, (e: unknown) => {
        assert(e instanceof AzulejoError);
        assert.deepEqual([e.code, e.message], [r.code, r.says]);
        return true;
      });
    });
}
