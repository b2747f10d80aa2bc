// The picture as it was read: on the left with numbered boxes, on the right faded with the recognised text in place.
import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import { createCanvas, ImageData } from "@napi-rs/canvas";
import type { Quad } from "../pipeline/geometry.js";
import { direction, mapQuad, sizeOf } from "../pipeline/geometry.js";
import type { Picture, RgbPicture } from "../pipeline/picture.js";
import type { TextLine } from "../pipeline/read-text.js";
import { resize } from "../pipeline/resize.js";
import { fontFor } from "./fonts.js";

/** larger pictures are drawn smaller */
const maxSide = 1600;
const colours = ["#c2410c", "#0f766e", "#4338ca", "#a16207", "#be185d", "#15803d"];

export function drawResult(picture: RgbPicture, lines: readonly TextLine[]): Picture {
  const scale = Math.min(1, maxSide / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const photo = toCanvas(resize(picture, width, height));
  const canvas = createCanvas(width * 2, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width * 2, height);
  context.drawImage(photo, 0, 0);
  context.globalAlpha = 0.25;
  context.drawImage(photo, width, 0);
  context.globalAlpha = 1;
  const font = fontFor(lines.map(line => line.text).join(""));
  lines.forEach((line, i) => {
    const colour = colours[i % colours.length]!;
    const quad = mapQuad(line.quad, p => ({ x: p.x * scale, y: p.y * scale }));
    outline(context, quad, colour);
    number(context, quad, i + 1, colour, font);
    const beside = mapQuad(quad, p => ({ x: p.x + width, y: p.y }));
    write(context, beside, line.text, colour, font);
  });
  return { width: width * 2, height, data: new Uint8ClampedArray(canvas.data()) };
}

function toCanvas({ width, height, data }: RgbPicture): Canvas {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = data[from + c]!;
  }
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

function outline(context: SKRSContext2D, quad: Quad, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  for (const { x, y } of quad) context.lineTo(x, y);
  context.closePath();
  context.stroke();
}

/** A small disc with the line's number, before where reading begins. */
function number(context: SKRSContext2D, quad: Quad, value: number, colour: string, font: string): void {
  const [start, end] = quad;
  const along = direction(start, end);
  const { x, y } = { x: start.x - along.x * 11, y: start.y - along.y * 11 };
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, 11, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "white";
  context.font = `600 12px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(value), x, y);
}

/** Text along the quad's upper edge, stretched to its length. */
function write(context: SKRSContext2D, quad: Quad, text: string, colour: string, font: string): void {
  const { width, height } = sizeOf(quad);
  const along = direction(quad[0], quad[1]);
  context.save();
  context.transform(along.x, along.y, -along.y, along.x, quad[0].x, quad[0].y);
  context.fillStyle = "rgb(255 255 255 / 0.8)";
  context.fillRect(0, 0, width, height);
  context.fillStyle = colour;
  context.font = `500 ${height * 0.72}px ${font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const measured = context.measureText(text).width;
  context.scale(measured > 0 ? Math.min(1.6, (width * 0.98) / measured) : 1, 1);
  context.fillText(text, 0, height / 2);
  context.restore();
}
