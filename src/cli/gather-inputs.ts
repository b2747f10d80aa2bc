// The inputs of a run, each from where the command line says: its own --input, the picture, or the random generator.
import type { Model, TensorInfo } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { dimsText, randomInput, readInput } from "./inputs.js";
import type { Library } from "./library.js";
import type { PictureOptions } from "./picture.js";
import { pictureInput, readPicture } from "./picture.js";

export interface InputOptions extends PictureOptions {
  /** file or number by name of the input */
  readonly input?: ReadonlyMap<string, string>;
  readonly image?: string;
  /** fill all that is not given */
  readonly random?: boolean;
}

export async function gatherInputs(
  model: Model,
  options: InputOptions,
  library: Library,
): Promise<Record<string, TensorData>> {
  const given = options.input ?? new Map<string, string>();
  for (const name of given.keys()) {
    if (!model.inputs.some(info => info.name === name)) throw unknownInput(name, model.inputs);
  }
  if (options.image !== undefined && model.inputs.every(info => given.has(info.name)))
    throw new AzulejoError("input", "--image has no input left: --input gives them all; leave one of the two out");
  const picture =
    options.image === undefined ? undefined : pictureInput(model.inputs.filter(info => !given.has(info.name)));
  const inputs: Record<string, TensorData> = {};
  for (const info of model.inputs) {
    const value = given.get(info.name);
    if (value !== undefined) inputs[info.name] = await readInput(info, value, library);
    else if (info === picture) inputs[info.name] = await readPicture(options.image!, info, options);
    else if (options.random) inputs[info.name] = randomInput(info, options.dims);
    else throw missingInput(info, picture === undefined);
  }
  return inputs;
}

const describe = (infos: readonly TensorInfo[]): string =>
  infos.map(({ name, dtype, dims }) => `"${name}" (${dtype}, ${dimsText(dims)})`).join(", ");

function unknownInput(name: string, infos: readonly TensorInfo[]): AzulejoError {
  return new AzulejoError("input", `the model has no input "${name}"; it has ${describe(infos)}`);
}

function missingInput(info: TensorInfo, pictureIsFree: boolean): AzulejoError {
  const image = pictureIsFree && info.dims?.length === 4 ? ", --image PICTURE" : "";
  return new AzulejoError(
    "input",
    `input ${describe([info])} was not given; add --input ${info.name}=FILE.npy${image} or --random`,
  );
}
