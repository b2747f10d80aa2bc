// A draw: a random use of an operator, as a case like those in the operators' files. Families say how to draw where it pays; for all other
// operators, draws are made of their own cases.
import type { OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import type { Random } from "./random.js";

/** undefined: what came out makes no sense, draw again */
export type Draw = (random: Random, module: OperatorModule) => OperatorCase | undefined;

/** As tables name it: `Conv`, `com.microsoft FusedConv`. */
export const keyOf = ({ operator: { domain, name } }: Pick<OperatorModule, "operator">): string =>
  domain ? `${domain} ${name}` : name;
