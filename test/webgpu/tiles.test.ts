// Kernels whose workgroups share memory, tiles and rows, against the interpreter. Software adapters take seconds to compile one, so few sizes stand for
// all: what a tile leaves over, operands in vectors along either axis, operands that are computed. Skipped, by name, where there is no adapter.
import { attention } from "../../src/kernels/index.js";
import { dot, dotQuads, f32, grid, i8, i32, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { splitAttention } from "../kernels/merging.js";
import { linearPairs } from "../kernels/pairs.js";
import { linearQuads } from "../kernels/quads.js";
import * as stage1 from "../kernels/stage1.js";
import { fullSweep } from "../ops/large-cases.js";
import { isInTurn, LATER } from "../rotation.js";
import { agree } from "./agree.js";
import { gpuTest } from "./gpu-test.js";

/** Of those before the full sweeps' a third, others each day. */
let tests = 0;
const tileTest: typeof gpuTest = (name, body) => {
  const at = tests++;
  gpuTest(name, async t => (isInTurn(at, 3) ? body(t) : t.skip(LATER)));
};

const tiled = /tiles of 64|tiles of 32/;

tileTest("a contraction of any sizes in tiles of 64 × 64, whatever they leave over", () =>
  agree(
    stage1.linear().ir,
    [
      { M: 65, N: 70, K: 19 },
      { M: 1, N: 1, K: 1 },
      { M: 5, N: 97, K: 0 },
    ],
    tiled,
  ),
);

const multiple = () =>
  kernel(
    { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
    ({ X, W, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k));
      }),
    { statics: { M: 40, K: 20, N: 36 } },
  );
tileTest("sizes that the program knows to be multiples of four are read and written in vectors of four", () =>
  agree(stage1.linear().ir, [{ M: 40, N: 36, K: 20 }], tiled),
);
tileTest("operands are read in vectors of four along either axis", () => agree(multiple().ir, [{}], tiled));

const aRow = /a workgroup a row/;
// by operations of subgroups where the device has them, as this adapter has
for (const options of [{}, { subgroups: false }])
  tileTest(
    `rows of any length are reduced by a workgroup each, twice and once more where a mean is needed, ${JSON.stringify(options)}`,
    () =>
      agree(
        stage1.layerNorm().ir,
        [
          { R: 3, C: 70 },
          { R: 2, C: 1 },
          { R: 70, C: 300 },
        ],
        aRow,
        options,
      ),
  );

const ofFold = /tiles of 64 rows of a fold/;
const attentionSizes = [
  { H: 2, S: 70, T: 101, D: 11, E: 70 },
  { H: 1, S: 3, T: 130, D: 8, E: 5 },
];
// the smaller tiles: adapters of software compile the larger ones for half a minute
tileTest("attention in tiles of rows and keys, whatever they leave over, with parts where there are few rows", () =>
  agree(splitAttention().ir, attentionSizes, ofFold, { choice: { keys: 32 } }),
);
const deep = () =>
  kernel(
    { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
    ({ X, W, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).maximum(7));
      }),
    { statics: { M: 20, K: 1024, N: 36 } },
  );
tileTest("a contraction of great depth is cut along it", () =>
  agree(deep().ir, [{}], /tiles of 32.*parts that are joined/),
);

const integers = () =>
  kernel({ X: u8("M K"), W: i8("K N"), Y: i32("M N") }, ({ X, W, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k).cast("i32").sub(3), W.at(k, n).cast("i32"), k));
    }),
  );
for (const packedDots of [true, false])
  tileTest(`products of bytes in tiles, ${packedDots ? "packed" : "byte by byte"}`, async () => {
    await agree(linearQuads("u32", "i32").ir, [{ M: 20, N: 34, K: 37 }], tiled, { packedDots });
    await agree(linearQuads("i32", "i32").ir, [{ M: 65, N: 17, K: 3 }], tiled, { packedDots });
  });
tileTest("products of halves in tiles", () => agree(linearPairs().ir, [{ M: 20, N: 34, K: 37 }], tiled));
const deepQuads = () =>
  kernel(
    { X: i32("M K"), W: i32("K N"), Y: i32("M N") },
    ({ X, W, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dotQuads(X.at(m, k), W.at(k, n), k).maximum(7));
      }),
    { statics: { M: 20, K: 1024, N: 36 } },
  );
tileTest("a contraction of bytes of great depth is cut along it", () =>
  agree(deepQuads().ir, [{}], /tiles of 32.*parts that are joined/),
);
tileTest("sums of integers are exact", () => agree(integers().ir, [{ M: 20, N: 34, K: 37 }], tiled));

if (fullSweep) {
  gpuTest("attention of values in vectors, with heads that share keys", () =>
    agree(stage1.attention({ group: 2 }).ir, [{ B: 1, H: 4, G: 2, S: 130, T: 200, D: 24, E: 72 }], ofFold),
  );
  gpuTest("attention in tiles of 96 keys", () => agree(splitAttention().ir, attentionSizes, ofFold));
  gpuTest("attention with a window, over the keys that a length leaves", () =>
    agree(attention({ causal: true, window: 20 }).ir, [{ B: 2, H: 1, G: 1, S: 70, T: 97, D: 12, E: 8 }], ofFold),
  );
  gpuTest("rows of a length that is known by a workgroup of 64", () =>
    agree(stage1.softmax({ C: 200 }).ir, [{ R: 3, C: 200 }], aRow),
  );
  gpuTest("a padded window is an operand", () =>
    agree(stage1.conv().ir, [{ B: 2, H: 7, W: 5, U: 7, V: 5, P: 3, Q: 3, C: 4, K: 33 }], tiled),
  );
  const dequantized = () =>
    kernel({ X: f32("M K"), W: u8("K N"), S: f32("N"), Y: f32("M N") }, ({ X, W, S, Y, M, K, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n).cast("f32").sub(5).mul(S.at(n)).add(1), k));
      }),
    );
  gpuTest("dequantised weights are an operand", () => agree(dequantized().ir, [{ M: 20, N: 34, K: 37 }], tiled));
}
