// The messages of a file as src/frontends/onnx/proto.ts reads them, against those that the protobuf library reads by onnx.proto's descriptors:
// of whole files the same, of damaged ones the same or nothing.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { GraphProtoSchema, ModelProtoSchema, TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import { dataTypeNames, decodeModel, decodeTensor, modelWithOutputs } from "../../src/frontends/onnx/proto.js";
import { bytesOf, realModels } from "../graph/models.js";
import { mutated } from "./onnx-mutations.js";
import { seeds } from "./onnx-seeds.js";

type Fields = Readonly<Record<string, unknown>>;
const isMessage = (x: unknown): x is Fields =>
  typeof x === "object" && x !== null && !Array.isArray(x) && !(x instanceof Uint8Array);

/** What the library read, of the fields that ours has. */
function likeOurs(theirs: unknown, ours: unknown): unknown {
  if (Array.isArray(theirs)) return theirs.map((x, i) => likeOurs(x, (ours as unknown[])[i]));
  if (!isMessage(theirs)) return theirs;
  // one of several fields; ours has no name for those of a dim
  if ("case" in theirs) {
    if (theirs.case === undefined || !isMessage(ours)) return theirs.value;
    return { case: theirs.case, value: likeOurs(theirs.value, ours.value) };
  }
  if (!isMessage(ours)) return theirs;
  return Object.fromEntries(
    Object.entries(ours).map(([name, own]) => {
      if (name === "isSegment") return [name, theirs.segment !== undefined];
      return [name, name === "payloads" ? [] : likeOurs(theirs[name], own)];
    }),
  );
}
/** undefined: it is no such message */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert(error instanceof Error);
    return undefined;
  }
}

describe("messages of ONNX files", () => {
  it("are those that the library reads", () => {
    for (const file of [...seeds, ...realModels.filter(m => m.path).map(bytesOf)]) {
      const ours = decodeModel(file);
      assert.deepEqual(likeOurs(fromBinary(ModelProtoSchema, file), ours), ours);
    }
  });

  it("are those that the library reads where files are damaged, or none", () => {
    const outcomes = { same: 0, neither: 0, other: 0 };
    for (let seed = 1; seed <= 3000; seed++) {
      const file = mutated(seed, seeds);
      const [ours, theirs] = [attempt(() => decodeModel(file)), attempt(() => fromBinary(ModelProtoSchema, file))];
      const same = isDeepStrictEqual(likeOurs(theirs, ours), ours);
      outcomes[!ours && !theirs ? "neither" : same ? "same" : "other"]++;
    }
    assert(outcomes.same > 300 && outcomes.neither > 300, JSON.stringify(outcomes));
    // damage inside of fields that ours skips, and messages that claim to go on behind those around them
    assert(outcomes.other < 30, JSON.stringify(outcomes));
  });

  it("are joined where a field comes twice", () => {
    const part = (name: string): Uint8Array =>
      toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { name, node: [{ opType: name }] } }));
    const { graph } = decodeModel(Uint8Array.from([...part("a"), ...part("b")]));
    assert.deepEqual([graph?.name, graph?.node.map(n => n.opType)], ["b", ["a", "b"]]);
  });

  it("have lists of numbers together or one by one", () => {
    const ints = Uint8Array.of(8 * 8 + 0, 5, 8 * 8 + 2, 2, 6, 7, 8 * 8 + 0, 8);
    const file = Uint8Array.of(7 * 8 + 2, 15, 1 * 8 + 2, 13, 5 * 8 + 2, 11, ...ints, 160, 1, 7);
    assert.deepEqual(decodeModel(file).graph?.node[0]?.attribute[0]?.ints, [5n, 6n, 7n, 8n]);
  });

  it("do not nest without end", () => {
    let graph = create(GraphProtoSchema, { name: "innermost" });
    for (let i = 0; i < 40; i++) graph = create(GraphProtoSchema, { node: [{ attribute: [{ g: graph }] }] });
    const file = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
    assert.throws(() => decodeModel(file), /messages nest deeper than 100 levels/);
  });

  it("know the names of data types", () => {
    for (const [number, name] of dataTypeNames.entries()) assert.equal(TensorProto_DataType[number], name);
    assert.equal(TensorProto_DataType[dataTypeNames.length], undefined);
  });

  it("of tensors stand by themselves, a part of one says so", () => {
    const bytes = toBinary(
      TensorProtoSchema,
      create(TensorProtoSchema, { name: "w", dims: [2n], segment: { begin: 0n, end: 1n } }),
    );
    const { name, dims, isSegment } = decodeTensor(bytes);
    assert.deepEqual({ name, dims, isSegment }, { name: "w", dims: [2n], isSegment: true });
  });

  it("with outputs alone are as the library writes them", () => {
    const names = ["a", "ß".repeat(100)];
    const theirs = create(ModelProtoSchema, { graph: { output: names.map(name => ({ name })) } });
    assert.deepEqual(modelWithOutputs(names), toBinary(ModelProtoSchema, theirs));
  });
});
