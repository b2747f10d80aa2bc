// Tensors for the inputs of a model of the inventory.
import { Tensor } from "azulejo";
import { inputValues, type ModelSpec } from "./inventory.js";

export const feeds = (model: ModelSpec): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(model.inputs).map(([name, spec], i) => {
      const values = inputValues(spec, i + 1);
      if (spec.value === undefined) return [name, new Tensor("f32", values, spec.dims)];
      return [
        name,
        new Tensor(
          "i64",
          BigInt64Array.from(values, v => BigInt(v)),
          spec.dims,
        ),
      ];
    }),
  );
