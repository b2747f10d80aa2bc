// What every generated C file begins with: types, memory access and the operations of loop IR as inline functions. Vectors have
// LANES 32-bit lanes, which the compiler's command line defines; the names stay those of loop IR. Not here: any kernel.

const types = `
#include <stdint.h>
#include <string.h>
#if defined(__SSE4_1__) && defined(__GNUC__) && !defined(__clang__) && !defined(__AVX512F__)
/* Of immintrin.h gcc takes 0.6 s in each file, nearly all for instructions that the processor has not; of these parts 0.06 s. They ask for this name. */
#define _IMMINTRIN_H_INCLUDED
#include <smmintrin.h>
#include <avxintrin.h>
#include <avx2intrin.h>
#include <fmaintrin.h>
#ifdef __AVXVNNI__
#include <avxvnniintrin.h>
#endif
#elif defined(__SSE4_1__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif
typedef int32_t i32; typedef int64_t i64; typedef uint32_t u32; typedef uint64_t u64; typedef float f32; typedef double f64;
#define BYTES (4 * LANES)
typedef float V __attribute__((vector_size(BYTES)));
typedef i32 I __attribute__((vector_size(BYTES)));
typedef u32 U __attribute__((vector_size(BYTES)));
typedef int16_t H __attribute__((vector_size(BYTES)));
typedef int8_t B __attribute__((vector_size(BYTES)));
typedef i64 Q __attribute__((vector_size(BYTES)));
typedef int16_t HalfH __attribute__((vector_size(2 * LANES)));
typedef uint16_t HalfUH __attribute__((vector_size(2 * LANES)));
typedef int8_t HalfB __attribute__((vector_size(2 * LANES)));
typedef uint16_t UH __attribute__((vector_size(BYTES)));
typedef V VM __attribute__((aligned(1), may_alias));
#define OP static inline __attribute__((always_inline))
/* An address is 32 bits wide, and memory with all that a constant offset reaches is reserved: nothing outside is ever touched. */
#define AT(pointer, offset) (memory + (u64)(u32)(pointer) + (offset))
/* the run fails; the number is that of the kernel */
__attribute__((cold)) void azulejo_trap(char *memory, i32 kernel);
`;

const memory = `
#define SCALAR(name, type, from, to) \\
  OP type load_##name(const char *p) { from x; memcpy(&x, p, sizeof x); return (type)x; } \\
  OP void store_##name(char *p, type v) { to x = (to)v; memcpy(p, &x, sizeof x); }
SCALAR(i32, i32, i32, i32) SCALAR(i64, i64, i64, i64) SCALAR(f32, f32, f32, f32) SCALAR(f64, f64, f64, f64)
SCALAR(i32_8s, i32, int8_t, int8_t) SCALAR(i32_8u, i32, uint8_t, uint8_t)
SCALAR(i32_16s, i32, int16_t, int16_t) SCALAR(i32_16u, i32, uint16_t, uint16_t)
#define store_i32_8 store_i32_8u
#define store_i32_16 store_i32_16u
OP V i32x4_splat(i32 x) { I v = {0}; return (V)(v + x); }
OP V f32x4_splat(f32 x) { i32 bits; memcpy(&bits, &x, 4); return i32x4_splat(bits); }
OP V load_v128(const char *p) { return *(const VM *)p; }
OP void store_v128(char *p, V v) { *(VM *)p = v; }
OP V load_v128_splat32(const char *p) { return i32x4_splat(load_i32(p)); }
OP V load_v128_16x4s(const char *p) { HalfH h; memcpy(&h, p, sizeof h); return (V)__builtin_convertvector(h, I); }
OP V load_v128_16x4u(const char *p) { HalfUH h; memcpy(&h, p, sizeof h); return (V)__builtin_convertvector(h, I); }
OP V load_lane(V v, int lane, const char *p) { I x = (I)v; x[lane] = load_i32(p); return (V)x; }
OP void store_v128_lane8(char *p, V v, int lane) { int8_t x = ((B)v)[lane]; memcpy(p, &x, 1); }
OP void store_v128_lane16(char *p, V v, int lane) { int16_t x = ((H)v)[lane]; memcpy(p, &x, 2); }
OP void store_v128_lane32(char *p, V v, int lane) { i32 x = ((I)v)[lane]; memcpy(p, &x, 4); }
OP void store_v128_lane64(char *p, V v, int lane) { i64 x = ((Q)v)[lane]; memcpy(p, &x, 8); }
#if defined(__AVX512BW__) && LANES == 16
OP void store_part(char *p, V v, i32 bytes) {
  if (bytes > 0) _mm512_mask_storeu_epi8(p, bytes >= 64 ? ~0ull : (1ull << bytes) - 1, (__m512i)v);
}
#else
static __attribute__((noinline, unused)) void store_part(char *p, V v, i32 bytes) {
  if (bytes >= BYTES) { store_v128(p, v); return; }
  char b[BYTES];
  memcpy(b, &v, BYTES);
  i32 at = 0;
  for (; at + 4 <= bytes; at += 4) memcpy(p + at, b + at, 4);
  for (; at < bytes; at++) p[at] = b[at];
}
#endif
`;

