// ImageDecoder: files of pictures written out pixel by pixel; and Constant, which gives what was put in.
import type { AttributeInit } from "../../../frontends/onnx-model.js";
import { float, floats, int, ints, node, tensorAttribute, text, value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import type { DrawModel } from "./model-draw.js";
import { hostRun, nodeDraw } from "./model-draw.js";
import type { Plain } from "./plain.js";
import { build, codeOf, drawPlain, movedTypes, plain, tensorInit } from "./plain.js";

type Color = readonly [red: number, green: number, blue: number];
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly at: (row: number, column: number) => Color;
}
type Encode = (random: Random, picture: Picture) => readonly number[];

const ascii = (s: string): number[] => [...s].map(c => c.charCodeAt(0));
const little = (n: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, k) => Math.floor(n / 256 ** k) & 255);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const pixels = ({ width, height, at }: Picture): Color[] => upTo(height).flatMap(r => upTo(width).map(c => at(r, c)));
const gap = (random: Random): string => random.pick([" ", "\n", "\t", " # a word\n"]);

/** Numbers as text or as bytes, of one channel or three. */
const portable =
  (kind: 2 | 3 | 5 | 6): Encode =>
  (random, picture) => {
    const channels = kind === 3 || kind === 6 ? 3 : 1;
    const header = `P${kind}${gap(random)}${picture.width}${gap(random)}${picture.height}${gap(random)}255\n`;
    const numbers = pixels(picture).flatMap(p => p.slice(0, channels));
    return [...ascii(header), ...(kind >= 5 ? numbers : ascii(numbers.join(" ")))];
  };
/** Rows from below or from above, filled to four bytes; with a palette, or 24 or 32 bits a pixel. */
const bitmap =
  (bits: 8 | 24 | 32): Encode =>
  (random, picture) => {
    const { width, height, at } = picture;
    const fromAbove = random.chance(0.3);
    const palette = [...new Map(pixels(picture).map(p => [p.join(), p])).values()];
    const place = (p: Color): number => palette.findIndex(q => q.join() === p.join());
    const bytes = ([r, g, b]: Color): number[] =>
      bits === 8 ? [place([r, g, b])] : [b, g, r, ...(bits === 32 ? [0] : [])];
    const row = (r: number): number[] => {
      const line = upTo(width).flatMap(c => bytes(at(r, c)));
      return [...line, ...upTo((4 - (line.length % 4)) % 4).map(() => 0)];
    };
    const data = (fromAbove ? upTo(height) : upTo(height).reverse()).flatMap(row);
    const colors = bits === 8 ? palette.flatMap(([r, g, b]) => [b, g, r, 0]) : [];
    const offset = 54 + colors.length;
    return [
      ...ascii("BM"),
      ...[offset + data.length, 0, offset, 40, width, fromAbove ? 2 ** 32 - height : height].flatMap(n => little(n, 4)),
      ...[1, bits].flatMap(n => little(n, 2)),
      ...[0, data.length, 0, 0, bits === 8 ? palette.length : 0, 0].flatMap(n => little(n, 4)),
      ...colors,
      ...data,
    ];
  };
const encoders: readonly (readonly [gray: boolean, encode: Encode])[] = [
  [true, portable(2)],
  [false, portable(3)],
  [true, portable(5)],
  [false, portable(6)],
  [false, bitmap(8)],
  [false, bitmap(24)],
  [false, bitmap(32)],
];

export const imageDecoder: DrawModel = random => {
  const format = random.pick([undefined, "RGB", "BGR", "Grayscale"]);
  return nodeDraw(random, {
    op: "ImageDecoder",
    attributes: format === undefined ? [] : [text("pixel_format", format)],
    outputs: { image: "u8" },
    run: () => {
      const [gray, encode] = random.pick(encoders);
      const [width, height] = [random.int(1, 9), random.int(1, 9)];
      const shade = random.list(width * height, (): Color => {
        const [r, g, b] = [random.int(0, 255), random.int(0, 255), random.int(0, 255)];
        return gray ? [r, r, r] : [r, g, b];
      });
      const picture: Picture = { width, height, at: (r, c) => shade[r * width + c]! };
      const bytes = encode(random, picture);
      const channels = format === "Grayscale" ? 1 : 3;
      const image = build("u8", [height, width, channels], ([r, c, channel]) => {
        const own = picture.at(r!, c!);
        // luma of ITU-R BT.601, rounded as Pillow does
        if (format === "Grayscale")
          return Math.floor((own[0] * 19595 + own[1] * 38470 + own[2] * 7471 + 32768) / 65536);
        return own[format === "BGR" ? 2 - channel! : channel!]!;
      });
      return { inputs: { encoded_stream: plain("u8", [bytes.length], bytes) }, outputs: { image } };
    },
  });
};

/** One attribute of several, which is the output. */
export const constant: DrawModel = random => {
  const [attribute, want] = random.pick([tensorConstant, listConstant, scalarConstant])(random);
  const X = plain("f32", [], [1]);
  return {
    model: {
      opset: random.pick([13, 19, 21]),
      irVersion: 10,
      inputs: [value("X", codeOf("f32"), [])],
      outputs: [value("Y", codeOf(want.dtype)), value("Z", codeOf("f32"))],
      nodes: [node("Constant", [], ["Y"], [attribute]), node("Identity", ["X"], ["Z"])],
    },
    runs: [hostRun({ inputs: { X }, outputs: { Y: want, Z: X } })],
  };
};
type Made = readonly [AttributeInit, Plain];
const tensorConstant = (random: Random): Made => {
  const dtype = random.pick(movedTypes);
  const t = drawPlain(random, dtype, sizes(random, random.int(0, 3), 300), { flavour: "extreme" });
  return [tensorAttribute("value", tensorInit("", t)), t];
};
const listConstant = (random: Random): Made => {
  const whole = random.chance(0.5);
  const t = drawPlain(random, whole ? "i64" : "f32", [random.int(1, 6)], { flavour: "extreme" });
  return [whole ? ints("value_ints", t.data as bigint[]) : floats("value_floats", t.data as number[]), t];
};
const scalarConstant = (random: Random): Made => {
  const whole = random.chance(0.5);
  const t = drawPlain(random, whole ? "i64" : "f32", [], { flavour: "extreme" });
  return [whole ? int("value_int", t.data[0] as bigint) : float("value_float", t.data[0] as number), t];
};
