// Division of indices: floor division and its remainder, whatever the divisor's sign; by zero both are 0.
import { kernel } from "../../src/author/kernel.js";
import type { AnyTile } from "../../src/tile/index.js";
import { f32, grid, i32 } from "../../src/tile/index.js";
import type { Case } from "./library-cases.js";
import { any, judgeCases, f32 as tensorOf } from "./library-cases.js";

const [M, N, Z] = [6, 9, 0];
/** Of m, n and a dim that is 0: the index by which n and n − 3 are divided, and its number. */
const divisors: Readonly<
  Record<string, readonly [(m: AnyTile, z: AnyTile) => AnyTile | number, (m: number) => number]>
> = {
  "a negative number": [() => -3, () => -3],
  "the smallest number": [() => -(2 ** 31), () => -(2 ** 31)],
  "an axis": [m => m, m => m],
  "an axis less 2": [m => m.sub(2), m => m - 2],
  "an axis and 1": [m => m.add(1), m => m + 1],
  "a dim of size 0": [(_, z) => z, () => Z],
  "a dim less 2": [(_, z) => z.sub(2), () => Z - 2],
};
const floor = (x: number, y: number): number => (y === 0 ? 0 : Math.floor(x / y));

judgeCases(
  Object.entries(divisors).map(
    ([name, [divisor, number]]): Case => ({
      name: `indices divided by ${name}`,
      kernel: any(() =>
        kernel({ Empty: f32("Z"), Quotient: i32("M N"), Rest: i32("M N"), Behind: i32("M N") }, ({ Z, M, N, ...to }) =>
          grid(M.tile(), N.tile(), (m, n) => {
            const by = divisor(m, Z.size);
            to.Quotient.at(m, n).set(n.idiv(by as AnyTile));
            to.Rest.at(m, n).set(n.mod(by as AnyTile));
            to.Behind.at(m, n).set(n.sub(3).idiv(by as AnyTile));
          }),
        ),
      ),
      tensors: { Empty: tensorOf([Z]) },
      dims: { M, N },
      want: {
        Quotient: [[M, N], (m, n) => floor(n, number(m))],
        Rest: [[M, N], (m, n) => n - number(m) * floor(n, number(m)) - (number(m) === 0 ? n : 0)],
        Behind: [[M, N], (m, n) => floor(n - 3, number(m))],
      },
    }),
  ),
);
judgeCases([
  {
    name: "indices beside the smallest number",
    kernel: any(() =>
      kernel({ Y: i32("M") }, ({ Y, M }) => grid(M.tile(), m => Y.at(m).set(m.maximum(-(2 ** 31)) as never))),
    ),
    tensors: {},
    dims: { M },
    want: { Y: [[M], m => m] },
  },
]);
