// Inner loops to measure, for one instruction set. Elements are whole vectors.
#include "runtime/profile/Loops.h"

#include "runtime/kernels/VectorMath.h"

namespace vescale::runtime::VESCALE_ISA {

void addArrays(const float *a, const float *b, float *c, int64_t elements) {
  for (int64_t i = 0; i < elements; i += width)
    store(c + i, load(a + i) + load(b + i));
}

void gelu(const float *x, float *y, int64_t elements) {
  for (int64_t i = 0; i < elements; i += width) {
    Vec value = load(x + i);
    Vec cubed = value * value * value;
    Vec inner = (value + splat(0.044715f) * cubed) * splat(0.79788456f);
    store(y + i, value * splat(0.5f) * (tanhVec(inner) + splat(1.0f)));
  }
}

} // namespace vescale::runtime::VESCALE_ISA
