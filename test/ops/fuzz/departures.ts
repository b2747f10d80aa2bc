// Where onnxruntime-node 1.30 and the references differ, and why: what ONNX leaves open, and what that runtime does otherwise than ONNX says.
import type { OperatorCase } from "../../../src/ops/operator.js";
import type { PeerDeparture } from "./departure.js";
import { domainDepartures } from "./domain-departures.js";
import { onnxDepartures } from "./onnx-departures.js";

const departures: readonly PeerDeparture[] = [...onnxDepartures, ...domainDepartures];

export const departureOf = (operator: string, drawn: OperatorCase): PeerDeparture | undefined =>
  departures.find(d => d.operators.test(operator) && (!d.when || d.when(drawn)));
