// The compiler's own steps, changed from outside: passes removed, replaced and reordered, and a kernel edited as text.
import type { Graph, GraphNode, Model, Pass } from "azulejo";
import { load, Tensor } from "azulejo";
import { swooshModel } from "../custom-operator/model.js";
import { swoosh } from "../custom-operator/swoosh.js";
import { isMain } from "../is-main.js";

const SIZE = 16;

/** A pass is a name and a pure function: this one turns every Swoosh with slope 1.5 into one with slope 1. */
export const softenSwoosh: Pass = {
  name: "soften-swoosh",
  run: (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map(soften) }),
};
const soften = (node: GraphNode): GraphNode =>
  node.op === "Swoosh" && node.attributes.slope === 1.5 ? { ...node, attributes: { slope: 1 } } : node;

/** The built-in list with one pass removed, one replaced, two in another order, and ours in front. */
export function changedPasses(builtIn: readonly Pass[]): Pass[] {
  const kept = builtIn.filter(pass => pass.name !== "fold-padding");
  const counting = kept.map(pass => (pass.name === "share-common" ? countingCommon(pass) : pass));
  const [first, second] = [
    counting.findIndex(p => p.name === "simplify"),
    counting.findIndex(p => p.name === "fold-constants"),
  ];
  [counting[first], counting[second]] = [counting[second]!, counting[first]!];
  return [softenSwoosh, ...counting];
}
/** A replacement: the same work under another name, so that the report shows it. */
const countingCommon = (pass: Pass): Pass => ({ ...pass, name: "share-common (mine)" });

/** The text of the kernel, with one number changed: 0.08 becomes 0.5. */
export const editConstant = (text: string): string => text.replace("0.08", "0.5");

export async function main(print: (line: string) => void): Promise<void> {
  const bytes = swooshModel(1.5);
  const plain = await run(await load(bytes, { operators: [swoosh] }));
  const passes = await load(bytes, { operators: [swoosh], passes: changedPasses });
  print(
    `passes: ${passes
      .report()
      .passes.map(p => p.name)
      .join(", ")}`,
  );
  const softened = await run(passes);
  let shown = "";
  const edited = await run(
    await load(bytes, {
      operators: [swoosh],
      editKernels: text => {
        if (text.includes("Swoosh")) shown = text;
        return editConstant(text);
      },
    }),
  );
  print(shown.trimEnd());
  print(
    `result[0]: ${plain.toFixed(4)} as built, ${softened.toFixed(4)} with our pass, ${edited.toFixed(4)} with the edited kernel`,
  );
}

/** The first element of the result for a fixed picture. */
async function run(model: Model): Promise<number> {
  try {
    const image = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => Math.cos(i));
    const { result } = await model.run({ image: new Tensor("f32", image, [1, 3, SIZE, SIZE]) });
    return Number(result!.data[0]);
  } finally {
    model.dispose();
  }
}

if (isMain(import.meta.url)) await main(console.log);
