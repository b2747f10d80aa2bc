// `azulejo/testing`: what users test their operators with.
export type {
  CaseInput,
  OperatorCase,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../ops/operator.js";
export type { CheckedOperator, CheckOptions } from "./check-operator.js";
export { checkOperator } from "./check-operator.js";
export type { Finding, FindingKind } from "../sanitize/finding.js";
export type { CheckKernelOptions } from "./check-kernel.js";
export { checkKernel } from "./check-kernel.js";
export type { CheckModelOptions, Departure, ModelCheck } from "./check-model.js";
export { checkModel } from "./check-model.js";
export type { ElementDeparture, Spread } from "./departure.js";
export { elements, numbersOf, tabulate } from "../ops/reference-tensors.js";
