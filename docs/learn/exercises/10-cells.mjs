// How many steps X[n] takes to 1: even numbers are halved, odd ones become 3x + 1. At most 200.
// X[n] 经过多少步变为 1：偶数减半，奇数变为 3x + 1。最多 200 步。
import { cells, fold, grid, i32, kernel, literal } from "azulejo/tile";

export const collatz = kernel(
  { X: i32("N"), Steps: i32("N") },
  ({ X, Steps, N, S }) =>
    grid(N.tile(), n => {
      const steps = cells(n, n => {
        const [, steps] = fold(S.steps(), [X.at(n), literal("i32", 0)], (_, [x, steps]) => [x.idiv(2), steps.add(1)], {
          when: ([x]) => x.gt(1),
        });
        return steps;
      });
      Steps.at(n).set(steps);
    }),
  { statics: { S: 200 } },
);
