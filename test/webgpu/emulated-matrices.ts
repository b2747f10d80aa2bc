// A GPUDevice that says that its subgroups multiply matrices, over one that has none: in the shaders that it is given the functions of WGSL for matrices,
// and f16, are replaced by others that do the same with plain numbers. What they do they take from the shader: sizes, order, strides, where memory ends.
import assert from "node:assert/strict";
import { libraryText } from "../../src/lower/gpu/library.js";
import type { DeviceMatrices } from "../../src/lower/gpu/matrices.js";
import type { GpuDevice } from "../../src/runtime/gpu.js";

export interface EmulatedDevice extends Omit<DeviceMatrices, "invocations"> {
  /** invocations that a subgroup has here, of those that it may have */
  readonly invocations: number;
}

export function withMatrices(device: GpuDevice, { sizes, subgroup, invocations }: EmulatedDevice): GpuDevice {
  const own: Readonly<Record<string, unknown>> = {
    features: new Set([...device.features, "shader-f16", "chromium-experimental-subgroup-matrix"]),
    adapterInfo: {
      vendor: "emulated",
      architecture: "matrices",
      description: "",
      subgroupMinSize: subgroup[0],
      subgroupMaxSize: subgroup[1],
      subgroupMatrixConfigs: sizes.map(m => ({
        componentType: m.type,
        resultComponentType: "f32",
        M: m.rows,
        N: m.columns,
        K: m.depth,
      })),
    },
    createShaderModule: ({ code }: { readonly code: string }) =>
      device.createShaderModule({ code: emulated(code, invocations) }),
  };
  return new Proxy(device, {
    get(target, key) {
      if (typeof key === "string" && key in own) return own[key];
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function emulated(code: string, invocations: number): string {
  if (!code.includes("chromium_experimental_subgroup_matrix")) return withoutHalves(code);
  const one = (pattern: RegExp): readonly string[] => {
    const found = pattern.exec(code);
    assert.ok(found, `${pattern} in\n${code}`);
    return found.slice(1);
  };
  const [, depth, rows] = one(/alias LeftMatrix = subgroup_matrix_left<(\w+), (\d+), (\d+)>;/);
  const [, columns, rightDepth] = one(/alias RightMatrix = subgroup_matrix_right<(\w+), (\d+), (\d+)>;/);
  assert.deepEqual(one(/alias SumMatrix = subgroup_matrix_result<f32, (\d+), (\d+)>;/), [columns, rows]);
  assert.equal(rightDepth, depth);
  const [workgroup] = one(/@workgroup_size\((\d+)\)/);
  const left = accessOf(
    one(/subgroupMatrixLoad<LeftMatrix, (\w+)>\(&(\w+), at, (\d+)u\)/),
    Number(rows),
    Number(depth),
    code,
  );
  const right = accessOf(
    one(/subgroupMatrixLoad<RightMatrix, (\w+)>\(&(\w+), at, (\d+)u\)/),
    Number(depth),
    Number(columns),
    code,
  );
  const [order, name, stride] = one(/subgroupMatrixStore<(\w+)>\(&(\w+), at, sum, (\d+)u\)/);
  const sum = accessOf([order!, name!, stride!], Number(rows), Number(columns), code);
  const cells = Number(rows) * Number(columns);
  // a sum's numbers are spread over the subgroup; operands are where they were loaded, because nothing is staged before they are multiplied
  const library = `
var<private> laneOfSubgroup: u32;
struct LeftMatrix { at: u32 }
struct RightMatrix { at: u32 }
struct SumMatrix { cells: array<f32, ${Math.ceil(cells / invocations)}> }
fn leftMatrix(at: u32) -> LeftMatrix { return LeftMatrix(at); }
fn rightMatrix(at: u32) -> RightMatrix { return RightMatrix(at); }
fn addProduct(left: LeftMatrix, right: RightMatrix, sum: SumMatrix) -> SumMatrix {
  var result = sum;
  var i = 0u;
  for (var cell = laneOfSubgroup; cell < ${cells}u; cell += ${invocations}u) {
    for (var k = 0u; k < ${depth}u; k++) {
      let a = select(0.0f, ${left.text("left.at", `cell / ${columns}u`, "k")}, ${left.inside("left.at")});
      let b = select(0.0f, ${right.text("right.at", "k", `cell % ${columns}u`)}, ${right.inside("right.at")});
      result.cells[i] = fma(a, b, result.cells[i]);
    }
    i++;
  }
  return result;
}
fn storeMatrix(at: u32, sum: SumMatrix) {
  if (!(${sum.inside("at")})) { return; }
  var i = 0u;
  for (var cell = laneOfSubgroup; cell < ${cells}u; cell += ${invocations}u) {
    ${sum.text("at", `cell / ${columns}u`, `cell % ${columns}u`)} = sum.cells[i];
    i++;
  }
}`;
  const plain = code
    .replace(/enable (subgroups|chromium_experimental_subgroup_matrix);\n/g, "")
    .replace(/alias \w+Matrix = .*;\n/g, "")
    .replace(/fn (leftMatrix|rightMatrix|addProduct)\(.*\}\n/g, "")
    .replace(/fn storeMatrix\(.*\}\n/, `${library}\n`)
    .replace(/, @builtin\((subgroup_id|num_subgroups)\) \w+: u32/g, "")
    .replace(
      /(fn main\(.*\{\n)/,
      // which invocations are a subgroup WGSL does not say: here they are no neighbours
      `$1  let subgroups = ${Number(workgroup) / invocations}u;\n  laneOfSubgroup = local / subgroups;\n  let subgroup = local % subgroups;\n`,
    );
  return withoutHalves(plain);
}

/** Where a matrix lies from `at` on, and whether all of it lies in memory: else nothing is read or written. */
function accessOf([order, name, stride]: readonly string[], rows: number, columns: number, code: string) {
  const isRows = order === "row_major";
  assert.ok(isRows || order === "col_major", order);
  const length = Number(new RegExp(`var<workgroup> ${name}: array<f\\d\\d, (\\d+)>`).exec(code)![1]);
  const [lines, line] = isRows ? [rows, columns] : [columns, rows];
  assert.ok(Number(stride) >= line, "a stride is at least a line");
  const reach = (lines - 1) * Number(stride) + line;
  return {
    text: (at: string, row: string, column: string): string =>
      `${name}[${at} + (${isRows ? row : column}) * ${stride}u + (${isRows ? column : row})]`,
    inside: (at: string): string => `${at} + ${reach}u <= ${length}u`,
  };
}

/** f32 that hold numbers of f16 stand for these; tensors lie in two words for four numbers. */
function withoutHalves(code: string): string {
  if (!code.includes("enable f16;")) return code;
  const names = [...code.matchAll(/var<storage, \w+> (\w+): array<vec4<f16>>/g)].map(m => m[1]!);
  let plain = code.replace("enable f16;\n", "").replaceAll(/array<vec4<f16>>/g, "array<vec2<u32>>");
  for (const name of names)
    plain = plain
      .replaceAll(new RegExp(`vec4<f32>\\((${name}\\[u32\\(\\w+\\) >> 2u\\])\\)`, "g"), "$1")
      .replaceAll(new RegExp(`(${name}\\[u32\\(\\w+\\) >> 2u\\])(?! =)`, "g"), "fourHalves($1)");
  plain = plain
    .replaceAll(/bitcast<vec4<f16>>\((halvesOf\(\w+\))\)/g, "$1")
    .replaceAll(
      "-> f16 { return bitcast<vec2<f16>>(floatTo_f16(x)).x; }",
      "-> f32 { return f16ToFloat(floatTo_f16(x)); }",
    )
    .replaceAll("vec4<f16>", "vec4<f32>")
    .replaceAll("array<f16,", "array<f32,")
    .replaceAll("f16(0)", "f32(0)");
  const has = (name: string): boolean => plain.includes(`fn ${name}(`);
  const missing = libraryText(["fourHalves", "f16ToFloat"])
    .split(/\n(?=fn |const )/)
    .filter(text => !plain.includes(text));
  return has("fourHalves") && has("f16ToFloat") ? plain : `${missing.join("\n")}\n${plain}`;
}