const integers = `
#define BINARY(name, type, e) OP type name(type a, type b) { return e; }
#define COMPARE(name, type, e) OP i32 name(type a, type b) { return e; }
#define INTEGER(p, t, u, bits) \\
  BINARY(p##_add, t, a + b) BINARY(p##_sub, t, a - b) BINARY(p##_mul, t, a * b) \\
  BINARY(p##_div_s, t, a / b) BINARY(p##_div_u, t, (t)((u)a / (u)b)) BINARY(p##_rem_s, t, a % b) BINARY(p##_rem_u, t, (t)((u)a % (u)b)) \\
  BINARY(p##_and, t, a & b) BINARY(p##_or, t, a | b) BINARY(p##_xor, t, a ^ b) \\
  BINARY(p##_shl, t, (t)((u)a << (b & (bits - 1)))) BINARY(p##_shr_s, t, a >> (b & (bits - 1))) BINARY(p##_shr_u, t, (t)((u)a >> (b & (bits - 1)))) \\
  COMPARE(p##_eq, t, a == b) COMPARE(p##_ne, t, a != b) \\
  COMPARE(p##_lt_s, t, a < b) COMPARE(p##_lt_u, t, (u)a < (u)b) COMPARE(p##_gt_s, t, a > b) COMPARE(p##_gt_u, t, (u)a > (u)b) \\
  COMPARE(p##_le_s, t, a <= b) COMPARE(p##_le_u, t, (u)a <= (u)b) COMPARE(p##_ge_s, t, a >= b) COMPARE(p##_ge_u, t, (u)a >= (u)b) \\
  OP i32 p##_eqz(t a) { return a == 0; }
INTEGER(i32, i32, u32, 32) INTEGER(i64, i64, u64, 64)
OP i32 i32_clz(i32 a) { return a ? __builtin_clz((u32)a) : 32; }
OP i32 i32_extend8_s(i32 a) { return (int8_t)a; }
OP i32 i32_extend16_s(i32 a) { return (int16_t)a; }
`;

