// Loop and Scan with small random bodies. Their judge goes round by round.
import type { Dtype } from "../../../../src/ir/dtypes.js";
import type { AttributeInit, NodeInit } from "../../../frontends/onnx-model.js";
import { elementType, graphAttribute, int, ints, node, value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import type { Expression } from "./expressions.js";
import { castNode, drawExpression, scalar } from "./expressions.js";
import { bodyTypes, fileOf, halves } from "./graphs.js";
import type { DrawModel } from "./model-draw.js";
import type { Plain } from "./plain.js";
import { at, build, codeOf, joined, plain, taken } from "./plain.js";

const { i64, bool } = elementType;
type Given = Readonly<Record<string, Plain>>;

/** Tensors of equal dims along a new axis. */
function stacked(list: readonly Plain[], axis: number, like: Plain): Plain {
  const dims = like.dims.toSpliced(axis, 0, list.length);
  return build(like.dtype, dims, index => at(list[index[axis]!]!, index.toSpliced(axis, 1)));
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const exprs = (random: Random, dtype: Dtype, prefix: string, reads: readonly string[], likes: readonly string[]) =>
  likes.map((like, k) => drawExpression(random, { dtype, reads, prefix: `${prefix}${k}_`, ...(like ? { like } : {}) }));
const nodesOf = (list: readonly Expression[]): NodeInit[] => list.flatMap(e => e.nodes as NodeInit[]);

/**
 * Rounds by a count, by a condition or by both; states, rows that are kept, a value from around, the number of the round, and now and then a
 * state that grows.
 */
export const loop: DrawModel = random => {
  const dtype = random.pick(bodyTypes);
  const code = codeOf(dtype);
  const states = random.int(1, 2);
  const rows = random.int(0, 2);
  const grows = random.chance(0.25);
  const [byCount, byCondition] = random.pick([
    [true, false],
    [true, false],
    [true, true],
    [false, true],
  ] as const);
  const stateNames = upTo(states).map(k => `v${k}`);
  const reads = [...stateNames, "o", "round"];
  // states whose size changes make a loop of the host
  const changes = rows === 0 && !grows && random.chance(0.3);
  const [first] = stateNames as [string];
  const next = exprs(
    random,
    dtype,
    "n",
    reads,
    stateNames.map(n => (changes ? "" : n)),
  );
  const kept = exprs(
    random,
    dtype,
    "k",
    reads,
    upTo(rows).map(() => first),
  );
  const body = graphAttribute("body", {
    name: "body",
    inputs: [
      value("i", i64, []),
      value("goes", bool, []),
      ...stateNames.map(n => value(n, code)),
      ...(grows ? [value("list", code)] : []),
    ],
    outputs: [
      value("on", bool, []),
      ...next.map(e => value(e.result, code)),
      ...(grows ? [value("longer", code)] : []),
      ...kept.map(e => value(e.result, code)),
    ],
    nodes: [
      castNode("i", "round", code),
      byCondition ? node("Less", ["i", "last"], ["on"]) : node("Identity", ["goes"], ["on"]),
      ...nodesOf([...next, ...kept]),
      ...(grows ? [node("Concat", ["list", first], ["longer"], [int("axis", 0)])] : []),
    ],
  });
  const finals = [...stateNames.map(n => `final_${n}`), ...(grows ? ["final_list"] : [])];
  const all = [...finals, ...upTo(rows).map(k => `rows${k}`)];
  const whole = node(
    "Loop",
    [
      byCount ? "m" : "",
      byCondition ? "enters" : "",
      ...stateNames.map(n => `start_${n}`),
      ...(grows ? ["empty"] : []),
    ],
    all,
    [body],
  );
  const rank = random.int(1, 2);
  const small = random.chance(0.4);
  const outputs = Object.fromEntries(all.map(n => [n, dtype]));
  return fileOf(random, [whole], outputs, () => {
    const dims = sizes(random, rank, 24);
    const start = stateNames.map(() => halves(random, dtype, dims));
    const o = halves(random, dtype, small ? dims.map(() => 1) : dims);
    const empty = plain(dtype, [0, ...dims.slice(1)], []);
    const [m, last, enters] = [random.int(0, 4), random.int(0, 4), Number(random.chance(0.85))];
    let current = start;
    let list = empty;
    const made: Plain[][] = kept.map(() => []);
    let goes = !byCondition || enters === 1;
    for (let i = 0; goes && (!byCount || i < m); i++) {
      const given: Given = {
        ...Object.fromEntries(stateNames.map((n, k) => [n, current[k]!])),
        o,
        round: scalar(dtype, i),
      };
      kept.forEach((e, k) => made[k]!.push(e.evaluate(given)));
      if (grows) list = joined([list, given[first]!], 0);
      current = next.map(e => e.evaluate(given));
      goes = !byCondition || i < last;
    }
    // without rounds nobody knows the size of a row
    const none = made.some(r => r.length === 0);
    const rowOutputs = none ? {} : Object.fromEntries(made.map((r, k) => [`rows${k}`, stacked(r, 0, r[0]!)]));
    return {
      inputs: {
        ...(byCount ? { m: plain("i64", [], [m]) } : {}),
        ...(byCondition ? { last: plain("i64", [], [last]), enters: plain("bool", [], [enters]) } : {}),
        ...Object.fromEntries(stateNames.map((n, k) => [`start_${n}`, start[k]!])),
        ...(grows ? { empty } : {}),
        o,
      },
      outputs: {
        ...Object.fromEntries(stateNames.map((n, k) => [`final_${n}`, current[k]!])),
        ...(grows ? { final_list: list } : {}),
        ...rowOutputs,
      },
    };
  });
};

/** Slices along an axis, from either end, into states and rows that lie along an axis, from either end. */
export const scan: DrawModel = random => {
  const dtype = random.pick(bodyTypes);
  const code = codeOf(dtype);
  const [states, scanned, rows] = [random.int(0, 2), random.int(1, 2), random.int(1, 2)];
  const rank = random.int(1, 3);
  const axesOf = (count: number): number[] => upTo(count).map(() => random.int(-rank, rank - 1));
  const plainAxes = random.chance(0.4);
  const inAxes = plainAxes ? upTo(scanned).map(() => 0) : axesOf(scanned);
  const outAxes = plainAxes ? upTo(rows).map(() => 0) : axesOf(rows);
  const [inWays, outWays] = [upTo(scanned).map(() => random.int(0, 1)), upTo(rows).map(() => random.int(0, 1))];
  const stateNames = upTo(states).map(k => `v${k}`);
  const sliceNames = upTo(scanned).map(k => `x${k}`);
  const reads = [...stateNames, ...sliceNames, "o"];
  const next = exprs(
    random,
    dtype,
    "n",
    reads,
    upTo(states).map(() => "x0"),
  );
  const kept = exprs(
    random,
    dtype,
    "k",
    reads,
    upTo(rows).map(() => "x0"),
  );
  const body = graphAttribute("body", {
    name: "body",
    inputs: [...stateNames, ...sliceNames].map(n => value(n, code)),
    outputs: [...next, ...kept].map(e => value(e.result, code)),
    nodes: nodesOf([...next, ...kept]),
  });
  const attributes: AttributeInit[] = [
    body,
    int("num_scan_inputs", scanned),
    ints("scan_input_directions", inWays),
    ints("scan_output_directions", outWays),
    ...(plainAxes && random.chance(0.5) ? [] : [ints("scan_input_axes", inAxes), ints("scan_output_axes", outAxes)]),
  ];
  const all = [...stateNames.map(n => `final_${n}`), ...upTo(rows).map(k => `rows${k}`)];
  const whole = node(
    "Scan",
    [...stateNames.map(n => `start_${n}`), ...sliceNames.map(n => `in_${n}`)],
    all,
    attributes,
  );
  return fileOf(
    random,
    [whole],
    Object.fromEntries(all.map(n => [n, dtype])),
    () => {
      const slice = sizes(random, rank - 1, 20);
      const length = random.int(1, 5);
      const start = stateNames.map(() => halves(random, dtype, slice));
      const place = (axis: number): number => (axis + rank) % rank;
      const inputs = sliceNames.map((_, k) => halves(random, dtype, slice.toSpliced(place(inAxes[k]!), 0, length)));
      const o = halves(random, dtype, []);
      let current = start;
      const made: Plain[][] = kept.map(() => []);
      for (let i = 0; i < length; i++) {
        const slices = inputs.map((t, k) => {
          const axis = place(inAxes[k]!);
          const one = taken(t, axis, [inWays[k] ? length - 1 - i : i]);
          return { ...one, dims: slice };
        });
        const given: Given = {
          ...Object.fromEntries(stateNames.map((n, k) => [n, current[k]!])),
          ...Object.fromEntries(sliceNames.map((n, k) => [n, slices[k]!])),
          o,
        };
        kept.forEach((e, k) => made[k]!.push(e.evaluate(given)));
        current = next.map(e => e.evaluate(given));
      }
      const rowsOf = (list: readonly Plain[], k: number): Plain =>
        stacked(outWays[k] ? [...list].reverse() : list, place(outAxes[k]!), list[0]!);
      return {
        inputs: {
          ...Object.fromEntries(stateNames.map((n, k) => [`start_${n}`, start[k]!])),
          ...Object.fromEntries(sliceNames.map((n, k) => [`in_${n}`, inputs[k]!])),
          o,
        },
        outputs: {
          ...Object.fromEntries(stateNames.map((n, k) => [`final_${n}`, current[k]!])),
          ...Object.fromEntries(made.map((r, k) => [`rows${k}`, rowsOf(r, k)])),
        },
      };
    },
    { opset: random.pick([11, 16, 21]) },
  );
};
