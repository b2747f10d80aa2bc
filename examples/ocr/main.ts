// `npm start -- photo.jpg`: reads the text in a picture. The command line around pipeline/read-text.ts.
import type { Settings } from "./node/arguments.js";
import { largestSize, parseArguments, usage } from "./node/arguments.js";
import { drawResult } from "./node/draw-result.js";
import type { NetworkName } from "./node/models.js";
import { loadNetworks } from "./node/models.js";
import { Narrator } from "./node/narrator.js";
import type { Outcome } from "./node/print-result.js";
import { json, linesTable, timesTable } from "./node/print-result.js";
import { readPicture } from "./node/read-picture.js";
import { savePicture } from "./node/save-picture.js";
import { UsageError, UserError } from "./node/user-error.js";
import { readText } from "./pipeline/read-text.js";
import { Stopwatch } from "./pipeline/stopwatch.js";

const exitCodes = { read: 0, failed: 1, wrongArguments: 2, noText: 3, cancelled: 130 } as const;

async function main(narrator: Narrator, signal: AbortSignal): Promise<number> {
  const settings = parseArguments(process.argv.slice(2));
  if (settings === "help") {
    console.log(usage);
    return exitCodes.read;
  }
  const outcome = await read(settings, narrator, signal);
  narrator.done();
  if (settings.json) console.log(json(outcome));
  else if (outcome.lines.length > 0) {
    console.log(linesTable(outcome.lines));
    console.log(timesTable(outcome));
    console.log(`Drawn in ${outcome.output}`);
  }
  if (outcome.lines.length > 0) return exitCodes.read;
  console.error(noTextFound(settings));
  return exitCodes.noText;
}

function noTextFound({ picture, longSide }: Settings): string {
  const larger = Math.min(largestSize, longSide * 2);
  const advice = larger > longSide ? `; if it is small, try --size ${larger}` : "";
  return `No text was found in "${picture}"${advice}`;
}

async function read(settings: Settings, narrator: Narrator, signal: AbortSignal): Promise<Outcome> {
  const { threads, longSide } = settings;
  const clock = new Stopwatch();
  const picture = await clock.time("picture", () => readPicture(settings.picture));

  const loadMs: Partial<Record<NetworkName, number>> = {};
  const networks = await loadNetworks({
    threads,
    signal,
    onProgress: (name, { phase, fraction }) => narrator.say(`${name}: ${phase}`, fraction),
    onLoaded: (name, timeMs) => (loadMs[name] = timeMs),
  });
  try {
    const { lines, timesMs } = await readText(picture, networks, {
      detection: { longSide },
      signal,
      onProgress: ({ step, done, of }) => narrator.say(step, of > 1 ? done / of : undefined),
    });
    const drawing = lines.length === 0 ? undefined : settings.output;
    if (drawing) await clock.time("drawing", () => savePicture(drawResult(picture, lines), drawing));
    const { picture: pictureMs, ...after } = clock.timesMs;
    return {
      picture: settings.picture,
      width: picture.width,
      height: picture.height,
      lines,
      threads,
      loadMs: loadMs as Record<NetworkName, number>,
      phasesMs: {
        detection: networks.detection.report().timesMs,
        direction: networks.direction.report().timesMs,
        recognition: networks.recognition.report().timesMs,
      },
      stepsMs: { picture: pictureMs!, ...timesMs, ...after },
      output: drawing,
    };
  } finally {
    for (const name of ["detection", "direction", "recognition"] as const) networks[name].dispose();
  }
}

const cancel = new AbortController();
process.once("SIGINT", () => cancel.abort());
// a reader that has seen enough, as head has, is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
const narrator = new Narrator(process.stderr);
try {
  process.exitCode = await main(narrator, cancel.signal);
} catch (error) {
  narrator.done();
  if (cancel.signal.aborted) {
    console.error("Cancelled.");
    process.exitCode = exitCodes.cancelled;
  } else {
    console.error(error instanceof UserError ? error.message : error);
    process.exitCode = error instanceof UsageError ? exitCodes.wrongArguments : exitCodes.failed;
  }
}
