// Which build of a kernel this CPU runs.
#ifndef VESCALE_RUNTIME_KERNELS_ISA_H
#define VESCALE_RUNTIME_KERNELS_ISA_H

namespace vescale::runtime {

/// x86-64-v4, as far as kernels use it; else x86-64-v3.
inline bool hasWideVectors() {
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_KERNELS_ISA_H
