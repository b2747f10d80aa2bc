// SparseTensorProto → a dense constant: values at positions, zeros between them. Nothing behind the front end is sparse.
import type { SparseTensorProto } from "./proto.js";
import { decode, knownLimit, knownOf, lazyData } from "../../graph/constants.js";
import type { ConstantData, Value } from "../../graph/graph.js";
import { bytesOf, type Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { readDims, readTensor } from "./tensor.js";

/** a small file can name a tensor of any size */
const MOST_BYTES = 2 ** 31;

export async function readSparse(
  t: SparseTensorProto,
  name: string,
  where: string,
  context: ReadContext,
): Promise<Value> {
  const damaged = (what: string): AzulejoError =>
    new AzulejoError("model-format", `${where} ${what}; the file is damaged or was converted badly: export it again`);
  if (!t.values || !t.indices) throw damaged("has no values or no indices");
  const dims = readDims(t, where);
  const values = await readTensor(t.values, name, `${where}, values,`, context);
  const indices = await readTensor(t.indices, name, `${where}, indices,`, context);
  if (!values.constant || !values.dtype)
    throw new AzulejoError("operator-unsupported", `${where} holds text; store it densely`);
  const count = dims.reduce((a, b) => a * b, 1);
  const byteLength = count * bytesOf(values.dtype);
  if (byteLength > MOST_BYTES)
    throw new AzulejoError(
      "operator-unsupported",
      `${where} has ${count} elements, and sparse tensors are stored densely, up to 2 GiB; split it`,
    );
  const size = values.constant.byteLength / bytesOf(values.dtype);
  const rank = indices.dims!.length === 2 ? dims.length : 1;
  if (indices.dtype !== "i64" || indices.constant!.byteLength !== size * rank * 8)
    throw damaged(`has ${size} values, and its indices are none for them`);
  const given = decode("i64", new Uint8Array(await indices.constant!.read()));
  const positions = Array.from({ length: size }, (_, i) => {
    let at = 0;
    for (let d = 0; d < rank; d++) {
      const [x, extent] = [given[i * rank + d]!, rank === 1 && indices.dims!.length === 1 ? count : dims[d]!];
      if (!(x >= 0 && x < extent)) throw damaged(`has a value at index ${x} of ${extent}`);
      at = at * extent + x;
    }
    return at;
  });
  const constant = lazyData(byteLength, async () => spread(values.dtype!, values.constant!, positions, byteLength));
  const value: Value = { name, dtype: values.dtype, dims: dims.map(Poly.int), constant };
  if (count > knownLimit) return value;
  return { ...value, known: knownOf(values.dtype, dims, new Uint8Array(await constant.read())) };
}

async function spread(
  dtype: Dtype,
  values: ConstantData,
  positions: readonly number[],
  byteLength: number,
): Promise<Uint8Array> {
  const [from, into] = [await values.read(), new Uint8Array(byteLength)];
  const size = bytesOf(dtype);
  positions.forEach((p, i) => {
    into.set(from.subarray(i * size, (i + 1) * size), p * size);
  });
  return into;
}
