// Vectors of the instruction set a file is compiled for, with exp and tanh.
// Everything is static, so that builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_VECTORMATH_H
#define VESCALE_RUNTIME_KERNELS_VECTORMATH_H

#include <immintrin.h>
#include <stdint.h>

namespace {

#ifdef __AVX512F__
constexpr int width = 16;
#else
constexpr int width = 8;
#endif

typedef float Vec __attribute__((vector_size(width * 4)));
typedef float LooseVec __attribute__((vector_size(width * 4), aligned(4)));
typedef int32_t IntVec __attribute__((vector_size(width * 4)));

inline Vec load(const float *at) {
  return *reinterpret_cast<const LooseVec *>(at);
}
inline void store(float *at, Vec value) {
  *reinterpret_cast<LooseVec *>(at) = value;
}
/// (x - 0 is x, also for -0, so that no subtraction is left; x + 0 is not.)
inline Vec splat(float value) { return value - Vec{}; }
inline Vec iota() {
  Vec result;
  for (int i = 0; i < width; ++i)
    result[i] = static_cast<float>(i);
  return result;
}
inline Vec select(IntVec mask, Vec yes, Vec no) {
  return reinterpret_cast<Vec>((mask & reinterpret_cast<IntVec>(yes)) |
                               (~mask & reinterpret_cast<IntVec>(no)));
}
// Two rows' blocks of Half elements exchanged across the diagonal.
template <int Half> inline Vec lowBlocks(Vec a, Vec b) {
  Vec result;
  for (int i = 0; i < width; ++i)
    result[i] = i & Half ? b[i - Half] : a[i];
  return result;
}
template <int Half> inline Vec highBlocks(Vec a, Vec b) {
  Vec result;
  for (int i = 0; i < width; ++i)
    result[i] = i & Half ? b[i] : a[i + Half];
  return result;
}

/// e^x to about one unit in the last place, for x below 88; 0 below the
/// smallest normal number. NaN stays.
inline Vec expVec(Vec x) {
  // x = (n + r)·ln 2 with |r| ≤ 1/2.
  const float log2e = 1.44269504f;
#ifdef __AVX512F__
  Vec n = _mm512_roundscale_ps(x * splat(log2e), _MM_FROUND_TO_NEAREST_INT);
#else
  // Adding 1.5·2^23 rounds n to an integer that then stands in the low bits.
  const float magic = 12582912.0f;
  Vec shifted = x * splat(log2e) + splat(magic);
  Vec n = shifted - splat(magic);
#endif
  Vec r = x * splat(log2e) - n;
  // 2^r by the polynomial that is 1 at 0 with the least relative error, 2e-9.
  Vec p = splat(0.000153533605f);
  p = p * r + splat(0.0013398875f);
  p = p * r + splat(0.00961843692f);
  p = p * r + splat(0.0555033237f);
  p = p * r + splat(0.240226477f);
  p = p * r + splat(0.693147182f);
  p = p * r + splat(1.0f);
#ifdef __AVX512F__
  Vec result = _mm512_scalef_ps(p, n);
#else
  IntVec exponent = reinterpret_cast<IntVec>(shifted) << 23;
  Vec result = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(p) + exponent);
  result = select(x == x, result, x);
#endif
  return select(x < splat(-87.3f), splat(0.0f), result);
}

inline Vec tanhVec(Vec x) {
  Vec bounded = select(x > splat(20.0f), splat(20.0f), x);
  bounded = select(bounded < splat(-20.0f), splat(-20.0f), bounded);
  return splat(1.0f) - splat(2.0f) / (expVec(bounded + bounded) + splat(1.0f));
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_VECTORMATH_H