/** min and max give NaN for NaN, and -0 is smaller than 0. */
const floats = `
OP i32 i32_reinterpret_f32(f32 a) { i32 x; memcpy(&x, &a, 4); return x; }
OP f32 f32_reinterpret_i32(i32 a) { f32 x; memcpy(&x, &a, 4); return x; }
OP i64 i64_reinterpret_f64(f64 a) { i64 x; memcpy(&x, &a, 8); return x; }
OP f64 f64_reinterpret_i64(i64 a) { f64 x; memcpy(&x, &a, 8); return x; }
#define FLOAT(p, t, i, s, mask) \\
  BINARY(p##_add, t, a + b) BINARY(p##_sub, t, a - b) BINARY(p##_mul, t, a * b) BINARY(p##_div, t, a / b) \\
  COMPARE(p##_eq, t, a == b) COMPARE(p##_ne, t, a != b) COMPARE(p##_lt, t, a < b) COMPARE(p##_gt, t, a > b) COMPARE(p##_le, t, a <= b) COMPARE(p##_ge, t, a >= b) \\
  OP t p##_abs(t a) { return p##_reinterpret_##i(i##_reinterpret_##p(a) & mask); } \\
  OP t p##_neg(t a) { return p##_reinterpret_##i(i##_reinterpret_##p(a) ^ ~mask); } \\
  OP t p##_sqrt(t a) { return __builtin_sqrt##s(a); } OP t p##_ceil(t a) { return __builtin_ceil##s(a); } OP t p##_floor(t a) { return __builtin_floor##s(a); } \\
  OP t p##_trunc(t a) { return __builtin_trunc##s(a); } OP t p##_nearest(t a) { return __builtin_rint##s(a); } \\
  OP t p##_min(t a, t b) { return a != a || b != b ? a + b : a < b ? a : b < a ? b : p##_reinterpret_##i(i##_reinterpret_##p(a) | i##_reinterpret_##p(b)); } \\
  OP t p##_max(t a, t b) { return a != a || b != b ? a + b : a > b ? a : b > a ? b : p##_reinterpret_##i(i##_reinterpret_##p(a) & i##_reinterpret_##p(b)); }
FLOAT(f32, f32, i32, f, 0x7fffffff) FLOAT(f64, f64, i64, , 0x7fffffffffffffffll)
#define CONVERT(name, to, from, e) OP to name(from a) { return e; }
CONVERT(i32_wrap_i64, i32, i64, (i32)a) CONVERT(i64_extend_i32_s, i64, i32, a) CONVERT(i64_extend_i32_u, i64, i32, (u32)a)
CONVERT(f32_convert_i32_s, f32, i32, (f32)a) CONVERT(f32_convert_i32_u, f32, i32, (f32)(u32)a)
CONVERT(f32_convert_i64_s, f32, i64, (f32)a) CONVERT(f32_convert_i64_u, f32, i64, (f32)(u64)a)
CONVERT(f64_convert_i32_s, f64, i32, (f64)a) CONVERT(f64_convert_i32_u, f64, i32, (f64)(u32)a)
CONVERT(f64_convert_i64_s, f64, i64, (f64)a) CONVERT(f64_convert_i64_u, f64, i64, (f64)(u64)a)
CONVERT(f32_demote_f64, f32, f64, (f32)a) CONVERT(f64_promote_f32, f64, f32, (f64)a)
#define SATURATE(name, to, as, from, low, high, least, most) \\
  OP to name(from a) { return a != a ? 0 : a <= low ? (to)least : a >= high ? (to)most : (to)(as)a; }
SATURATE(i32_trunc_sat_f32_s, i32, i32, f32, -2147483648.0f, 2147483648.0f, INT32_MIN, INT32_MAX)
SATURATE(i32_trunc_sat_f32_u, i32, u32, f32, 0.0f, 4294967296.0f, 0, UINT32_MAX)
SATURATE(i32_trunc_sat_f64_s, i32, i32, f64, -2147483648.0, 2147483647.0, INT32_MIN, INT32_MAX)
SATURATE(i32_trunc_sat_f64_u, i32, u32, f64, 0.0, 4294967295.0, 0, UINT32_MAX)
SATURATE(i64_trunc_sat_f32_s, i64, i64, f32, -9223372036854775808.0f, 9223372036854775808.0f, INT64_MIN, INT64_MAX)
SATURATE(i64_trunc_sat_f32_u, i64, u64, f32, 0.0f, 18446744073709551616.0f, 0, UINT64_MAX)
SATURATE(i64_trunc_sat_f64_s, i64, i64, f64, -9223372036854775808.0, 9223372036854775808.0, INT64_MIN, INT64_MAX)
SATURATE(i64_trunc_sat_f64_u, i64, u64, f64, 0.0, 18446744073709551616.0, 0, UINT64_MAX)
`;

/** The remainder as fmod gives it, by long division in base 2^11; lowering takes a quicker way where it can. */
const remainder = `
OP i64 float_parts(f64 x, u64 *fraction) {
  u64 bits = (u64)i64_reinterpret_f64(x), exponent = bits >> 52;
  *fraction = (bits & 0xfffffffffffffull) | (exponent ? 1ull << 52 : 0);
  return exponent ? (i64)exponent : 1;
}
static __attribute__((noinline, unused)) f64 f64_rem(f64 x, f64 y) {
  f64 size = f64_abs(x), divisor = f64_abs(y);
  if (size < divisor) return x;
  if (!(size < __builtin_inf() && divisor > 0)) return (x * y) / (x * y);
  u64 fraction, d;
  i64 exponent = float_parts(size, &fraction), last = float_parts(divisor, &d), distance = exponent - last;
  for (; distance > 11; distance -= 11) fraction = (fraction << 11) % d;
  fraction = (fraction << distance) % d;
  return __builtin_copysign((f64)fraction * 0x1p-52 * f64_reinterpret_i64(last << 52), x);
}
`;

