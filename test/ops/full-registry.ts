// A registry with the operators of all domains at hand, where the library would load those that a model names.
import type { Operator } from "../../src/ops/operator.js";
import type { Registry } from "../../src/ops/registry.js";
import { createRegistry } from "../../src/ops/registry.js";
import { operatorModules } from "./modules.js";

export const fullRegistry = (userOperators: readonly Operator[] = []): Registry =>
  createRegistry(
    userOperators,
    operatorModules.map(m => m.operator),
  );
