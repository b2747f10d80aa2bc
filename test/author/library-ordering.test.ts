// Rows of azulejo/kernels in order, against Array.sort.
import * as kernels from "../../src/kernels/index.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { any, type Case, f32, judgeCases, reader } from "./library-cases.js";

/** every kind of number, and many that are equal */
const mixed = (dims: readonly [number, number]): TensorArgument => {
  const numbers = [3, -0, 0, Number.NaN, -Infinity, 7, -2.5, Infinity, 3, 1e-40, -1e-40, 3];
  const data = Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => numbers[(i * 7 + (i >> 3)) % 12]!);
  return { dtype: "f32", dims, data };
};
/** negative: a comes first from the smallest up, NaN last */
const compare = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a < b ? -1 : a > b ? 1 : 0;

function topCase(X: TensorArgument, K: number): Case {
  const [R, C] = X.dims as [number, number];
  const x = reader(X);
  const order = Array.from({ length: R }, (_, r) =>
    Array.from({ length: C }, (_, c) => c).sort((a, b) => compare(x(r, b), x(r, a)) || a - b),
  );
  return {
    name: `topK, ${K} of ${C}`,
    kernel: any(kernels.topK),
    tensors: { X },
    dims: { K },
    want: {
      Values: [[R, K], (r, k) => x(r, order[r]![k]!)],
      Indices: [[R, K], (r, k) => order[r]![k]!],
    },
  };
}
function sortCase(X: TensorArgument, what: string): Case {
  const [R, C] = X.dims as [number, number];
  const x = reader(X);
  const order = Array.from({ length: R }, (_, r) =>
    Array.from({ length: C }, (_, c) => c).sort((a, b) => compare(x(r, a), x(r, b)) || a - b),
  );
  return {
    name: `sortRows, ${R} rows of ${C} ${what}`,
    kernel: any(kernels.sortRows),
    tensors: { X },
    tolerance: 0,
    want: { Y: [[R, C], (r, c) => x(r, order[r]![c]!)], Order: [[R, C], (r, c) => order[r]![c]!] },
  };
}
judgeCases([
  topCase(f32([3, 19]), 5),
  topCase(mixed([2, 12]), 12),
  topCase(f32([2, 1]), 1),
  topCase(f32([2, 4]), 0),
  ...[1, 8, 33].map(C => sortCase(f32([2, C]), "numbers")),
  sortCase(mixed([3, 29]), "numbers of every kind"),
]);
