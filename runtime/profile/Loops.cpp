// Inner loops to measure, for one instruction set. Elements are whole vectors.
#include "runtime/profile/Loops.h"

#include "runtime/kernels/VectorMath.h"

namespace vescale::runtime::VESCALE_ISA {

void addArrays(const float *a, const float *b, float *c, int64_t elements) {
  for (int64_t i = 0; i < elements; i += width)
    store(c + i, load(a + i) + load(b + i));
}

float sumArray(const float *a, int64_t elements) {
  // As many sums as hide the time of one.
  Vec sums[4] = {};
  for (int64_t i = 0; i < elements; i += 4 * width)
    for (int part = 0; part < 4; ++part)
      sums[part] += load(a + i + part * width);
  return (sums[0] + sums[1] + sums[2] + sums[3])[0];
}

/// The hyperbolic tangent in the GELU of a value.
static inline Vec geluTanh(Vec value, Vec squared) {
  return tanhVec(value * (splat(0.79788456f) + squared * splat(0.0356774081f)));
}

void gelu(const float *x, float *y, int64_t elements) {
  for (int64_t i = 0; i < elements; i += width) {
    Vec value = load(x + i);
    Vec tangent = geluTanh(value, value * value);
    store(y + i, value * splat(0.5f) * (tangent + splat(1.0f)));
  }
}

void geluGradBox(const float *x, float *c, const int64_t *lo, const int64_t *hi,
                 int64_t columns) {
  for (int64_t row = lo[0]; row < hi[0]; ++row)
    for (int64_t i = row * columns + lo[1]; i < row * columns + hi[1];
         i += width) {
      Vec value = load(x + i), squared = value * value;
      Vec tangent = geluTanh(value, squared);
      Vec slope = splat(0.79788456f) + squared * splat(0.107032225f);
      Vec steep = value * (splat(1.0f) - tangent * tangent) * slope;
      store(c + i, load(c + i) * splat(0.5f) * (splat(1.0f) + tangent + steep));
    }
}

} // namespace vescale::runtime::VESCALE_ISA
