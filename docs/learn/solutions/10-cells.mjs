import { cells, fold, grid, i32, kernel, literal, where } from "azulejo/tile";

export const collatz = kernel(
  { X: i32("N"), Steps: i32("N") },
  ({ X, Steps, N, S }) =>
    grid(N.tile(), n => {
      const steps = cells(n, n => {
        const [, steps] = fold(
          S.steps(),
          [X.at(n), literal("i32", 0)],
          (_, [x, steps]) => [where(x.imod(2).eq(0), x.idiv(2), x.mul(3).add(1)), steps.add(1)],
          { when: ([x]) => x.gt(1) },
        );
        return steps;
      });
      Steps.at(n).set(steps);
    }),
  { statics: { S: 200 } },
);
