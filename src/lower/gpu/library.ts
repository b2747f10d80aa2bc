// Functions of WGSL that emitted code calls, by name, with those that they call themselves: only what a kernel uses goes into its text.
// Written for implementations that may assume neither NaN nor infinity: NaN is tested by its bits, and infinities are no literals.
import type { NarrowFloat, SignedNarrowFloat } from "../../ir/float-bits.js";
import { floatFormats, largestBits, nanBits } from "../../ir/float-bits.js";

interface Definition {
  readonly text: string;
  readonly uses?: readonly string[];
}

/** A private variable is no constant expression, so that a compiler can't refuse what its value leads to. */
const specials: Readonly<Record<string, Definition>> = {
  infinity: { text: "var<private> infinity: u32 = 0x7f800000u;" },
  notANumber: { text: "var<private> notANumber: u32 = 0x7fc00000u;" },
};

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}u`;
const scale = (power: number): string => `bitcast<f32>(${hex((127 + power) << 23)})`;

const floats: Readonly<Record<string, Definition>> = {
  isNan: { text: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }" },
  larger: {
    text: "fn larger(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }",
    uses: ["isNan"],
  },
  smaller: {
    text: "fn smaller(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, isNan(b)), a, isNan(a)); }",
    uses: ["isNan"],
  },
  // long division of whole numbers in base 2^8, since neither quotients nor products of floats are exact here: a float is
  // fraction * 2^(exponent - 150), and the remainder of fractions below 2^24 can be shifted by 8 bits
  remainder: {
    text: `fn remainder(a: f32, b: f32) -> f32 {
  let size = bitcast<u32>(a) & 0x7fffffffu;
  let divisor = bitcast<u32>(b) & 0x7fffffffu;
  if (size >= 0x7f800000u || divisor > 0x7f800000u || divisor == 0u) { return bitcast<f32>(notANumber); }
  if (size < divisor) { return a; }
  let last = max(divisor >> 23u, 1u);
  let by = (divisor & 0x7fffffu) | select(0u, 0x800000u, divisor >= 0x800000u);
  var distance = max(size >> 23u, 1u) - last;
  var rest = ((size & 0x7fffffu) | select(0u, 0x800000u, size >= 0x800000u)) % by;
  while (distance > 8u) {
    rest = (rest << 8u) % by;
    distance -= 8u;
  }
  rest = (rest << distance) % by;
  return bitcast<f32>(packFloat(rest, last) | (bitcast<u32>(a) & 0x80000000u));
}`,
    uses: ["notANumber", "packFloat"],
  },
  // the bits of fraction * 2^(exponent - 150): subnormal numbers too, which arithmetic may take for zero
  packFloat: {
    text: `fn packFloat(fraction: u32, exponent: u32) -> u32 {
  let up = min(countLeadingZeros(fraction | 1u) - 8u, exponent - 1u);
  let normal = fraction << up;
  return select(normal, (normal & 0x7fffffu) | ((exponent - up) << 23u), normal >= 0x800000u);
}`,
  },
  floorMod: {
    text: `fn floorMod(a: f32, b: f32) -> f32 {
  let r = remainder(a, b);
  let sign = bitcast<u32>(b) & 0x80000000u;
  if ((bitcast<u32>(r) & 0x7fffffffu) == 0u) { return bitcast<f32>(sign); }
  if ((bitcast<u32>(r) & 0x80000000u) == sign || isNan(r)) { return r; }
  if (abs(b) >= ${scale(-100)}) { return r + b; }
  let sum = timesTwo64(abs(b)) - timesTwo64(abs(r));
  let small = sum < ${scale(-62)};
  return bitcast<f32>(select(bitcast<u32>(sum) - 0x20000000u, u32(sum * ${scale(85)}), small) | sign);
}`,
    uses: ["remainder", "isNan", "timesTwo64"],
  },
  // of a small number that is not negative, and subnormal perhaps, which arithmetic may take for zero
  timesTwo64: {
    text: `fn timesTwo64(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  return select(bitcast<f32>(bits + 0x20000000u), f32(bits) * ${scale(-85)}, bits < 0x800000u);
}`,
  },
  floatToI32: {
    text: `fn floatToI32(x: f32) -> i32 {
  if (isNan(x)) { return 0i; }
  if (x >= 2147483648.0f) { return 2147483647i; }
  if (x < -2147483648.0f) { return i32(-2147483648); }
  return i32(x);
}`,
    uses: ["isNan"],
  },
  floatToU32: {
    text: `fn floatToU32(x: f32) -> u32 {
  if (isNan(x) || x <= 0.0f) { return 0u; }
  if (x >= 4294967296.0f) { return 4294967295u; }
  return u32(x);
}`,
    uses: ["isNan"],
  },
};

const integers: Readonly<Record<string, Definition>> = {
  floorDiv: {
    text: `fn floorDiv(a: i32, b: i32) -> i32 {
  let q = a / b;
  return select(select(q, q - 1i, (a % b != 0i) && ((a < 0i) != (b < 0i))), 0i, b == 0i);
}`,
  },
  floorRem: {
    text: `fn floorRem(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(r, r + b, (r != 0i) && ((r < 0i) != (b < 0i)));
}`,
  },
  divI32: { text: "fn divI32(a: i32, b: i32) -> i32 { return select(a / b, 0i, b == 0i); }" },
  remI32: { text: "fn remI32(a: i32, b: i32) -> i32 { return select(a % b, 0i, b == 0i); }" },
  modI32: {
    text: "fn modI32(a: i32, b: i32) -> i32 { return select(floorRem(a, b), 0i, b == 0i); }",
    uses: ["floorRem"],
  },
  divU32: { text: "fn divU32(a: u32, b: u32) -> u32 { return select(a / b, 0u, b == 0u); }" },
  remU32: { text: "fn remU32(a: u32, b: u32) -> u32 { return select(a % b, 0u, b == 0u); }" },
};

/** 64 bits as pairs of words. */
const wide: Readonly<Record<string, Definition>> = {
  wideAdd: {
    text: `fn wideAdd(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}`,
  },
  wideNeg: {
    text: "fn wideNeg(a: vec2<u32>) -> vec2<u32> { return wideAdd(~a, vec2<u32>(1u, 0u)); }",
    uses: ["wideAdd"],
  },
  wideSub: {
    text: "fn wideSub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return vec2<u32>(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x)); }",
  },
  // in halves of 16 bits: WGSL has no product of 64 bits
  wideProduct: {
    text: `fn wideProduct(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let left = (a >> 16u) * (b & 0xffffu);
  let right = (a & 0xffffu) * (b >> 16u);
  let middle = (low >> 16u) + (left & 0xffffu) + (right & 0xffffu);
  return vec2<u32>((middle << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u) + (middle >> 16u));
}`,
  },
  wideMul: {
    text: `fn wideMul(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let p = wideProduct(a.x, b.x);
  return vec2<u32>(p.x, p.y + a.x * b.y + a.y * b.x);
}`,
    uses: ["wideProduct"],
  },
  wideLessU: {
    text: "fn wideLessU(a: vec2<u32>, b: vec2<u32>) -> bool { return select(a.y < b.y, a.x < b.x, a.y == b.y); }",
  },
  wideLessI: {
    text: `fn wideLessI(a: vec2<u32>, b: vec2<u32>) -> bool {
  return select(bitcast<i32>(a.y) < bitcast<i32>(b.y), a.x < b.x, a.y == b.y);
}`,
  },
  wideShl: {
    text: `fn wideShl(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 63u;
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2<u32>(0u, a.x << (n - 32u)); }
  return vec2<u32>(a.x << n, (a.y << n) | (a.x >> (32u - n)));
}`,
  },
  wideShrU: {
    text: `fn wideShrU(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 63u;
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2<u32>(a.y >> (n - 32u), 0u); }
  return vec2<u32>((a.x >> n) | (a.y << (32u - n)), a.y >> n);
}`,
  },
  wideShrI: {
    text: `fn wideShrI(a: vec2<u32>, count: u32) -> vec2<u32> {
  let n = count & 63u;
  let high = bitcast<i32>(a.y);
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2<u32>(bitcast<u32>(high >> (n - 32u)), bitcast<u32>(high >> 31u)); }
  return vec2<u32>((a.x >> n) | (a.y << (32u - n)), bitcast<u32>(high >> n));
}`,
  },
  wideIsNegative: { text: "fn wideIsNegative(a: vec2<u32>) -> bool { return (a.y >> 31u) != 0u; }" },
  wideAbs: {
    text: "fn wideAbs(a: vec2<u32>) -> vec2<u32> { return select(a, wideNeg(a), wideIsNegative(a)); }",
    uses: ["wideNeg", "wideIsNegative"],
  },
  // quotient in xy, remainder in zw; words where both fit, else bit by bit. By zero both are 0.
  wideDivideU: {
    text: `fn wideDivideU(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
  if ((b.x | b.y) == 0u) { return vec4<u32>(); }
  if ((a.y | b.y) == 0u) { return vec4<u32>(a.x / b.x, 0u, a.x % b.x, 0u); }
  var quotient = vec2<u32>();
  var rest = vec2<u32>();
  for (var k = 0u; k < 64u; k++) {
    let bit = wideShrU(a, 63u - k).x & 1u;
    let over = rest.y >> 31u;
    rest = wideShl(rest, 1u);
    rest.x |= bit;
    quotient = wideShl(quotient, 1u);
    if (over != 0u || !wideLessU(rest, b)) {
      rest = wideSub(rest, b);
      quotient.x |= 1u;
    }
  }
  return vec4<u32>(quotient, rest);
}`,
    uses: ["wideShrU", "wideShl", "wideLessU", "wideSub"],
  },
  wideDivU: {
    text: "fn wideDivU(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return wideDivideU(a, b).xy; }",
    uses: ["wideDivideU"],
  },
  wideRemU: {
    text: "fn wideRemU(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return wideDivideU(a, b).zw; }",
    uses: ["wideDivideU"],
  },
  wideDivI: {
    text: `fn wideDivI(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let q = wideDivideU(wideAbs(a), wideAbs(b)).xy;
  return select(q, wideNeg(q), wideIsNegative(a) != wideIsNegative(b));
}`,
    uses: ["wideDivideU", "wideAbs", "wideNeg", "wideIsNegative"],
  },
  wideRemI: {
    text: `fn wideRemI(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let r = wideDivideU(wideAbs(a), wideAbs(b)).zw;
  return select(r, wideNeg(r), wideIsNegative(a));
}`,
    uses: ["wideDivideU", "wideAbs", "wideNeg", "wideIsNegative"],
  },
  wideModI: {
    text: `fn wideModI(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let r = wideRemI(a, b);
  let other = (r.x | r.y) != 0u && wideIsNegative(r) != wideIsNegative(b);
  return select(r, wideAdd(r, b), other);
}`,
    uses: ["wideRemI", "wideIsNegative", "wideAdd"],
  },
  wideFromI32: {
    text: "fn wideFromI32(x: i32) -> vec2<u32> { return vec2<u32>(bitcast<u32>(x), bitcast<u32>(x >> 31u)); }",
  },
  // to nearest, ties to even: 24 bits are kept, and what is lost decides
  wideToFloatU: {
    text: `fn wideToFloatU(a: vec2<u32>) -> f32 {
  if (a.y == 0u && a.x < 0x1000000u) { return f32(a.x); }
  let zeros = select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
  let shift = 40u - zeros;
  if (zeros >= 40u) { return f32(a.x); }
  let kept = wideShrU(a, shift).x;
  let lost = wideSub(a, wideShl(vec2<u32>(kept, 0u), shift));
  let half = wideShl(vec2<u32>(1u, 0u), shift - 1u);
  let up = wideLessU(half, lost) || (lost.x == half.x && lost.y == half.y && (kept & 1u) == 1u);
  return ldexp(f32(kept + select(0u, 1u, up)), i32(shift));
}`,
    uses: ["wideShrU", "wideShl", "wideSub", "wideLessU"],
  },
  wideToFloatI: {
    text: `fn wideToFloatI(a: vec2<u32>) -> f32 {
  let size = wideToFloatU(wideAbs(a));
  return select(size, -size, wideIsNegative(a));
}`,
    uses: ["wideToFloatU", "wideAbs", "wideIsNegative"],
  },
  floatToWideU: {
    text: `fn floatToWideU(x: f32) -> vec2<u32> {
  if (isNan(x) || x < 1.0f) { return vec2<u32>(); }
  if (x >= 18446744073709551616.0f) { return vec2<u32>(0xffffffffu, 0xffffffffu); }
  let bits = bitcast<u32>(x);
  let exponent = i32((bits >> 23u) & 255u) - 150i;
  let fraction = vec2<u32>((bits & 0x7fffffu) | 0x800000u, 0u);
  if (exponent < 0i) { return wideShrU(fraction, u32(-exponent)); }
  return wideShl(fraction, u32(exponent));
}`,
    uses: ["isNan", "wideShl", "wideShrU"],
  },
  floatToWideI: {
    text: `fn floatToWideI(x: f32) -> vec2<u32> {
  if (x >= 9223372036854775808.0f) { return vec2<u32>(0xffffffffu, 0x7fffffffu); }
  if (x <= -9223372036854775808.0f) { return vec2<u32>(0u, 0x80000000u); }
  let size = floatToWideU(abs(x));
  return select(size, wideNeg(size), x < 0.0f);
}`,
    uses: ["floatToWideU", "wideNeg"],
  },
  // an index that does not fit 32 bits is -1, which is outside of every tensor
  wideIndex: {
    text: "fn wideIndex(a: vec2<u32>) -> i32 { return select(-1i, bitcast<i32>(a.x), a.y == bitcast<u32>(bitcast<i32>(a.x) >> 31u)); }",
  },
};

/** f32 from the bits of a narrow format: no step has a subnormal f32 in it, which devices may take for zero. */
function fromSigned(name: string, d: SignedNarrowFloat): Definition {
  const f = floatFormats[d];
  const sign = 1 << (f.bits - 1);
  const all = sign - 1;
  const lines = [
    `let size = bits & ${hex(all)};`,
    `let sign = (bits & ${hex(sign)}) << ${32 - f.bits}u;`,
    `let exponent = size >> ${f.fraction}u;`,
  ];
  if (f.specials === "negative-zero")
    lines.push(`if ((bits & ${hex(2 * sign - 1)}) == ${hex(sign)}) { return bitcast<f32>(notANumber); }`);
  if (f.specials === "all-ones") lines.push(`if (size == ${hex(all)}) { return bitcast<f32>(notANumber); }`);
  if (f.specials === "ieee")
    lines.push(
      `if (size > ${hex(largestBits(f))}) { return bitcast<f32>(sign | infinity | ((size & ${hex((1 << f.fraction) - 1)}) << ${23 - f.fraction}u)); }`,
    );
  // bf16 has the exponents of f32, so its subnormals can't be anything else there
  if (f.bias === 127) lines.push(`return bitcast<f32>(bits << 16u);`);
  else
    lines.push(
      `if (exponent == 0u) { return bitcast<f32>(bitcast<u32>(f32(size) * ${scale(1 - f.bias - f.fraction)}) | sign); }`,
      `return bitcast<f32>(((size << ${23 - f.fraction}u) + ${hex((127 - f.bias) << 23)}) | sign);`,
    );
  const uses = f.specials === "ieee" ? ["infinity"] : f.specials === "none" ? [] : ["notANumber"];
  return { text: `fn ${name}(bits: u32) -> f32 {\n  ${lines.join("\n  ")}\n}`, uses };
}

/** The bits of the nearest number of a narrow format, ties to even. */
function toSigned(name: string, d: SignedNarrowFloat): Definition {
  const f = floatFormats[d];
  const cut = 23 - f.fraction;
  const sign = 1 << (f.bits - 1);
  const [largest, nan] = [largestBits(f), nanBits(f)];
  const beyond = f.specials === "ieee" ? largest + 1 : f.specials === "none" ? largest : nan;
  const signed =
    f.specials === "negative-zero"
      ? `if (result == 0u || result == ${hex(sign)}) { return result; }\n  return result | sign;`
      : "return result | sign;";
  return {
    text: `fn ${name}(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let sign = (bits >> ${32 - f.bits}u) & ${hex(sign)};
  if (size > 0x7f800000u) { return ${hex(nan)}${f.specials === "negative-zero" ? "" : " | sign"}; }
  var result: u32;
  if (size >= ${hex((128 - f.bias) << 23)}) {
    let kept = size >> ${cut}u;
    let rounded = (size + ${hex((1 << (cut - 1)) - 1)} + (kept & 1u)) >> ${cut}u;
    result = min(rounded - ${hex((127 - f.bias) << f.fraction)}, ${hex(0xffff)});
  } else {
    result = u32(round(abs(x) * ${f.bias === 127 ? "0.0f" : scale(f.bias - 1 + f.fraction)}));
  }
  if (result > ${hex(largest)}) { result = ${hex(beyond)}; }
  ${signed}
}`,
  };
}

const narrow: Readonly<Record<string, Definition>> = {
  ...Object.fromEntries(
    (Object.keys(floatFormats) as SignedNarrowFloat[]).flatMap(d => [
      [`${d}ToFloat`, fromSigned(`${d}ToFloat`, d)],
      [`floatTo_${d}`, toSigned(`floatTo_${d}`, d)],
    ]),
  ),
  // the exponents of f32 fit: only the fraction is cut
  floatTo_bf16: {
    text: `fn floatTo_bf16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0x7fc0u | ((bits >> 16u) & 0x8000u); }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
  },
  f8e8m0ToFloat: {
    text: `fn f8e8m0ToFloat(bits: u32) -> f32 {
  let e = bits & 255u;
  if (e == 255u) { return bitcast<f32>(notANumber); }
  return bitcast<f32>(select(e << 23u, 0x00400000u, e == 0u));
}`,
    uses: ["notANumber"],
  },
  floatTo_f8e8m0: {
    text: `fn floatTo_f8e8m0(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if (bits == 0x80000000u) { return 0u; }
  if (bits > 0x7f800000u) { return 255u; }
  if (bits < 0x00600000u) { return 0u; }
  return min((bits + 0x00400000u) >> 23u, 255u);
}`,
  },
};

