// Operators of ai.onnx.ml that look labels up, in lists or in maps.
import type { HostMap } from "../../../../src/runtime/host-value.js";
import type { AttributeInit, ValueInit } from "../../../frontends/onnx-model.js";
import {
  elementType,
  float,
  floats,
  int,
  ints,
  strings,
  tensorAttribute,
  text,
} from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { size, sizes } from "../random.js";
import type { DrawModel, ModelDraw } from "./model-draw.js";
import { hostRun, nodeDraw, withDeparture } from "./model-draw.js";
import type { Item, ItemType, Plain } from "./plain.js";
import { at, build, codeOf, plain, tensorInit, word } from "./plain.js";

const domain = "ai.onnx.ml";

function drawItem(random: Random, dtype: ItemType): Item {
  if (dtype === "string") return word(random);
  const whole = random.int(-3, 5);
  if (dtype !== "f32" && dtype !== "f64") return whole;
  return random.chance(0.1) ? NaN : random.chance(0.1) ? random.pick([Infinity, -Infinity, 0]) : whole / 2;
}
/** NaN is a key like any other. */
const same = (a: Item, b: Item): boolean =>
  Object.is(a, b) || a === b || (typeof a !== typeof b && Number(a) === Number(b));
const distinct = (list: readonly Item[]): Item[] => list.filter((x, i) => list.findIndex(y => same(x, y)) === i);

/** Lists of the old form, by the type that they hold. */
const listOf = (what: string, dtype: ItemType, items: readonly Item[]): AttributeInit =>
  dtype === "string"
    ? strings(`${what}_strings`, items as string[])
    : dtype === "i64"
      ? ints(`${what}_int64s`, items as number[])
      : floats(`${what}_floats`, items as number[]);
const tensorOf = (name: string, dtype: ItemType, items: readonly Item[]): AttributeInit =>
  tensorAttribute(name, tensorInit(name, plain(dtype, [items.length], items)));

export const labelEncoder: DrawModel = random => {
  const listed: readonly ItemType[] = ["string", "i64", "f32"];
  const asTensors = random.chance(0.4);
  const rank = random.int(1, 3);
  const types: readonly ItemType[] = asTensors ? ["string", "i64", "f32", "i16", "f64"] : listed;
  const [from, to] = [random.pick(types), random.pick(types)];
  const keys = distinct(random.list(random.int(1, 8), () => drawItem(random, from)));
  const values = keys.map(() => drawItem(random, to));
  const otherwise = drawItem(random, to);
  const standard: Item = to === "string" ? "_Unused" : to === "i64" ? -1 : 0;
  const given = asTensors || random.chance(0.6);
  const fallback = asTensors
    ? tensorOf("default_tensor", to, [otherwise])
    : to === "string"
      ? text("default_string", String(otherwise))
      : to === "i64"
        ? int("default_int64", Number(otherwise))
        : float("default_float", Number(otherwise));
  const pair = (what: string, dtype: ItemType, items: readonly Item[]): AttributeInit =>
    asTensors ? tensorOf(`${what}_tensor`, dtype, items) : listOf(what, dtype, items);
  const version = asTensors ? 4 : random.int(2, 4);
  const drawn = nodeDraw(random, {
    op: "LabelEncoder",
    domain,
    version,
    attributes: [pair("keys", from, keys), pair("values", to, values), ...(given ? [fallback] : [])],
    outputs: { Y: to },
    run: () => {
      const dims = sizes(random, rank, 60);
      const item = (): Item => (random.chance(0.7) ? random.pick(keys) : drawItem(random, from));
      const X = build(from, dims, item);
      const Y = build(to, dims, index => {
        const found = keys.findIndex(k => same(k, at(X, index)));
        return found >= 0 ? values[found]! : given ? otherwise : standard;
      });
      return { inputs: { X }, outputs: { Y } };
    },
  });
  const missed = version < 4 && keys.some(Number.isNaN);
  return withDeparture(drawn, missed ? "before version 4, it compares keys, and NaN equals none" : undefined);
};

export const categoryMapper: DrawModel = random => {
  const toText = random.chance(0.5);
  const rank = random.int(1, 3);
  const names = distinct(random.list(random.int(1, 6), () => word(random))) as string[];
  const numbers = random.shuffled([-2, 0, 1, 3, 5, 2 ** 40]).slice(0, names.length);
  const [missingName, missingNumber] = [random.pick([undefined, "?"]), random.pick([undefined, -7])];
  return nodeDraw(random, {
    op: "CategoryMapper",
    domain,
    attributes: [
      strings("cats_strings", names),
      ints("cats_int64s", numbers),
      ...(missingName === undefined ? [] : [text("default_string", missingName)]),
      ...(missingNumber === undefined ? [] : [int("default_int64", missingNumber)]),
    ],
    outputs: { Y: toText ? "string" : "i64" },
    run: () => {
      const dims = sizes(random, rank, 60);
      const some = (): number => (random.chance(0.7) ? random.pick(numbers) : 99);
      const X = build(toText ? "i64" : "string", dims, () =>
        toText ? some() : random.chance(0.7) ? random.pick(names) : word(random),
      );
      const Y = build(toText ? "string" : "i64", dims, index => {
        const x = at(X, index);
        if (toText) return names[numbers.indexOf(Number(x))] ?? missingName ?? "_Unused";
        return numbers[names.indexOf(String(x))] ?? missingNumber ?? -1;
      });
      return { inputs: { X }, outputs: { Y } };
    },
  });
};