/** Intel's instructions by their names without prefix; AVX has them for floats only. */
const x86 = `
#if defined(__AVX512F__) && LANES == 16
#define X86(name, ...) ((V)_mm512_##name(__VA_ARGS__))
#define WORDS __m512i
#define ROUND(a, mode) X86(roundscale_ps, a, mode)
OP V truncated(V a) { return (V)_mm512_cvttps_epi32(a); }
#elif defined(__AVX__) && LANES == 8
#define X86(name, ...) ((V)_mm256_##name(__VA_ARGS__))
#define WORDS __m256i
#define ROUND(a, mode) X86(round_ps, a, mode)
OP V truncated(V a) { return (V)_mm256_cvttps_epi32(a); }
#elif defined(__SSE4_1__) && LANES == 4
#define X86(name, ...) ((V)_mm_##name(__VA_ARGS__))
#define WORDS __m128i
#define ROUND(a, mode) X86(round_ps, a, mode)
OP V truncated(V a) { return (V)_mm_cvttps_epi32(a); }
#endif
#if defined(X86) && (LANES != 8 || defined(__AVX2__))
#define X86_INTEGERS
#endif
`;

const vectors = `
#define VECTOR2(name, e) OP V name(V a, V b) { return (V)(e); }
#define VECTOR1(name, e) OP V name(V a) { return (V)(e); }
VECTOR2(v128_and, (I)a & (I)b) VECTOR2(v128_or, (I)a | (I)b) VECTOR2(v128_xor, (I)a ^ (I)b) VECTOR2(v128_andnot, (I)a & ~(I)b) VECTOR1(v128_not, ~(I)a)
#if defined(__AVX512F__) && LANES == 16
OP i32 v128_any_true(V a) { return _mm512_test_epi32_mask((__m512i)a, (__m512i)a) != 0; }
#elif defined(__AVX__) && LANES == 8
OP i32 v128_any_true(V a) { return !_mm256_testz_si256((__m256i)a, (__m256i)a); }
#elif defined(__SSE4_1__) && LANES == 4
OP i32 v128_any_true(V a) { return !_mm_testz_si128((__m128i)a, (__m128i)a); }
#else
OP i32 v128_any_true(V a) { i32 some = 0; for (int i = 0; i < LANES; i++) some |= ((I)a)[i]; return some != 0; }
#endif
OP V v128_bitselect(V yes, V no, V mask) { return (V)(((I)yes & (I)mask) | ((I)no & ~(I)mask)); }
OP i32 i32x4_extract_lane(V v, int lane) { return ((I)v)[lane]; }
OP f32 f32x4_extract_lane(V v, int lane) { return v[lane]; }
OP V i32x4_replace_lane(V v, i32 x, int lane) { I w = (I)v; w[lane] = x; return (V)w; }
OP V f32x4_replace_lane(V v, f32 x, int lane) { v[lane] = x; return v; }
VECTOR2(i32x4_eq, (I)a == (I)b) VECTOR2(i32x4_ne, (I)a != (I)b)
VECTOR2(i32x4_lt_s, (I)a < (I)b) VECTOR2(i32x4_gt_s, (I)a > (I)b) VECTOR2(i32x4_le_s, (I)a <= (I)b) VECTOR2(i32x4_ge_s, (I)a >= (I)b)
VECTOR2(i32x4_lt_u, (U)a < (U)b) VECTOR2(i32x4_gt_u, (U)a > (U)b) VECTOR2(i32x4_le_u, (U)a <= (U)b) VECTOR2(i32x4_ge_u, (U)a >= (U)b)
VECTOR2(i32x4_add, (I)a + (I)b) VECTOR2(i32x4_sub, (I)a - (I)b) VECTOR2(i32x4_mul, (I)a * (I)b)
#ifdef X86_INTEGERS
#define EXTREME(name) X86(name, (WORDS)a, (WORDS)b)
VECTOR2(i32x4_min_s, EXTREME(min_epi32)) VECTOR2(i32x4_max_s, EXTREME(max_epi32)) VECTOR2(i32x4_min_u, EXTREME(min_epu32)) VECTOR2(i32x4_max_u, EXTREME(max_epu32))
#else
VECTOR2(i32x4_min_s, v128_bitselect(a, b, i32x4_lt_s(a, b))) VECTOR2(i32x4_max_s, v128_bitselect(a, b, i32x4_gt_s(a, b)))
VECTOR2(i32x4_min_u, v128_bitselect(a, b, i32x4_lt_u(a, b))) VECTOR2(i32x4_max_u, v128_bitselect(a, b, i32x4_gt_u(a, b)))
#endif
VECTOR1(i32x4_neg, -(I)a)
OP V i32x4_abs(V a) { I sign = (I)a >> 31; return (V)(((I)a ^ sign) - sign); }
OP V i32x4_shl(V a, i32 n) { return (V)((U)a << (u32)(n & 31)); }
OP V i32x4_shr_s(V a, i32 n) { return (V)((I)a >> (n & 31)); }
OP V i32x4_shr_u(V a, i32 n) { return (V)((U)a >> (u32)(n & 31)); }
VECTOR2(f32x4_eq, a == b) VECTOR2(f32x4_ne, a != b) VECTOR2(f32x4_lt, a < b) VECTOR2(f32x4_gt, a > b) VECTOR2(f32x4_le, a <= b) VECTOR2(f32x4_ge, a >= b)
VECTOR2(f32x4_add, a + b) VECTOR2(f32x4_sub, a - b) VECTOR2(f32x4_mul, a * b) VECTOR2(f32x4_div, a / b)
VECTOR1(f32x4_abs, (I)a & 0x7fffffff) VECTOR1(f32x4_neg, (I)a ^ (i32)0x80000000)
VECTOR1(f32x4_convert_i32x4_s, __builtin_convertvector((I)a, V)) VECTOR1(f32x4_convert_i32x4_u, __builtin_convertvector((U)a, V))
OP V f32x4_trunc_sat_each_s(V a) { I v; for (int i = 0; i < LANES; i++) v[i] = i32_trunc_sat_f32_s(a[i]); return (V)v; }
OP V i32x4_trunc_sat_f32x4_u(V a) { I v; for (int i = 0; i < LANES; i++) v[i] = i32_trunc_sat_f32_u(a[i]); return (V)v; }
OP V two_halves(HalfH a, HalfH b) { V v; memcpy(&v, &a, sizeof a); memcpy((char *)&v + sizeof a, &b, sizeof b); return v; }
#if defined(__AVX512BW__) && LANES == 16
#define NARROW(name, f, x, y) OP V name(V a, V b) { return two_halves((HalfH)_mm512_##f(x), (HalfH)_mm512_##f(y)); }
#define ABOVE_ZERO(v) _mm512_max_epi32((WORDS)v, _mm512_setzero_si512())
#define ABOVE_ZERO_HALVES(v) _mm512_max_epi16((WORDS)v, _mm512_setzero_si512())
NARROW(i16x8_narrow_i32x4_s, cvtsepi32_epi16, (WORDS)a, (WORDS)b) NARROW(i16x8_narrow_i32x4_u, cvtusepi32_epi16, ABOVE_ZERO(a), ABOVE_ZERO(b))
NARROW(i8x16_narrow_i16x8_s, cvtsepi16_epi8, (WORDS)a, (WORDS)b) NARROW(i8x16_narrow_i16x8_u, cvtusepi16_epi8, ABOVE_ZERO_HALVES(a), ABOVE_ZERO_HALVES(b))
#elif defined(X86_INTEGERS) && LANES == 8
/* the instruction packs each half of 128 bits by itself */
#define NARROW(name, f) OP V name(V a, V b) { return (V)_mm256_permute4x64_epi64(_mm256_##f((WORDS)a, (WORDS)b), 0xd8); }
NARROW(i16x8_narrow_i32x4_s, packs_epi32) NARROW(i16x8_narrow_i32x4_u, packus_epi32) NARROW(i8x16_narrow_i16x8_s, packs_epi16) NARROW(i8x16_narrow_i16x8_u, packus_epi16)
#elif defined(X86_INTEGERS) && LANES == 4
#define NARROW(name, f) OP V name(V a, V b) { return X86(f, (WORDS)a, (WORDS)b); }
NARROW(i16x8_narrow_i32x4_s, packs_epi32) NARROW(i16x8_narrow_i32x4_u, packus_epi32) NARROW(i8x16_narrow_i16x8_s, packs_epi16) NARROW(i8x16_narrow_i16x8_u, packus_epi16)
#else
OP V i32x4_clamp(V a, i32 low, i32 high) { return i32x4_min_s(i32x4_max_s(a, i32x4_splat(low)), i32x4_splat(high)); }
#define NARROW_WORDS(name, low, high) OP V name(V a, V b) { \\
  return two_halves(__builtin_convertvector((I)i32x4_clamp(a, low, high), HalfH), __builtin_convertvector((I)i32x4_clamp(b, low, high), HalfH)); }
NARROW_WORDS(i16x8_narrow_i32x4_s, -32768, 32767) NARROW_WORDS(i16x8_narrow_i32x4_u, 0, 65535)
OP H clamp_halves(H a, int16_t low, int16_t high) { H l = (H){0} + low, h = (H){0} + high; H m = a < l; a = (l & m) | (a & ~m); m = a > h; return (h & m) | (a & ~m); }
#define NARROW_HALVES(name, low, high) OP V name(V a, V b) { \\
  HalfB x = __builtin_convertvector(clamp_halves((H)a, low, high), HalfB), y = __builtin_convertvector(clamp_halves((H)b, low, high), HalfB); \\
  return two_halves((HalfH)x, (HalfH)y); }
NARROW_HALVES(i8x16_narrow_i16x8_s, -128, 127) NARROW_HALVES(i8x16_narrow_i16x8_u, 0, 255)
#endif
`;

