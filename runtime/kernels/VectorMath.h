// Vectors of the instruction set a file is compiled for, with exp and tanh.
// Everything is static, so that builds for different sets can't be mixed up.
#ifndef VESCALE_RUNTIME_KERNELS_VECTORMATH_H
#define VESCALE_RUNTIME_KERNELS_VECTORMATH_H

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
inline float sumOf(Vec value) {
  float sum = 0.0f;
  for (int i = 0; i < width; ++i)
    sum += value[i];
  return sum;
}
inline float maximumOf(Vec value) {
  float best = value[0];
  for (int i = 1; i < width; ++i)
    best = best < value[i] ? value[i] : best;
  return best;
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

/// e^x to about one unit in the last place; 0 below the smallest normal
/// number, infinity above the largest; NaN stays.
inline Vec expVec(Vec x) {
  // x = n·ln 2 + r with |r| ≤ ln 2 / 2; adding 1.5·2^23 rounds n to an integer
  // that then stands in the low bits.
  const float magic = 12582912.0f;
  Vec bounded = select(x > splat(88.0f), splat(88.0f), x);
  Vec shifted = bounded * splat(1.44269504f) + splat(magic);
  Vec n = shifted - splat(magic);
  Vec r = bounded - n * splat(0.693359375f);
  r = r - n * splat(-2.12194440e-4f);
  // Taylor's series is within half a unit at this range with seven terms.
  Vec p = splat(1.0f / 5040);
  p = p * r + splat(1.0f / 720);
  p = p * r + splat(1.0f / 120);
  p = p * r + splat(1.0f / 24);
  p = p * r + splat(1.0f / 6);
  p = p * r + splat(0.5f);
  p = p * r + splat(1.0f);
  p = p * r + splat(1.0f);
  IntVec exponent = reinterpret_cast<IntVec>(shifted) << 23;
  Vec result = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(p) + exponent);
  result = select(x < splat(-87.3f), splat(0.0f), result);
  result = select(x > splat(88.0f), splat(__builtin_inff()), result);
  return select(x == x, result, x);
}

inline float expScalar(float x) { return expVec(splat(x))[0]; }

inline Vec tanhVec(Vec x) {
  Vec bounded = select(x > splat(20.0f), splat(20.0f), x);
  bounded = select(bounded < splat(-20.0f), splat(-20.0f), bounded);
  return splat(1.0f) - splat(2.0f) / (expVec(bounded + bounded) + splat(1.0f));
}

} // namespace

#endif // VESCALE_RUNTIME_KERNELS_VECTORMATH_H
