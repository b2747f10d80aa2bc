// What must hold of each kind of node by itself: its axes, dtypes, operands and indices.

import { isComparison, operandCount, refusedDomain } from "./domains.js";
import { bitsOf, dtypes, isFloat } from "./dtypes.js";
import { isNarrowFloat, roundToFloat } from "./float-bits.js";
import { classify } from "./index-kind.js";
import type { Intrinsic } from "./intrinsic.js";
import { intrinsicDtypes, templateParts } from "./intrinsic.js";
import { natives } from "./natives.js";
import type { Axis, Node, NodeOf } from "./tile.js";
import { axesOf, gathersIn, isTensor, isWordProduct, reach, unionAxes } from "./tile.js";

export type Fail = (what: string, at?: { readonly source?: string }) => never;
type Checks = { readonly [K in Node["kind"]]: (n: NodeOf<K>, fail: Fail) => void };

export const quoted = (text: string): string => `"${text}"`;

export function checkNode(n: Node, fail: Fail): void {
  (checks[n.kind] as (n: Node, fail: Fail) => void)(n, fail);
}

function sameAxes(n: Node, wanted: readonly Axis[], fail: Fail): void {
  const missing = wanted.find(a => !n.axes.includes(a));
  if (missing) fail(`"${n.name}" varies over "${missing.name}" and does not say so; add it to the node's axes`, n);
  const extra = n.axes.find(a => !wanted.includes(a));
  if (extra)
    fail(`"${n.name}" claims the axis "${extra.name}" and does not vary over it; remove it from the node's axes`, n);
}

/** A call of an intrinsic: elementwise, of numbers as they lie in registers, and its meaning is computed of its operands alone. */
function checkIntrinsic(n: NodeOf<"call">, { name, parameters, c, wgsl }: Intrinsic, fail: Fail): void {
  if (n.args.length !== parameters.length)
    fail(`"${n.name}": ${name} takes ${parameters.length} operands, not ${n.args.length}`, n);
  for (const { dtype } of [n, ...n.args])
    if (!intrinsicDtypes.has(dtype))
      fail(`"${n.name}": an intrinsic takes and gives ${[...intrinsicDtypes].join(", ")}, not ${dtype}; cast it`, n);
  sameAxes(n, unionAxes(...n.args.map(a => a.axes)), fail);
  for (const [language, text] of [
    ["C", c],
    ["WGSL", wgsl],
  ] as const)
    if (text !== undefined && !templateParts(text, parameters))
      fail(
        `the ${language} of ${name} names in braces what is none of its parameters; use ${parameters.join(", ")}`,
        n,
      );
  const { meaning } = n;
  if (!meaning) return;
  if (meaning.dtype !== n.dtype)
    fail(`"${n.name}" is ${n.dtype}, and ${name} means "${meaning.name}", which is ${meaning.dtype}; cast it`, n);
  const other = reach([meaning], x => n.args.includes(x)).find(
    x => !n.args.includes(x) && !(x.kind === "map" || x.kind === "call" || (x.kind === "full" && x.axes.length === 0)),
  );
  if (other)
    fail(
      `"${n.name}": the meaning of ${name} needs "${other.name}", a ${other.kind}; it is elementwise, of its operands alone`,
      n,
    );
}

