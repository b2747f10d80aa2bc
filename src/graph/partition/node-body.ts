// The body of a graph node inside one kernel.
import type { KernelContext } from "../../ops/operator.js";
import { invariant } from "../../support/errors.js";
import type { BoundNode } from "../bind.js";
import { type Body, type KernelScope } from "./scope.js";

/** The bodies of a node's outputs inside one kernel. */
export function bodiesIn(scope: KernelScope, bound: BoundNode): Readonly<Record<string, Body>> {
  const { operator, info } = bound;
  invariant(operator.at, `${operator.name} has no element body`);
  const mapRecord = <A, B>(r: Readonly<Record<string, A>>, f: (a: A) => B): Record<string, B> =>
    Object.fromEntries(Object.entries(r).map(([k, v]) => [k, f(v)]));
  const context: KernelContext = {
    ...info,
    dims: Object.fromEntries(Object.keys(info.dims).map(name => [name, scope.programDims(bound, name)])),
    inputs: Object.fromEntries(Object.entries(bound.inputs).map(([name, v]) => [name, scope.operand(v, name)])),
    outputs: mapRecord(bound.outputs, v => v.dims!.map(d => scope.dim(d))),
    // what nodes that are alike do not share
    get name() {
      scope.isParticular = true;
      return info.name;
    },
    get known() {
      scope.isParticular = true;
      return info.known;
    },
    assumeInside: (...asked) => scope.isInside(bound.node, ...asked),
  };
  return operator.at(context);
}
