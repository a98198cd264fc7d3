// The inner loops whose rates are measured; built once for each instruction set
// (Loops.cpp).
#ifndef VESCALE_RUNTIME_PROFILE_LOOPS_H
#define VESCALE_RUNTIME_PROFILE_LOOPS_H

#include <stdint.h>

namespace vescale::runtime {

/// Bytes that addArrays moves for an element of its result.
constexpr int64_t addBytes = 3 * 4;
/// Operations of gelu for an element, as compiled kernels count theirs: one for
/// each of load, store and arithmetic, 20 for the tanh.
constexpr int64_t geluOperations = 2 + 7 + 20;
/// And of geluGradBox, which multiplies by that of the gradient.
constexpr int64_t geluGradOperations = 3 + 14 + 20;

// sumArray reads 4 vectors at a time; geluGradBox has rows lo[0] up to hi[0]
// and columns lo[1] up to hi[1] of arrays with `columns`.
namespace v3 {
void addArrays(const float *a, const float *b, float *c, int64_t elements);
float sumArray(const float *a, int64_t elements);
void geluGradBox(const float *x, float *c, const int64_t *lo, const int64_t *hi,
                 int64_t columns);
void gelu(const float *x, float *y, int64_t elements);
} // namespace v3
namespace v4 {
void addArrays(const float *a, const float *b, float *c, int64_t elements);
float sumArray(const float *a, int64_t elements);
void geluGradBox(const float *x, float *c, const int64_t *lo, const int64_t *hi,
                 int64_t columns);
void gelu(const float *x, float *y, int64_t elements);
} // namespace v4

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_PROFILE_LOOPS_H