/** Bytes side by side ↔ lanes, which are in range; halves to lanes are in `memory`. Of __builtin_convertvector gcc 12 makes a chain of bytes. */
const packing = `
#ifdef X86_INTEGERS
#if LANES == 16
#define BYTES_AT(p) _mm_loadu_si128((const __m128i *)(p))
#elif LANES == 8
#define BYTES_AT(p) _mm_loadl_epi64((const __m128i *)(p))
#else
#define BYTES_AT(p) _mm_cvtsi32_si128(load_i32(p))
#endif
OP V load_v128_8x4s(const char *p) { return X86(cvtepi8_epi32, BYTES_AT(p)); }
OP V load_v128_8x4u(const char *p) { return X86(cvtepu8_epi32, BYTES_AT(p)); }
#else
typedef int8_t QuarterB __attribute__((vector_size(LANES)));
typedef uint8_t QuarterUB __attribute__((vector_size(LANES)));
OP V load_v128_8x4s(const char *p) { QuarterB b; memcpy(&b, p, LANES); return (V)__builtin_convertvector(b, I); }
OP V load_v128_8x4u(const char *p) { QuarterUB b; memcpy(&b, p, LANES); return (V)__builtin_convertvector(b, I); }
#endif
#if defined(__AVX512BW__) && LANES == 16
OP void store_v128_8x4u(char *p, V v) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)v)); }
OP void store_v128_16x4u(char *p, V v) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16((__m512i)v)); }
#define store_v128_8x4s store_v128_8x4u
#define store_v128_16x4s store_v128_16x4u
#elif defined(X86_INTEGERS) && LANES == 8
#define PACKING(sign, f) \\
  OP __m128i halves_##sign(V v) { return _mm_##f##_epi32(_mm256_castsi256_si128((WORDS)v), _mm256_extracti128_si256((WORDS)v, 1)); } \\
  OP void store_v128_16x4##sign(char *p, V v) { _mm_storeu_si128((__m128i *)p, halves_##sign(v)); } \\
  OP void store_v128_8x4##sign(char *p, V v) { __m128i h = halves_s(v); _mm_storel_epi64((__m128i *)p, _mm_##f##_epi16(h, h)); }
PACKING(s, packs) PACKING(u, packus)
#else
#define PACKING(sign) \\
  OP void store_v128_16x4##sign(char *p, V v) { v = i16x8_narrow_i32x4_##sign(v, v); memcpy(p, &v, 2 * LANES); } \\
  OP void store_v128_8x4##sign(char *p, V v) { v = i16x8_narrow_i32x4_s(v, v); v = i8x16_narrow_i16x8_##sign(v, v); memcpy(p, &v, LANES); }
PACKING(s) PACKING(u)
#endif
`;

