// Inputs and outputs of a graph as users see them.
import type { Value, ValueType } from "../graph/graph.js";
import type { TensorInfo } from "../runtime/api.js";

export const tensorInfo = (v: Value): TensorInfo => ({ name: v.name, ...typeInfo(v) });
function typeInfo({ dtype, dims, text, container }: ValueType): Omit<TensorInfo, "name"> {
  if (container) return { ...typeInfo(container.of), container: container.kind };
  return { dtype: text ? "string" : dtype!, dims: dims?.map(d => (d.isConst ? d.constant : d.print())) };
}

/** What only a run tells is as the file declares it. */
export function withDeclared(found: Value, declared: Value): Value {
  if (found.container) return found;
  return found.dtype === undefined ? declared : { ...found, dims: found.dims ?? declared.dims };
}
