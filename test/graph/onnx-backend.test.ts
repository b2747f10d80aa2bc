// The ONNX backend suite through frontend, inference and passes: every graph whose operators are known gets the output types that
// the suite's own results have. A sixth of the cases; all of them with AZULEJO_SWEEP=all. What the outputs hold is tested elsewhere.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import type { TensorProto } from "onnx-buf";
import { TensorProtoSchema } from "onnx-buf";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { concretize } from "../../src/graph/concretize.js";
import { decode } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { isPacked } from "../../src/ir/packed.js";
import { onnxDtypes } from "../../src/ops/onnx-dtypes.js";
import type { ErrorCode } from "../../src/support/errors.js";
import { AzulejoError } from "../../src/support/errors.js";
import { fullRegistry } from "../ops/full-registry.js";
import { needsHost } from "../ops/suite.js";
import { dataPath } from "./models.js";

const registry = fullRegistry();
const prepare = (graph: Graph): Promise<Graph> => runPasses(graph, defaultPasses(registry));
/** why a case may not get through: operators and types that the project does not have yet */
const notYet: ReadonlySet<ErrorCode> = new Set(["operator-unknown", "operator-unsupported"]);

const readTensor = (folder: string, name: string): TensorProto =>
  fromBinary(TensorProtoSchema, readFileSync(join(folder, "test_data_set_0", `${name}.pb`)));
const typeOf = (t: TensorProto): string => `${onnxDtypes[t.dataType]}[${t.dims.join(", ")}]`;
const numbersIn = (t: TensorProto): number[] =>
  t.rawData.length > 0 && !isPacked(onnxDtypes[t.dataType]!)
    ? [...decode(onnxDtypes[t.dataType]!, t.rawData)]
    : [...t.floatData, ...t.int32Data, ...t.int64Data.map(Number), ...t.doubleData, ...t.uint64Data.map(Number)];

/** undefined: it has host steps, whose results only a run tells */
async function outputTypes(folder: string): Promise<string[] | undefined> {
  const graph = await readOnnx(readFileSync(join(folder, "model.onnx")));
  if (needsHost(graph, registry)) return undefined;
  const inputs = new Map(graph.inputs.map((v, i) => [v.name, readTensor(folder, `input_${i}`)]));
  const dims = Object.fromEntries([...inputs].map(([name, t]) => [name, t.dims.map(Number)]));
  const contentOf = (name: string): number[] => numbersIn(inputs.get(name)!);
  const { graph: done } = await concretize(graph, dims, { registry, prepare, contentOf });
  verifyGraph(done, { typed: true });
  return done.outputs.map(v => `${v.dtype}[${v.dims!.map(d => d.print()).join(", ")}]`);
}

describe("ONNX backend suite: types of outputs", () => {
  for (const suite of ["node", "simple", "pytorch-converted", "pytorch-operator"]) {
    const root = dataPath(`onnx-backend/${suite}`);
    it(suite, { skip: root ? false : "the suite is not installed" }, async () => {
      const all = readdirSync(root!).filter(name => existsSync(join(root!, name, "model.onnx")));
      const cases = process.env.AZULEJO_SWEEP === "all" ? all : all.filter((_, i) => i % 6 === 0);
      let [right, onHost] = [0, 0];
      for (const name of cases) {
        const folder = join(root!, name);
        try {
          const found = await outputTypes(folder);
          if (!found) {
            onHost++;
            continue;
          }
          assert.deepEqual(
            found,
            found.map((_, i) => typeOf(readTensor(folder, `output_${i}`))),
            name,
          );
          right++;
        } catch (error) {
          if (!(error instanceof AzulejoError) || !notYet.has(error.code)) throw error;
        }
      }
      const compiled = cases.length - onHost;
      assert.ok(compiled < 10 || right > 0.9 * compiled, `only ${right} of ${compiled} cases get through`);
    });
  }
});