const checks: Checks = {
  full(n, fail) {
    const { kind } = dtypes[n.dtype];
    const is64 = n.dtype === "i64" || n.dtype === "u64";
    if (kind !== "float" && !is64 && !Number.isInteger(n.value))
      fail(`"${n.name}" is ${n.dtype} and its value ${n.value} is no integer`, n);
    if (isNarrowFloat(n.dtype) && !Object.is(roundToFloat(n.dtype, Number(n.value)), Number(n.value)))
      fail(`"${n.name}" is ${n.dtype}, which does not hold its value ${n.value}`, n);
  },
  index(n, fail) {
    if (n.dtype !== "i32" && n.dtype !== "i64") fail(`the index "${n.name}" is ${n.dtype}; indices are i32 or i64`, n);
    sameAxes(n, axesOf(n.index), fail);
  },
  load(n, fail) {
    const { tensor } = n;
    const rank = isTensor(tensor) ? tensor.dims.length : tensor.axes.length;
    const dtype = isTensor(tensor) ? tensor.dtype : tensor.value.dtype;
    if (n.index.length !== rank)
      fail(`"${tensor.name}" has ${rank} dims and is indexed with ${n.index.length}; give one index a dim`, n);
    if (n.dtype !== dtype)
      fail(`"${n.name}" is ${n.dtype} and reads "${tensor.name}", which holds ${dtype}; cast after reading`, n);
    n.index.forEach((p, d) => {
      if (!classify(p))
        fail(
          `index ${d} of "${tensor.name}" is ${p.print()}, a product of indices or a division by one; use sums, multiples, div and mod by sizes, or read the index from a tensor`,
          n,
        );
      for (const g of gathersIn(p))
        if (isFloat(g.dtype) || g.dtype === "bool")
          fail(`index ${d} of "${tensor.name}" is read from "${g.name}", which is ${g.dtype}; cast it to i32`, n);
    });
    if (!isTensor(tensor)) {
      const missing = tensor.value.axes.find(a => !tensor.axes.includes(a) && !n.axes.includes(a));
      if (missing)
        fail(
          `the view "${tensor.name}" leaves out the axis "${missing.name}" of "${tensor.value.name}"; name every axis`,
          n,
        );
    }
    sameAxes(n, unionAxes(...n.index.map(axesOf)), fail);
  },
  map(n, fail) {
    if (n.args.length !== operandCount(n.op))
      fail(`"${n.name}": ${n.op} takes ${operandCount(n.op)} operands, not ${n.args.length}`, n);
    sameAxes(n, unionAxes(...n.args.map(a => a.axes)), fail);
    if (n.op === "cast") return;
    const from = n.args.at(-1)!.dtype;
    if (n.op === "bitcast") {
      if (bitsOf(from) !== bitsOf(n.dtype))
        fail(`"${n.name}": bitcast from ${from} to ${n.dtype} changes the size; use cast`, n);
      return;
    }
    const data = n.op === "select" ? n.args.slice(1) : n.args;
    if (n.op === "select" && n.args[0]!.dtype !== "bool")
      fail(`"${n.name}": the condition of select is ${n.args[0]!.dtype}; compare it with something`, n);
    const other = data.find(a => a.dtype !== from);
    if (other)
      fail(`"${n.name}": ${n.op} of ${other.dtype} and ${from}: dtypes do not mix by themselves; cast one of them`, n);
    const domain = refusedDomain(n.op, from);
    if (domain) fail(`"${n.name}": ${n.op} is for ${domain}, not ${from}; cast first`, n);
    const wanted = isComparison(n.op) ? "bool" : from;
    if (n.dtype !== wanted) fail(`"${n.name}": ${n.op} of ${from} gives ${wanted}, not ${n.dtype}; add a cast`, n);
  },
  call(n, fail) {
    if (n.intrinsic) {
      checkIntrinsic(n, n.intrinsic, fail);
      return;
    }
    if (!(n.fn in natives))
      fail(`"${n.name}" calls "${n.fn}", which is no function; use one of ${Object.keys(natives).join(", ")}`, n);
    if (n.args.length !== natives[n.fn]!.length)
      fail(`"${n.name}": ${n.fn} takes ${natives[n.fn]!.length} operands, not ${n.args.length}`, n);
    for (const a of n.args)
      if (a.dtype !== n.dtype || !isFloat(a.dtype))
        fail(`"${n.name}": ${n.fn} of ${a.dtype} gives ${n.dtype}; functions take and give one float dtype`, n);
    sameAxes(n, unionAxes(...n.args.map(a => a.axes)), fail);
  },
  reduce(n, fail) {
    const [a, b] = n.args;
    if (b && n.op !== "sum" && !isWordProduct(n.op)) fail(`"${n.name}": only a sum has two operands, not ${n.op}`, n);
    if (n.op === "dotPairs" && [a, b, n].some(x => x?.dtype !== "i32"))
      fail(`"${n.name}": dotPairs takes two i32 of two halves each and gives i32; pack the halves first`, n);
    if (n.op === "dotQuads" && (n.dtype !== "i32" || [a, b].some(x => x?.dtype !== "i32" && x?.dtype !== "u32")))
      fail(`"${n.name}": dotQuads takes words of four bytes, i32 or u32, and gives i32; pack the bytes first`, n);
    if (b && n.op !== "dotQuads" && a!.dtype !== b.dtype)
      fail(`"${n.name}": dot of ${a!.dtype} and ${b.dtype}: dtypes do not mix by themselves; cast one of them`, n);
    if (isFloat(a!.dtype) !== isFloat(n.dtype))
      fail(`"${n.name}" reduces ${a!.dtype} in ${n.dtype}; cast the operand first`, n);
    sameAxes(
      n,
      unionAxes(...n.args.map(x => x.axes)).filter(x => !n.over.includes(x)),
      fail,
    );
  },
  state(n, fail) {
    sameAxes(n, n.fold.init[n.slot]?.axes ?? [], fail);
  },
  result(n, fail) {
    sameAxes(n, n.fold.init[n.slot]?.axes ?? [], fail);
  },
};