const mapInput = (key: ItemType, of: ItemType): ValueInit => ({
  name: "X",
  type: {
    value: {
      case: "mapType",
      value: { keyType: codeOf(key), valueType: { value: { case: "tensorType", value: { elemType: codeOf(of) } } } },
    },
  },
});
type Entry = readonly [key: Item, value: Item];
const mapOf = (key: ItemType, entries: readonly Entry[]): HostMap =>
  new Map(entries.map(([k, v]) => [key === "i64" ? BigInt(k) : k, v]));

export const dictVectorizer: DrawModel = random => {
  const key = random.pick(["i64", "string"] as const);
  const of = random.pick(key === "i64" ? (["f32", "f64", "string"] as const) : (["f32", "f64", "i64"] as const));
  const vocabulary = distinct(random.list(random.int(1, 6), () => drawItem(random, key)));
  return nodeDraw(random, {
    op: "DictVectorizer",
    domain,
    attributes: [
      key === "string"
        ? strings("string_vocabulary", vocabulary as string[])
        : ints("int64_vocabulary", vocabulary as number[]),
    ],
    declared: [mapInput(key, of)],
    outputs: { Y: of },
    run: () => {
      const keys = distinct([...vocabulary.filter(() => random.chance(0.6)), drawItem(random, key)]);
      const entries = random.shuffled(keys).map((k): Entry => {
        const x = drawItem(random, of);
        return [k, of === "i64" ? BigInt(x) : x];
      });
      const found = (k: Item): Item => entries.find(([own]) => same(own, k))?.[1] ?? (of === "string" ? "" : 0);
      return {
        inputs: { X: mapOf(key, entries) },
        outputs: { Y: plain(of, [1, vocabulary.length], vocabulary.map(found)) },
      };
    },
  });
};

export const castMap: DrawModel = random => {
  const of = random.pick(["f32", "string"] as const);
  const to = random.pick(["f32", "string", "i64"] as const);
  const columns = random.chance(0.5) ? random.int(6, 9) : undefined;
  const names = { f32: "TO_FLOAT", string: "TO_STRING", i64: "TO_INT64" };
  return nodeDraw(random, {
    op: "CastMap",
    domain,
    attributes: [
      text("cast_to", names[to]),
      ...(columns === undefined ? [text("map_form", "DENSE")] : [text("map_form", "SPARSE"), int("max_map", columns)]),
    ],
    declared: [mapInput("i64", of)],
    outputs: { Y: to },
    run: () => {
      const keys = random.shuffled([0, 1, 2, 3, 4, 5]).slice(0, random.int(1, 6));
      const entries = keys.map((k): Entry => [k, of === "f32" ? random.int(-9, 9) / 2 : String(random.int(-9, 9))]);
      const cast = (x: Item): Item => (to === "string" ? String(x) : to === "i64" ? Math.trunc(Number(x)) : Number(x));
      const places =
        columns === undefined ? [...keys].sort((a, b) => a - b) : Array.from({ length: columns }, (_, k) => k);
      const row = places.map(k => cast(entries.find(([own]) => own === k)?.[1] ?? 0));
      return { inputs: { X: mapOf("i64", entries) }, outputs: { Y: plain(to, [1, row.length], row) } };
    },
  });
};

export const zipMap: DrawModel = random => {
  const key = random.pick(["i64", "string"] as const);
  const labels = distinct(random.list(random.int(1, 6), () => drawItem(random, key)));
  const rank = random.int(1, 2);
  const run = () => {
    const dims = rank === 1 ? [labels.length] : [size(random), labels.length];
    const X: Plain = build("f32", dims, () => Number(drawItem(random, "f32")));
    const rows = rank === 1 ? [[]] : Array.from({ length: dims[0]! }, (_, r) => [r]);
    const maps = rows.map(r =>
      mapOf(
        key,
        labels.map((l, c) => [l, at(X, [...r, c])] as const),
      ),
    );
    return { maps, run: hostRun({ inputs: { X }, outputs: {} }) };
  };
  const drawn: ModelDraw = nodeDraw(random, {
    op: "ZipMap",
    domain,
    attributes: [
      key === "string"
        ? strings("classlabels_strings", labels as string[])
        : ints("classlabels_int64s", labels as number[]),
    ],
    outputs: { Z: "f32" },
    run: () => ({
      inputs: { X: build("f32", rank === 1 ? [labels.length] : [1, labels.length], () => 0) },
      outputs: {},
    }),
  });
  const runs = [run(), run()].map(({ maps, run: own }) => ({ ...own, outputs: { Z: maps } }));
  const X = { name: "X", type: { value: { case: "tensorType", value: { elemType: elementType.f32 } } } } as const;
  const sequence: ValueInit = {
    name: "Z",
    type: {
      value: {
        case: "sequenceType",
        value: {
          elemType: {
            value: {
              case: "mapType",
              value: {
                keyType: codeOf(key),
                valueType: { value: { case: "tensorType", value: { elemType: elementType.f32 } } },
              },
            },
          },
        },
      },
    },
  };
  return { ...drawn, model: { ...drawn.model, inputs: [X], outputs: [sequence] }, runs };
};