const vectors: Readonly<Record<string, Definition>> = {
  fourHalves: {
    text: `fn fourHalves(words: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(f16ToFloat(words.x & 0xffffu), f16ToFloat(words.x >> 16u), f16ToFloat(words.y & 0xffffu), f16ToFloat(words.y >> 16u));
}`,
    uses: ["f16ToFloat"],
  },
  // by bits: a conversion need not know infinity
  halfOf: {
    text: "fn halfOf(x: f32) -> f16 { return bitcast<vec2<f16>>(floatTo_f16(x)).x; }",
    uses: ["floatTo_f16"],
  },
  halvesOf: {
    text: `fn halvesOf(x: vec4<f32>) -> vec2<u32> {
  return vec2<u32>(floatTo_f16(x.x) | (floatTo_f16(x.y) << 16u), floatTo_f16(x.z) | (floatTo_f16(x.w) << 16u));
}`,
    uses: ["floatTo_f16"],
  },
};

const definitions: Readonly<Record<string, Definition>> = {
  ...specials,
  ...floats,
  ...integers,
  ...wide,
  ...narrow,
  ...vectors,
};

export const narrowToFloat = (d: NarrowFloat): string => `${d}ToFloat`;
export const floatToNarrow = (d: NarrowFloat): string => `floatTo_${d}`;

/** The texts of these functions and of what they use, each before its users. */
export function libraryText(names: Iterable<string>): string {
  const done = new Set<string>();
  const out: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const d = definitions[name]!;
    d.uses?.forEach(add);
    out.push(d.text);
  };
  for (const name of names) add(name);
  return out.join("\n");
}
