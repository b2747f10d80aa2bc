// The scene, seen straight from above: a menu on a wooden desk, beside it a cup of tea, a book, and a ticket that lies upside down.
import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import { createCanvas, ImageData } from "@napi-rs/canvas";
import { fontFor } from "../node/fonts.js";
import { smoothField } from "./noise.js";
import { words } from "./words.js";

export const deskWidth = 2400;
export const deskHeight = 1800;

export function drawDesk(): Canvas {
  const canvas = createCanvas(deskWidth, deskHeight);
  const context = canvas.getContext("2d");
  context.putImageData(wood(deskWidth, deskHeight), 0, 0);
  drawBook(context);
  drawMenu(context);
  drawTicket(context);
  drawPencil(context);
  drawCup(context);
  return canvas;
}

/** Dark boards with a grain that runs across the picture. */
function wood(width: number, height: number): ImageData {
  const [coarse, fine, tone] = [smoothField(11), smoothField(12), smoothField(13)];
  const pixels = new Uint8ClampedArray(width * height * 4);
  const board = 430;
  for (let y = 0, to = 0; y < height; y++) {
    const index = Math.floor((y + 120) / board);
    const seam = Math.min(1, Math.abs(((y + 120) % board) - 2) / 4);
    for (let x = 0; x < width; x++, to += 4) {
      const bend = 14 * coarse(x / 420 + index * 37, y / 90);
      const ring = 0.5 + 0.5 * Math.sin(y / 9 + bend + index * 2);
      const fibre = fine(x / 60, y / 1.6 + index * 19);
      const light = (0.62 + 0.16 * ring + 0.2 * fibre + 0.18 * tone(x / 700, index * 5.3)) * (0.45 + 0.55 * seam);
      pixels[to] = 128 * light;
      pixels[to + 1] = 82 * light;
      pixels[to + 2] = 52 * light;
      pixels[to + 3] = 255;
    }
  }
  return new ImageData(pixels, width, height);
}

/** Draws around a turned origin: `draw` sees the thing's own centre as (0, 0). */
function place(context: SKRSContext2D, x: number, y: number, degrees: number, draw: () => void): void {
  context.save();
  context.translate(x, y);
  context.rotate((degrees * Math.PI) / 180);
  draw();
  context.restore();
}

/** A sheet centred on the origin, with its shadow. */
function sheet(context: SKRSContext2D, width: number, height: number, colour: string, lift: number, corner = 3): void {
  context.save();
  context.shadowColor = "rgb(10 5 0 / 0.6)";
  context.shadowBlur = lift * 2.5;
  context.shadowOffsetX = lift;
  context.shadowOffsetY = lift * 1.3;
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(-width / 2, -height / 2, width, height, corner);
  context.fill();
  context.restore();
}

interface Lettering {
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly align?: "left" | "center" | "right";
  readonly spacing?: number;
}

