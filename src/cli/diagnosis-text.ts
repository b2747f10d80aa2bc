// A diagnosis as people read it: what runs how, what it costs, what stands in the way.
import type { Costs, Diagnosis, OperatorUse } from "../index.js";
import { dimsText } from "./inputs.js";
import { byteSize, count, digits } from "./numbers.js";
import { table } from "./table.js";

export function diagnosisText(diagnosis: Diagnosis): string {
  const { model, runs, targets, problems, parameters, risks } = diagnosis;
  const absent = targets
    .filter(t => t.problem !== undefined)
    .map(t => `target ${t.name} is not here, in parentheses what it would do: ${t.problem}`);
  const facts = [
    `parameters: ${scaled(parameters.count)} in ${byteSize(parameters.bytes)}`,
    ...dimLines(diagnosis),
    ...costLines(diagnosis),
  ];
  const { count: unreadCount, bytes } = diagnosis.unread;
  if (unreadCount > 0) facts.push(`not looked into: ${count(unreadCount, "constant")}, ${byteSize(bytes)}`);
  const sections = [
    facts.join("\n"),
    ...(absent.length > 0 ? [absent.join("\n")] : []),
    ...(risks.length > 0
      ? [`numbers that may not fit:\n${risks.map(r => `  ${r.where} ${r.message}`).join("\n")}`]
      : []),
    ...(problems.length > 0
      ? [`problems:\n${problems.map(({ code, message }) => `  ${message} (${code})`).join("\n")}`]
      : []),
    runs ? `"${model}" would run` : `"${model}" would not run: ${count(problems.length, "problem")}`,
  ];
  return `${valueTable(diagnosis)}\n${operatorTable(diagnosis)}\n${sections.join("\n\n")}\n`;
}

function valueTable({ inputs, outputs }: Diagnosis): string {
  const rows = [
    ...inputs.map(v => ["input", v.name, v.container ?? v.dtype, dimsText(v.dims)]),
    ...outputs.map(v => ["output", v.name, v.container ?? v.dtype, dimsText(v.dims)]),
  ];
  return table([{ head: "" }, { head: "name" }, { head: "type" }, { head: "dims" }], rows);
}

function operatorTable({ operators, targets }: Diagnosis): string {
  const columns = [
    { head: "operator" },
    { head: "opset", align: "right" as const },
    { head: "dtypes" },
    { head: "nodes", align: "right" as const },
    ...targets.map(({ name }) => ({ head: name })),
  ];
  const rows = operators.map(use => [
    use.domain === "ai.onnx" ? use.operator : `${use.domain}.${use.operator}`,
    String(use.opset),
    use.dtypes.join(", "),
    String(use.nodes.length),
    ...targets.map(t => supportOn(use, t.problem)),
  ]);
  return table(columns, rows);
}

/** A target that is not there runs nothing. */
const supportOn = ({ support }: OperatorUse, problem: string | undefined): string =>
  problem === undefined || support === "missing" || support === "unsupported" ? support : `(${support})`;

function dimLines({ dims: { given, assumed, open } }: Diagnosis): string[] {
  const parts = [
    ...Object.entries(given).map(([name, size]) => `${name} = ${size}`),
    ...Object.entries(assumed).map(([name, size]) => `${name} = ${size} (assumed)`),
    ...open.map(name => `${name} open`),
  ];
  return parts.length > 0 ? [`dims: ${parts.join(", ")}`] : [];
}

function costLines({ costs, costsProblem }: Diagnosis): string[] {
  return costs ? costText(costs) : [`work and memory of a run are not known: ${costsProblem}`];
}
const costText = ({ flops, kernels, trafficBytes, peakBytes, weightBytes, arenaBytes, notes }: Costs): string[] => [
  `work of a run: ${scaled(flops, "FLOP")} in ${count(kernels, "kernel")}, which read and write ${byteSize(trafficBytes)}`,
  `memory of a run: ${byteSize(peakBytes)}: weights ${byteSize(weightBytes)}, the rest ${byteSize(arenaBytes)}`,
  ...notes,
];

/** 812, 1.24 M, 3.40 GFLOP */
function scaled(value: number, what = ""): string {
  const units = ["", "K", "M", "G", "T"];
  const unit = Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return unit === 0 ? [value, what].join(" ").trim() : `${digits(value / 1000 ** unit, 3)} ${units[unit]}${what}`;
}