/** Where C has no word for it: one instruction on x86 and on Arm, lane by lane elsewhere. */
const instructions = `
#define EACH(e) V v; for (int i = 0; i < LANES; i++) v[i] = e; return v;
#ifdef X86
VECTOR2(f32x4_pmin, X86(min_ps, b, a)) VECTOR2(f32x4_pmax, X86(max_ps, b, a)) VECTOR1(f32x4_sqrt, X86(sqrt_ps, a))
VECTOR1(f32x4_ceil, ROUND(a, 2 | 8)) VECTOR1(f32x4_floor, ROUND(a, 1 | 8)) VECTOR1(f32x4_trunc, ROUND(a, 3 | 8)) VECTOR1(f32x4_nearest, ROUND(a, 0 | 8))
#if LANES == 16
OP V i32x4_trunc_sat_f32x4_s(V a) {
  __mmask16 number = _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_ORD_Q), above = _mm512_cmp_ps_mask((__m512)a, _mm512_set1_ps(2147483648.0f), _CMP_GE_OQ);
  return (V)_mm512_mask_mov_epi32(_mm512_maskz_cvttps_epi32(number, (__m512)a), above, _mm512_set1_epi32(INT32_MAX));
}
#else
/* out of range the instruction gives the lowest number, whose complement is the highest */
OP V i32x4_trunc_sat_f32x4_s(V a) { return (V)(((I)truncated(a) ^ (a >= 2147483648.0f)) & (a == a)); }
#endif
#else
VECTOR2(f32x4_pmin, v128_bitselect(b, a, f32x4_lt(b, a))) VECTOR2(f32x4_pmax, v128_bitselect(b, a, f32x4_lt(a, b)))
OP V f32x4_sqrt(V a) { EACH(f32_sqrt(a[i])) }
OP V f32x4_ceil(V a) { EACH(f32_ceil(a[i])) }
OP V f32x4_floor(V a) { EACH(f32_floor(a[i])) }
OP V f32x4_trunc(V a) { EACH(f32_trunc(a[i])) }
OP V f32x4_nearest(V a) { EACH(f32_nearest(a[i])) }
OP V i32x4_trunc_sat_f32x4_s(V a) { return f32x4_trunc_sat_each_s(a); }
#endif
#if defined(__AVX512F__) && LANES == 16
OP V i32x4_nearest_f32x4_s(V a) { return (V)_mm512_maskz_cvtps_epi32(_mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_ORD_Q), (__m512)a); }
#elif defined(X86)
/* it rounds as the processor does from the start */
OP V i32x4_nearest_f32x4_s(V a) { return (V)((I)X86(cvtps_epi32, a) & (a == a)); }
#else
OP V i32x4_nearest_f32x4_s(V a) { return i32x4_trunc_sat_f32x4_s(f32x4_nearest(a)); }
#endif
/* VNNI, in its two encodings; 512 bits are of AVX-512 alone */
#if defined(__AVX512VNNI__) && (LANES == 16 || defined(__AVX512VL__))
#define VNNI(name) name##_epi32
#elif defined(__AVXVNNI__) && LANES < 16
#define VNNI(name) name##_avx_epi32
#endif
#define VNNI_PRODUCT(name, f) OP V name(V c, V a, V b) { return X86(f, (WORDS)c, (WORDS)a, (WORDS)b); }
#if defined(VNNI) && defined(X86)
VNNI_PRODUCT(i32x4_dot_i16x8_add_s, VNNI(dpwssd)) VNNI_PRODUCT(i32x4_dot_u8x16_i8x16_add, VNNI(dpbusd))
OP V i32x4_dot_i8x16_i7x16_add(V c, V a, V b) { return i32x4_dot_u8x16_i8x16_add(c, b, a); }
OP V sums_dot_i8x16_i7x16_add(V c, V a, V b) { return i32x4_dot_u8x16_i8x16_add(c, b, a); }
VECTOR1(i32x4_of_sums, a)
#elif defined(X86_INTEGERS) && (LANES != 16 || defined(__AVX512BW__))
OP V i32x4_dot_i16x8_add_s(V c, V a, V b) { return (V)((I)c + (I)X86(madd_epi16, (WORDS)a, (WORDS)b)); }
/* even bytes and odd ones, as halves: maddubs would saturate */
OP V i32x4_dot_u8x16_i8x16_add(V c, V a, V b) {
  V even = i32x4_dot_i16x8_add_s(c, (V)((UH)a << 8 >> 8), (V)((H)b << 8 >> 8));
  return i32x4_dot_i16x8_add_s(even, (V)((UH)a >> 8), (V)((H)b >> 8));
}
VECTOR1(i32x4_of_sums, X86(madd_epi16, (WORDS)a, (WORDS)((H){0} + 1)))
OP V i32x4_dot_i8x16_i7x16_add(V c, V a, V b) { return (V)((I)c + (I)i32x4_of_sums(X86(maddubs_epi16, (WORDS)b, (WORDS)a))); }
OP V sums_dot_i8x16_i7x16_add(V c, V a, V b) { return (V)((H)c + (H)X86(maddubs_epi16, (WORDS)b, (WORDS)a)); }
#else
OP V i32x4_dot_i16x8_add_s(V c, V a, V b) {
  U low = (U)(((I)a << 16) >> 16) * (U)(((I)b << 16) >> 16), high = (U)((I)a >> 16) * (U)((I)b >> 16);
  return (V)((U)c + low + high);
}
OP V i32x4_dot_u8x16_i8x16_add(V c, V a, V b) {
  for (int at = 0; at < 32; at += 8) c = (V)((U)c + (((U)a >> (u32)at) & 255) * (U)((I)b << (24 - at) >> 24));
  return c;
}
OP V i32x4_dot_i8x16_i7x16_add(V c, V a, V b) { return i32x4_dot_u8x16_i8x16_add(c, b, a); }
OP V sums_dot_i8x16_i7x16_add(V c, V a, V b) { return i32x4_dot_u8x16_i8x16_add(c, b, a); }
VECTOR1(i32x4_of_sums, a)
#endif
#if defined(X86) && defined(__FMA__)
OP V f32x4_madd(V a, V b, V c) { return X86(fmadd_ps, a, b, c); }
OP V f32x4_nmadd(V a, V b, V c) { return X86(fnmadd_ps, a, b, c); }
#elif defined(__ARM_NEON) && defined(__ARM_FEATURE_FMA) && LANES == 4
OP V f32x4_madd(V a, V b, V c) { return (V)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
OP V f32x4_nmadd(V a, V b, V c) { return (V)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#else
OP V f32x4_madd(V a, V b, V c) { return a * b + c; }
OP V f32x4_nmadd(V a, V b, V c) { return c - a * b; }
#endif
#if defined(X86) && defined(__FMA__) && LANES != 16
#define ACCUMULATE(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b))
/* with the address written out: compilers would keep it in a register for later ones; the last operand says that memory is read */
#define ACCUMULATE_LOAD(sum, a, address, offset) \\
  __asm__("vfmadd231ps %c4(%2,%3), %1, %0" : "+x"(sum) : "x"(a), "r"(memory), "r"(address), "i"(offset), "m"(*(const char (*)[])memory))
/* a zero of its own: compilers would keep one in a register and copy it */
#define CLEAR(sum) __asm__ volatile("vxorps %x0, %x0, %x0" : "=x"(sum))
#else
#define ACCUMULATE(sum, a, b) sum = f32x4_madd(a, b, sum)
#define ACCUMULATE_LOAD(sum, a, address, offset) sum = f32x4_madd(a, load_v128(memory + (address) + (offset)), sum)
#define CLEAR(sum) sum = (V){0}
#endif
/* Two instructions that stay together: compilers would compute the products of many sums first, and keep them on the stack. */
#if defined(X86_INTEGERS) && defined(__AVX2__) && LANES != 16 && !defined(VNNI)
#define ACCUMULATE_PAIRS(sum, a, b) \\
  do { V product; __asm__("vpmaddwd %3, %2, %1\\n\\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(product) : "x"(a), "x"(b)); } while (0)
#define ACCUMULATE_PAIRS_LOAD(sum, a, address, offset) \\
  do { V product; \\
    __asm__("vpmaddwd %c5(%3,%4), %2, %1\\n\\tvpaddd %1, %0, %0" \\
      : "+x"(sum), "=&x"(product) : "x"(a), "r"(memory), "r"(address), "i"(offset), "m"(*(const char (*)[])memory)); } while (0)
#else
#define ACCUMULATE_PAIRS(sum, a, b) sum = i32x4_dot_i16x8_add_s(sum, a, b)
#define ACCUMULATE_PAIRS_LOAD(sum, a, address, offset) sum = i32x4_dot_i16x8_add_s(sum, a, load_v128(memory + (address) + (offset)))
#endif
#define OPAQUE(pointer) __asm__("" : "+r"(pointer))
/* both orders agree but for zeros of two signs, which and and or settle, and for NaN */
OP V with_nans(V a, V b, V v) { I n = (a != a) | (b != b); return v128_bitselect(a + b, v, (V)n); }
OP V f32x4_min(V a, V b) { return with_nans(a, b, v128_or(f32x4_pmin(a, b), f32x4_pmin(b, a))); }
OP V f32x4_max(V a, V b) { return with_nans(a, b, v128_and(f32x4_pmax(a, b), f32x4_pmax(b, a))); }
`;

export const prelude = [types, memory, integers, floats, remainder, x86, vectors, packing, instructions]
  .map(part => part.trim())
  .join("\n");