function write(context: SKRSContext2D, text: string, x: number, y: number, lettering: Lettering): void {
  const { size, weight = 400, colour = "#2b2622", align = "left", spacing = 0 } = lettering;
  context.font = `${weight} ${size}px ${fontFor(text)}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.letterSpacing = `${spacing}px`;
  context.fillText(text, x, y);
  context.letterSpacing = "0px";
}

function drawMenu(context: SKRSContext2D): void {
  const [width, height] = [1500, 1230];
  place(context, 1200, 790, -2.5, () => {
    sheet(context, width, height, "#f1e7d2", 16);
    context.strokeStyle = "#8c2f26";
    context.lineWidth = 5;
    context.strokeRect(-width / 2 + 34, -height / 2 + 34, width - 68, height - 68);
    context.lineWidth = 1.5;
    context.strokeRect(-width / 2 + 46, -height / 2 + 46, width - 92, height - 92);
    write(context, words.title, 0, -425, { size: 132, weight: 800, colour: "#8c2f26", align: "center", spacing: 24 });
    write(context, words.subtitle, 0, -350, { size: 38, weight: 500, align: "center", spacing: 5 });
    let y = -250;
    for (const { heading, items } of words.sections) {
      write(context, heading, -600, y, { size: 50, weight: 700, colour: "#8c2f26" });
      context.fillStyle = "#8c2f26";
      context.fillRect(-600, y + 22, 1200, 2);
      y += 88;
      for (const { chinese, english, price } of items) {
        write(context, chinese, -600, y, { size: 46, weight: 500 });
        write(context, english, -330, y, { size: 38, weight: 400 });
        write(context, price, 600, y, { size: 44, weight: 600, align: "right" });
        y += 82;
      }
      y += 34;
    }
    write(context, words.notes[0], 0, 470, { size: 34, weight: 400, align: "center" });
    write(context, words.notes[1], 0, 528, { size: 30, weight: 400, colour: "#4d453d", align: "center" });
  });
}

function drawBook(context: SKRSContext2D): void {
  place(context, 200, 760, 1.5, () => {
    sheet(context, 190, 1240, "#1f3d34", 22, 8);
    context.fillStyle = "#173028";
    context.fillRect(-95, -500, 190, 10);
    context.fillRect(-95, 490, 190, 10);
    context.fillStyle = "#c9a857";
    context.fillRect(-95, -486, 190, 4);
    context.fillRect(-95, 482, 190, 4);
    place(context, 0, 0, 90, () =>
      write(context, words.spine, 0, 22, { size: 62, weight: 600, colour: "#dcc07a", align: "center", spacing: 4 }),
    );
  });
}

/** A slip from a printer with a toothed edge, the wrong way up for who sits here. */
function drawTicket(context: SKRSContext2D): void {
  place(context, 1690, 1580, 176, () => {
    sheet(context, 560, 230, "#f4f4f1", 9, 0);
    context.fillStyle = "#f4f4f1";
    for (let x = -280; x < 280; x += 14) {
      context.beginPath();
      context.moveTo(x, 114);
      context.lineTo(x + 7, 123);
      context.lineTo(x + 14, 114);
      context.fill();
    }
    write(context, words.ticket[0], 0, -18, { size: 72, weight: 700, colour: "#3a3a40", align: "center" });
    write(context, words.ticket[1], 0, 66, { size: 44, weight: 400, colour: "#46464c", align: "center" });
  });
}

function drawPencil(context: SKRSContext2D): void {
  place(context, 860, 1590, -7, () => {
    context.save();
    context.shadowColor = "rgb(10 5 0 / 0.6)";
    context.shadowBlur = 16;
    context.shadowOffsetX = 8;
    context.shadowOffsetY = 12;
    context.fillStyle = "#b9491f";
    context.fillRect(-340, -15, 600, 30);
    context.restore();
    context.fillStyle = "#d8703c";
    context.fillRect(-340, -15, 600, 9);
    context.fillStyle = "#8f3513";
    context.fillRect(-340, 6, 600, 9);
    context.fillStyle = "#d9b38c";
    wedge(context, 260, 15, 345, 3);
    context.fillStyle = "#2a2a2e";
    wedge(context, 327, 5.5, 345, 1);
    context.fillStyle = "#c0c2c6";
    context.fillRect(-385, -15, 46, 30);
    context.fillStyle = "#d98a8a";
    context.beginPath();
    context.roundRect(-430, -14, 46, 28, 9);
    context.fill();
  });
}

function wedge(context: SKRSContext2D, from: number, halfFrom: number, to: number, halfTo: number): void {
  context.beginPath();
  context.moveTo(from, -halfFrom);
  context.lineTo(to, -halfTo);
  context.lineTo(to, halfTo);
  context.lineTo(from, halfFrom);
  context.fill();
}

function drawCup(context: SKRSContext2D): void {
  place(context, 2140, 250, 0, () => {
    const disc = (x: number, y: number, radius: number, inner: string, outer: string) => {
      const shade = context.createRadialGradient(x - radius * 0.35, y - radius * 0.4, radius * 0.1, x, y, radius);
      shade.addColorStop(0, inner);
      shade.addColorStop(1, outer);
      context.fillStyle = shade;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    };
    context.save();
    context.shadowColor = "rgb(10 5 0 / 0.65)";
    context.shadowBlur = 50;
    context.shadowOffsetX = 24;
    context.shadowOffsetY = 32;
    disc(0, 0, 300, "#dfe8df", "#a9bcae");
    context.restore();
    disc(0, 0, 262, "#c3d2c6", "#d3ded3");
    context.save();
    context.shadowColor = "rgb(20 30 20 / 0.55)";
    context.shadowBlur = 34;
    context.shadowOffsetX = 14;
    context.shadowOffsetY = 20;
    disc(0, 0, 196, "#eef4ee", "#9fb4a5");
    context.restore();
    disc(0, 0, 178, "#8f7a38", "#5d4a1c");
    disc(0, 4, 170, "#c79a3f", "#8a6420");
    context.fillStyle = "rgb(255 250 230 / 0.35)";
    context.beginPath();
    context.ellipse(-62, -74, 62, 22, -0.7, 0, 2 * Math.PI);
    context.fill();
  });
}
